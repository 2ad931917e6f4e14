"""The checklist on HTTP and the contract: which requests are refused, and how."""

from io import BytesIO
from typing import Any

import pytest

from tests.actor import Someone, assert_problem

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
LIMIT = 16 * 1024


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
