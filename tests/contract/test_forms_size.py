"""Forms have at most 16 KiB, and exactly the announced number of bytes."""

from io import BytesIO
from typing import Any

import pytest

from tests.actor import Someone, assert_problem
from tests.contract.test_forms import GOOD, GOOD_PARTS, MULTIPART, URLENCODED

LIMIT = 16 * 1024
PADDING = {URLENCODED: b"pad=%s&" + GOOD, MULTIPART: b"%s\r\n" + GOOD_PARTS}


def of_size(size: int, content_type: str) -> bytes:
    """Return a valid form of exactly `size` bytes."""
    pattern = PADDING[content_type]
    body = pattern % (b"x" * (size - len(pattern) + 2))
    assert len(body) == size
    return body


@pytest.mark.parametrize("path", ["/userDetails", "/userSignUp"])
@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
@pytest.mark.parametrize("content_type", [URLENCODED, MULTIPART], ids=["urlencoded", "multipart"])
def test_a_body_may_have_16_kib_and_not_a_byte_more(
    someone: Someone, path: str, content_type: str, chunked: bool
) -> None:
    """Checklist 9."""
    for size, status in [
        (LIMIT + 1, 413),
        (LIMIT + 2, 413),
        (10 * LIMIT, 413),
        (LIMIT - 1, 200),
        (LIMIT, 409),
    ]:
        body = of_size(size, content_type)
        if chunked:
            # A server's flag for a body that it received in chunks.
            answer = someone.asks(
                "POST",
                path,
                input_stream=BytesIO(body),
                content_type=content_type,
                headers={"Transfer-Encoding": "chunked"},
                environ_overrides={"wsgi.input_terminated": True},
            )
        else:
            answer = someone.posts(body, content_type, path)
        if status == 413:
            assert_problem(answer, 413)
        else:
            # The first form that fits signs sam up, so for the second one the name is taken.
            assert answer.status_code == (201 if path == "/userDetails" else status)


def test_a_body_that_breaks_off_is_refused(someone: Someone) -> None:
    """Checklist 10: the received part is well-formed, but incomplete."""
    for body, content_type in (GOOD, URLENCODED), (GOOD_PARTS, MULTIPART):
        announced: dict[str, Any] = {"CONTENT_LENGTH": str(len(body) + 1)}
        # Some servers terminate the input themselves, and then Werkzeug doesn't count the bytes.
        for environ in announced, announced | {"wsgi.input_terminated": True}:
            for path in "/userDetails", "/userSignUp":
                broken = someone.posts(body, content_type, path, environ_overrides=environ)
                assert_problem(broken, 400)
    assert someone.signs_up("sam").status_code == 200
