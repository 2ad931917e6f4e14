"""Documents without OpenAPI's optional parts; unsupported parts are reported as such."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.contract.proof.configuration import Configuration
from api.contract.proof.document import Document
from api.contract.proof.proof import Contradiction, Proof
from api.contract.proof.report import write_reports
from tests.contract.small_document import DOCUMENT, TRAFFIC, make_exchange

POST, GET = ("/notes", "post"), ("/notes/{id}", "get")


@pytest.fixture
def edited() -> dict[str, Any]:
    return deepcopy(DOCUMENT)


def proven(edited: Any, folder: Path) -> list[str]:
    """Return the missing parts of this document, proven by the small document's traffic."""
    file = folder / "small.yaml"
    file.write_text(yaml.safe_dump(edited, sort_keys=False))
    proof = Proof(Configuration(file, strict=True))
    for exchange in TRAFFIC:
        proof.keep(exchange)
    write_reports(folder, proof)
    return list(proof.missing())


def inlined(node: Any) -> Any:
    """Return the node with references resolved."""
    if isinstance(node, list):
        return [inlined(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        return inlined(DOCUMENT["components"][kind][name])
    return {name: inlined(item) for name, item in node.items()}


def test_it_needs_no_servers(edited: Any, tmp_path: Path) -> None:
    del edited["servers"]
    assert proven(edited, tmp_path) == []


def test_a_server_may_have_a_host_and_a_prefix(edited: Any, tmp_path: Path) -> None:
    edited["servers"] = [{"url": "https://notes.example/"}]
    assert proven(edited, tmp_path) == []
    edited["servers"] = [{"url": "https://notes.example/v1"}]
    with pytest.raises(Contradiction, match="/notes isn't declared"):
        proven(edited, tmp_path)


def test_it_needs_no_components(edited: Any, tmp_path: Path) -> None:
    del edited["components"]
    edited["paths"] = inlined(DOCUMENT["paths"])
    assert proven(edited, tmp_path) == []


def test_it_needs_no_security(edited: Any, tmp_path: Path) -> None:
    for path, method in POST, GET:
        del edited["paths"][path][method]["security"]
    edited["components"]["securitySchemes"] = {
        "key": {"type": "apiKey", "in": "query", "name": "k"}
    }
    # An unused security scheme isn't needed, and the proof reports it.
    assert all("securitySchemes" in missing for missing in proven(edited, tmp_path))


def test_members_are_optional_by_default(edited: Any, tmp_path: Path) -> None:
    del edited["components"]["headers"]["Location"]["required"]
    missing = proven(edited, tmp_path)
    assert len(missing) == 1 and "Location could be: required: True" in missing[0]
    edited = deepcopy(DOCUMENT)
    del edited["paths"]["/notes"]["post"]["requestBody"]["required"]
    with pytest.raises(AssertionError, match="as none is required"):
        proven(edited, tmp_path)


def test_a_path_may_have_every_method(edited: Any, tmp_path: Path) -> None:
    item = edited["paths"]["/notes"]
    for method in "put", "patch", "delete":
        item[method] = {"operationId": method, "responses": {"204": {"description": "Done."}}}
    traffic = [make_exchange("PUT", "/notes", 204), make_exchange("PATCH", "/notes", 204)]
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(edited))
    proof = Proof(Configuration(file, strict=True))
    for exchange in traffic:
        proof.keep(exchange)
    assert "never seen: delete, 204" in list(proof.missing())


def test_a_path_without_parameters_goes_first() -> None:
    paths: dict[str, Any] = {"/notes/{id}": {}, "/notes/newest": {}, "/notes": {}}
    document = Document({"paths": paths})
    assert document.match_path("/notes/newest") == ("/notes/newest", {})
    assert document.match_path("/notes/1") == ("/notes/{id}", {"id": "1"})
