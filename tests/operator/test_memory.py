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


@pytest.mark.parametrize(
    ("command", "most"),
    [
        # The limits are in bytes. All rows at once would need 1.5 times as much, and a batch needs
        # half.
        (["accounts", "list"], 300_000),
        (["details", "export", "--output", "{}.jsonl"], 300_000),
        (["database", "copy", "sqlite:///{}.db"], 800_000),
    ],
)
def test_memory_does_not_grow_with_the_rows(
    make_app_at: Callable[..., Flask],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    most: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("api.operator.common.BATCH", BATCH)
    fill(tmp_path / "filled.db", ROWS, ROWS)
    app = make_app_at("sqlite:///filled.db")

    assert run(app, *(word.format("first") for word in command)).exit_code == 0
    # Modules that are needed in any case are loaded now.
    tracemalloc.start()
    try:
        assert run(app, *(word.format("second") for word in command)).exit_code == 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most
