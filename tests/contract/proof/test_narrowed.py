"""A schema may refer to another one and narrow it by more keywords."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.contract.narrowing import merged
from api.contract.proof.configuration import Configuration
from api.contract.proof.document import Document
from api.contract.proof.proof import Proof
from api.contract.proof.rules import contradictions
from tests.contract.small_document import DOCUMENT, TRAFFIC, note_left


def narrowed(members: list[int]) -> dict[str, Any]:
    """Return the small document, in which the id of each response is one of these members."""
    edited = deepcopy(DOCUMENT)
    left = edited["paths"]["/notes"]["post"]["responses"]["201"]
    read = edited["paths"]["/notes/{id}"]["get"]["responses"]["200"]
    for response in left, read:
        schema = response["content"]["application/json"]["schema"]
        schema["allOf"] = [{"properties": {"id": {"enum": members}}}]
    return edited


def missing(members: list[int], folder: Path, exchanges: Any = TRAFFIC) -> list[str]:
    file = folder / "small.yaml"
    file.write_text(yaml.safe_dump(narrowed(members)))
    proof = Proof(Configuration(file, strict=True))
    for exchange in exchanges:
        proof.keep(exchange)
    return list(proof.missing())


def test_its_keywords_count_together_with_those_of_the_other_schema() -> None:
    document = Document(narrowed([1, 3]))
    said = [list(contradictions(document, note_left("text=aa", n))) for n in (1, 2, 3)]
    assert not said[0]
    assert any("the content isn't as declared" in each.text for each in said[1])
    # The maximum of the other schema is 2.
    assert any("the content isn't as declared" in each.text for each in said[2])


def test_each_of_its_members_must_be_seen(tmp_path: Path) -> None:
    assert missing([1, 2], tmp_path) == []
    fewer = [exchange for exchange in TRAFFIC if exchange.content != b'{"id": 1}']
    lines = [line for line in missing([1, 2], tmp_path, fewer) if "enum" in line]
    assert len(lines) == 2 and all("1 dropped" in line for line in lines)


def test_they_declare_no_members_of_their_own() -> None:
    edited = narrowed([1, 2])
    del edited["components"]["schemas"]["Note"]["properties"]["id"]
    (said,) = contradictions(Document(edited), note_left("text=aa", 1))
    assert "the content isn't as declared" in said.text


def test_a_keyword_with_two_values_is_refused() -> None:
    one, other = {"a": {"type": "string", "title": "A"}}, {"a": {"minLength": 1, "title": "B"}}
    assert merged(one, other) == {"a": {"type": "string", "minLength": 1, "title": "B"}}
    assert merged(one, {"allOf": [other]}) == merged(one, other)
    with pytest.raises(ValueError, match=r"^type has two values[.]$"):
        merged(one, {"a": {"type": "integer"}})
