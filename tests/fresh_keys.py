"""What the document asks of clients, for schemathesis: a new `Idempotency-Key` for each form.

It would use the same few keys again and again, with other forms: that is 422, as it should be.
"""

import re
from secrets import token_hex
from typing import Any

import schemathesis
from schemathesis import Case

KEY = "Idempotency-Key"
# Said again, so that the hook runs where schemathesis alone is installed.
VALID = re.compile(r'^"[A-Za-z0-9._~-]{16,64}"$')


def fresh(key: str) -> str:
    """Another valid key, of the same length."""
    return f'{key[:-13]}{token_hex(6)}"'


@schemathesis.hook
def before_call(_context: object, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """Renew the key that the case has, if any; one that is to be refused stays as it is."""
    given = str(case.headers.get(KEY, "")) if case.headers else ""
    if VALID.fullmatch(given):
        case.headers[KEY] = fresh(given)
    elif given and case.meta and case.meta.generation.mode.is_positive:
        # It calls some cases valid though it left a wrong key in them (its coverage phase, 4.32.5).
        case.headers[KEY] = fresh(f'"{"0" * 16}"')
