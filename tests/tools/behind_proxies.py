"""`python -m tests.tools.behind_proxies`: the nginx and Caddy of docs/deploying.md.

It prints what it tried, and exits 1 if a check fails or a proxy isn't installed.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which

import requests

from tests.actor import FORM, PASSWORD
from tests.serving import REPOSITORY, Server, free_port, serving

PAGE = (REPOSITORY / "docs" / "deploying.md").read_text(encoding="utf-8")
CLIENT = "127.0.0.2"
"""The client's address, which differs from the proxy's."""


def _snippet(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def _nginx(folder: Path, port: int, service: int) -> list[str]:
    text = _snippet("nginx").replace("listen 443", f"listen 127.0.0.1:{port}")
    text = text.replace("127.0.0.1:5000", f"127.0.0.1:{service}")
    text = text.replace("/etc/ssl/signup", str(folder / "signup"))
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    head = f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}"
    # As the current user, because otherwise nginx couldn't read its own files.
    head += " user root;" if os.geteuid() == 0 else ""
    file = folder / "nginx.conf"
    file.write_text(f"{head} http {{ access_log off; {paths} {text} }}")
    return ["nginx", "-c", str(file), "-e", f"{folder}/error.log"]


def _caddy(folder: Path, port: int, service: int) -> list[str]:
    text = _snippet("caddyfile").replace("127.0.0.1:5000", f"127.0.0.1:{service}")
    # With this name, because for another one Caddy would request a certificate.
    site = f"https://localhost:{port} {{\n    tls {folder}/signup.pem {folder}/signup.key"
    text = text.replace("signup.example.org {", site)
    file = folder / "Caddyfile"
    file.write_text(f"{{\n    admin off\n    auto_https off\n}}\n{text}")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]


PROXIES = {"nginx": _nginx, "caddy": _caddy}


@contextmanager
def _in_front(name: str, folder: Path, server: Server) -> Iterator[str]:
    """Run the proxy, and yield its URL once it serves."""
    made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    files = ["-keyout", "signup.key", "-out", "signup.pem", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*made.split(), *files, *names], cwd=folder, check=True, capture_output=True)
    port = free_port()
    command = PROXIES[name](folder, port, int(server.url.rpartition(":")[2]))
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            with suppress(requests.ConnectionError), _client(folder / "signup.pem") as client:
                client.get(f"https://localhost:{port}/livez", timeout=60)
                break
            time.sleep(0.05)
        yield f"https://localhost:{port}"
    finally:
        process.terminate()
        process.wait()


def _client(certificate: Path) -> requests.Session:
    """Return an HTTP client with another address than the proxy's."""
    session = requests.Session()
    session.verify, session.trust_env = str(certificate), False
    session.mount("https://", _From())
    return session


class _From(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *given: object, **named: object) -> None:
        super().init_poolmanager(*given, **named, source_address=(CLIENT, 0))  # type: ignore[arg-type]


def _wrong(name: str, folder: Path) -> Iterator[str]:
    """Yield the failed checks behind this proxy."""
    limit = {"RATELIMIT_PASSWORDS": "3 per hour", "WEB_CONCURRENCY": "1"}
    with (
        serving(folder, {"TRUSTED_PROXIES": "1"} | limit) as server,
        _in_front(name, folder, server) as url,
        _client(folder / "signup.pem") as client,
    ):
        account = {"username": "sam", "password": PASSWORD}
        forged = {"X-Forwarded-For": "192.0.2.9", "X-Forwarded-Host": "evil"}
        forged |= {"X-Request-ID": "mine"}
        up = client.post(f"{url}/userSignUp", account, headers=forged, timeout=60)
        own = {"Origin": url, "Sec-Fetch-Site": "same-origin"}
        auth = "sam", PASSWORD
        given = client.post(f"{url}/userDetails", FORM, auth=auth, headers=own, timeout=60)
        read = client.get(url + given.headers.get("Location", ""), timeout=60)
        large = client.post(f"{url}/userDetails", FORM | {"x": "x" * 20_000}, timeout=60)
        cross = client.post(
            f"{url}/userDetails", FORM, auth=auth, headers={"Origin": "https://evil"}, timeout=60
        )
        often = client.post(f"{url}/userSignUp", account, headers=forged, timeout=60)
        statuses = [answer.status_code for answer in (up, given, read, large, cross, often)]
        if statuses != [200, 201, 200, 413, 403, 429]:
            yield f"the statuses are {statuses}"
        lines = [json.loads(line) for line in server.log.read_text("utf-8").splitlines()]
        told = [
            (line["requestId"], line["status"]) for line in lines if line.get("client") == CLIENT
        ]
        if ("mine", 200) not in told or ("mine", 429) not in told or len(told) != len(statuses) + 1:
            yield f"the log says {told}"
        if server.stop():
            yield "the server ended badly"


def main() -> None:
    """Check each proxy."""
    wrong = []
    for name in PROXIES:
        with tempfile.TemporaryDirectory() as folder:
            found = [*_wrong(name, Path(folder))] if which(name) else ["it isn't installed"]
        print(f"{name}: {'; '.join(found) or 'as the page says'}")  # noqa: T201
        wrong += found
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
