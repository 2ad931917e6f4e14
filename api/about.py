"""What the document says of the whole: whose it is, and what holds for all of its operations."""

from api.contract import REFUSALS

VERSION = "2.0.0"
"""The contract's version: semantic, so a breaking change raises the first number."""

_DESCRIPTION = f"""\
Takes sign-ups and user details, as forms. Every form's example works as it stands: try them.

This document declares every answer: each status, each representation, each header. Ask for JSON
with `Accept: application/json`; who doesn't say gets plain text.

Fields that a form doesn't have are ignored; a field of the form given twice is refused, and the
query string never counts. Lengths count code points. Every error is a problem (RFC 9457).

When several refusals apply, the first of: {", ".join(map(str, REFUSALS))};
except that the 404 of a record comes after 429, since finding it is work.

No response has an entity tag. So a `POST` or `DELETE` whose `If-Match` names one is 412 and changes
nothing. `*` stands for a record that exists: `If-Match: *` lets a `DELETE` go on, and
`If-None-Match: *` refuses it. A `GET` ignores both.

`HEAD` is answered like `GET`, without the content. The table lists the responses that belong to no
operation, and their headers. Headers in brackets are sent only at `/userSignUp`, which pages of any
origin may use:"""

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
            "url": "/",
            "description": "The service that serves this document: local, staging or production.",
            "x-internal": False,
        }
    ],
}
"""How the document begins; the table of answers that belong to no operation follows."""
