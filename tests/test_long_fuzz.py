"""The long fuzzing, made short: the same command, with some hundred requests; and that it sees."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from api.bodies import FORM
from tests.long_fuzz.__main__ import fuzz
from tests.long_fuzz.asked import OPERATIONS
from tests.long_fuzz.figures import Figures, Row
from tests.long_fuzz.foretold import CHAIN
from tests.long_fuzz.varied import ACCEPTS, CREDENTIALS
from tests.server import REPOSITORY

# With this seed chains and sign-ins succeed early on, on a busy machine too.
ASKED, SEED = 600, 6


def test_a_short_run_on_both_databases_finds_nothing_wrong_and_tells_what_it_asked() -> None:
    command = f"-m tests.long_fuzz --requests={ASKED} --seed={SEED}".split()
    run = subprocess.run(
        [sys.executable, *command], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(rf"seed {SEED}, \d+ minutes: nothing is wrong\n$", run.stdout)
    databases = re.split(r"^on \w+:\n", run.stdout, flags=re.MULTILINE)[1:]
    assert len(databases) == 3  # The third is both.
    for part in databases:
        judged = re.findall(r"([\d,]+) requests judged", part)[0]
        assert int(judged.replace(",", "")) >= ASKED // 2
        told = {line.lstrip(" 0123456789,").partition(", ")[0] for line in part.splitlines()}
        assert told >= {*OPERATIONS, *(f"credentials: {kind}" for kind in CREDENTIALS.values())}
        assert told >= {f"accept: {accept or 'none'}".partition(", ")[0] for accept in ACCEPTS}
        assert told >= {f"encoding: {form}" for form in ("no body", *FORM)}


def test_it_sees_a_record_deleted_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schemathesis alone would let it pass: 204 is declared."""
    store = shutil.copytree(REPOSITORY / "api", tmp_path / "api") / "store.py"
    raised = "            raise NoSuchRecord\n\n"
    whole = store.read_text(encoding="utf-8")
    store.write_text(whole.replace(raised, "            pass\n\n"), encoding="utf-8")
    monkeypatch.setattr("tests.server.REPOSITORY", tmp_path)
    monkeypatch.setattr("tests.long_fuzz.__main__.SHORTEST", 5)
    found = fuzz("sqlite:///signup.db", asked=100, seed=SEED)
    assert not found.failures
    assert any(line.startswith("404 foretold, 204 answered: ") for line in found.wrong(100))


def _ran(status: int = 200, chains: int = 10, **said: list[str]) -> Figures:
    """A run in which each operation was asked ten times, and always got this."""
    rows = Counter({Row(label, status, "no body", "none", "none"): 10 for label in OPERATIONS})
    ran = Figures()
    ran += Figures(rows, rows, Counter(dict.fromkeys(CHAIN, chains)), **said)
    return ran


def test_nothing_is_wrong_with_a_run_in_which_enough_succeeded() -> None:
    assert list(_ran().wrong(50)) == []


@pytest.mark.parametrize(
    ("ran", "asked", "said"),
    [
        (_ran(failures=["red"]), 50, "red"),
        (_ran(surprises=["404 foretold, 200 answered"]), 50, "404 foretold, 200 answered"),
        (_ran(503), 50, "10 answers 503 of GET /userDetails"),
        (_ran(), 51, "only 50 of 51 requests were made and judged"),
        (_ran(404), 50, "GET /userDetails: 0 successes, fewer than 1"),
        (Figures(), 50, "GET /userDetails: 0 successes, fewer than 1"),
        (_ran(chains=0), 50, "chains, missed: 0 successes, fewer than 1"),
    ],
)
def test_a_run_tells_what_is_wrong(ran: Figures, asked: int, said: str) -> None:
    assert said in list(ran.wrong(asked))


def test_the_figures_that_a_run_keeps_are_read_as_they_were() -> None:
    ran = _ran(failures=["red"], surprises=["odd"])
    assert Figures.from_json(ran.to_json()) == ran
