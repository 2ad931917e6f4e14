"""`python -m tests.tools.mutation [api/contract/headers.py …]`: find changes that no test notices.

Prints each change with the first test that failed, or mypy, and then the totals by module. Without
arguments it takes all of `api/` except the proof, and an hour on two idle cores.
"""

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from tests.tools.mutation.judges import ROOT, Judge, judges, module_of
from tests.tools.mutation.mutants import Mutant, mutants

NOBODY, MYPY, TESTS = "NOBODY", "mypy", "tests"


def main(chosen: list[Path], known: dict[str, str]) -> None:
    """Test all mutants of these modules, except those whose result is in `known`."""
    # Copies, so that edits during the run don't disturb it.
    sources = {file: (ROOT / file).read_text(encoding="utf-8") for file in chosen}
    verdicts: Counter[tuple[Path, str]] = Counter()
    unfit: list[str] = []
    with judges(min(2, os.cpu_count() or 1)) as them, ThreadPoolExecutor(len(them)) as pool:
        tests = them[0].survey({module_of(file) for file in chosen})
        idle: SimpleQueue[Judge] = SimpleQueue()
        for judge in them:
            idle.put(judge)

        def noticed_by(mutant: Mutant) -> str:
            if name := known.get(_key(mutant)):
                return name
            judge = idle.get()
            try:
                return judge.notices(mutant, tests) or NOBODY
            finally:
                idle.put(judge)

        for file, source in sources.items():
            of_file = list(mutants(file, source))
            unchanged = replace(of_file[0], mutated=source)
            # Run it again, because a test may fail by a timeout.
            if noticed_by(unchanged) not in (NOBODY, MYPY) and noticed_by(unchanged) != NOBODY:
                unfit.append(f"{file} is noticed as it is.")
                continue
            for mutant, who in zip(of_file, pool.map(noticed_by, of_file), strict=True):
                verdicts[file, who if who in (NOBODY, MYPY) else TESTS] += 1
                print(f"{_key(mutant, f':{mutant.line} {who}')}\n", flush=True)
    print("| module | mutants | by tests | by mypy | by nobody |\n|---|--:|--:|--:|--:|")
    for file in chosen:
        print(_row(str(file), *(verdicts[file, kind] for kind in (TESTS, MYPY, NOBODY))))
    totals = [sum(verdicts[file, kind] for file in chosen) for kind in (TESTS, MYPY, NOBODY)]
    print(_row("all", *totals))
    print(f"{1 - totals[-1] / sum(totals):.1%} noticed")
    if unfit:
        sys.exit("\n".join(unfit))


def _key(mutant: Mutant, more: str = "") -> str:
    return f"{mutant.file}{more}\n{mutant.diff}"


def _row(name: str, *numbers: int) -> str:
    return f"| {name} | {sum(numbers)} | {' | '.join(map(str, numbers))} |"


def _known(text: str) -> dict[str, str]:
    """Return what noticed each change in an earlier run's output, without unnoticed ones."""
    known: dict[str, str] = {}
    missed = set()
    for printed in text.split("\n\n"):
        head, _, diff = printed.partition("\n")
        place, _, who = head.partition(" ")
        key = f"{place.rpartition(':')[0]}\n{diff}"
        known[key] = who
        if who == NOBODY:
            missed.add(key)
    return {key: who for key, who in known.items() if key not in missed}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.tools.mutation")
    everything = sorted(
        file.relative_to(ROOT)
        for file in (ROOT / "api").rglob("*.py")
        if not {"migrations", "proof"} & {*file.parts} and file.stat().st_size
    )
    parser.add_argument("modules", type=Path, nargs="*", default=everything)
    parser.add_argument(
        "--known", type=Path, help="what an earlier run printed: who noticed then isn't asked again"
    )
    asked = parser.parse_args()
    main(asked.modules, _known(asked.known.read_text("utf-8")) if asked.known else {})
