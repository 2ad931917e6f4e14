"""The types of problems that their status alone doesn't tell (RFC 9457, section 3.1.1)."""

from dataclasses import dataclass

from werkzeug.exceptions import HTTPException

PROBLEMS_PATH = "/problems"
"""The path of the page that describes each type. A type is that page with the type's fragment."""


@dataclass(frozen=True, kw_only=True)
class ProblemType:
    """A type of problem: its name in the URI, its title, what it means and what a client does.

    The URI is a reference with a full path, which is the same at every host of the service, so that
    a program can compare it.
    """

    name: str
    title: str
    meaning: str
    advice: str

    @property
    def uri(self) -> str:
        return f"{PROBLEMS_PATH}#{self.name}"

    @property
    def detail(self) -> str:
        return f"{self.meaning} {self.advice}"


class Refused(HTTPException):
    """A refusal of a request, which is a problem of this kind."""

    def __init__(self, code: int, kind: ProblemType) -> None:
        super().__init__(kind.detail)
        self.code, self.kind = code, kind


ABOUT_BLANK = "about:blank"
"""The type of a problem that its status alone tells (RFC 9457, section 4.2.1)."""

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
