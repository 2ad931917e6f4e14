"""Vary fuzzed requests, except their data. Hypothesis draws the choices, so the seed decides."""

import itertools
from base64 import b64encode
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from typing import Any

from hypothesis import strategies as st
from schemathesis import Case

from tests.actor import PASSWORD
from tests.tools.long_fuzz.asked import KEY, LABELED
from tests.tools.long_fuzz.figures import Row
from tests.tools.long_fuzz.predicted import CREATE, DELETE, READ, SIGN_UP, Predictor

USERNAME = "sam"
JSON = "application/json"
ACCEPTS = [None, JSON, JSON, JSON, "text/html", "text/plain;q=0.5, */*;q=0.1", "image/png"]


def _basic(text: str) -> str:
    return f"Basic {b64encode(text.encode()).decode()}"


GOOD = _basic(f"{USERNAME}:{PASSWORD}")
CREDENTIALS: dict[str | None, str] = {
    None: "none",
    GOOD: "good",
    _basic(f"{USERNAME}:{PASSWORD}!"): "wrong",
    _basic(f"nobody:{PASSWORD}"): "wrong",
    "Basic": "broken",
    "Basic %%%": "broken",
    _basic(USERNAME): "broken",
    "Bearer c2FtOnNlc2FtZQ==": "broken",
}
# Checking a password takes most of a request's time, so half of the requests have no credentials.
OFTEN_NONE = [*[None] * 5, *[GOOD] * 3, *CREDENTIALS]
OFTEN_GOOD = [*[GOOD] * 8, *CREDENTIALS]
# The next step of a record's chain, or a repeated step.
FINDS = {
    READ: ["made", "made", "read", "deleted", "deleted", "missed", None],
    DELETE: ["read", "read", "read", "made", "deleted", None],
}
OTHERS_FIND = ["made", "read", "deleted", None]

# A new key, or a used one, with the same form or with another.
KEYS = [*[None] * 4, "new", "new", "again", "again", "other"]

Change = Callable[[Case[Any]], None]
_numbers = itertools.count()


def varied(case: Case[Any], predicted: Predictor) -> st.SearchStrategy[Case[Any]]:
    """Return a strategy for the case with varied headers, username or id."""
    label = case.operation.label
    operation = LABELED[label]
    vary: list[st.SearchStrategy[Change]] = [_header("Accept", ACCEPTS)]
    if operation.takes_credentials:
        often = OFTEN_GOOD if operation.needs_credentials else OFTEN_NONE
        vary.append(_header("Authorization", often))
    if operation.form:
        vary.append(_header("Content-Encoding", [*[None] * 19, "gzip"]))
    if "username" in operation.fields:
        vary.append(st.integers(0, 6).map(lambda choice: partial(_name, choice)))
    if operation.takes_key:
        how = st.tuples(st.sampled_from(KEYS), st.integers(0, 4))
        vary.append(how.map(lambda chosen: partial(_key, predicted, *chosen)))
    if operation.by_link:
        found = FINDS.get(label, OTHERS_FIND)
        which = st.tuples(st.sampled_from(found), st.integers(0, 4))
        vary.append(which.map(lambda chosen: partial(_find, predicted, *chosen)))

    def change(changes: tuple[Change, ...]) -> Case[Any]:
        for each in changes:
            each(case)
        return case

    return st.tuples(*vary).map(change)


def _header(name: str, values: Sequence[str | None]) -> st.SearchStrategy[Change]:
    return st.sampled_from(values).map(lambda value: partial(_send, name, value))


def _send(name: str, value: str | None, case: Case[Any]) -> None:
    case.headers.pop(name, None)
    if value is not None:
        case.headers[name] = value


def _name(choice: int, case: Case[Any]) -> None:
    """Choose a username that will mostly be accepted: a free one, or the account's own."""
    if not choice or not _is_positive(case):
        return
    form: Any = case.body
    if case.operation.label == SIGN_UP:
        form["username"] = f"{form['username'][:140]}.{next(_numbers)}"
    elif case.headers.get("Authorization") == GOOD:
        form["username"] = USERNAME


def _find(predicted: Predictor, which: str | None, place: int, case: Case[Any]) -> None:
    """Choose one of the newest records with this last step. An id from a link stays."""
    if which is None or not _is_positive(case) or case.path_parameters["id"] in predicted.records:
        return
    newest = list(itertools.islice(predicted.newest(which), place + 1))
    if newest:
        case.path_parameters["id"] = newest[-1]


def _key(predicted: Predictor, which: str | None, place: int, case: Case[Any]) -> None:
    """Set one of these keys or none. An invalid key stays if the case must be refused."""
    if not _is_positive(case):
        return
    case.headers.pop(KEY, None)
    signs_in = case.operation.label == CREATE and "Authorization" in case.headers
    used = predicted.used(case.operation.label, signs_in)
    if which == "new":
        case.headers[KEY] = f"long-fuzz-key-{next(_numbers)}"
    elif which and (some := list(itertools.islice(used, place + 1))):
        key, kept = some[-1]
        # Quotes around a key don't count.
        case.headers[KEY] = f'"{key}"' if place % 2 and key.startswith("long") else key
        if which == "again" and kept.media_type == case.media_type:
            case.body = deepcopy(kept.body)


def _is_positive(case: Case[Any]) -> bool:
    assert case.meta
    return case.meta.generation.mode.is_positive


def row(case: Case[Any], status: int) -> Row:
    """Return the variations of the case, for the figures."""
    coding = case.headers.get("Content-Encoding")
    encoding = f"{case.media_type or 'no body'}{f', {coding}' if coding else ''}"
    accept, given = case.headers.get("Accept", "none"), case.headers.get("Authorization")
    return Row(case.operation.label, status, encoding, accept, CREDENTIALS.get(given, "other"))
