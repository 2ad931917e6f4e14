"""A request that is sent again under the same `Idempotency-Key`: done once, answered as at first.

draft-ietf-httpapi-idempotency-key-header-07. What is answered follows from what was done, so that
no answer is kept: the status is the operation's, the record's id stands beside the key.
"""

import hmac
import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import g, request
from werkzeug.exceptions import UnprocessableEntity

from api.passwords import passwords
from api.storage.keys import Key, KeyTaken
from api.storage.store import Record, store

Form = Mapping[str, Any]


def once(
    headers: Form,
    form: Form,
    do: Callable[[Key | None], UUID | None],
    account: Any = None,
    *,
    owner: str | None = None,
) -> UUID | None:
    """Return what `do` returns, or returned for the first request with this key.

    A key counts for one operation and one account, or for all clients without one. It is deleted
    with its `owner`, the username of an account: by default of `account`. Raises
    `UnprocessableEntity` for another form, and what `do` raises: then the key is still new.
    """
    given = headers.get("idempotency_key")
    if given is None:
        return do(None)
    owner = account.username if account else owner
    key = _key(given, form, account and account.id, owner and owner.lower())
    while True:
        if kept := store.find_key(key):
            return _done(kept, key, form.get("password"))
        try:
            return do(key)
        except KeyTaken:  # Another was quicker, and is found now.
            continue


def _key(given: str, form: Form, account_id: int | None, username_key: str | None) -> Key:
    said = json.dumps([request.endpoint, account_id, given])
    # An empty field is one that isn't given.
    fields = sorted((n, text) for n, text in form.items() if text and n != "password")
    fingerprint = hmac.digest(given.encode(), json.dumps(fields).encode(), "sha256")
    return Key(sha256(said.encode()).digest(), fingerprint, username_key)


def _done(kept: Record, key: Key, password: str | None) -> UUID | None:
    """The id of the record that was made. Raises `UnprocessableEntity` for another form."""
    if not hmac.compare_digest(kept.fingerprint, key.fingerprint):
        raise UnprocessableEntity
    # A client that knows the key could guess the password here, so it counts as a failed sign-in.
    if not (
        passwords.verify(kept.password_hash, password, g.get("guard"))
        if password
        else not kept.password_hash
    ):
        raise UnprocessableEntity
    record_id: UUID | None = kept.record_id
    return record_id
