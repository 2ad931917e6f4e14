"""The rule of each request header."""

from api.text_rules import Text

RETRY_HOURS = 24
"""Hours for which an idempotency key is stored."""

# Shown in the description too. As the `example` of the parameter, tools would send it each time.
_EXAMPLE = '"8e03978e-40d5-43dd-bc93-6894a57f9324"'
_MESSAGE = "Give it once, in quotes, as 16 to 64 of the characters A-Z a-z 0-9 . _ ~ -"

IDEMPOTENCY_KEY = Text(
    description=f"Makes a retry safe: for {RETRY_HOURS} hours, the same form with the same key is "
    "processed once, and gets the first response again. Choose a new random key for each form, and "
    "write it in quotes. Keep it secret, because anyone who knows it can get the same response. "
    f"For example: {_EXAMPLE}",
    example=_EXAMPLE,
    # A String of RFC 9651 (draft-ietf-httpapi-idempotency-key-header-07), too long to be guessed.
    pattern='^"[A-Za-z0-9._~-]{16,64}"$',
    maximum=66,
    pattern_message=_MESSAGE,
    length_message=_MESSAGE,
)
