"""Each operation of the service once: a valid request, and the status of its success.

Tests that run over all operations read this table, so that a new operation needs one entry here.
The address, the form and the credentials of an operation are read from the document.
"""

from collections.abc import Callable, Iterator
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
URLENCODED = "application/x-www-form-urlencoded"
NO_METHOD = "BREW"
"""A method that HTTP doesn't define and no address allows (RFC 9110, section 16.1)."""

_numbers = count()


def documented() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the method, the path and the object of each operation in the document."""
    for path, item in DOCUMENT["paths"].items():
        for method, said in item.items():
            yield method.upper(), path, said


_DOCUMENTED = {said["operationId"]: (method, path, said) for method, path, said in documented()}


class Operation(NamedTuple):
    """An operation: its id, the status of its success, and a valid request."""

    id: str
    status: int
    request: Callable[..., TestResponse]
    """A function of a client, the link of a record, and keyword arguments for the request."""

    def ask(self, someone: Someone, link: str, **options: Any) -> TestResponse:
        """Return the response to a valid request.

        An operation with `{id}` in its path is requested for the record at `link`. An operation
        that needs credentials gets those of "ada"; see `sign_up_with_records`.
        """
        return self.request(someone, link, **options)

    @property
    def method(self) -> str:
        return _DOCUMENTED[self.id][0]

    @property
    def path(self) -> str:
        return _DOCUMENTED[self.id][1]

    @property
    def specification(self) -> dict[str, Any]:
        """The operation's object in the document."""
        return _DOCUMENTED[self.id][2]

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
        schema: dict[str, Any] = DOCUMENT["components"]["schemas"].get(self.form, {})
        return dict(Document(DOCUMENT).resolve(schema.get("properties", {})))

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


OPERATIONS = [
    Operation(
        "createUserDetails",
        201,
        lambda someone, _, **options: someone.gives_details(options),
    ),
    Operation(
        "getMyUserDetails",
        200,
        lambda someone, _, **options: someone.signs_in("ada").reads_own(**options),
    ),
    Operation(
        "getUserDetails",
        200,
        lambda someone, link, **options: someone.reads(link, **options),
    ),
    Operation(
        "deleteUserDetails",
        204,
        lambda someone, link, **options: someone.deletes(link, **options),
    ),
    Operation(
        "signUp",
        200,
        lambda someone, _, **options: someone.signs_up(
            f"user{next(_numbers)}", PASSWORD, **options
        ),
    ),
]
EACH_OPERATION = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
NO_RECORD = "/userDetails/0b9f6a52-6a0e-4d3b-9a4e-3f1c52f1a7d8"
"""The link of a record that doesn't exist."""


def sign_up_with_records(app: Flask) -> dict[str, str]:
    """Sign "ada" up, and return the link of a new record for each operation, by its id.

    Each operation has a record of its own, because another operation may delete its record.
    """
    ada = Someone(app.test_client()).signs_in("ada")
    assert Someone(ada.client).signs_up("ada", PASSWORD).status_code == 200
    given = {each.id: ada.gives_details(username="ada") for each in OPERATIONS}
    return {name: response.headers["Location"] for name, response in given.items()}
