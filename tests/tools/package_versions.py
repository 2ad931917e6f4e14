"""`python -m tests.tools.package_versions`: test `api/contract/` as a package of its own.

It is built and installed alone into two new virtual environments, with the lowest and with the
newest versions that its `pyproject.toml` allows. In each, all its modules are imported, and the
tests of its examples run. Exits 1 if anything fails.
"""

import os
import shutil
import sys
import tempfile
import tomllib
import venv
from collections.abc import Iterable
from pathlib import Path

from tests.pages import Run, runner
from tests.serving import REPOSITORY

PACKAGE = REPOSITORY / "api" / "contract"
PROJECT = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_IMPORT_ALL = """python -W error -c '
import importlib, pkgutil, openapi_proof
for module in pkgutil.walk_packages(openapi_proof.__path__, "openapi_proof."):
    importlib.import_module(module.name)
'"""
EXAMPLES = sorted(file.parent.name for file in PACKAGE.glob("examples/*/pyproject.toml"))


def alone(folder: Path, constraints: Iterable[str]) -> Run:
    """Copy the package alone to `api/contract/` in the folder.

    Return a function that runs commands in the folder, with the programs of a new virtual
    environment, in which pip installs only versions that the constraints allow.
    """
    left_out = shutil.ignore_patterns("__pycache__", ".pytest_cache", "build", "*.egg-info")
    shutil.copytree(PACKAGE, folder / "api" / "contract", ignore=left_out)
    venv.create(folder / ".venv", with_pip=True)
    (folder / "constraints.txt").write_text("\n".join(constraints), encoding="utf-8")
    return runner(
        folder,
        {
            **{name: text for name, text in os.environ.items() if name.startswith("PIP_")},
            "PATH": f"{folder / '.venv' / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": "",
            "PIP_CONSTRAINT": str(folder / "constraints.txt"),
        },
    )


def lowest() -> list[str]:
    """Return the lowest version of each dependency, as constraints."""
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [requirement.replace(">=", "==") for group in groups for requirement in group]


def main() -> int:
    """Return the exit status."""
    failed = False
    extras = ",".join(PROJECT["optional-dependencies"])
    for versions, constraints in {"lowest": lowest(), "newest": []}.items():
        with tempfile.TemporaryDirectory() as folder:
            run = alone(Path(folder), constraints)
            run(f"pip install --quiet './api/contract[{extras}]' fastapi httpx2")
            print(f"{versions}:", *run("pip freeze").split("\n"), flush=True)
            tests = [f"cd api/contract/examples/{example} && pytest -q" for example in EXAMPLES]
            for command in [_IMPORT_ALL, *tests]:
                try:
                    print(run(command), flush=True)
                except AssertionError as error:
                    print(error, flush=True)
                    failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
