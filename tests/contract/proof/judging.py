"""Documents of one operation, and exchanges with it, for tests of the rules."""

import json
from typing import Any

import yaml
from werkzeug.datastructures import Headers

from api.contract.proof.document import Document
from api.contract.proof.exchanges import Exchange
from api.contract.proof.rules import Violation, contradictions


def document(
    operation: str = "responses: {'200': {description: Done.}}",
    *,
    method: str = "get",
    path: str = "/a",
    openapi: str = "3.1.0",
    others: str = "{}",
    **options: Any,
) -> Document:
    """Return a document with one operation. `others` are further members of the document."""
    declared = {"operationId": "do", **yaml.safe_load(operation)}
    declared.setdefault("responses", {"200": {"description": "Done."}})
    root = {"openapi": openapi, "paths": {path: {method: declared}}, **yaml.safe_load(others)}
    return Document(root, **options)


def exchange(
    status: int = 200,
    *,
    method: str = "GET",
    path: str = "/a",
    query: str = "",
    sent: dict[str, str] | None = None,
    body: bytes | None = b"",
    received: list[tuple[str, str]] | dict[str, str] | None = None,
    content: bytes = b"",
    **said: Any,
) -> Exchange:
    """Return an exchange. `said` is the JSON of the response, as `json=…`."""
    headers = Headers(received or {})
    if said:
        headers["Content-Type"], content = "application/json", json.dumps(said["json"]).encode()
    request = Headers({"Host": "localhost", **(sent or {})})
    return Exchange(method, path, query, request, body, status, headers, content)


def judged(document: Document, exchange: Exchange) -> list[Violation]:
    """Return the violations, whose places must stand in the document."""
    violations = list(contradictions(document, exchange))
    for place, _ in violations:
        node: Any = document.root
        for name in place:
            node = node[name]
    return violations
