"""Lists of changes: as text, as Markdown, and as annotations of a GitHub workflow."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .change import Change

FORMATS = ("text", "markdown", "github")
_LEVELS = {"breaking": "error", "accepted": "warning", "compatible": "notice"}


def accept(changes: Sequence[Change], pyproject: str) -> list[Change]:
    """Return the changes, with the reason of each break that pyproject.toml accepts.

    Its table `tool.openapi-proof.accepted_breaks` has a reason by fingerprint. Raises `ValueError`.
    """
    tool = tomllib.loads(pyproject).get("tool", {}).get("openapi-proof", {})
    tables = tool if isinstance(tool, list) else [tool]
    reasons = {k: v for table in tables for k, v in table.get("accepted_breaks", {}).items()}
    for fingerprint, reason in reasons.items():
        if not isinstance(reason, str) or not reason:
            raise ValueError(f'give a reason: {fingerprint} = "..."')
    return [replace(change, reason=reasons.get(change.fingerprint, "")) for change in changes]


def listing(changes: Sequence[Change], form: str, printed: str, file: str) -> Iterator[str]:
    """Yield the lines of the list in one of `FORMATS`, and the number of each verdict.

    `printed` is the new document, and `file` is where it is kept.
    """
    if form == "markdown":
        yield "| | rule | place | |\n|---|---|---|---|"
    for change in changes:
        verdict = change.verdict
        note = f"[{change.fingerprint}]" if verdict == "breaking" else change.reason
        if form == "markdown":
            cells = verdict, f"`{change.rule}`", f"`` {change.where} ``", note
            row = " | ".join(cell.replace("|", "\\|") for cell in cells)
            yield f"| {row} |"
        elif form == "github":
            line, text = _line_of(printed, change.place), f"{change.where} {note}".strip()
            place = f"file={_escaped(file, ':,')},line={line},title={verdict} {change.rule}"
            yield f"::{_LEVELS[verdict]} {place}::{_escaped(text)}"
        else:
            yield f"{change}  {note}".rstrip()
    counts = Counter(change.verdict for change in changes)
    total = ", ".join(f"{counts[v]} {v}" for v in _LEVELS if counts[v] or v != "accepted")
    yield f"\n{total}" if form == "markdown" else total


def _line_of(printed: str, place: str) -> int:
    """Return the line of the innermost part of the place that the printed document has.

    For a part of a body that is the media type, because its schema may be printed elsewhere.
    """
    lines = printed.splitlines()
    names = re.sub("^([A-Z]+) (/.*)", r"\2, \1", place).split(", ")
    here, end = 0, len(lines)
    for name in filter(None, names):
        # The place of a parameter is its `in` and its name.
        member = re.compile(f" *(- |name: )?'?{re.escape(name.rpartition(' ')[2])}('?:.*)?", re.I)
        found = (number for number in range(here, end) if member.fullmatch(lines[number]))
        here = next(found, here)
        inner = re.compile(f" {{{len(lines[here]) - len(lines[here].lstrip()) + 1}}}|$")
        end = next((n for n in range(here + 1, len(lines)) if not inner.match(lines[n])), end)
        if "/" in name[1:] and name[0] != "/":
            break
    return here + 1


def _escaped(text: str, separators: str = "") -> str:
    """Return the text without characters that end a workflow command or its property."""
    return "".join(f"%{ord(c):02X}" if c in f"%\r\n{separators}" else c for c in text)
