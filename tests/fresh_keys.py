"""A schemathesis hook: use a new `Idempotency-Key` for each form, as the document requires.

schemathesis would reuse the same few keys for different forms, which is 422.
"""

import re
from secrets import token_hex
from typing import Any

import schemathesis
from schemathesis import Case

KEY = "Idempotency-Key"
# Not imported from `api`, so that the hook works where only schemathesis is installed.
VALID = re.compile(r'^"[A-Za-z0-9._~-]{16,64}"$')


def fresh(key: str) -> str:
    """Return another valid key of the same length."""
    return f'{key[:-13]}{token_hex(6)}"'


@schemathesis.hook
def before_call(_context: object, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """Replace a valid key by a new one. An invalid key of a negative test case stays."""
    given = str(case.headers.get(KEY, "")) if case.headers else ""
    if VALID.fullmatch(given):
        case.headers[KEY] = fresh(given)
    elif given and case.meta and case.meta.generation.mode.is_positive:
        # schemathesis 4.32.5 marks some cases in its coverage phase as valid although their key is
        # not.
        case.headers[KEY] = fresh(f'"{"0" * 16}"')
