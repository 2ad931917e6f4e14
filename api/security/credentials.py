"""HTTP Basic credentials (RFC 7617), and the account that they belong to."""

from base64 import b64decode
from contextlib import suppress
from dataclasses import replace

from flask import g, request
from werkzeug.exceptions import Unauthorized

from api.contract import Credentials
from api.fields import LONGEST_PASSWORD, PASSWORD, USERNAME
from api.schemas import SignUp
from api.security.passwords import Busy, passwords
from api.storage.store import Record, store

_FORM = SignUp()


def _read_credentials() -> tuple[str, str]:
    """Return the username and password of the Authorization header.

    Raises `Unauthorized`, also for a malformed header, which must not pass as none.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        username, colon, password = b64decode(token.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise Unauthorized from None
    # No account has a longer password, and normalizing takes time quadratic in the length.
    if scheme.lower() != "basic" or not colon or len(password) > LONGEST_PASSWORD:
        raise Unauthorized
    return username, password


def given_username() -> str | None:
    """Return the username of the request's credentials, or None if they are missing or broken."""
    with suppress(Unauthorized):
        return _read_credentials()[0]
    return None


def check_account() -> Record:
    """Return the account whose credentials the request has. Raises `Unauthorized`.

    An unknown username and a wrong password get the same response, in equal time. Raises
    `TooManyRequests` if too many checks failed since the rate limits admitted the request.
    """
    username, password = _read_credentials()
    is_valid = not _FORM.validate({"username": username})
    account = store.find_account(username) if is_valid else None
    encoded = account and account.password_hash
    if not passwords.verify(encoded, password, g.get("guard")) or account is None:
        raise Unauthorized
    if passwords.outdated(account.password_hash):
        with suppress(Busy):  # The hash is replaced at a later sign-in.
            store.set_password(username, passwords.hash(password), replacing=account.password_hash)
    return account


_DESCRIPTION = (
    "An account's username and password (RFC 7617), in UTF-8. The example of the sign-up makes an "
    f"account with username `{USERNAME.example}` and password `{PASSWORD.example}`."
)
_BASIC = {"type": "http", "scheme": "basic", "description": _DESCRIPTION}
ACCOUNT = Credentials("basic", _BASIC, check_account)
ACCOUNT_IF_ANY = replace(ACCOUNT, optional=True)
