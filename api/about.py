"""The first members of the OpenAPI document, and its last tag."""

from api.contract import REFUSALS

VERSION = "2.0.0"
"""The semantic version of the document: a breaking change raises the first number."""

_DESCRIPTION = """\
Sign-ups and user details, sent as forms. The example of each form works unchanged. Every response
is declared here, except a 500 by a defect, and every error is a problem (RFC 9457). The section
Every request, below all operations, has the rules that they share."""

_EVERY_REQUEST = f"""\
**Representations.** Messages are JSON unless `Accept` prefers plain text or HTML. `HEAD` is
answered like `GET`, but without the content.

**Forms.** Fields that a form doesn't have are ignored, and a field given twice is refused. The
query string is never read as a form. Lengths count code points.

**Refusals.** If several apply, the first one in this order is returned:
{", ".join(map(str, REFUSALS))}.
But a record is looked up only after the rate limit, so that 429 comes before the record's 404.
If the status alone doesn't tell what to do, the `type` of the problem leads to
[its description](/problems).

**Preconditions.** No response has an entity tag, so a request other than `GET` with an `If-Match`
that names one gets 412 and changes nothing. `*` stands for an existing record: `DELETE` with
`If-Match: *` deletes it, and with `If-None-Match: *` gets 412. `GET` ignores both headers.

**Requests that reach no operation** get the responses in this table, with these headers. Headers in
parentheses are sent only at `/userSignUp`, which pages of any origin may use:"""

ABOUT = {
    "info": {
        "description": _DESCRIPTION,
        "contact": {"name": "The maintainers of the sign-up API"},
        "license": {"name": "MIT", "identifier": "MIT"},
        "title": "Sign-up API",
        "version": VERSION,
    },
    "servers": [
        {
            "url": "http://localhost:5000",
            "description": "The service of this document: local, staging or production.",
            "x-internal": False,
        }
    ],
    "tags": [{"name": "Every request", "description": _EVERY_REQUEST}],
}
"""`info`, `servers`, and a tag to whose description the table of unrouted replies is appended."""
