"""Rules for imports in `api/` that import-linter's contracts in pyproject.toml can't express."""

import ast
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

API = Path(__file__).parents[2] / "api"
MODULES = {
    ".".join(file.relative_to(API).with_suffix("").parts): file
    for file in sorted(API.rglob("*.py"))
    if not {"build", "examples", "versions"}.intersection(file.parts) and file.stat().st_size
}
EACH_MODULE = pytest.mark.parametrize("module", MODULES)


def imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def parse(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def names(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module}.{alias.name}" for alias in node.names]


@EACH_MODULE
def test_imports_stand_at_the_top(module: str) -> None:
    """Only the docstring precedes them. Imports for types alone may come last."""
    tree = parse(module)
    body = tree.body[ast.get_docstring(tree) is not None :]
    kinds = (ast.Import, ast.ImportFrom)
    top: list[ast.stmt] = list(takewhile(lambda node: isinstance(node, kinds), body))
    rest = body[len(top) :]
    if rest and isinstance(rest[0], ast.If) and ast.unparse(rest[0].test) == "TYPE_CHECKING":
        top += rest[0].body
    assert [node.lineno for node in imports(tree)] == [node.lineno for node in top]


@EACH_MODULE
def test_the_contract_imports_its_own_modules_relatively_and_all_others_import_by_name(
    module: str,
) -> None:
    """So that the folder `contract` works under any name."""
    package = module.split(".")[:-1]
    for node in imports(parse(module)):
        level = node.level if isinstance(node, ast.ImportFrom) else 0
        if package[:1] == ["contract"]:
            assert level <= len(package), f"line {node.lineno} leaves the folder"
            assert level or not any(f"{name}.".startswith("api.") for name in names(node))
        else:
            assert not level, f"line {node.lineno}: write the whole name"


@pytest.mark.parametrize(
    ("module", "strangers"),
    [
        ("storage.store", {"flask.request", "werkzeug.exceptions", "werkzeug.http"}),
        ("storage.tables", {"marshmallow"}),
    ],
)
def test_storage_knows_no_request_and_no_schema(module: str, strangers: set[str]) -> None:
    named = {name for node in imports(parse(module)) for name in names(node)}
    assert not {n for n in named if any(f"{n}.".startswith(f"{s}.") for s in strangers)}
