"""`python -m tests.tools.faults`: cause real faults, and check the service's guarantees."""

import argparse
import sys
import time
from pathlib import Path

from tests.tools.faults import failover, kill, long


def main() -> None:
    """Run the chosen kind of faults, and exit 1 if anything is wrong."""
    parser = argparse.ArgumentParser("python -m tests.tools.faults", description=__doc__)
    kinds = parser.add_subparsers(required=True, metavar="what")
    one = kinds.add_parser("long", help="a mixed load with faults, and nothing grows")
    one.add_argument("--minutes", type=float, default=60, help="(%(default)s)")
    one.add_argument("--rate", type=float, default=100, help="requests a second (%(default)s)")
    one.add_argument("--plot", type=Path, help="write what the workers held, as SVG")
    one.set_defaults(run=long.run)
    one = kinds.add_parser("kill", help="SIGKILL under load, and nothing is lost")
    one.add_argument("--rounds", type=int, default=100, help="(%(default)s)")
    one.set_defaults(run=kill.run)
    one = kinds.add_parser("failover", help="PostgreSQL's standby takes over, and nothing is lost")
    one.set_defaults(run=failover.run)
    for kind in kinds.choices.values():
        kind.add_argument("--seed", type=int, default=1, help="(%(default)s)")
        kind.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    given = parser.parse_args()
    began = time.monotonic()
    wrong = given.run(given)
    print(*wrong[:40], sep="\n")
    verdict = f"{len(wrong)} things are wrong" if wrong else "nothing is wrong"
    print(f"seed {given.seed}, {(time.monotonic() - began) / 60:.1f} minutes: {verdict}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
