"""A password occurs only in the request: all output and files are searched for a canary."""

import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote_plus

import psutil
import requests

from tests.clients import Client
from tests.serving import Server, serving

CANARY = "canary 7f3a sings at dawn"
FORMS = [CANARY, quote_plus(CANARY), CANARY.encode().hex(), b64encode(CANARY.encode()).decode()]
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
