"""Each field is accepted at its bounds and refused beyond them, in both encodings."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from api.contract import FORM
from tests.actor import Someone, assert_problem
from tests.operations import OPERATIONS, Operation


class Bounds(NamedTuple):
    """The lengths of a field of an operation's form, a valid text, and the pattern of all."""

    operation: Operation
    field: str
    least: int
    most: int
    example: str
    pattern: str

    def text(self, length: int) -> str:
        """Return the example with its first letter repeated, or without what the rule can spare."""
        text = self.example[0] * (length - len(self.example)) + self.example
        while len(text) > length:
            shorter = (text[:n] + text[n + 1 :] for n in range(len(text)))
            text = next((each for each in shorter if re.fullmatch(self.pattern, each)), text[1:])
        return text


LENGTHS = [
    Bounds(
        each,
        name,
        rule.get("minLength", 0),
        rule["maxLength"],
        rule["examples"][0],
        rule["pattern"],
    )
    for each in OPERATIONS
    for name, rule in each.fields.items()
]

EACH_ENCODING = pytest.mark.parametrize("encoding", FORM)
EACH_FIELD = pytest.mark.parametrize(
    "bounds", LENGTHS, ids=lambda bounds: f"{bounds.operation.id} {bounds.field}"
)


@pytest.fixture
def someone(make_app_at: Callable[..., Flask], sqlite_url: str) -> Someone:
    return Someone(make_app_at(sqlite_url).test_client())


def gives(someone: Someone, bounds: Bounds, encoding: str, form: Any) -> TestResponse:
    """Return the response to the form, about a new record if the operation is about one."""
    at = bounds.operation.address(someone.gives_details().headers["Location"])
    data = MultiDict(form)
    return someone.asks(bounds.operation.method, at, data=data, content_type=encoding)


@EACH_ENCODING
@EACH_FIELD
def test_a_field_has_its_shortest_and_its_longest_text(
    bounds: Bounds, encoding: str, someone: Someone
) -> None:
    form, field, least, most = bounds.operation.needed, bounds.field, bounds.least, bounds.most
    for length in sorted({0, max(0, least - 1), least, most, most + 1}):
        if "username" in form:
            form["username"] = f"sam{length}"
        answer = gives(someone, bounds, encoding, form | {field: bounds.text(length)})
        assert (answer.status_code < 400) == (least <= length <= most), length
        if length not in range(least, most + 1):
            rule = f"{least} to {most}" if least else f"at most {most}"
            assert f"Give {rule} characters." in answer.get_json(True)["errors"][field]


@EACH_ENCODING
@EACH_FIELD
def test_a_field_that_is_needed_is_asked_for_and_none_is_taken_twice(
    bounds: Bounds, encoding: str, someone: Someone
) -> None:
    form, field = bounds.operation.needed, bounds.field
    answer = gives(someone, bounds, encoding, {n: t for n, t in form.items() if n != field})
    if field in form:
        assert_problem(answer, 400, **{field: ["Give this field."]})
    else:
        assert answer.status_code < 400
    texts = [bounds.text(bounds.least), bounds.text(bounds.most)]
    twice = gives(someone, bounds, encoding, form | {field: texts})
    assert_problem(twice, 400, **{field: ["Give this field once."]})
