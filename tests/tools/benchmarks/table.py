"""A table of measurements, each with its target."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Row:
    """The measurement and the reference of each round; times are in milliseconds."""

    work: str
    against: str
    kept: bool
    connections: int
    rates: list[float]
    references: list[float]
    least: float | None
    p99: float
    slowest: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """Return the median of the ratios of all rounds."""
        pairs = zip(self.rates, self.references, strict=True)
        return statistics.median(rate / reference for rate, reference in pairs)

    @property
    def wrong(self) -> bool:
        too_slow = self.slowest is not None and self.p99 >= self.slowest
        return too_slow or (self.least is not None and self.ratio < self.least)

    def cells(self) -> list[str]:
        """Return the cells as text, in the order of the table's heads."""
        least = f" ≥ {self.least:.2f}" if self.least is not None else ""
        limit = f" < {self.slowest:.0f}" if self.slowest is not None else ""
        return [
            self.work,
            self.against,
            f"{self.connections} {'kept' if self.kept else 'closing'}",
            f"{statistics.median(self.rates):,.0f}",
            f"{statistics.median(self.references):,.0f}",
            f"{self.ratio:.2f}{least}",
            f"{self.p99:.1f}{limit}",
            self.note,
            "" if self.least is None else "MISSED" if self.wrong else "ok",
        ]


HEADS = ["work", "against", "connections", "/s", "reference /s", "ratio", "p99 ms", "", ""]


def table(heads: list[str], lines: list[list[str]]) -> Iterator[str]:
    """Return the figures as a Markdown table, for docs/measurements.md."""
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    for cells in (heads, ["-" * width for width in widths], *lines):
        yield f"| {' | '.join(map(str.ljust, cells, widths))} |"
