"""The checklist on HTTP and the contract: what is declared, refused, and how."""

from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.datastructures import Headers

from api.contract import UndeclaredAnswer
from tests import conftest
from tests.actor import Someone, assert_problem
from tests.proof.coverage import Coverage
from tests.proof.proof import Contradiction, Proof

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
LIMIT = 16 * 1024
ALLOW = {
    "/userDetails": {"GET", "HEAD", "OPTIONS", "POST"},
    "/userDetails/0b9f6a52-6a0e-4d3b-9a4e-3f1c52f1a7d8": {"GET", "HEAD", "OPTIONS", "DELETE"},
    "/userSignUp": {"OPTIONS", "POST"},
    "/livez": {"GET", "HEAD", "OPTIONS"},
    "/openapi.json": {"GET", "HEAD", "OPTIONS"},
}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"}


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"status_code": 202}, UndeclaredAnswer),
        ({"content_type": "text/csv"}, UndeclaredAnswer),
        ({"location": "elsewhere"}, UndeclaredAnswer),
        ({"content_language": "en"}, UndeclaredAnswer),
        ({"headers": Headers({"Content-Type": "application/json"})}, UndeclaredAnswer),
        ({"data": b'{"message": "Something else"}'}, Contradiction),
    ],
    ids=["status", "media type", "header", "another header", "no header", "body"],
)
def test_01_an_answer_that_is_not_declared_can_not_leave_in_a_run_of_the_tests(
    app: Flask, change: dict[str, Any], refused: type[Exception]
) -> None:
    @app.after_request
    def spoil(response: Response) -> Response:
        for name, value in change.items():
            setattr(response, name, value)
        return response

    with pytest.raises(refused):
        Someone(app.test_client()).gives_details({"headers": {"Accept": "application/json"}})


def test_02_a_promise_that_nobody_saw_fails_a_whole_run(
    proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_seen = Coverage(proof.document)
    assert nothing_seen.missing == nothing_seen.promises
    promised = {(p.operation, p.where.split()[0]) for p in nothing_seen.promises}
    for operation in proof.document.operations():
        assert {(operation.id, str(status)) for status in operation.answers} <= promised
    options = SimpleNamespace(testpaths=["tests"])
    config = SimpleNamespace(args=["tests"], getini=options.__dict__.get, getoption=lambda *_: None)
    for seen, ends in (False, pytest.ExitCode.TESTS_FAILED), (True, pytest.ExitCode.OK):
        monkeypatch.setattr(conftest, "PROOFS", [SimpleNamespace(holds=seen)])
        session: Any = SimpleNamespace(config=config, exitstatus=pytest.ExitCode.OK)
        conftest.pytest_sessionfinish(session, pytest.ExitCode.OK)
        assert session.exitstatus == ends
    fresh = Proof(Path(proof.file), beside="/livez")
    assert next(fresh.missing()).startswith("never seen: ") and not fresh.holds


def test_03_who_is_not_let_in_is_told_how_to_sign_in(someone: Someone) -> None:
    for refused in someone.reads_own(), someone.signs_in("eve").gives_details():
        assert_problem(refused, 401)
        assert refused.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_04_a_method_that_is_not_there_is_405_with_exactly_those_that_are(someone: Someone) -> None:
    for path, allowed in ALLOW.items():
        for method in METHODS - allowed:
            refused = someone.asks(method, path)
            assert refused.status_code == 405
            assert set(refused.headers["Allow"].split(", ")) == allowed


def test_05_options_are_2xx_with_what_is_allowed(someone: Someone, proof: Proof) -> None:
    for path, allowed in ALLOW.items():
        answer = someone.asks("OPTIONS", path)
        assert 200 <= answer.status_code < 300
        assert set(answer.headers["Allow"].split(", ")) == allowed
    assert "| 204 | To OPTIONS: see Allow. | Allow," in proof.said["info"]["description"]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "form", None])
def test_06_what_is_no_form_is_415_and_told_what_is(
    someone: Someone, content_type: str | None
) -> None:
    for path in "/userDetails", "/userSignUp":
        refused = someone.posts(b"username=sam&lastname=king", content_type, path)
        assert_problem(refused, 415)
        assert refused.headers["Accept"] == f"{URLENCODED}, multipart/form-data"


def test_07_a_coded_body_is_415_and_told_to_send_it_plain(someone: Someone) -> None:
    for coding in "gzip", "br", "made-up", "identity, gzip":
        coded: dict[str, Any] = {"headers": {"Content-Encoding": coding}}
        for refused in someone.gives_details(coded), someone.signs_up("ada", **coded):
            assert_problem(refused, 415)
            assert refused.headers["Accept-Encoding"] == "identity"


def test_08_an_accept_without_what_is_here_is_406_and_a_malformed_one_no_5xx(
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
    assert someone.signs_up("ada").status_code == 200  # Nothing was stored by what was refused.
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
        # What follows a multipart's end is ignored; in the other it is a field that nobody asks.
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
def test_10_what_is_not_well_formed_is_400(
    someone: Someone, content_type: str, body: bytes
) -> None:
    """It names no field: that would mean it was read after all."""
    for path in "/userDetails", "/userSignUp":
        assert_problem(someone.posts(body, content_type, path), 400)
