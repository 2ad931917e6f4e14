"""Requests with an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07).

A request with a used key changes nothing, and gets the response of the first one. Responses aren't
stored: the status follows from the operation, and the record's id is stored with the key. A key is
deleted with the record that it created, so that no response names a record that was deleted.
"""

import hmac
import json
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import g, request

from api.contract.problems import Refused
from api.problem_types import KEY_REUSED
from api.security.passwords import passwords
from api.storage.keys import Key, KeyTaken
from api.storage.store import Record, store

Form = Mapping[str, Any]

# A String of RFC 9651, which the draft requires. Most clients send its text, without the quotes.
_STRING = re.compile(r'"((?:[^"\\]|\\["\\])+)"')


def run_once_per_key(
    headers: Form,
    form: Form,
    work: Callable[[Key | None], UUID | None],
    account: Any = None,
    *,
    owner: str | None = None,
) -> UUID | None:
    """Return `work(key)`, or what it returned for the first request with this key.

    A key is valid for one operation and one account, or for all requests without an account. It is
    deleted with the account `owner` (a username; by default that of `account`). Raises
    `Refused` for another form. If `work` raises, the key stays unused.
    """
    given = headers.get("idempotency_key")
    if given is None:
        return work(None)
    if string := _STRING.fullmatch(given):
        given = re.sub(r"\\(.)", r"\1", string[1])
    owner = account.username if account else owner
    key = _key(given, form, account and account.id, owner and owner.lower())
    while True:
        if stored := store.find_key(key):
            return _record_id(stored, key, form.get("password"))
        try:
            return work(key)
        except KeyTaken:  # A simultaneous request used the key, so `find_key` finds it now.
            continue


def _key(given: str, form: Form, account_id: int | None, username_key: str | None) -> Key:
    scope = json.dumps([request.endpoint, account_id, given])
    # An empty field equals a missing one.
    fields = sorted((n, text) for n, text in form.items() if text and n != "password")
    fingerprint = hmac.digest(given.encode(), json.dumps(fields).encode(), "sha256")
    return Key(sha256(scope.encode()).digest(), fingerprint, username_key)


def _record_id(stored: Record, key: Key, password: str | None) -> UUID | None:
    """Return the id of the record that was created, if any.

    Raises `Refused` if the key was used with another form.
    """
    if not hmac.compare_digest(stored.fingerprint, key.fingerprint):
        raise Refused(409, KEY_REUSED)
    # The guard counts failures, because a client that knows the key could guess the password here.
    if not (
        passwords.verify(stored.password_hash, password, g.get("guard"))
        if password
        else not stored.password_hash
    ):
        raise Refused(409, KEY_REUSED)
    record_id: UUID | None = stored.record_id
    return record_id
