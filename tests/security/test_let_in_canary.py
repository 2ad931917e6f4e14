"""Passwords and other fields occur in no output: it is searched for a canary."""

import itertools
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import psutil
import requests

from api.storage.tables import metadata
from tests.actor import FORM
from tests.clients import Client
from tests.measured import MetricsServer
from tests.operations import NO_RECORD, OPERATIONS
from tests.serving import Server, free_port, serving

CANARY = "canary 7f3a sings at dawn"
FORMS = [CANARY, quote_plus(CANARY), CANARY.encode().hex(), b64encode(CANARY.encode()).decode()]
FIELD_CANARY = "canary.7f3a.sings"
"""The start of a text of any field: only letters that each of them takes."""
BASIC = b64encode(f"ada:{CANARY}".encode()).decode()


def send_requests(server: Server) -> Iterator[requests.Response]:
    """Yield the responses to valid, wrong and malformed passwords, in forms and in credentials."""
    for username in "ada", "ada", "not a name", "eve":
        form = {"username": username, "password": CANARY}
        for files in None, {"file": b""}:
            yield requests.post(f"{server.url}/userSignUp", form, files=files, timeout=60)
    for password in f"{CANARY}\n", CANARY * 20, CANARY[:9]:
        form = {"username": "bob", "password": password}
        yield requests.post(f"{server.url}/userSignUp", form, timeout=60)
    raw = f"username=bob&password={quote_plus(CANARY)}"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in f"{raw}%", f"{raw}&{raw}", f"{raw}\xff".encode("latin-1"):
        yield requests.post(f"{server.url}/userSignUp", body, headers=kind, timeout=60)
    yield requests.post(f"{server.url}/userSignUp", raw, timeout=60)
    for credentials in f"Basic {BASIC}", f"Basic {BASIC}!", f"Bearer {BASIC}", f"Basic {CANARY}":
        headers = {"Authorization": credentials}
        yield requests.get(f"{server.url}/userDetails", headers=headers, timeout=60)
        form = {"username": "ada", "lastname": "king"}
        yield requests.post(f"{server.url}/userDetails", form, headers=headers, timeout=60)


def send_malformed_requests(server: Server) -> bytes:
    credentials = f"Authorization: Basic {BASIC}\r\n".encode()
    with Client(server) as client:
        client.send(b"GET /userDetails HTTP/1.1\r\n", credentials, b"a header that is none\r\n\r\n")
        answer = client.receive()
    assert answer.status == 400
    return repr(answer).encode()


def visible_in_processes(server: Server) -> Iterator[tuple[str, bytes]]:
    """Yield the name, arguments and environment of each of the server's processes."""
    process = psutil.Process(server.process.pid)
    for each in [process, *process.children(recursive=True)]:
        seen = [each.name(), *each.cmdline(), *each.environ().values()]
        yield f"process {each.pid}", "\n".join(seen).encode()


def test_31_a_password_occurs_in_no_output_and_no_file(tmp_path: Path) -> None:
    """Checklist 31: with a working database, with a broken one, and after an exception."""
    left: list[tuple[str, bytes]] = []
    statuses = set()
    with serving(tmp_path, {"LOG_LEVEL": "debug", "DATABASE_TIMEOUT": "1"}) as server:

        def ask_all(when: str) -> None:
            for answer in send_requests(server):
                statuses.add(answer.status_code)
                said = f"{answer.status_code}\n{answer.headers}\n".encode() + answer.content
                left.append((f"answer, {when}", said))

        ask_all("well")
        left.append(("refusal", send_malformed_requests(server)))
        with closing(sqlite3.connect(tmp_path / "signup.db")) as database:
            # A missing column is an error in the statement, so a defect: 500.
            database.execute("ALTER TABLE accounts RENAME COLUMN password_hash TO elsewhere")
        ask_all("broken")
        left += visible_in_processes(server)
        assert server.stop() == 0
        left += [(file.name, file.read_bytes()) for file in tmp_path.iterdir() if file.is_file()]
    assert {200, 400, 401, 409, 415} < statuses and statuses & {500, 503}
    names = {name for name, _ in left}
    assert {"server.log", "signup.db"} <= names
    log = dict(left)["server.log"]
    assert b"elsewhere" in log or b"password_hash" in log  # Something was logged.
    for name, content in left:
        assert not [form for form in FORMS if form.encode() in content], name


def send_fields(server: Server, *, is_broken: bool) -> Iterator[tuple[str, requests.Response]]:
    """Yield each field of each form, with the responses to it: accepted, refused, and failed."""
    for operation, name in ((each, name) for each in OPERATIONS for name in each.fields):
        example = operation.fields[name]["examples"][0]
        good, numbers = f"{FIELD_CANARY}{example}", itertools.count()
        for text in [good, *([] if is_broken else [f"{good}\n", good * 20, [good, good]])]:
            for files in None, {"file": b""}:
                form = operation.needed | {"username": f"{name}{next(numbers)}"} | {name: text}
                link = "" if is_broken else give_details(server)
                url = server.url + operation.address(link or NO_RECORD)
                sent: dict[str, Any] = {"data": form, "files": files, "timeout": 60}
                yield f"{operation.id} {name}", requests.request(operation.method, url, **sent)


def give_details(server: Server) -> str:
    return requests.post(f"{server.url}/userDetails", FORM, timeout=60).headers["Location"]


def test_no_field_of_a_form_occurs_in_a_problem_a_header_the_log_or_the_metrics(
    tmp_path: Path,
) -> None:
    """Checklist 31: each field, accepted, refused in each way, and with a broken database."""
    address, left = f"127.0.0.1:{free_port()}", list[tuple[str, bytes]]()
    statuses: dict[str, set[int]] = {}
    settings = {"LOG_LEVEL": "debug", "METRICS_ADDRESS": address, "RATELIMIT_ENABLED": "false"}
    with serving(tmp_path, settings) as server:
        for is_broken in False, True:
            for field, response in send_fields(server, is_broken=is_broken):
                statuses.setdefault(field, set()).add(response.status_code)
                problem = b"" if response.ok else response.content
                left.append((field, f"{response.headers}\n".encode() + problem))
            with closing(sqlite3.connect(tmp_path / "signup.db")) as database:
                for table in () if is_broken else metadata.tables:
                    database.execute(f"ALTER TABLE {table} RENAME TO elsewhere_{table}")
        metrics = MetricsServer(server, address).request().body
        assert server.stop() == 0
        log = server.log.read_bytes()
    for operation, name in ((each, name) for each in OPERATIONS for name in each.fields):
        seen = statuses[f"{operation.id} {name}"]
        assert {operation.status, 400} < seen and seen & {500, 503}, (operation.id, name)
    assert b"no such table" in log and b"signup_requests_total" in metrics
    for where, content in [*left, ("log", log), ("metrics", metrics)]:
        assert FIELD_CANARY.encode() not in content, where
