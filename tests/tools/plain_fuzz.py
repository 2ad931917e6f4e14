"""`python -m tests.tools.plain_fuzz`: schemathesis as the README says, without any configuration.

`schemathesis run` with its own checks and with all, and `schemathesis fuzz`, each also with an
account's credentials, from an empty folder, each on a new server with the default settings, two at
a time. Exits 1 for a failure, an error, a warning other than the expected ones, or an undeclared
response.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import requests

from api import fields
from tests.actor import PASSWORD
from tests.operations import OPERATIONS
from tests.serving import serving

USERNAME = fields.USERNAME.example
"""As in the document's examples: with credentials a form must have the account's username."""
AUTH = f"{USERNAME}:{PASSWORD}"
SIGNED_IN = f"Authorization: Basic {b64encode(AUTH.encode()).decode()}"
ANONYMOUS_WARNING = "Authentication failed: 1 operation returned only 401/403 responses"
"""`GET /userDetails` needs an account, so that no request without one can succeed."""

_LINKS = re.compile(r"(\d+) covered / (\d+) selected / \d+ total(?: \((\d+) inferred\))?")


class Outcome(NamedTuple):
    """The output and exit status of a run, and whether the server logged an undeclared response."""

    output: str
    status: int
    is_undeclared: bool

    @property
    def summary(self) -> str:
        return self.output.rpartition(" SUMMARY ")[2]

    @property
    def warnings(self) -> list[str]:
        return re.findall(r"\u26a0\ufe0f (.*)", self.summary)

    @property
    def figures(self) -> str:
        return ", ".join(re.findall(r"\d+ generated.*", self.summary))

    def is_clean(self, expected: list[str]) -> bool:
        """Return whether nothing was found but the expected warnings, in every operation.

        `schemathesis fuzz` may reach its time limit before it has tested all on a slow machine.
        Each link must have been followed; `schemathesis fuzz` doesn't print how many were. But if a
        warning is expected, an operation refuses every request, and the links that schemathesis
        infers from its successful responses can't be followed.
        """
        tested = f"Tested: {len(OPERATIONS)}" in self.output or "Time limit reached" in self.output
        links = [[int(number or 0) for number in found] for found in _LINKS.findall(self.output)]
        followed = all(
            covered >= selected - (inferred if expected else 0)
            for covered, selected, inferred in links
        )
        clean = self.status == 0 and not self.is_undeclared
        return clean and tested and followed and self.warnings == expected


def run(folder: Path, *options: str) -> Outcome:
    """Run schemathesis with these options in a new, empty folder within `folder`."""
    empty, of_server = folder / "empty", folder / "server"
    for new in empty, of_server:
        new.mkdir()
    with serving(of_server) as server:
        account = {"username": USERNAME, "password": PASSWORD}
        signed_up = requests.post(f"{server.url}/userSignUp", account, timeout=60)
        assert signed_up.status_code == 200, signed_up.text
        command = ["schemathesis", *options, "--no-color", f"{server.url}/openapi.json"]
        ran = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=False)
        log = server.log.read_text(encoding="utf-8")
    return Outcome(ran.stdout + ran.stderr, ran.returncode, "undeclared response" in log)


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser("python -m tests.tools.plain_fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="of each `schemathesis fuzz`")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    fuzz = ["fuzz", f"--max-time={given.seconds}"]
    runs = {
        ("run",): [ANONYMOUS_WARNING],
        ("run", "--checks=all"): [ANONYMOUS_WARNING],
        (*fuzz,): [],  # It prints no such warning.
        ("run", f"--auth={AUTH}"): [],
        ("run", "--checks=all", f"--auth={AUTH}"): [],
        # With ignored_auth, which the runs above include, `fuzz` ends with an error of its own
        # (schemathesis 4.32.5: "dictionary changed size during iteration").
        (*fuzz, f"--header={SIGNED_IN}", "--exclude-checks=ignored_auth"): [],
    }

    def run_alone(options: tuple[str, ...]) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            return run(Path(folder), *options, f"--seed={given.seed}")

    bad = False
    with ThreadPoolExecutor(2) as threads:
        outcomes = threads.map(run_alone, runs)
    for (options, expected), found in zip(runs.items(), outcomes, strict=True):
        is_clean = found.is_clean(expected)
        said = [found.figures, *found.warnings]
        print(f"schemathesis {' '.join(options)}: {'; '.join(said)}", flush=True)
        if not is_clean:
            print(found.output, flush=True)
        bad = bad or not is_clean
    return bad


if __name__ == "__main__":
    sys.exit(main())
