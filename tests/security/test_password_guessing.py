"""The numbers in docs/password-guessing.md match the failure limit."""

import re
from typing import NoReturn

import pytest

from api.config import Settings
from api.security.counters import Counter
from api.security.failures import KNOWN_DAYS, FailureLimiter
from tests.serving import REPOSITORY

PAGE = (REPOSITORY / "docs" / "password-guessing.md").read_text(encoding="utf-8")
ROWS = {
    cells[0]: cells[1:]
    for line in PAGE.splitlines()
    if line.startswith("| ")
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}
HOURS = [1, 24, 24 * 365]


class Refused(Exception):
    pass


def refuse(_: float) -> NoReturn:
    raise Refused


def guesses(sites: int, per_site: int = 2, known: bool = False) -> int:
    """Return the number of wrong passwords that a botnet can try in one window.

    It first exhausts the shared limit from one site, and then uses the last failure of each other
    site.
    """
    limiter = FailureLimiter(Settings().ratelimit_failures, Counter("memory://"), refuse)
    addresses = [f"10.{n // 256}.{n % 256}.{m}" for n in range(sites) for m in range(per_site)]
    if known:
        limiter.attempt("ada", addresses[0], signs_in=True).check(lambda: True)
    tried = 0
    for address in addresses:
        for _ in range(101):
            try:
                limiter.attempt("ada", address, signs_in=True).check(lambda: False)
            except Refused:
                break
            tried += 1
    return tried


def documented(row: str) -> list[int]:
    return [int(number.replace(",", "")) for number in ROWS[row]]


@pytest.mark.parametrize(
    ("row", "sites"),
    [
        ("one address, or any number in one site", 1),
        ("a botnet in 100 sites", 100),
        ("a botnet in 1,000 sites", 1000),
    ],
)
def test_the_guesses_of_a_botnet_are_as_written(row: str, sites: int) -> None:
    tried = guesses(sites)
    assert (tried, documented(row)) == (99 + sites, [tried * hours for hours in HOURS])
    assert ROWS["a botnet in N sites"] == ["99 + N", "24 \u00d7 (99 + N)", "8,760 \u00d7 (99 + N)"]


def test_the_guesses_at_a_known_address_are_as_written() -> None:
    row = "an address that is known for the account"
    assert documented(row) == [guesses(1, per_site=1, known=True) * hours for hours in HOURS]


def test_the_limit_and_the_days_are_the_defaults() -> None:
    assert f'RATELIMIT_FAILURES="{Settings().ratelimit_failures}"' in PAGE
    assert f"within the last {KNOWN_DAYS} days" in " ".join(PAGE.split())
    waits = [cells[0] for name, cells in ROWS.items() if re.search("^(signs|types|has)", name)]
    assert waits == ["0 seconds", "0 seconds", "3,600 seconds", "3,600 seconds"]
    (share,) = re.findall(r"one in (\d+) million", " ".join(PAGE.split()))
    assert round(7776**4 / documented("a botnet in 1,000 sites")[2] / 1e6, -1) == int(share)
