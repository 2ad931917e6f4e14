"""The README's tables, example, commands and requests, and the links of all pages, are correct."""

import os
import re
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from api.config import describe_settings
from api.contract import REFUSALS
from api.contract.proof.proof import Proof
from tests.serving import REPOSITORY, free_port

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def _table(heading: str) -> Iterator[list[str]]:
    _, _, rest = README.partition(f"| {heading} |")
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    links = re.findall(r"\]\(([^):]+)\)", page.read_text(encoding="utf-8"))
    parts = [link.partition("#") for link in links]
    found = [(page.parent / name if name else page, anchor) for name, _, anchor in parts]
    assert [file for file, _ in found if not file.exists()] == []
    assert [anchor for file, anchor in found if anchor and anchor not in _anchors(file)] == []
    pictures = [file for file, _ in found if file.suffix in (".png", ".svg")]
    assert all(file.stat().st_size < 150_000 for file in pictures)


def test_the_programs_and_tests_that_the_pages_name_are_there() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    modules = set(re.findall(r"python -m (tests[.\w]*\w)", text))
    tests = set(re.findall(r"\btest_\w+[.]py", text))
    assert len(modules) > 5 and len(tests) > 5
    assert [name for name in sorted(modules) if find_spec(name) is None] == []
    assert tests <= {file.name for file in (REPOSITORY / "tests").rglob("test_*.py")}


def test_the_files_that_the_guide_of_development_names_are_there() -> None:
    text = (REPOSITORY / "docs" / "development.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:api|tests)/[\w/*]+(?:[.]py)?", text))
    assert len(named) > 10
    assert [name for name in sorted(named) if not list(REPOSITORY.glob(name.rstrip("/")))] == []


def test_the_table_of_settings_has_their_defaults_and_meanings() -> None:
    rows = [
        [cell.replace("`", "") for cell in row] for row in _table("variable | default | meaning")
    ]
    written = [(f"{name}={default}", meaning) for name, default, meaning in rows]
    assert written == describe_settings()


def test_the_table_of_failures_names_every_refusal_in_the_order_they_apply(
    proof: Proof,
) -> None:
    written = [int(status) for _, status in _table("failure | status")]
    assert written == [*REFUSALS, 503]
    declared = {s for o in proof.document.operations() for s in o.responses if s >= 400}
    assert set(written) - {405} == declared
    description = proof.root["tags"][-1]["description"]
    assert ", ".join(map(str, written[:-1])) in " ".join(description.split())


def test_the_four_ways_to_return_a_status_answer_as_the_readme_says() -> None:
    made: dict[str, Any] = {"__name__": "four_ways"}
    exec(_blocks("python")[0], made)
    app: Flask = made["app"]
    app.testing = True
    said = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            response = app.test_client().post(rule.rule)
            own = [f"{k}: {v}" for k, v in response.headers if k.startswith("X-")]
            answer = [response.status, str(response.mimetype), response.text.rstrip("\n"), *own]
            said.append("  ".join([f"POST {rule.rule:19}", *answer]))
    assert _blocks("text")[0].splitlines() == said


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
def test_the_readmes_command_serves_and_its_requests_answer_as_it_says(tmp_path: Path) -> None:
    fresh_clone = _fresh_clone(tmp_path)
    command, first_and_second = _blocks("sh")[:2]
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
    assert "201 CREATED" in answers[0].splitlines()[0]
    assert "200 OK" in answers[1].splitlines()[0]
    assert "Access-Control-Allow-Origin: *" in answers[1].splitlines()
    # Each response ends in a line end, so that the shell's prompt begins a new line.
    assert re.search(r'\n\n{"message": "Success", "id": "[0-9a-f-]{36}"}\n$', answers[0])
    assert answers[1].endswith('\n\n{"message": "Success"}\n')
    assert ended == 0


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
