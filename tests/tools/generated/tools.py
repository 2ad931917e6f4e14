"""The generators and compilers: where they are, that they are the pinned ones, and how they run."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.serving import REPOSITORY

HERE = Path(__file__).parent
STORIES = HERE / "stories"
DOCUMENT = REPOSITORY / "openapi.yaml"
PYPI = "requirements.txt"
NPM = "package.json"
"""The files with the pins."""


class Missing(Exception):
    """A tool isn't here; what to do about it."""


class Failed(Exception):
    """A tool found something wrong; what it said."""


@dataclass(frozen=True)
class Tools:
    """What was installed into `folder`, by the pins, beside what the machine has."""

    folder: Path

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def modules(self) -> Path:
        return self.folder / "node_modules"

    @property
    def notes(self) -> Path:
        """Where the pins are that were installed."""
        return self.folder / "installed"

    def install(self) -> None:
        """All that PyPI and npm have of it; raises `Missing` or `Failed`."""
        run(sys.executable, "-m", "venv", "--clear", str(self.folder))
        self.notes.mkdir()
        run(str(self.bin / "pip"), "install", "--quiet", "--requirement", str(HERE / PYPI))
        shutil.copy(HERE / PYPI, self.notes)
        npm = self.machines("npm", "nodejs npm")
        shutil.copy(HERE / NPM, self.folder)
        where = "--prefix", str(self.folder)
        run(npm, "install", "--silent", "--ignore-scripts", "--no-package-lock", *where)
        shutil.copy(HERE / NPM, self.notes)

    def check(self, pins: str) -> None:
        """Raises `Missing` unless what is pinned there was installed."""
        noted = self.notes / pins
        if not noted.exists() or noted.read_text() != (HERE / pins).read_text():
            raise Missing("the pinned generators aren't installed: add --install")

    @staticmethod
    def machines(command: str, packages: str) -> str:
        """The machine's own command."""
        if found := shutil.which(command):
            return found
        raise Missing(f"no {command}: apt-get install {packages}")


def run(*command: str, into: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """What the command said on standard output; run in `into`, if that is given."""
    done = subprocess.run(
        command, cwd=into, env=env, capture_output=True, encoding="utf-8", timeout=1800, check=False
    )
    if done.returncode:
        raise Failed(f"{Path(command[0]).name} failed\n{done.stdout}{done.stderr}")
    return done.stdout
