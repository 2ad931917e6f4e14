"""tests/checklist.md has each line once, with all of its tests and no others."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = (TESTS / "checklist.md").read_text(encoding="utf-8")
ROWS = [[c.strip() for c in r.strip("|").split("|")] for r in TABLE.splitlines() if r[:3] > "| 0"]


def test_each_line_of_the_checklist_is_in_the_table_once() -> None:
    numbers = [int(row[0]) for row in ROWS if row[0].isdecimal()]
    assert numbers == list(range(1, 43))
    assert all(what for _, what, _, _ in ROWS)


def test_the_table_names_the_tests_of_each_line_and_each_is_there() -> None:
    written = "".join(file.read_text(encoding="utf-8") for file in TESTS.rglob("test_*.py"))
    there = re.findall(r"^def (test_\d\d_\w+)", written, re.MULTILINE)
    named = [name for _, _, tests, _ in ROWS for name in re.findall(r"`(\w+)`", tests)]
    assert sorted(named) == sorted(there)
    for number, _, tests, _ in (row for row in ROWS if row[0].isdecimal()):
        own = re.findall(r"`(\w+)`", tests)
        assert own and all(name.startswith(f"test_{int(number):02}_") for name in own)


def test_the_other_files_that_the_table_names_exist() -> None:
    named = {file for row in ROWS for file in re.findall(r"test_\w+[.]py", " ".join(row))}
    assert named and named <= {file.name for file in TESTS.rglob("test_*.py")}
