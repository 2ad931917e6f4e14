"""`python -m tests.tools.benchmarks`: the speed of the service, compared with references.

Requires wrk. All servers run on this machine, alternately, and are measured in rounds, of which the
medians are printed. Each response must be expected, and all acknowledged data must be in the
database.
"""

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.tools.benchmarks import stages
from tests.tools.benchmarks.bench import Bench
from tests.tools.benchmarks.growth import grow
from tests.tools.benchmarks.load import missing_program
from tests.tools.benchmarks.machine import described
from tests.tools.benchmarks.plot import draw
from tests.tools.benchmarks.rows import rows
from tests.tools.benchmarks.table import HEADS, table
from tests.tools.benchmarks.works import WORKS

ROUNDS, SECONDS = 3, 2


def main() -> None:
    """Measure, print, and exit 1 if anything is wrong or slower than its target."""
    parser = argparse.ArgumentParser("python -m tests.tools.benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one short round, whose figures have no marks"
    )
    parser.add_argument("--only", choices=WORKS, action="append", help="only this work")
    parser.add_argument("--plot", type=Path, help="write them by connections, as SVG")
    parser.add_argument("--growth", action="store_true", help="only with many records")
    parser.add_argument("--stages", action="store_true", help="only where the time goes")
    given = parser.parse_args()
    for program in ("wrk", "py-spy") if given.stages else ("wrk",):
        if missing := missing_program(program):
            sys.exit(missing)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), *((1, 1) if given.quick else (ROUNDS, SECONDS)))
        print(described())
        if given.stages:
            print(*table(stages.HEADS, stages.shares(bench)), *bench.wrong, sep="\n")
            sys.exit(bool(bench.wrong))
        for name in given.only or ([] if given.growth else WORKS):
            print(f"{name} …", file=sys.stderr, flush=True)
            WORKS[name](bench)
        found = list(rows(bench))
        if given.growth:
            found += grow(bench)
    if given.quick:
        found = [replace(row, least=None, slowest=None) for row in found]
    if syncs := bench.alone["sync"]:
        print(f"a write and its fdatasync take {statistics.median(syncs):.2f} ms")
    print(*table(HEADS, [row.cells() for row in found]), *bench.wrong, sep="\n")
    missed = sum(row.wrong for row in found)
    verdict = f"{missed} of {len(found)} figures missed, {len(bench.wrong)} things wrong"
    minutes = (time.monotonic() - started) / 60
    print(f"{verdict}; {minutes:.1f} minutes; {bench.others}")
    if given.plot:
        given.plot.write_text(draw(bench), encoding="utf-8")
    sys.exit(bool(bench.wrong or missed))


if __name__ == "__main__":
    main()
