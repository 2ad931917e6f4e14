"""All mutants of a module, by mutmut's operators, also at module level.

mutmut itself changes only the bodies of functions, but here most behaviour is declared in tables.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any, cast

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

# Arguments are dropped below, one at a time.
OPERATORS = [
    (kind, mutate)
    for kind, mutate in mutators.mutation_operators
    if mutate is not mutators.operator_arg_removal
]

# These have operators of their own.
NONE = cst.Name("None")
LITERALS = cst.BaseString | cst.BaseNumber | cst.Lambda


@dataclass(frozen=True)
class Mutant:
    """A module with one change: its file, its position, and the first line of its function."""

    file: Path
    line: int
    function: int | None
    source: str
    mutated: str

    @property
    def diff(self) -> str:
        """Return the removed and the added lines."""
        lines = unified_diff(self.source.splitlines(), self.mutated.splitlines(), n=0, lineterm="")
        return "\n".join(line for line in list(lines)[2:] if not line.startswith("@@"))


def mutants(file: Path, source: str) -> Iterator[Mutant]:
    """Yield each mutant of the module, in source order."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    places = wrapper.resolve(PositionProvider)
    for node, inside in _nodes(wrapper.module, None):
        line, function = places[node].start.line, _first_line(inside, places)
        for changed in _changed(node):
            mutated = cast("cst.Module", wrapper.module.deep_replace(node, changed))
            yield Mutant(file, line, function, source, mutated.code)


def _first_line(function: cst.CSTNode | None, places: Mapping[cst.CSTNode, Any]) -> int | None:
    """Return the first line of the function as Python counts it, including decorators."""
    decorators = function.decorators if isinstance(function, cst.FunctionDef) else ()
    first = next(iter(decorators), function)
    return places[first].start.line if first else None


def _nodes(
    node: cst.CSTNode, inside: cst.CSTNode | None
) -> Iterator[tuple[cst.CSTNode, cst.CSTNode | None]]:
    """Yield each node that may be changed, with the function that runs it."""
    if _says_nothing(node):
        return
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "cast":
        node = node.args[1]
    yield node, inside
    for child in node.children:
        runs_later = isinstance(node, cst.FunctionDef | cst.Lambda) and child is node.body
        yield from _nodes(child, node if runs_later else inside)


def _says_nothing(node: cst.CSTNode) -> bool:
    """Return whether the node has no effect at run time: annotations, docstrings, type aliases."""
    match node:
        case cst.Annotation() | cst.Import() | cst.ImportFrom():
            return True
        case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()):
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value):
            return name == "__all__" or (isinstance(value, cst.Subscript) and name.istitle())
    return False


def _changed(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, mutate in OPERATORS:
        if isinstance(node, kind):
            changes = list(mutate(node))
            # One change of a text is enough; other letter cases would test the same.
            yield from changes[:1] if mutate is mutators.operator_string else changes
    if isinstance(node, cst.Call):
        yield from _without_one(node)


def _without_one(call: cst.Call) -> Iterator[cst.Call]:
    """Yield the call without one keyword argument, or with None for one positional argument."""
    for i, argument in enumerate(call.args):
        before, after = call.args[:i], call.args[i + 1 :]
        if argument.keyword or argument.star:
            yield call.with_changes(args=[*before, *after])
        elif not isinstance(argument.value, LITERALS) and not argument.value.deep_equals(NONE):
            nothing = argument.with_changes(value=NONE)
            yield call.with_changes(args=[*before, nothing, *after])
