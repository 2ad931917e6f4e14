"""HTTP Basic (RFC 7617) to account."""

from base64 import b64decode
from contextlib import suppress
from dataclasses import replace

from flask import g, request
from werkzeug.exceptions import Unauthorized

from api.contract import Credentials
from api.fields import LONGEST_PASSWORD
from api.schemas import SignUp
from api.security.passwords import Busy, passwords
from api.storage.store import Record, store

_FORM = SignUp()


def _given() -> tuple[str, str]:
    """Username and password of the raw header: what can't be read is wrong, never anonymous."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        username, colon, password = b64decode(token.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise Unauthorized from None
    # No account has a longer password, and to normalize one takes time quadratic in its length.
    if scheme.lower() != "basic" or not colon or len(password) > LONGEST_PASSWORD:
        raise Unauthorized
    return username, password


def given_username() -> str | None:
    """Return the username of the request's credentials, or None if they are missing or broken."""
    with suppress(Unauthorized):
        return _given()[0]
    return None


def check_account() -> Record:
    """Return the account whose credentials the request has. Raises `Unauthorized`.

    An unknown username and a wrong password get the same response, in equal time. Raises
    `TooManyRequests` if too many checks failed since the request was let in.
    """
    username, password = _given()
    possible = not _FORM.validate({"username": username})
    account = store.find_account(username) if possible else None
    encoded = account and account.password_hash
    if not passwords.verify(encoded, password, g.get("guard")) or account is None:
        raise Unauthorized
    if passwords.outdated(account.password_hash):
        with suppress(Busy):  # It can wait for the next time.
            store.set_password(username, passwords.hash(password), replacing=account.password_hash)
    return account


_DESCRIPTION = "An account's username and password (RFC 7617), in UTF-8."
_BASIC = {"type": "http", "scheme": "basic", "description": _DESCRIPTION}
ACCOUNT = Credentials("basic", _BASIC, check_account)
ACCOUNT_IF_ANY = replace(ACCOUNT, optional=True)
