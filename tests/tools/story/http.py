"""The story as a .http file, for httpYac: an extension of editors, and a command."""

from collections.abc import Mapping
from urllib.parse import quote

from tests.tools.story.arazzo import Step, written

BASIC = "username", "password"
HEAD = """\
# The usual use of the API, step by step, for httpYac: send the requests in their order. Choose a
# username that is not taken. `python -m tests.tools.story` makes this file from arazzo.yaml.

@baseUrl = http://localhost:5000
"""


def http_file(inputs: Mapping[str, str], steps: list[Step]) -> str:
    """Return the text of the file."""
    variables = "".join(f"@{name} = {value}\n" for name, value in inputs.items())
    return HEAD + variables + "".join(_request(step) for step in steps)


def _write(name: str) -> str:
    """Refer to a variable, or to a part of the response of an earlier request."""
    step, _, output = name.partition("_")
    return f"{{{{{step}.{output}}}}}" if output else f"{{{{{name}}}}}"


def _request(step: Step) -> str:
    lines = [
        f"\n### {step.about} The status is {step.status}.",
        f"# @name {step.name}",
        f"{step.method} {{{{baseUrl}}}}{step.url(_write)}",
    ]
    if step.credentials:
        username, password = (written(step.credentials[name], _write) for name in BASIC)
        lines.append(f"Authorization: Basic {username}:{password}")
    lines += [f"{name}: {written(v, _write)}" for name, v in step.values["header"].items()]
    if step.form is not None:
        fields = (
            f"{name}={written(value, _write) if value.startswith('$') else quote(value)}"
            for name, value in step.form.items()
        )
        lines += [f"Content-Type: {step.content_type}", "", "&".join(fields)]
    return "\n".join(lines) + "\n"
