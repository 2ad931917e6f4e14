"""A document of 60 operations, and 2,000 exchanges with a service that is as it declares.

`python -m tests.contract.proof.large_document` prints the processor time of the verdict.
"""

import json
from collections.abc import Iterator
from random import Random
from time import process_time
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import Headers

from api.contract.proof.document import Document
from api.contract.proof.exactness import Exactness
from api.contract.proof.exchanges import Exchange

FORM, JSON, PROBLEM = (
    "application/x-www-form-urlencoded",
    "application/json",
    "application/problem+json",
)
RESOURCES, ROUNDS = 20, 33
_TITLES = {400: "Wrong", 401: "No key", 404: "Not found", 415: "No such media type"}


def _schemas(i: int) -> dict[str, Any]:
    name = {
        "type": "string",
        "minLength": 2,
        "maxLength": 20 + i,
        "pattern": "^[a-f][a-f0-3-]*$",
        "examples": ["abc"],
    }
    properties: dict[str, Any] = {
        "name": name,
        "amount": {"type": "integer", "minimum": 0, "maximum": 100 + i},
        "kind": {"type": "string", "enum": ["small", "large", f"kind{i}"]},
        "day": {"type": "string", "format": "date", "examples": ["2026-01-01"]},
    }
    own = {"id": {"type": "integer", "minimum": 1}, f"flag{i}": {"type": "boolean"}}
    return {
        f"New{i}": {"type": "object", "required": ["name"], "properties": properties},
        f"Thing{i}": {
            "type": "object",
            "required": ["id", "name", "amount"],
            "properties": own | {k: v for k, v in properties.items() if k != "day"},
        },
    }


def _responses(statuses: dict[int, str], i: int) -> dict[str, Any]:
    def response(status: int, kind: str) -> dict[str, Any]:
        headers: dict[str, Any] = {"X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"}}
        if status == 201:
            headers["Location"] = {
                "required": True,
                "schema": {"type": "string", "pattern": f"^/things{i}/[1-9][0-9]*$"},
            }
        media_type = PROBLEM if kind == "Problem" else JSON
        schema: dict[str, Any] = {"$ref": f"#/components/schemas/{kind}"}
        if kind == "list":
            items = {"$ref": f"#/components/schemas/Thing{i}"}
            schema = {"type": "array", "maxItems": 20, "items": items}
        content = {"content": {media_type: {"schema": schema}}} if kind else {}
        return {"description": kind or "Done.", "headers": headers, **content}

    return {str(status): response(status, kind) for status, kind in statuses.items()}


def _paths(i: int) -> dict[str, Any]:
    new, thing = {"$ref": f"#/components/schemas/New{i}"}, f"Thing{i}"
    refused = dict.fromkeys((401, 404), "Problem")
    page = {"type": "integer", "minimum": 1, "maximum": 20}
    return {
        f"/things{i}": {
            "post": {
                "operationId": f"create{i}",
                "security": [{"key": []}],
                "requestBody": {
                    "required": True,
                    "content": {FORM: {"schema": new}, JSON: {"schema": new}},
                },
                "responses": _responses(
                    {201: thing} | dict.fromkeys((400, 401, 415), "Problem"), i
                ),
            },
            "get": {
                "operationId": f"list{i}",
                "security": [],
                "parameters": [{"in": "query", "name": "limit", "schema": page}],
                "responses": _responses({200: "list", 400: "Problem"}, i),
            },
        },
        f"/things{i}/{{id}}": {
            "delete": {
                "operationId": f"delete{i}",
                "security": [{"key": []}],
                "parameters": [
                    {
                        "in": "path",
                        "name": "id",
                        "required": True,
                        "schema": {"type": "integer", "minimum": 1},
                    }
                ],
                "responses": _responses({204: ""} | refused, i),
            }
        },
    }


def document(resources: int = RESOURCES) -> dict[str, Any]:
    """Return the document, as YAML is parsed. Each resource has three operations."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for i in range(resources):
        paths |= _paths(i)
        schemas |= _schemas(i)
    schemas["Problem"] = {
        "type": "object",
        "required": ["title", "status"],
        "properties": {
            "title": {"type": "string", "enum": [*_TITLES.values()]},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "errors": {
                "type": "object",
                "additionalProperties": {"type": "string", "maxLength": 100},
            },
        },
    }
    request_id = {"type": "string", "pattern": "^[0-9a-f]{8}$"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": {"X-Request-ID": {"required": True, "schema": request_id}},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        },
    }


def traffic(resources: int = RESOURCES) -> Iterator[Exchange]:
    """Yield the exchanges of each operation, the same ones each time."""
    random = Random(1)
    for i in range(resources):
        for number in range(1, ROUNDS + 1):
            yield _created(i, number, random)
            yield _listed(i, number, random)
            yield _deleted(i, number, random)


def _created(i: int, number: int, random: Random) -> Exchange:
    kinds = ["small", "large", f"kind{i}"]
    name = "".join(["a", *random.choices("abcdef0123-", k=random.choice([1, 5, 19 + i]))])
    form: dict[str, Any] = {"name": name, "amount": random.choice([0, 7, 100 + i])}
    form |= {"kind": random.choice(kinds)} if number % 2 else {}
    form |= {"day": "2026-02-01"} if number % 3 else {}
    wrong: list[dict[str, Any]] = [
        *({"name": n} for n in ("", "a", "0a", "ag", "a_", "a4", "a" * (21 + i))),
        *({"amount": n} for n in (-1, 101 + i, "x")),
        *({"kind": "small0"}, {"day": "2026-02-30"}),
    ]
    key, path = {"X-Key": "k"}, f"/things{i}"
    if number > ROUNDS - 2:
        return _exchange("POST", path, 415, sent=b"x", kind="text/plain", headers=key)
    if number > ROUNDS - 4:
        return _exchange("POST", path, 401, sent=json.dumps(form).encode(), kind=JSON)
    if number <= len(wrong):
        form |= wrong[number - 1]
    is_json = random.choice([True, False])
    sent = (json.dumps(form) if is_json else urlencode(form)).encode()
    kind = JSON if is_json else FORM
    if number <= len(wrong):
        return _exchange("POST", path, 400, sent=sent, kind=kind, headers=key)
    form.pop("day", None)
    said = form | {"id": number, f"flag{i}": bool(number % 2)}
    location = {"Location": f"{path}/{number}"}
    return _exchange(
        "POST", path, 201, sent=sent, kind=kind, headers=key, said=said, received=location
    )


def _listed(i: int, number: int, random: Random) -> Exchange:
    limit = random.choice(["", "1", "20", "5", "0", "21", "x"])
    query = f"limit={limit}" if limit else ""
    if limit in ("0", "21", "x"):
        return _exchange("GET", f"/things{i}?{query}", 400)
    count = min(int(limit or 20), number)
    said = [{"id": n, "name": "ab", "amount": n % 100} for n in range(1, count + 1)]
    return _exchange("GET", f"/things{i}?{query}", 200, said=said)


def _deleted(i: int, number: int, random: Random) -> Exchange:
    status = random.choice([204, 204, 401, 404])
    key = {} if status == 401 else {"X-Key": "k"}
    path = f"/things{i}/{random.choice(['0', 'x', '999'])}" if status == 404 else ""
    return _exchange("DELETE", path or f"/things{i}/{number}", status, headers=key)


def _exchange(
    method: str,
    path: str,
    status: int,
    *,
    sent: bytes = b"",
    kind: str = "",
    headers: dict[str, str] | None = None,
    said: Any = None,
    received: dict[str, str] | None = None,
) -> Exchange:
    path, _, query = path.partition("?")
    if status >= 400:
        said = {"title": _TITLES[status], "status": status}
        said |= {"errors": {"name": "It is wrong."}} if status == 400 else {}
    content = b"" if said is None else json.dumps(said).encode()
    media_type = {"Content-Type": PROBLEM if status >= 400 else JSON} if content else {}
    return Exchange(
        method=method,
        path=path,
        query=query,
        sent=Headers(
            {"Host": "localhost", **({"Content-Type": kind} if kind else {}), **(headers or {})}
        ),
        body=sent,
        status=status,
        received=Headers({"X-Request-ID": "0123cdef", **media_type, **(received or {})}),
        content=content,
        recorded_by=f"{method} {path}",
    )


if __name__ == "__main__":
    started = process_time()
    verdict = Exactness(Document(document()), traffic()).judge()
    print(verdict, f"{process_time() - started:.0f} s", sep="\n")  # noqa: T201
