"""`python -m tests.mutation [api/headers.py …]`: which changes of the service nobody notices.

Prints each such change as it is found, then how many were noticed, by module. Without arguments it
takes all of `api/`: an hour or two.
"""

import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from tests.mutation.judges import ROOT, Judge, judges
from tests.mutation.mutants import Mutant, mutants

MYPY = "mypy"


def main(files: list[str]) -> None:
    """Judge all mutants of these modules."""
    everything = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "api").glob("*.py"))
    chosen = [Path(file) for file in files or everything]
    # As they are now: whoever works on while this runs doesn't disturb it.
    sources = {file: (ROOT / file).read_text(encoding="utf-8") for file in chosen}
    verdicts: Counter[tuple[Path, str]] = Counter()
    unfit: list[str] = []
    with judges(min(2, os.cpu_count() or 1)) as them, ThreadPoolExecutor(len(them)) as pool:
        tests = them[0].survey({file.stem for file in chosen})
        idle: SimpleQueue[Judge] = SimpleQueue()
        for judge in them:
            idle.put(judge)

        def noticed_by(mutant: Mutant) -> str:
            judge = idle.get()
            try:
                return judge.notices(mutant, tests)
            finally:
                idle.put(judge)

        for file, source in sources.items():
            of_file = list(mutants(file, source))
            unchanged = replace(of_file[0], mutated=source)
            if who := noticed_by(unchanged) and noticed_by(unchanged):
                unfit.append(f"{file} is noticed as it is: {who}")
                continue
            for mutant, who in zip(of_file, pool.map(noticed_by, of_file), strict=True):
                kind = who if who in ("", MYPY) else "tests"
                verdicts[file, kind] += 1
                print(f"{file}:{mutant.line} {who or 'NOBODY'}\n{mutant.diff}\n", flush=True)
    print("| module | mutants | by tests | by mypy | by nobody |\n|---|--:|--:|--:|--:|")
    for file in chosen:
        print(_row(str(file), *(verdicts[file, kind] for kind in ("tests", MYPY, ""))))
    totals = [sum(verdicts[file, kind] for file in chosen) for kind in ("tests", MYPY, "")]
    print(_row("all", *totals))
    print(f"{1 - totals[-1] / sum(totals):.1%} noticed")
    if unfit:
        sys.exit("\n".join(unfit))


def _row(name: str, *numbers: int) -> str:
    return f"| {name} | {sum(numbers)} | {' | '.join(map(str, numbers))} |"


if __name__ == "__main__":
    main(sys.argv[1:])
