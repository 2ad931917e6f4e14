"""A refused body's message says what to send instead."""

from collections.abc import Mapping
from typing import IO, Any, NoReturn, cast

import pytest
from flask import Flask
from marshmallow import Schema
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.exceptions import NotImplemented as UnknownTransferCoding

from api.contract import FORM, UnsupportedCoding
from api.contract.bodies import RequestBody
from api.contract.encodings import json_object
from api.contract.inputs import valid, valid_texts

FORM_TYPE = "application/x-www-form-urlencoded"
BODY = RequestBody.form(Schema())


def refusal(
    headers: Mapping[str, str], data: bytes = b"a=1", environ: Mapping[str, Any] = {}
) -> tuple[type[HTTPException], str]:
    """Return the exception that refuses such a form, and its description."""
    app = Flask("small")
    app.config["MAX_CONTENT_LENGTH"] = 3
    known = {"Content-Type": FORM_TYPE, **headers}
    asked = app.test_request_context(
        method="POST", data=data, headers=known, environ_overrides=environ
    )
    with asked, pytest.raises(HTTPException) as refused:
        _ = BODY.read().content
    return type(refused.value), str(refused.value.description)


class Broken:
    """The input stream of a request whose body breaks off."""

    def read(self, *_: int) -> NoReturn:
        raise OSError("gone")


@pytest.mark.parametrize(
    ("headers", "data", "kind", "said"),
    [
        (
            {"Transfer-Encoding": "gzip, chunked"},
            b"a=1",
            UnknownTransferCoding,
            "Send the body with no transfer coding but chunked.",
        ),
        (
            {"Content-Encoding": "gzip"},
            b"a=1",
            UnsupportedCoding,
            "Send the body without a content coding.",
        ),
        ({}, b"a=\xff", BadRequest, "Send text in UTF-8: this holds other bytes."),
        ({}, b"a=%", BadRequest, "Write each % that starts no escape as %25."),
        ({}, b"a=12", RequestEntityTooLarge, str(RequestEntityTooLarge.description)),
        ({"Content-Type": ""}, b"a=1", UnsupportedMediaType, str(UnsupportedMediaType.description)),
        (
            {"Content-Type": f"{FORM_TYPE}; charset=latin-1"},
            b"a=1",
            BadRequest,
            "Send text in UTF-8, and leave charset out or set it to utf-8.",
        ),
    ],
)
def test_a_refused_form_has_a_message(
    headers: dict[str, str], data: bytes, kind: type[HTTPException], said: str
) -> None:
    assert refusal(headers, data) == (kind, said)


def test_an_incomplete_body_has_a_message() -> None:
    broken = {"wsgi.input": cast("IO[bytes]", Broken()), "wsgi.input_terminated": True}
    said = "Send the body whole: this one breaks off or is badly framed."
    assert refusal({}, environ=broken) == (BadRequest, said)
    short = {"CONTENT_LENGTH": "2", "wsgi.input_terminated": True}
    assert refusal({}, environ=short) == (BadRequest, "Send as many bytes as Content-Length says.")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Transfer-Encoding": " Chunked "},
        {"Content-Encoding": " Identity "},
        {"Content-Type": f"{FORM_TYPE.upper()}; charset=UTF-8"},
    ],
)
def test_letter_case_and_space_make_no_other_name(headers: dict[str, str]) -> None:
    app = Flask("small")
    known = {"Content-Type": FORM_TYPE, **headers}
    whole = {"wsgi.input_terminated": True}
    with app.test_request_context(
        method="POST", data=b"a=1", headers=known, environ_overrides=whole
    ):
        assert BODY.read().content == [("a", "1")]
        assert BODY.read() is BODY.read()


def test_a_body_is_described_by_its_kind() -> None:
    schema = Schema()
    assert RequestBody.form(schema) == RequestBody("form", FORM, valid_texts, schema)
    json = {"application/json": json_object}
    assert RequestBody.json(schema) == RequestBody("json", json, valid, schema)
