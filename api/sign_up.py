"""Accounts, each of which has a username and may have a password."""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from api import errors
from api.contract import message, operation
from api.schemas import RetryHeaders, SignedUp, SignUp
from api.security.browsers import ANY_ORIGIN, EXPOSED, OPEN, SIGN_UP_PATH
from api.security.idempotency import run_once_per_key
from api.security.passwords import passwords
from api.security.preconditions import check_preconditions
from api.security.quotas import QUOTAS
from api.storage.keys import Key
from api.storage.store import store

blueprint = Blueprint("sign_up", __name__)


@blueprint.post(SIGN_UP_PATH)
@operation(
    form=SignUp,
    headers=RetryHeaders,
    replies={
        200: message("Success", "The account was created.", schema=SignedUp).with_headers(
            OPEN | QUOTAS
        ),
        400: errors.BAD_FORM.with_headers(OPEN),
        406: errors.NOT_ACCEPTABLE.with_headers(OPEN),
        409: errors.SIGN_UP_CONFLICT.with_headers(OPEN),
        412: errors.PRECONDITION_FAILED.with_headers(OPEN),
        413: errors.TOO_LARGE.with_headers(OPEN),
        415: errors.UNSUPPORTED.with_headers(OPEN),
        429: errors.TOO_MANY.with_headers(OPEN | EXPOSED | QUOTAS),
        503: errors.WRITE_UNAVAILABLE.with_headers(OPEN | EXPOSED),
    },
)
def sign_up(form: dict[str, Any], headers: dict[str, str]) -> ResponseReturnValue:
    """Sign up.

    A username can be taken once, regardless of letter case. An account without a password can't
    sign in until the operator sets one. Pages of any origin may use this operation.
    """
    check_preconditions()

    def add(key: Key | None) -> None:
        password = form.get("password")
        store.add_account(form["username"], passwords.hash(password) if password else None, key)

    run_once_per_key(headers, form, add, owner=form["username"])
    return "Success", 200, ANY_ORIGIN
