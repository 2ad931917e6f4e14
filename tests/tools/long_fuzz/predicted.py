"""The status of each request, predicted from the document and the earlier requests.

schemathesis accepts 401, 403, 404, 406 or 409 for any valid request, because it can't know better.
Here each of them must be predicted. That requires that no other client sends requests.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import Case
from werkzeug.datastructures import MultiDict

from tests.tools.long_fuzz import asked

OWN, CREATE, SIGN_UP = "GET /userDetails", "POST /userDetails", "POST /userSignUp"
READ, DELETE = "GET /userDetails/{id}", "DELETE /userDetails/{id}"
BY_ID = [label for label, each in asked.LABELED.items() if each.by_link]
WITH_FORM = [label for label, each in asked.LABELED.items() if each.form]
WITH_KEY = [label for label, each in asked.LABELED.items() if each.takes_key]
CHAIN = ["made", "read", "deleted", "missed"]


@dataclass
class Record:
    """Whether the account created the record, and the steps of its chain so far."""

    own: bool
    steps: list[str] = field(default_factory=lambda: ["made"])

    @property
    def is_there(self) -> bool:
        return "deleted" not in self.steps


@dataclass
class Kept:
    """The effect of a key: its form as sent and as parsed, and the record."""

    body: Any
    media_type: str | None
    form: dict[str, str]
    record: str = ""


class Predictor:
    """The expected state of the service: the taken usernames, the records and the keys."""

    def __init__(self, username: str, good: str) -> None:
        self.username, self.good = username, good
        self.taken = {username}
        self.records: dict[str, Record] = {}
        self.kept: dict[tuple[str, bool, str], Kept] = {}

    def status(self, case: Case[Any], response: schemathesis.Response) -> int:
        """Return the first refusal that applies, or the success of the operation."""
        label, credentials = case.operation.label, case.headers.get("Authorization")
        operation = asked.LABELED[label]
        may_sign_in = operation.takes_credentials and credentials is not None
        signs_in = operation.needs_credentials or may_sign_in
        form = asked.form(response) if label in WITH_FORM else MultiDict[str, str]()
        username, key = form.get("username", "").lower(), asked.key(response)
        kept = self.kept.get((label, signs_in, asked.text_of(key or "")))
        valid = label not in WITH_FORM or asked.is_valid(case, form)
        valid = valid and (label not in WITH_KEY or asked.is_valid_key(key))
        refusals = [
            (404, not self._finds(case)),
            (415, "Content-Encoding" in case.headers),
            (406, not asked.is_acceptable(case)),
            (401, signs_in and credentials != self.good),
            (400, not valid),
            (403, label == CREATE and signs_in and username != self.username),
            (409, kept is not None and kept.form != asked.given(case, form)),
            (409, label == SIGN_UP and not kept and username in self.taken),
        ]
        return next((status for status, earned in refusals if earned), asked.success(case))

    def learn(self, case: Case[Any], response: schemathesis.Response) -> None:
        """Update the state by a response with the predicted status."""
        label, status = case.operation.label, response.status_code
        record = self.records.get(case.path_parameters.get("id", ""))
        if label == CREATE and status == 201:
            made = response.headers["location"][0].rpartition("/")[2]
            self.records.setdefault(made, Record(own="Authorization" in case.headers))
            self._keep(case, response, made)
        elif label == SIGN_UP and status == 200:
            self.taken.add(asked.form(response)["username"].lower())
            self._keep(case, response)
        elif label == READ and record and status in (200, 404):
            record.steps.append("read" if record.is_there else "missed")
        elif label == DELETE and record and status == 204:
            record.steps.append("deleted")
            made = case.path_parameters["id"]
            self.kept = {at: kept for at, kept in self.kept.items() if kept.record != made}

    def _keep(self, case: Case[Any], response: schemathesis.Response, record: str = "") -> None:
        if key := asked.key(response):
            signs_in = "Authorization" in case.headers and bool(record)
            at = case.operation.label, signs_in, asked.text_of(key)
            given = asked.given(case, asked.form(response))
            self.kept.setdefault(at, Kept(case.body, case.media_type, given, record))

    def used(self, label: str, signs_in: bool) -> Iterator[tuple[str, Kept]]:
        """Return the used keys, the newest first."""
        for (kept_label, own, key), kept in reversed(self.kept.items()):
            if (kept_label, own) == (label, signs_in):
                yield key, kept

    def newest(self, last_step: str) -> Iterator[str]:
        """Return the records with this last step, the newest first."""
        return (key for key, r in reversed(self.records.items()) if r.steps[-1] == last_step)

    def chains(self) -> dict[str, int]:
        """Return how many records completed each step of the chain in order."""
        gone_through = [_in_turn(record.steps) for record in self.records.values()]
        return {step: sum(n > at for n in gone_through) for at, step in enumerate(CHAIN)}

    def _finds(self, case: Case[Any]) -> bool:
        """Return whether the requested record exists. Own details don't exist before signing in."""
        if case.operation.label == OWN and case.headers.get("Authorization") == self.good:
            return any(record.own and record.is_there for record in self.records.values())
        if case.operation.label in BY_ID:
            record = self.records.get(case.path_parameters["id"])
            return record is not None and record.is_there
        return True


def _in_turn(steps: list[str]) -> int:
    """Return how many steps of the chain are in this list, in order."""
    left = iter(steps)
    return next((at for at, step in enumerate(CHAIN) if step not in left), len(CHAIN))
