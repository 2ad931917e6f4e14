"""The commands hold only a batch of rows in memory.

`python -m tests.tools.operator_figures` measures that with a million rows.
"""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.commanding import run
from tests.tools.benchmarks.filled import fill

ROWS, BATCH = 1000, 50
MAX_GROWTH = 300_000
"""Bytes by which the peak with `ROWS` rows may exceed the peak with one batch. The measured growth
is below 200,000; with all rows at once it would be above 500,000."""


@pytest.mark.parametrize(
    "command",
    [
        ["accounts", "list"],
        ["details", "export", "--output", "{}.jsonl"],
        ["database", "copy", "sqlite:///{}.db"],
    ],
)
def test_memory_does_not_grow_with_the_rows(
    make_app_at: Callable[..., Flask],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("api.operator.common.BATCH", BATCH)
    peaks = []
    # At the first run, modules are loaded that are needed in any case.
    for number, rows in enumerate([BATCH, BATCH, ROWS]):
        fill(tmp_path / f"{number}.db", rows, rows)
        app = make_app_at(f"sqlite:///{number}.db")
        tracemalloc.start()
        try:
            assert run(app, *(word.format(f"to{number}") for word in command)).exit_code == 0
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[2] < peaks[1] + MAX_GROWTH, peaks
