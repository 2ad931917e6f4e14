"""The generators and compilers: where they are, that they are the pinned ones, and how they run."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.server import REPOSITORY

HERE = Path(__file__).parent
STORIES = HERE / "stories"
DOCUMENT = REPOSITORY / "openapi.yaml"
PINS = "requirements.txt", "package.json"


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

    def install(self) -> None:
        """All that PyPI and npm have of it. What was installed is noted once all of it is there."""
        run(sys.executable, "-m", "venv", "--clear", str(self.folder))
        run(str(self.bin / "pip"), "install", "--quiet", "--requirement", str(HERE / PINS[0]))
        npm = self.machines("npm", "nodejs npm")
        shutil.copy(HERE / PINS[1], self.folder)
        where = "--prefix", str(self.folder)
        run(npm, "install", "--silent", "--ignore-scripts", "--no-package-lock", *where)
        shutil.copy(HERE / PINS[0], self.folder)

    def check(self) -> None:
        """Raises `Missing` unless everything that is pinned was installed."""
        for name in PINS:
            noted = self.folder / name
            if not noted.exists() or noted.read_text() != (HERE / name).read_text():
                raise Missing("the generators aren't installed: add --install")

    @staticmethod
    def machines(command: str, packages: str) -> str:
        """The machine's own command."""
        if found := shutil.which(command):
            return found
        raise Missing(f"no {command}: apt-get install {packages}")


def run(*command: str, into: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """What the command said on standard output; run in `into`, if that is given."""
    done = subprocess.run(
        command, cwd=into, env=env, capture_output=True, encoding="utf-8", timeout=600, check=False
    )
    if done.returncode:
        raise Failed(f"{Path(command[0]).name} failed\n{done.stdout}{done.stderr}")
    return done.stdout
