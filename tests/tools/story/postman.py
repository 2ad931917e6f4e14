"""The story as a Postman collection (v2.1), which Bruno and others import too."""

import json
from collections.abc import Mapping
from typing import Any

from tests.tools.story.arazzo import Step, written

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
ABOUT = (
    "The usual use of the API, step by step: run the collection, or send its requests in order. "
    "In the collection's variables, choose a username that is not taken."
)


def collection(inputs: Mapping[str, str], steps: list[Step]) -> str:
    """Return the text of the collection."""
    variables = {"baseUrl": "http://localhost:5000", **inputs}
    made = {
        "info": {"name": "Sign-up API", "description": ABOUT, "schema": SCHEMA},
        "variable": [{"key": name, "value": value} for name, value in variables.items()],
        "item": [_item(step) for step in steps],
    }
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _write(name: str) -> str:
    return f"{{{{{name}}}}}"


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": name, "value": written(value, _write)} for name, value in values.items()]


def _item(step: Step) -> dict[str, Any]:
    path = step.url(_write)
    request: dict[str, Any] = {
        "method": step.method,
        "description": step.about,
        "header": _pairs(step.values["header"]),
        "url": {
            "raw": "{{baseUrl}}" + path,
            "host": ["{{baseUrl}}"],
            "path": path.removeprefix("/").split("/"),
        },
        "auth": {"type": "noauth"},
    }
    if step.credentials:
        request["auth"] = {
            "type": "basic",
            "basic": [{**pair, "type": "string"} for pair in _pairs(step.credentials)],
        }
    if step.form is not None:
        request["body"] = {"mode": "urlencoded", "urlencoded": _pairs(step.form)}
    return {
        "name": f"{step.name}: {step.status}",
        "request": request,
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": _script(step)}}],
    }


def _script(step: Step) -> list[str]:
    """Return the lines of a script that compares the response and keeps what later steps use."""
    lines = [
        f"pm.test('status {step.status}', () => pm.response.to.have.status({step.status}));",
    ]
    for check in step.checks:
        expected = written(check.value, lambda name: f"pm.variables.get('{name}')")
        if not check.value.startswith("$"):
            expected = json.dumps(expected)
        got = _part(check.pointer)
        lines.append(f"pm.test('{check.pointer}', () => pm.expect({got}).to.eql({expected}));")
    for name, pointer in step.outputs.items():
        lines.append(f"pm.collectionVariables.set('{step.name}_{name}', {_part(pointer)});")
    return lines


def _part(pointer: str) -> str:
    keys = (json.dumps(key) for key in pointer.removeprefix("/").split("/"))
    return "pm.response.json()" + "".join(f"[{key}]" for key in keys)
