"""Released contracts: none is broken within its major version, and none is changed afterwards."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.contract.changes.document import document_changes
from api.contract.places import pointer, references
from api.contract.proof.proof import Proof

FILES = sorted((Path(__file__).parent / "contracts").glob("*.yaml"))
RELEASED: list[Any] = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in FILES]


def numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def faults(document: Any) -> Iterator[str]:
    """Yield the differences that break a released contract."""
    now = document["info"]["version"]
    for released in RELEASED:
        then, changes = released["info"]["version"], document_changes(released, document)
        if numbers(now) < numbers(then):
            yield f"{now} comes before {then}, which is released."
        elif now == then and changes:
            yield f"{now} is released, and differs: this needs a version of its own."
        elif numbers(now)[0] == numbers(then)[0]:
            yield from (str(change) for change in changes if change.breaking)


def test_the_contract_keeps_what_was_released_in_its_major_version(proof: Proof) -> None:
    if found := list(faults(proof.root)):
        advice = "Raise VERSION in api/about.py: its first number, where a change is breaking."
        pytest.fail("\n".join([*found, "", advice]), pytrace=False)


def test_a_released_contract_has_the_name_of_its_version() -> None:
    assert RELEASED
    assert [file.stem for file in FILES] == [said["info"]["version"] for said in RELEASED]


@pytest.mark.parametrize(
    ("as_version", "fault"),
    [
        (
            "1.9.0",
            "breaking    request-property-removed  POST /userSignUp, multipart/form-data, password",
        ),
        ("1.0.0", "1.0.0 is released, and differs: this needs a version of its own."),
        ("0.9.0", "0.9.0 comes before 1.0.0, which is released."),
    ],
)
def test_a_dropped_field_is_refused(proof: Proof, as_version: str, fault: str) -> None:
    assert fault in list(faults(without_password(proof.root, as_version)))


def test_a_dropped_field_is_accepted_in_a_new_major_version(proof: Proof) -> None:
    assert not list(faults(without_password(proof.root, "2.0.0")))


@pytest.mark.parametrize("required", [False, True])
def test_a_new_member_of_a_response_is_compatible(proof: Proof, *, required: bool) -> None:
    document = deepcopy(proof.root)
    schemas = document["components"]["schemas"]
    asked = {pointer(r)[-1] for r in references(document, _requests(document))}
    answered = [schema for name, schema in schemas.items() if name not in asked]
    assert answered
    for schema in answered:
        schema["properties"]["more"] = {"type": "string"}
        schema["required"] += ["more"] if required else []
    changes = document_changes(proof.root, document)
    assert {change.rule for change in changes} == {
        f"response-{'required' if required else 'optional'}-property-added"
    }
    assert not any(change.breaking for change in changes)


def _requests(document: Any) -> list[Any]:
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    return [
        operation.get(part) for operation in operations for part in ("parameters", "requestBody")
    ]


def without_password(document: Any, as_version: str) -> Any:
    said = deepcopy(document)
    said["info"]["version"] = as_version
    del said["components"]["schemas"]["SignUp"]["properties"]["password"]
    return said
