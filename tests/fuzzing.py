"""A run of schemathesis's engine, whole: all phases and all checks; what it found and warned of."""

from typing import Any, NamedTuple

import schemathesis
from schemathesis.cli.commands.run.context import ExecutionContext
from schemathesis.cli.events import LoadingFinished
from schemathesis.engine import events, from_schema


class Found(NamedTuple):
    """What a run found: failures as a person reads them, errors, and warnings by their kind."""

    failures: list[str]
    errors: list[tuple[str, str, str]]
    warnings: dict[str, Any]


@schemathesis.deserializer("text/plain", "text/html", "text/csv")
def text(_context: object, response: schemathesis.Response) -> str:
    """Without it these bodies would go unchecked."""
    return response.content.decode(response.encoding or "utf-8")


def config(seed: int, examples: int, **more: Any) -> dict[str, Any]:
    """Settings by which a run can be repeated, and goes on after a failure."""
    return {
        "seed": seed,
        "continue-on-failure": True,
        "cache": {"enabled": False},
        "generation": {"max-examples": examples, "database": "none"},
        # Feedback from error texts can end an operation's fuzzing silently.
        "phases": {"fuzzing": {"error-feedback": {"enabled": False}}},
        **more,
    }


def labels(schema: Any) -> list[str]:
    """Each operation's method and path."""
    return [operation.ok().label for operation in schema.get_all_operations()]


def run(schema: Any) -> Found:
    """Fuzz what `schema` was loaded from, with the hooks it has. Raises what stops the engine."""
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
