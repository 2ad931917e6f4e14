"""The machine, lifted out: with nothing else of the service there, it serves another app."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.shelf.story import whole
from tests.test_imports import API, MACHINE

STRANGERS = ["sqlalchemy", "alembic", "argon2", "limits", "redis", "psycopg", "gunicorn"]
# None in the place of a module makes the import of it fail.
TELL = f"""
import runpy, sys
sys.modules.update(dict.fromkeys({STRANGERS}))
sys.path.insert(0, "")
runpy.run_module("tests.shelf.story", run_name="__main__")
"""


def test_the_machine_alone_serves_another_app_and_prints_its_document(tmp_path: Path) -> None:
    for package in "api", "tests":
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for module in MACHINE:
        file = Path(f"{module.replace('.', '/')}.py")
        (tmp_path / "api" / file.parent).mkdir(exist_ok=True)
        shutil.copy(API / file, tmp_path / "api" / file)
    shutil.copytree(API.parent / "tests" / "shelf", tmp_path / "tests" / "shelf")
    # Isolated: it finds no other copy of ours.
    run = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", TELL],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    there, here = json.loads(run.stdout), json.loads(whole())
    assert there == here
    assert there["told"] == [
        "GET /newest?kind=novel 204",
        "GET /books.csv 304",
        "POST /books 201 /books/1",
        "POST /books 409",
        "POST /books 400",
        "POST /books 415",
        "POST /books 413",
        "GET /books?limit=1&order=pages&read=false 200",
        "GET /books?limit=0 400",
        "GET /books.csv 406",
        "GET /newest?kind=novel 303 /books/1",
        "HEAD /books.csv 200",
        "DELETE /books/1 401",
        "DELETE /books/1 204",
        "GET /books/1 404",
        "PUT /books 405",
        "OPTIONS /books 200",
    ]
