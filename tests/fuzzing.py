"""Run schemathesis's engine with all phases and all checks, and collect its findings."""

from typing import Any, NamedTuple

import schemathesis
from schemathesis.cli.commands.run.context import ExecutionContext
from schemathesis.cli.events import LoadingFinished
from schemathesis.engine import events, from_schema


class Found(NamedTuple):
    """The failures of a run as text, its errors, and its warnings by kind."""

    failures: list[str]
    errors: list[tuple[str, str, str]]
    warnings: dict[str, Any]


@schemathesis.deserializer("text/plain", "text/html", "text/csv")
def text(_context: object, response: schemathesis.Response) -> str:
    """Decode bodies of text, which schemathesis would otherwise not check."""
    return response.content.decode(response.encoding or "utf-8")


def config(seed: int, examples: int, **more: Any) -> dict[str, Any]:
    """Settings that make a run reproducible, and let it continue after a failure."""
    return {
        "seed": seed,
        "continue-on-failure": True,
        "cache": {"enabled": False},
        "generation": {"max-examples": examples, "database": "none"},
        # Error feedback can silently end the fuzzing of an operation.
        "phases": {"fuzzing": {"error-feedback": {"enabled": False}}},
        **more,
    }


def labels(schema: Any) -> list[str]:
    """Return the method and path of each operation."""
    return [operation.ok().label for operation in schema.get_all_operations()]


def run(schema: Any) -> Found:
    """Fuzz the app or server of `schema`. Raises the error that stops the engine."""
    ran = ExecutionContext(config=schema.config)
    ran.on_event(
        LoadingFinished.from_schema(
            schema, location="", start_time=0, base_url=schema.get_base_url()
        )
    )
    for event in from_schema(schema).execute():
        ran.on_event(event)
        if isinstance(event, events.FatalError):
            raise event.exception
    failures = [
        f"{label}: {failure.title}\n{failure.message}\n{group.code_sample}"
        for label, groups in ran.statistic.failures.items()
        for group in groups.values()
        for failure in group.failures
    ]
    return Found(
        failures,
        [(error.label, error.info.title, error.info.message) for error in ran.errors],
        {kind: found for kind, found in ran.warnings.as_labels().items() if found},
    )
