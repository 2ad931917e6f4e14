"""Signing up: an account is a username, and may have a password."""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from api import errors
from api.browsers import ANY_ORIGIN, EXPOSED, OPEN, SIGN_UP_PATH
from api.contract import check_preconditions, message, operation
from api.idempotency import once
from api.keyed_writes import Key
from api.passwords import passwords
from api.schemas import Done, Retry, SignUp
from api.store import store

blueprint = Blueprint("sign_up", __name__)


@blueprint.post(SIGN_UP_PATH)
@operation(
    form=SignUp,
    headers=Retry,
    replies={
        200: message("Success", "The username is signed up.", schema=Done).having(OPEN),
        400: errors.BAD_FORM.having(OPEN),
        406: errors.NOT_ACCEPTABLE.having(OPEN),
        409: errors.TAKEN.having(OPEN),
        412: errors.PRECONDITION_FAILED.having(OPEN),
        413: errors.TOO_LARGE.having(OPEN),
        415: errors.UNSUPPORTED.having(OPEN),
        422: errors.REUSED.having(OPEN),
        429: errors.TOO_MANY.having(OPEN | EXPOSED),
        503: errors.UNAVAILABLE.having(OPEN | EXPOSED),
    },
)
def sign_up(form: dict[str, Any], headers: dict[str, str]) -> ResponseReturnValue:
    """Sign a username up.

    A username is taken once, whatever the letter case. Without a password the account exists, and
    can't sign in until the operator sets one. Pages of any origin may ask.
    """
    check_preconditions()

    def add(key: Key | None) -> None:
        password = form.get("password")
        store.add_account(form["username"], passwords.hash(password) if password else None, key)

    once(headers, form, add, owner=form["username"])
    return "Success", 200, ANY_ORIGIN
