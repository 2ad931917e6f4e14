"""The types of problems that their status alone doesn't tell (RFC 9457, section 3.1.1)."""

from api.contract.problems import ProblemType

INVALID_INPUT = ProblemType(
    name="invalid-input",
    title="Invalid input",
    meaning="Fields of the form or headers are invalid. The member errors has a message for each.",
    advice="Correct the fields named in errors, and send the request again.",
)
OTHER_USERNAME = ProblemType(
    name="other-username",
    title="Another account's username",
    meaning="The form's username isn't that of the account whose credentials were sent.",
    advice="Give the username of the account that you sign in with.",
)
CROSS_SITE = ProblemType(
    name="cross-site",
    title="Credentials sent from another site",
    meaning="A page of another site made the browser send stored credentials.",
    advice="Send credentials only from this service's own pages, or from a program.",
)
USERNAME_TAKEN = ProblemType(
    name="username-taken",
    title="Username taken",
    meaning="The username is taken.",
    advice="Choose another.",
)
KEY_REUSED = ProblemType(
    name="key-reused",
    title="Idempotency-Key reused",
    meaning="The Idempotency-Key was used with another form.",
    advice="Send the same form again, or choose a new key.",
)
TOO_MANY_REQUESTS = ProblemType(
    name="too-many-requests",
    title="Too many requests",
    meaning="There were too many requests.",
    advice="Wait as many seconds as Retry-After says.",
)
OUTCOME_UNKNOWN = ProblemType(
    name="outcome-unknown",
    title="Outcome unknown",
    meaning="The connection to the database broke, so the change may or may not have been made.",
    advice="Wait as many seconds as Retry-After says, then check, or send a POST again with its "
    "Idempotency-Key.",
)

PROBLEM_TYPES = (
    INVALID_INPUT,
    OTHER_USERNAME,
    CROSS_SITE,
    USERNAME_TAKEN,
    KEY_REUSED,
    TOO_MANY_REQUESTS,
    OUTCOME_UNKNOWN,
)
"""All types, in the order of the page."""
