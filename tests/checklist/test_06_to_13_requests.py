"""Checklist, HTTP and the contract: refused requests."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from api.storage.tables import accounts
from tests.actor import Someone, assert_problem
from tests.security.test_idempotency import counted

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
LIMIT = 16 * 1024


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "form", None])
def test_06_a_body_that_is_no_form_is_415_with_accept(
    someone: Someone, content_type: str | None
) -> None:
    for path in "/userDetails", "/userSignUp":
        refused = someone.posts(b"username=sam&lastname=king", content_type, path)
        assert_problem(refused, 415)
        assert refused.headers["Accept"] == f"{URLENCODED}, multipart/form-data"


def test_07_a_content_coding_is_415_with_accept_encoding(someone: Someone) -> None:
    for coding in "gzip", "br", "made-up", "identity, gzip":
        coded: dict[str, Any] = {"headers": {"Content-Encoding": coding}}
        for refused in someone.gives_details(coded), someone.signs_up("ada", **coded):
            assert_problem(refused, 415)
            assert refused.headers["Accept-Encoding"] == "identity"


def test_08_an_unacceptable_representation_is_406_and_a_malformed_accept_no_5xx(
    someone: Someone,
) -> None:
    link = someone.gives_details().headers["Location"]
    png: dict[str, Any] = {"headers": {"Accept": "image/png"}}
    message = {"text/plain", "text/html", "application/json"}
    for refused, kinds in [
        (someone.signs_up("ada", **png), message),
        (someone.gives_details(png), message),
        (someone.reads(link, **png), {"application/json"}),
    ]:
        assert_problem(refused, 406)
        assert all(kind in refused.get_json(force=True)["detail"] for kind in kinds)
    assert someone.signs_up("ada").status_code == 200  # The refused requests stored nothing.
    for number, accept in enumerate([",;", "text", "*/*;q=nan", "\xff/\xff", '"', "a" * 8000]):
        odd: dict[str, Any] = {"headers": {"Accept": accept}}
        assert someone.signs_up(f"ada{number}", **odd).status_code in (200, 406)
        assert someone.reads(link, **odd).status_code in (200, 406)


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
@pytest.mark.parametrize("content_type", [URLENCODED, MULTIPART])
def test_09_a_body_over_the_limit_is_413_to_the_byte(
    someone: Someone, content_type: str, chunked: bool
) -> None:
    form = b"username=sam&lastname=king&x="
    if content_type == MULTIPART:
        form = PART % (b"username", b"sam") + PART % (b"lastname", b"king") + b"--x--\r\n"
    for size, status in (LIMIT - 1, 201), (LIMIT, 201), (LIMIT + 1, 413):
        # Text after the end of a multipart body is ignored; in a urlencoded body it is an unknown
        # field.
        request: dict[str, Any] = {"data": form.ljust(size, b"x")}
        if chunked:
            request = {
                "input_stream": BytesIO(request["data"]),
                "headers": {"Transfer-Encoding": "chunked"},
                "environ_overrides": {"wsgi.input_terminated": True},
            }
        answer = someone.asks("POST", "/userDetails", content_type=content_type, **request)
        assert answer.status_code == status
        if status == 413:
            assert_problem(answer, 413)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (MULTIPART, b"no part"),
        (MULTIPART, PART % (b"lastname", b"king") + PART % (b"username", b"sam")),
        (MULTIPART, PART % (b"lastname", b"\xff") + PART % (b"username", b"sam") + b"--x--\r\n"),
        (URLENCODED, b"username=sam&lastname=\xff"),
        (URLENCODED, b"username=sam&lastname=%FF"),
        (URLENCODED, b"username=sam&lastname=%"),
        (URLENCODED, b"username=sam&lastname=%G1"),
    ],
)
def test_10_a_malformed_body_is_400(someone: Someone, content_type: str, body: bytes) -> None:
    """The problem names no field, because no field was read."""
    for path in "/userDetails", "/userSignUp":
        assert_problem(someone.posts(body, content_type, path), 400)


def test_11_a_field_given_twice_is_refused(app: Flask, someone: Someone) -> None:
    name, names = PART % (b"username", b"sam"), PART % (b"lastname", b"a")
    for body, content_type, path, field in [
        (b"username=sam&lastname=a&lastname=b", URLENCODED, "/userDetails", "lastname"),
        (b"username=sam&lastname=a&last%6eame=a", URLENCODED, "/userDetails", "lastname"),
        (
            b"username=a&lastname=a&firstname=&firstname=b",
            URLENCODED,
            "/userDetails",
            "firstname",
        ),
        (name + names + names + b"--x--\r\n", MULTIPART, "/userDetails", "lastname"),
        (b"username=sam&username=sam", URLENCODED, "/userSignUp", "username"),
        (name + name + b"--x--\r\n", MULTIPART, "/userSignUp", "username"),
    ]:
        assert_problem(
            someone.posts(body, content_type, path), 400, **{field: ["Give this field once."]}
        )
    assert counted(app) == (0, 0, 0)


def test_12_the_query_and_unknown_fields_are_ignored(someone: Someone) -> None:
    refused = someone.posts(b"username=sam", URLENCODED, "/userDetails?lastname=king")
    assert_problem(refused, 400, lastname=["Give this field."])
    refused = someone.posts(b"", URLENCODED, "/userSignUp?username=sam")
    assert_problem(refused, 400, username=["Give this field."])
    created = someone.posts(b"username=sam&lastname=king", URLENCODED, "/userDetails?lastname=no")
    assert someone.reads(created.headers["Location"]).get_json()["lastname"] == "king"
    assert someone.posts(b"username=sam&lastname=king&x=1&x=2", URLENCODED).status_code == 201
    assert someone.posts(b"username=sam&x=1&x=%00", URLENCODED, "/userSignUp").status_code == 200
    said = " ".join(someone.reads("/openapi.json").get_json()["tags"][-1]["description"].split())
    assert "Fields that a form doesn't have are ignored" in said
    assert "The query string is never read as a form" in said


def test_13_of_50_concurrent_sign_ups_of_a_username_one_succeeds(app: Flask) -> None:
    together = Barrier(50)

    def sign_up(_: int) -> tuple[int, str]:
        someone = Someone(app.test_client())
        together.wait()
        answer = someone.signs_up("ada")
        return answer.status_code, answer.text

    with ThreadPoolExecutor(50) as pool:
        said = list(pool.map(sign_up, range(50)))
    assert sorted(status for status, _ in said) == [200] + [409] * 49
    assert all("The username is taken" in text for status, text in said if status == 409)
    assert Someone(app.test_client()).signs_up("ADA").status_code == 409
    with app.extensions["store"].database.engine.connect() as connection:
        assert len(connection.execute(select(accounts.c.id)).all()) == 1
