"""The steps of arazzo.yaml, joined with their operations in openapi.yaml.

This reads the part of Arazzo 1.0 that the file uses, and raises `ValueError` for anything else.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tests.serving import REPOSITORY

ARAZZO = REPOSITORY / "arazzo.yaml"
DOCUMENT = REPOSITORY / "openapi.yaml"
_CONDITION = re.compile(r"(?P<left>\$\S+) == (?:'(?P<text>[^']*)'|(?P<right>\S+))")

Write = Callable[[str], str]
"""Writes a reference to a variable, by its name, as a format does."""


@dataclass(frozen=True)
class Check:
    """A JSON pointer in the response's body, and the expected value: a text or an expression."""

    pointer: str
    value: str


@dataclass(frozen=True)
class Step:
    """A request, its expected response, and what later steps use of it."""

    name: str
    about: str
    operation: str
    method: str
    path: str
    """The path template of the document."""
    values: Mapping[str, Mapping[str, str]]
    """The values of parameters by `path` and `header`."""
    form: Mapping[str, str] | None
    content_type: str | None
    credentials: Mapping[str, str] | None
    """The `username` and `password` for HTTP Basic."""
    status: int
    checks: list[Check]
    outputs: Mapping[str, str]
    """JSON pointers in the response's body, by the name of the output."""

    def url(self, write: Write) -> str:
        """Return the path with its parameters."""
        path = self.path
        for name, value in self.values["path"].items():
            path = path.replace(f"{{{name}}}", written(value, write))
        return path


def written(value: str, write: Write) -> str:
    """Return the value of a step: a text, or what `write` makes of a variable."""
    return write(variable(value)) if value.startswith("$") else value


def variable(expression: str) -> str:
    """Return the name of the variable for `$inputs.NAME` and `$steps.STEP.outputs.NAME`."""
    if found := re.fullmatch(r"\$inputs\.(\w+)|\$steps\.(\w+)\.outputs\.(\w+)", expression):
        return found[1] or f"{found[2]}_{found[3]}"
    raise ValueError(f"{expression} is neither an input nor an output of a step.")


def pointer(expression: str) -> str:
    """Return the JSON pointer of `$response.body#/…`."""
    if not expression.startswith("$response.body#/"):
        raise ValueError(f"{expression} isn't a part of the response's body.")
    return expression.removeprefix("$response.body#")


def inputs(arazzo: Mapping[str, Any]) -> dict[str, str]:
    """Return the story's inputs with their defaults."""
    properties = arazzo["workflows"][0]["inputs"]["properties"]
    return {name: schema["default"] for name, schema in properties.items()}


def steps(arazzo: Mapping[str, Any], document: Mapping[str, Any]) -> list[Step]:
    """Return the steps of the story."""
    operations = {
        operation["operationId"]: (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    }
    (workflow,) = arazzo["workflows"]
    made = []
    for step in workflow["steps"]:
        if step["operationId"] not in operations:
            raise ValueError(f"{step['stepId']}: the document has no {step['operationId']}.")
        method, path, operation = operations[step["operationId"]]
        made.append(_step(step, method, path, operation))
        if kind := made[-1].content_type:
            _check_fields(step, document, operation["requestBody"]["content"][kind])
    return made


def _check_fields(step: Mapping[str, Any], document: Mapping[str, Any], form: Any) -> None:
    """Raise `ValueError` if the step sends a field that its form doesn't have."""
    schema = document["components"]["schemas"][form["schema"]["$ref"].rpartition("/")[2]]
    if unknown := step["requestBody"]["payload"].keys() - schema["properties"].keys():
        raise ValueError(f"{step['stepId']}: the form has no {', '.join(sorted(unknown))}.")


def _step(step: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> Step:
    declared = {(p["in"], p["name"]) for p in operation.get("parameters", [])}
    values: dict[str, dict[str, str]] = {"path": {}, "header": {}}
    for parameter in step.get("parameters", []):
        place, name = parameter["in"], parameter["name"]
        if (place, name) not in declared:
            raise ValueError(f"{step['stepId']}: {step['operationId']} has no {name} in {place}.")
        values[place][name] = parameter["value"]
    status, checks = _criteria(step)
    if str(status) not in operation["responses"]:
        raise ValueError(f"{step['stepId']}: {step['operationId']} has no status {status}.")
    body = step.get("requestBody")
    if body and body["contentType"] not in operation["requestBody"]["content"]:
        raise ValueError(f"{step['stepId']}: a form isn't {body['contentType']}.")
    schemes = step.get("x-security", [])
    if any({s["schemeName"]: []} not in operation.get("security", []) for s in schemes):
        raise ValueError(f"{step['stepId']}: {step['operationId']} takes no such credentials.")
    return Step(
        name=step["stepId"],
        about=step["description"],
        operation=step["operationId"],
        method=method.upper(),
        path=path,
        values=values,
        form=body["payload"] if body else None,
        content_type=body["contentType"] if body else None,
        credentials=schemes[0]["values"] if schemes else None,
        status=status,
        checks=checks,
        outputs={name: pointer(value) for name, value in step.get("outputs", {}).items()},
    )


def _criteria(step: Mapping[str, Any]) -> tuple[int, list[Check]]:
    status, checks = [], []
    for criterion in step.get("successCriteria", []):
        found = _CONDITION.fullmatch(criterion["condition"])
        if not found:
            raise ValueError(f"{step['stepId']}: {criterion['condition']} isn't a comparison.")
        if found["left"] == "$statusCode":
            status.append(int(found["right"]))
        else:
            value = found["right"] if found["text"] is None else found["text"]
            checks.append(Check(pointer(found["left"]), value))
    if len(status) != 1:
        raise ValueError(f"{step['stepId']} must expect one status.")
    return status[0], checks


def read() -> tuple[dict[str, str], list[Step]]:
    """Return the inputs and the steps of arazzo.yaml."""
    arazzo = yaml.safe_load(ARAZZO.read_text(encoding="utf-8"))
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    return inputs(arazzo), steps(arazzo, document)
