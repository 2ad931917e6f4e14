"""The generators and compilers: their paths, their pinned versions, and how to run them."""

import re
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
PAGE = REPOSITORY / "docs" / "clients.md"
PYPI = "requirements.txt"
NPM = "package.json"
"""The files with the pinned versions."""


class Missing(Exception):
    """A tool isn't installed; the message says what to do."""


class Failed(Exception):
    """A tool failed; the message is its output."""


@dataclass(frozen=True)
class Tools:
    """The pinned tools installed in `folder`, and those of the machine."""

    folder: Path

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def modules(self) -> Path:
        return self.folder / "node_modules"

    @property
    def notes(self) -> Path:
        """The folder with copies of the pin files that were installed."""
        return self.folder / "installed"

    def install(self) -> None:
        """Install the tools from PyPI and npm. Raises `Missing` or `Failed`."""
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
        """Raise `Missing` unless the tools of this pin file were installed."""
        noted = self.notes / pins
        if not noted.exists() or noted.read_text() != (HERE / pins).read_text():
            raise Missing("the pinned generators aren't installed: add --install")

    @staticmethod
    def machines(command: str, packages: str, installer: str = "apt-get install") -> str:
        """Return the path of the machine's own command. Raises `Missing`."""
        if found := shutil.which(command):
            return found
        raise Missing(f"no {command}: {installer} {packages}")


def example(language: str) -> str:
    """Return the example in this language from docs/clients.md."""
    text = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
    return str(found)


def run(*command: str, into: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run the command, in `into` if given, and return its standard output. Raises `Failed`."""
    done = subprocess.run(
        command, cwd=into, env=env, capture_output=True, encoding="utf-8", timeout=1800, check=False
    )
    if done.returncode:
        raise Failed(f"{Path(command[0]).name} failed\n{done.stdout}{done.stderr}")
    return done.stdout
