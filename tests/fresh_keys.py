"""What the document asks of clients, for schemathesis: a new `Idempotency-Key` for each form.

It would use the same few keys again and again, with other forms: that is 422, as it should be.
"""

import re
from secrets import token_hex
from typing import Any

import schemathesis
from schemathesis import Case

from api.fields import IDEMPOTENCY_KEY

KEY = "Idempotency-Key"
VALID = re.compile(IDEMPOTENCY_KEY.pattern)


def fresh(key: str) -> str:
    """Another valid key of the same length, if this is one."""
    return f'{key[:-13]}{token_hex(6)}"' if VALID.fullmatch(key) else key


@schemathesis.hook
def before_call(_context: object, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    if case.headers and KEY in case.headers:
        case.headers[KEY] = fresh(str(case.headers[KEY]))
