"""The rule of each request header."""

from api.text_rules import Text

RETRY_HOURS = 24
"""Hours for which an idempotency key is stored."""

# Shown in the description too. As the `example` of the parameter, tools would send it each time.
_EXAMPLE = "8e03978e-40d5-43dd-bc93-6894a57f9324"
_MESSAGE = "Give it once, as 1 to 255 visible ASCII characters without a comma, such as a UUID."

IDEMPOTENCY_KEY = Text(
    description=f"Makes a retry safe: for {RETRY_HOURS} hours, the same form with the same key is "
    "processed once, and gets the first response again, unless the record was deleted meanwhile. "
    "Choose a new random key, such as a UUID, for each form, because anyone who sends the same key "
    "and form gets the same response. Quotes around the key don't count. "
    f"For example: {_EXAMPLE}",
    example=_EXAMPLE,
    # A comma would join two keys (RFC 9110, section 5.3).
    pattern="^[!-+.-~-]*$",
    minimum=1,
    maximum=255,
    pattern_message=_MESSAGE,
    length_message=_MESSAGE,
)
