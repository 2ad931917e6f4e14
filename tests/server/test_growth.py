"""The CPU time of a request grows at most linearly with its size, whatever it contains."""

import base64
import shutil
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder

from api import create_app
from api.config import Settings
from api.contract import FORM
from api.contract.negotiation import LONGEST_ACCEPT, choose
from api.fields import LONGEST_PASSWORD
from api.security.passwords import Passwords
from tests.conftest import CHEAP

URLENCODED, MULTIPART = FORM
FEW, TIMES = 1000, 16
MOST = 4 * TIMES
"""The maximum ratio of CPU times if the size is multiplied by `TIMES`. Quadratic work has 16 times
`TIMES`."""

Environ = dict[str, Any]
Case = Callable[[int], Environ]
GOOD = b"username=sam&lastname=king&password=an+otter+counts+nine"
PART = b'--x\r\nContent-Disposition: form-data; name="username"'
END = b"\r\n\r\nsam\r\n--x--\r\n"


def request(
    body: bytes | None = None, content_type: str = "", path: str = "", **more: str
) -> Environ:
    method = "GET" if body is None else "POST"
    environ = EnvironBuilder(path or "/userDetails", method=method).get_environ()
    if body is not None:
        environ["wsgi.input"] = BytesIO(body)
        environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": content_type or URLENCODED}
    return environ | more


def repeat(unit: str, size: int) -> str:
    return unit * (size // len(unit))


def header(name: str, unit: str, start: str = "", end: str = "") -> Case:
    return lambda size: request(GOOD, **{name: start + repeat(unit, size) + end})


def environ(name: str, unit: str) -> Case:
    return lambda size: request() | {name: repeat(unit, size)}


def content_type(media_type: str, unit: str) -> Case:
    return lambda size: request(GOOD, f"{media_type};{repeat(unit, size)}")


def form(unit: str, start: str = "", end: str = "") -> Case:
    return lambda size: request((start + repeat(unit, size) + end).encode())


def multipart(unit: bytes, start: bytes = PART, end: bytes = END) -> Case:
    return lambda size: request(
        start + unit * (size // len(unit)) + end, f"{MULTIPART}; boundary=x"
    )


def basic(unit: str) -> Case:
    def asked(size: int) -> Environ:
        token = base64.b64encode(f"sam:{repeat(unit, size)}".encode()).decode()
        return request(HTTP_AUTHORIZATION=f"Basic {token}")

    return asked


def boundary(size: int) -> Environ:
    dashes = b"-" * (size // 2)
    return request(b"\r\n--" + dashes, f"{MULTIPART}; boundary={dashes.decode()}")


LISTS = [",", ";", "a/b,", "a/b;q=0.5,", "a=b;", "a*0=b;", "a*=utf-8''%41;", '"', '"\\', "=", " "]
CASES: dict[str, Case] = {
    **{f"Accept {u!r}": header("HTTP_ACCEPT", u, "a/b") for u in LISTS},
    **{f"Cookie {u!r}": header("HTTP_COOKIE", u) for u in LISTS},
    **{f"X-Forwarded-For {u!r}": header("HTTP_X_FORWARDED_FOR", u) for u in LISTS},
    **{f"{t} {u!r}": content_type(t, u) for t in FORM for u in LISTS},
    **{f"X-Request-ID {u!r}": header("HTTP_X_REQUEST_ID", u) for u in ("a", "-", " ")},
    **{f"Idempotency-Key {u!r}": header("HTTP_IDEMPOTENCY_KEY", u, '"') for u in ("a", " ", '"')},
    **{f"Host {u!r}": header("HTTP_HOST", u, end="!") for u in ("a", "a.", ":", "[", "-")},
    **{f"Authorization {u!r}": header("HTTP_AUTHORIZATION", u, "Basic ") for u in ("=", " ", "a")},
    **{f"a password of {u!r}": basic(u) for u in (":", "\u3000", "\u0315\u0300")},
    **{f"a query of {u!r}": environ("QUERY_STRING", u) for u in "&=%+"},
    **{f"a path of {u!r}": environ("PATH_INFO", u) for u in ("/", "a/")},
    **{f"a form of {u!r}": form(u) for u in ("&", "=", "%", "+", "%41", "a=b&", "username=a&")},
    **{f"a name of {u!r}": form(u, "username=a&lastname=", "%01") for u in ("a", "+", "%E2%80%8B")},
    **{
        f"parts {u!r}": multipart(u, b"", b"--x--\r\n")
        for u in (PART + b"\r\n\r\n1\r\n", b"--x\r\n")
    },
    **{
        f"head fields {u!r}": multipart(b"\r\n" + u)
        for u in (b"X:1", b"X:1\r\n 1", b"Content-Type: a")
    },
    **{f"disposition {u!r}": multipart(u.encode(), PART + b";") for u in LISTS},
    **{
        f"a part's type {u!r}": multipart(u.encode(), PART + b"\r\nContent-Type: text/plain;")
        for u in LISTS
    },
    **{
        f"{place} {u!r}": multipart(u, start, end)
        for u in (b"\r\n", b"\r", b"\n", b"-", b"\r\n--", b"\r\n--xy", b"\r\n--x ", b"--x")
        for place, start, end in [
            ("before the parts", b"", b"\r\n" + PART + END),
            ("within a part", PART + b"\r\n\r\n", END),
            ("of an open part", PART + b"\r\n\r\n", b""),
            ("after the parts", PART + END, b""),
        ]
    },
    "a long boundary": boundary,
}


def cpu_time(app: Flask, environ: Environ) -> int:
    """Return the CPU time of the request in nanoseconds."""
    start = time.process_time_ns()
    body: Any = app.wsgi_app(environ, lambda *_: lambda _: None)
    for _ in body:
        pass
    body.close()
    return time.process_time_ns() - start


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Flask]:
    """The service behind a proxy, without rate limits and without the recorder of exchanges."""
    file = tmp_path_factory.mktemp("growth") / "signup.db"
    shutil.copy(migrated_file, file)
    settings = Settings(
        database_url=f"sqlite:///{file}", ratelimit_enabled=False, trusted_proxies=1
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.application.Passwords", lambda *_, **__: Passwords(2, CHEAP))
        app = create_app(settings)
    yield app
    app.extensions["store"].close()


def test_most_of_a_long_accept_is_not_read() -> None:
    offers, start = ("text/plain", "text/html"), "text/html,"
    padding = "a/b," * (LONGEST_ACCEPT // 4)
    assert choose(offers, start + padding + "text/plain") == "text/html"
    assert choose(offers, padding + "text/plain") is None
    assert choose(offers, "text/html" + ";" * LONGEST_ACCEPT) is None
    assert choose(offers, "a/b,text/plain;q=0." + "0" * LONGEST_ACCEPT) is None


def test_a_long_accept_costs_no_more_than_a_short_one(app: Flask) -> None:
    few, many = (header("HTTP_ACCEPT", "a/b;q=0.5,")(size) for size in (LONGEST_ACCEPT, 700_000))
    assert cpu_time(app, many) <= MOST * cpu_time(app, few)


def test_a_long_password_is_wrong_without_a_look_at_it(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Normalizing it would take time quadratic in its length."""
    looked: list[str] = []

    def prepare(password: str) -> str:
        looked.append(password)
        return password

    monkeypatch.setattr("api.security.passwords.prepare", prepare)
    for length in (LONGEST_PASSWORD, LONGEST_PASSWORD + 1):
        cpu_time(app, basic("\u0315")(length))
    assert [len(password) for password in looked] == [LONGEST_PASSWORD]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_work_grows_no_faster_than_the_request(case: Case, app: Flask) -> None:
    ratio = float("inf")
    for _ in range(5):  # Retry, because another process may use the core.
        few = min(cpu_time(app, case(FEW)) for _ in range(2))
        ratio = min(ratio, cpu_time(app, case(FEW * TIMES)) / few)
        if ratio <= MOST:
            break
    assert ratio <= MOST
