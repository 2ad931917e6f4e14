"""`api/contract/`, copied under another name into an empty project, serves another app."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.contract.shelf.story import story_and_document
from tests.serving import REPOSITORY

STRANGERS = ["api", "sqlalchemy", "alembic", "argon2", "limits", "redis", "psycopg", "gunicorn"]
# With None in place of a module, importing it fails.
TELL = f"""
import pkgutil, runpy, sys
from importlib import import_module
sys.modules.update(dict.fromkeys({STRANGERS}))
sys.path.insert(0, "")
runpy.run_module("tests.contract.shelf.story", run_name="__main__")
import lifted
for module in pkgutil.walk_packages(lifted.__path__, "lifted."):
    import_module(module.name)
"""


def test_the_contract_alone_serves_another_app_under_another_name(tmp_path: Path) -> None:
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "api" / "contract", tmp_path / "lifted", ignore=unwanted)
    shelf = tmp_path / "tests" / "contract" / "shelf"
    shutil.copytree(REPOSITORY / "tests" / "contract" / "shelf", shelf, ignore=unwanted)
    for file in shelf.glob("*.py"):
        source = file.read_text(encoding="utf-8")
        file.write_text(source.replace("api.contract", "lifted"), encoding="utf-8")
    # Isolated, so that it finds no other copy of the service.
    run = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", TELL],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    there, here = json.loads(run.stdout), json.loads(story_and_document())
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
