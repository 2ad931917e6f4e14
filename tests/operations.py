"""Each operation of the document: a valid request, and the status of its success.

Tests that run over all operations read this table. All of it is read from the document, so that a
new operation needs no entry here.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from flask import Flask
from werkzeug.test import TestResponse

from api.contract.proof.document import Document
from tests.actor import PASSWORD, Someone

FILE = Path(__file__).parents[1] / "openapi.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SCHEMAS: dict[str, Any] = Document(DOCUMENT).resolve(DOCUMENT["components"]["schemas"])
URLENCODED = "application/x-www-form-urlencoded"
NO_METHOD = "BREW"
"""A method that HTTP doesn't define and no address allows (RFC 9110, section 16.1)."""

_numbers = count()


def documented() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the method, the path and the object of each operation in the document."""
    for path, item in DOCUMENT["paths"].items():
        for method, said in item.items():
            yield method.upper(), path, said


class Operation(NamedTuple):
    """An operation: its method, its path and its object in the document."""

    method: str
    path: str
    specification: dict[str, Any]

    def ask(self, someone: Someone, link: str, **options: Any) -> TestResponse:
        """Return the response to a valid request.

        An operation with `{id}` in its path is requested for the record at `link`. An operation
        that needs credentials gets those of "ada"; see `sign_up_with_records`. A form has the
        examples of the document, but each request has a username of its own.
        """
        someone = someone.signs_in("ada") if self.needs_credentials else someone
        form = {name: rule["examples"][0] for name, rule in self.fields.items()}
        if "username" in form and not self.needs_credentials:
            form["username"] = f"user{next(_numbers)}"
        request = {"data": form} if form else {}
        return someone.asks(self.method, self.address(link), **request | options)

    @property
    def id(self) -> str:
        return str(self.specification["operationId"])

    @property
    def status(self) -> int:
        """The status of the success, of which each operation has one."""
        (status,) = (int(each) for each in self.specification["responses"] if each < "300")
        return status

    @property
    def by_link(self) -> bool:
        """Whether the operation is about the record whose id is in the path."""
        return "{id}" in self.path

    @property
    def writes(self) -> bool:
        """Whether the operation writes: GET is a safe method (RFC 9110, section 9.2.1)."""
        return self.method != "GET"

    @property
    def takes_credentials(self) -> bool:
        return bool(self.specification["security"])

    @property
    def needs_credentials(self) -> bool:
        return self.takes_credentials and {} not in self.specification["security"]

    @property
    def takes_key(self) -> bool:
        """Whether a request may have an `Idempotency-Key`."""
        names = {parameter["name"] for parameter in self.specification.get("parameters", [])}
        return "Idempotency-Key" in names

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """The schema of each field of the form; none if the operation takes no form."""
        return dict(SCHEMAS[self.form]["properties"]) if self.form else {}

    @property
    def needed(self) -> dict[str, str]:
        """The examples of the fields that the form requires."""
        return {name: self.fields[name]["examples"][0] for name in SCHEMAS[self.form]["required"]}

    @property
    def produces(self) -> list[str]:
        """The media types of the success; none if that has no content."""
        return list(self.specification["responses"][str(self.status)].get("content", {}))

    @property
    def form(self) -> str:
        """The name of the form's schema, or an empty text if the operation takes no form."""
        if "requestBody" not in self.specification:
            return ""
        reference: str = self.specification["requestBody"]["content"][URLENCODED]["schema"]["$ref"]
        return reference.rpartition("/")[2]

    def address(self, link: str) -> str:
        """Return the path, with the id of the record at `link` if it has one."""
        return self.path.replace("/userDetails/{id}", link)


OPERATIONS = [Operation(*each) for each in documented()]
NAMED = {each.id: each for each in OPERATIONS}
EACH_OPERATION = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
NO_RECORD = "/userDetails/0b9f6a52-6a0e-4d3b-9a4e-3f1c52f1a7d8"
"""The link of a record that doesn't exist."""


def sign_up_with_records(app: Flask) -> dict[str, str]:
    """Sign "ada" up, and return the link of a new record for each operation, by its id.

    Each operation has a record of its own, because another operation may delete its record. The
    records differ from the examples, so that an operation that writes these changes its record.
    """
    ada = Someone(app.test_client()).signs_in("ada")
    assert Someone(ada.client).signs_up("ada", PASSWORD).status_code == 200
    given = {each.id: ada.gives_details(username="ada", lastname="Byron") for each in OPERATIONS}
    return {name: response.headers["Location"] for name, response in given.items()}
