"""A boundary counts as covered only if it alone determined the response."""

import json
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.datastructures import Headers

from api.contract.proof.coverage import Coverage
from api.contract.proof.document import Document
from api.contract.proof.exchanges import Exchange
from api.contract.proof.mutants import replaced
from tests.contract.proof.judging import document, exchange
from tests.contract.small_document import DOCUMENT, FORM, make_exchange, note_left

PROPERTIES = ("components", "schemas", "NewNote", "properties")


def seen(exchange: Exchange, *, is_strict: bool = True) -> set[str]:
    """Return the covered boundaries of the field `text`; the form has another field too."""
    text = DOCUMENT["components"]["schemas"]["NewNote"]["properties"]["text"]
    number = {"type": "integer", "minimum": 1}
    root = replaced(DOCUMENT, PROPERTIES, {"text": text, "n": number})
    coverage = Coverage(Document(root, is_strict=is_strict))
    coverage.add(exchange)
    return {promise.what for promise in coverage.seen if promise.where.startswith(FORM)}


def refused(form: str) -> Exchange:
    return make_exchange("POST", "/notes", 400, sent=form, content_type=FORM)


@pytest.mark.parametrize(
    ("form", "what"),
    [
        ("", {"absent"}),
        ("text=", {"empty"}),
        ("text=a", {"one shorter"}),
        ("text=a&n=1", {"one shorter"}),
        ("text=aaaa", {"one longer"}),
        ("text=ab&text=ba", {"repeated"}),
        ("text=ab&n=0", {"one less"}),
        ("text=ab&n=", {"empty"}),
        # The reason of the refusal is ambiguous.
        ("text=&text=", set()),
        ("text=ab&text=c", set()),
        ("n=1&n=1", set()),
        ("text=a&n=1&n=1", set()),
        ("text=a&n=0", set()),
    ],
)
def test_a_refusal_shows_what_was_wrong_if_only_one_thing_was(form: str, what: set[str]) -> None:
    assert seen(refused(form)) == what


def test_a_refusal_for_another_reason_covers_no_boundary() -> None:
    wrong = refused("text=a")
    assert seen(wrong) == {"one shorter"}
    assert seen(replace(wrong, query="%")) == set()
    assert seen(replace(wrong, sent=Headers({"Host": "/", "Content-Type": FORM}))) == set()


def test_a_request_without_a_host_counts_unless_the_document_is_strict() -> None:
    without = replace(refused("text=a"), sent=Headers({"Content-Type": FORM}))
    assert seen(without) == set()
    assert seen(without, is_strict=False) == {"one shorter"}


def test_repeated_parameters_are_promised_by_strict_documents_only() -> None:
    strict, loose = (Coverage(Document(DOCUMENT, is_strict=each)) for each in (True, False))
    only = {promise for promise in strict.promises if promise not in loose.promises}
    assert {promise.what for promise in only} == {"repeated"}
    assert seen(refused("text=ab&text=ba"), is_strict=False) == set()


SENTENCE = "{type: string, minLength: 2, maxLength: 3%s}"
SENTENCE_3_1 = f"{{anyOf: [{SENTENCE % ''}, {{type: 'null'}}], title: A}}"


def covered(schema: str, openapi: str, *values: tuple[Any, int]) -> tuple[set[str], set[str]]:
    """Return the promised boundaries of a field in JSON, and those that these values cover."""
    body = f"{{content: {{application/json: {{schema: {{properties: {{n: {schema}}}}}}}}}}}"
    operation = f"{{requestBody: {body}, responses: {{'200': {{}}, '400': {{}}}}}}"
    coverage = Coverage(document(operation, method="post", openapi=openapi))
    for value, status in values:
        sent, body = {"Content-Type": "application/json"}, json.dumps({"n": value})
        coverage.add(exchange(status, method="POST", sent=sent, body=body.encode()))
    promised = {promise.what for promise in coverage.promises if promise.kind == "fields"}
    return promised, {promise.what for promise in coverage.seen if promise.kind == "fields"}


def test_an_alternative_to_null_has_the_boundaries_of_a_nullable_field() -> None:
    values = (None, 200), ("aa", 200), ("aaaa", 400)
    nullable = covered(SENTENCE % ", nullable: true", "3.0.3", *values)
    assert covered(SENTENCE_3_1, "3.1.0", *values) == nullable
    assert nullable[1] == {"shortest", "one longer"} < nullable[0]
    enum = "{anyOf: [{type: 'null'}, {enum: [a, b]}]}"
    promised, seen = covered(enum, "3.1.0", (None, 200), ("a", 200), ("c", 400))
    assert seen == {"'a' allowed"} < promised
    files = covered("{anyOf: [{type: string, format: binary}, {type: 'null'}]}", "3.1.0")
    assert files[0] == {"absent"}


def test_a_number_in_a_form_is_read_as_one() -> None:
    assert seen(note_left("text=ab&n=1", 1)) >= {"shortest", "least"}
