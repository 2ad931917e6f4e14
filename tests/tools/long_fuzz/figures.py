"""The figures of a fuzzing run: how they are stored, added, printed and checked."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from tests.tools.long_fuzz.asked import OPERATIONS

FIGURES = "FUZZ_FIGURES"
"""The environment variable with the name of the file in which a run stores its figures."""


class Row(NamedTuple):
    """A kind of request, and its status."""

    operation: str
    status: int
    encoding: str
    accept: str
    credentials: str


def _enough(asked: int) -> int:
    """Return the number of successes that each operation needs in a run of this size."""
    return max(1, asked // 200)


@dataclass
class Figures:
    """Requests by their kind: those sent, and those that all checks have judged."""

    sent: Counter[Row] = field(default_factory=Counter)
    judged: Counter[Row] = field(default_factory=Counter)
    chains: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        sent, judged = ([[*row, n] for row, n in rows.items()] for rows in (self.sent, self.judged))
        rest = {"chains": self.chains, "surprises": self.surprises, "failures": self.failures}
        return json.dumps({"sent": sent, "judged": judged, **rest})

    @classmethod
    def from_json(cls, text: str) -> Self:
        kept = json.loads(text)
        sent, judged = (
            Counter({Row(*row): n for *row, n in kept[name]}) for name in ("sent", "judged")
        )
        return cls(sent, judged, Counter(kept["chains"]), kept["surprises"], kept["failures"])

    def __iadd__(self, other: Self) -> Self:
        for ours, theirs in zip(self._counted(), other._counted(), strict=True):
            ours.update(theirs)  # Counter's own += would drop kinds with a count of zero.
        self.surprises += other.surprises
        self.failures += other.failures
        return self

    def _counted(self) -> list[Counter[Any]]:
        return [self.sent, self.judged, self.chains]

    def successes(self) -> dict[str, int]:
        """Return the number of successes of each operation."""
        counted = dict.fromkeys(OPERATIONS, 0)
        for row, n in self.judged.items():
            counted[row.operation] += n * (row.status < 300)
        return counted

    def wrong(self, asked: int) -> Iterator[str]:
        """Yield the errors of a run: failures, 5xx, unpredicted statuses, and too few successes."""
        yield from self.failures
        yield from self.surprises[:10]
        for row, n in self.sent.items():
            if row.status >= 500:
                yield f"{n} answers {row.status} of {row.operation}"
        if self.judged.total() < asked:
            yield f"only {self.judged.total()} of {asked} requests were made and judged"
        for proof, n in self.few(asked).items():
            yield f"{proof}: {n} successes, fewer than {_enough(asked)}"

    def few(self, asked: int) -> dict[str, int]:
        """Return the operations and the steps of chains with too few successes."""
        proofs = self.successes() | {f"chains, {step}": n for step, n in self.chains.items()}
        return {proof: n for proof, n in proofs.items() if n < _enough(asked)}

    def table(self) -> Iterator[str]:
        """Return the figures as a table."""
        total = self.judged.total()
        yield f"{total:8,} requests judged, of {self.sent.total():,} sent"
        for operation, succeeded in self.successes().items():
            statuses = Counter[int]()
            for row, n in self.judged.items():
                statuses[row.status] += n * (row.operation == operation)
            told = "  ".join(f"{status}: {n:,}" for status, n in sorted((+statuses).items()))
            yield f"{statuses.total():8,} {operation}, {succeeded:,} succeeded  ({told})"
        for name in "encoding", "accept", "credentials":
            kinds = Counter[str]()
            for row, n in self.judged.items():
                kinds[getattr(row, name)] += n
            for kind, n in kinds.most_common():
                yield f"{n:8,} {name}: {kind}"
        steps = ", ".join(f"{n:,} {step}" for step, n in self.chains.items())
        yield f"         chains: {steps}, each of the ones before"
