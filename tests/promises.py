"""What the document promises, read from the document alone: checks answers, and counts them."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from jsonschema_rs import Draft202012Validator
from werkzeug.test import TestResponse


class Promise(NamedTuple):
    """One thing that the document says will happen."""

    operation: str
    status: int
    media_type: str
    header: str


class Answers(NamedTuple):
    """What one status of one operation may look like."""

    headers: dict[str, tuple[bool, Any, Any]]
    content: dict[str, Any]


class Operation(NamedTuple):
    """An operation as the document has it."""

    id: str
    method: str
    path: re.Pattern[str]
    answers: dict[int, Answers]


class Promises:
    """The document's promises: `check` an answer against them, and know which were `seen`."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.seen: set[Promise] = set()
        self.operations = [
            Operation(
                operation["operationId"],
                method.upper(),
                re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path))),
                {int(s): self._answers(r) for s, r in operation["responses"].items()},
            )
            for path, item in document["paths"].items()
            for method, operation in item.items()
        ]

    def _answers(self, response: dict[str, Any]) -> Answers:
        headers = {}
        for name, header in response.get("headers", {}).items():
            whole = self._resolve(header)
            schema = whole["schema"]
            headers[name] = whole["required"], schema.get("type"), self._compile(schema)
        content = {m: self._compile(c["schema"]) for m, c in response.get("content", {}).items()}
        return Answers(headers, content)

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = node
        if "$ref" in node:
            found = self.document
            for name in node["$ref"].removeprefix("#/").split("/"):
                found = found[name]
        return found

    def _compile(self, schema: dict[str, Any]) -> Any:
        whole = {"components": self.document["components"], "allOf": [schema]}
        return Draft202012Validator(whole, validate_formats=True)

    def all(self) -> Iterator[Promise]:
        """Every promise: each operation's statuses, with each representation and each header."""
        for operation in self.operations:
            for status, answer in operation.answers.items():
                for media_type in answer.content or [""]:
                    for header in ["", *answer.headers]:
                        yield Promise(operation.id, status, media_type, header)

    def check(self, method: str, path: str, response: TestResponse) -> None:
        """Assert that the answer is as promised, headers and body; HEAD as GET without content.

        What belongs to no operation of the document isn't looked at: the gate judges that.
        """
        asked = "GET" if method == "HEAD" else method
        for operation in self.operations:
            if operation.method == asked and operation.path.fullmatch(path):
                break
        else:
            return
        status, media_type = response.status_code, response.mimetype or ""
        assert status in operation.answers, f"{operation.id}: {status} isn't declared"
        answer = operation.answers[status]
        _check_headers(answer, response)
        if method == "HEAD":
            assert not response.get_data()
            return
        _check_body(answer, response)
        for name in ["", *(name for name in answer.headers if name in response.headers)]:
            self.seen.add(Promise(operation.id, status, media_type, name))


def _check_headers(answer: Answers, response: TestResponse) -> None:
    for name, (required, kind, schema) in answer.headers.items():
        values = response.headers.getlist(name)
        assert len(values) == 1 or not (values or required), f"{name}: {values}"
        for value in values:
            whole = kind == "integer" and re.fullmatch(r"-?\d+", value)
            schema.validate(int(value) if whole else value)


def _check_body(answer: Answers, response: TestResponse) -> None:
    data, media_type = response.get_data(), response.mimetype or ""
    if not answer.content:
        assert not data and not media_type, "content that isn't declared"
        return
    assert media_type in answer.content, f"{media_type} isn't declared"
    said = json.loads(data) if media_type.endswith("json") else data.decode()
    answer.content[media_type].validate(said)
