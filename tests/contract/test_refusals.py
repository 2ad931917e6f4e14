"""If several refusals apply, the first one in the document's stated order is returned."""

import re
from collections.abc import Callable
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from api.contract import REFUSALS
from api.contract.proof.proof import Proof
from tests.actor import PASSWORD, Someone
from tests.operations import EACH_OPERATION, NAMED, NO_METHOD, URLENCODED, Operation

Ask = dict[str, Any]
USED = '"the-key-of-another-form"'


def refusals(operation: Operation) -> list[int]:
    """Return the statuses that may refuse the operation, in order."""
    declared = {404, 405, *map(int, operation.specification["responses"])}
    return [status for status in REFUSALS if status in declared]


def good(name: str, link: str = "") -> Ask:
    """Return a valid request: with Ada's username, or to sign Bob up, because Ada did."""
    operation = NAMED[name]
    request: Ask = {"method": operation.method, "path": operation.address(link), "headers": {}}
    if operation.form:
        form = operation.needed | ({"username": "bob"} if name == "signUp" else {})
        request |= {"data": urlencode(form).encode(), "content_type": URLENCODED}
    return request


def _with_header(request: Ask, name: str, value: str) -> Ask:
    return request | {"headers": request["headers"] | {name: value}}


SPOIL: dict[int, Callable[[Ask], Ask]] = {
    404: lambda r: r | {"path": f"{r['path']}/nowhere"},
    405: lambda r: r | {"method": NO_METHOD},
    429: lambda r: r,  # 429 doesn't depend on the request.
    413: lambda r: r | {"data": r["data"] + b"&pad=" + b"x" * 16384},
    415: lambda r: r | {"content_type": "application/json"},
    406: lambda r: _with_header(r, "Accept", "application/xml"),
    401: lambda r: r | {"auth": ("ada", "a password that is wrong")},
    400: lambda r: r | {"data": r["data"] + b"&" + r["data"]},  # Each field is given twice.
    403: lambda r: _with_header(r, "Sec-Fetch-Site", "cross-site"),
    412: lambda r: _with_header(r, "If-Match", '"v1"'),
    409: lambda r: _with_header(r, "Idempotency-Key", USED),
}
"""Functions that change a request so that it is refused with the status, and nothing else."""


def spoil(request: Ask, *statuses: int) -> Ask:
    for status in statuses:
        request = SPOIL[status](request)
    return request


def stated_order(proof: Proof) -> list[int]:
    """Return the order that the description of the document's last tag states."""
    description = " ".join(proof.root["tags"][-1]["description"].split())
    stated = re.search(r"the first one in this order is returned: ([0-9, ]+)[.]", description)
    assert stated
    assert "so that 429 comes before the record's 404" in description
    return [int(status) for status in stated[1].split(", ")]


def newcomer(make_app: Callable[..., Flask], **settings: str) -> Someone:
    """Return a function that makes a service, and Ada with a record."""
    someone = Someone(make_app(**settings).test_client())
    assert someone.signs_up("ada", PASSWORD).status_code == 200
    return someone.signs_in()


def use_the_key(ada: Someone) -> None:
    """Use the key with another form, for each operation that accepts a key."""
    used = {"Idempotency-Key": USED}
    given = ada.gives_details({"headers": used}, username="ada", lastname="byron")
    assert given.status_code == 201
    assert ada.signs_up("carl", headers=used).status_code == 200


def test_the_document_states_the_order_of_refusals(proof: Proof) -> None:
    assert stated_order(proof) == [*REFUSALS]


@EACH_OPERATION
def test_of_two_refusals_the_first_in_the_order_is_given(
    operation: Operation,
    make_app: Callable[..., Flask],
    subtests: pytest.Subtests,
) -> None:
    ada = newcomer(make_app)
    use_the_key(ada)
    link = ada.gives_details(username="ada").headers["Location"]
    fine = good(operation.id, link)
    # The same service and data, but this client has reached its limit.
    tired = Someone(make_app(ratelimit_default="1 per hour").test_client(), ada.auth)
    assert tired.asks(**fine).status_code < 300
    # The request may have deleted the record.
    fine = good(operation.id, ada.gives_details(username="ada").headers["Location"])

    for first, second in combinations(refusals(operation), 2):
        with subtests.test(f"{first} before {second}"):
            for status in first, second:
                asked = (tired if status == 429 else ada).asks(**spoil(fine, status))
                assert asked.status_code == status  # Each of them alone is refused.
            asker = tired if 429 in (first, second) else ada
            assert asker.asks(**spoil(fine, first, second)).status_code == first


@EACH_OPERATION
def test_put_right_one_by_one_the_refusals_come_in_the_order(
    operation: Operation, make_app: Callable[..., Flask]
) -> None:
    ada = newcomer(make_app)
    use_the_key(ada)
    fine = good(operation.id, ada.gives_details(username="ada").headers["Location"])
    wrong = [status for status in refusals(operation) if status != 429]
    while wrong:
        answer = ada.asks(**spoil(fine, *wrong))
        assert answer.status_code == wrong.pop(0)
    assert ada.asks(**fine).status_code < 300
