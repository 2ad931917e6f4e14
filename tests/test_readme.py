"""README.md: it is short, its badges are true, and its commands and examples work."""

import os
import re
import subprocess
import sys
import time
import tomllib
import venv
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests
import yaml
from flask import Flask

from tests.pages import commands, outputs, read, sections
from tests.serving import REPOSITORY, free_port

PAGE = "README.md"
WAYS = "Four ways to return a status in Flask"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def _ways(language: str) -> str:
    (text,) = [block.text for block in sections(PAGE)[WAYS] if block.language == language]
    return text


def test_it_has_at_most_150_lines() -> None:
    assert len(read(PAGE).splitlines()) <= 150


def test_its_badges_are_true() -> None:
    badges = dict(re.findall(r"badge/(\w+)-([^)]+)-\w+\)", read(PAGE)))
    project = tomllib.loads(read("pyproject.toml"))["project"]
    minimum = project["requires-python"].removeprefix(">=")
    openapi = yaml.safe_load(read("openapi.yaml"))["openapi"].rpartition(".")[0]
    badges["Python"] = unquote(badges["Python"])
    assert badges == {"Python": f"≥_{minimum}", "OpenAPI": openapi, "License": project["license"]}


def test_the_four_ways_to_return_a_status_answer_as_it_says() -> None:
    made: dict[str, Any] = {"__name__": "four_ways"}
    exec(_ways("python"), made)
    app: Flask = made["app"]
    app.testing = True
    said = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            response = app.test_client().post(rule.rule)
            own = [f"{k}: {v}" for k, v in response.headers if k.startswith("X-")]
            answer = [response.status, str(response.mimetype), response.text.rstrip("\n"), *own]
            said.append("  ".join([f"POST {rule.rule:19}", *answer]))
    assert _ways("text").splitlines() == said


def _fresh_clone(folder: Path) -> Path:
    """A clean copy of the repository's tracked files, with a new virtual environment."""
    clone = folder / "clone"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(listed, cwd=REPOSITORY, text=True).split("\0")
    for name in filter(None, names):
        if (REPOSITORY / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            (clone / name).write_bytes((REPOSITORY / name).read_bytes())
    venv.create(clone / ".venv", with_pip=True)
    return clone


@pytest.mark.long
def test_its_command_serves_and_its_requests_answer_as_it_says(tmp_path: Path) -> None:
    fresh_clone = _fresh_clone(tmp_path)
    command, first_and_second = commands(PAGE, "Quick start")
    start, messages = outputs(PAGE, "Quick start")
    port = str(free_port())
    environment = {
        "PATH": f"{fresh_clone / '.venv' / 'bin'}:{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", "/"),
        "PORT": port,
        "PIP_COMPILE": "0",  # The service compiles the modules that it imports.
        **{k: v for k, v in os.environ.items() if k.startswith("PIP_")},
    }
    with (fresh_clone / "log").open("w") as log:
        server = subprocess.Popen(
            ["sh", "-c", command.replace("sign-up-api", "exec sign-up-api")],
            cwd=fresh_clone,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(f"http://localhost:{port}/readyz", server, fresh_clone / "log")
        answers = []
        for request in first_and_second.replace(":5000", f":{port}").strip().splitlines():
            answers.append(subprocess.check_output(["sh", "-c", f"{request} -si"], text=True))
    finally:
        server.terminate()
        ended = server.wait(timeout=40)
    expected = start.replace(":5000", f":{port}").replace("/home/sam", str(fresh_clone))
    assert expected in (fresh_clone / "log").read_text()
    heads, bodies = zip(*(answer.split("\n\n") for answer in answers), strict=True)
    assert "201 CREATED" in heads[0].splitlines()[0]
    assert re.search(f"^Location: /userDetails/{UUID}$", heads[0], re.MULTILINE)
    assert "200 OK" in heads[1].splitlines()[0]
    assert "Access-Control-Allow-Origin: *" in heads[1].splitlines()
    # Each response ends in a line end, so that the shell's prompt begins a new line.
    assert re.sub(UUID, "ID", "".join(bodies)) == re.sub(UUID, "ID", messages)
    assert ended == 0
    (installed,) = fresh_clone.glob(".venv/lib/*/site-packages/api/contract")
    assert not (installed / "examples").exists()  # These are of the package beside the service.


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 600  # pip can be slow.
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            if requests.get(url, timeout=60).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    pytest.fail(f"{sys.executable}: nothing serves: {log.read_text()}")
