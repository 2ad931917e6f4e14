"""The rules of what a request's header fields hold, each said once."""

from api.fields import Text

RETRY_HOURS = 24
"""For so long is known what was done under a key."""

_MESSAGE = "Give it once and in quotes, 16 to 64 of A-Z a-z 0-9 . _ ~ and - between them."

IDEMPOTENCY_KEY = Text(
    description="Makes it safe to ask again when the answer was lost: the same form under the same "
    f"key is done once, and answered as at first, for {RETRY_HOURS} hours. Choose a new random key "
    "for each form, and write it in quotes: whoever knows it gets the same answer.",
    example='"8e03978e-40d5-43dd-bc93-6894a57f9324"',
    # A String of RFC 9651, as draft-ietf-httpapi-idempotency-key-header-07 has it; what is within
    # is so long that nobody guesses another's.
    pattern='^"[A-Za-z0-9._~-]{16,64}"$',
    maximum=66,
    otherwise=_MESSAGE,
    wrong_length=_MESSAGE,
)
