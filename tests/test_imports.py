"""The walls of the house: imports inside `api/` point one way, from the outside inwards."""

import ast
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

API = Path(__file__).parents[1] / "api"

# From outside to inside. A module may import what stands below it, never what stands beside it.
LAYERS = [
    ["__main__", "__init__"],
    ["serve"],
    ["application", "server.application"],
    ["metrics"],
    ["user_details", "sign_up", "health", "docs", "commands", "limits"],
    ["errors", "credentials", "idempotency", "openapi", "server.worker"],
    ["operator.accounts", "operator.backup", "operator.database", "operator.details"],
    ["operator.copying"],
    ["operator.target"],
    ["operator.checking", "operator.common", "operator.digest"],
    ["browsers", "contract", "store", "schemas", "database", "migrations.env", "server.connection"],
    ["request_log", "account_writes"],
    ["keyed_writes", "failures"],
    ["operation_object", "passwords", "group_commit", "lookup", "changes.document"],
    ["operations", "models", "config", "connections"],
    ["changes.operation", "changes.reader"],
    [
        "bodies",
        "negotiation",
        "preconditions",
        "replies",
        "pool",
        "postgresql",
        "counters",
        "changes.schema",
    ],
    [
        "sqlite_files",
        "inputs",
        "fields",
        "headers",
        "header_fields",
        "multipart",
        "fair_semaphore",
        "changes.keyword",
        "changes.property",
        "changes.security",
    ],
    [
        "about",
        "addresses",
        "text_rules",
        "hosts",
        "encodings",
        "server.__init__",
        "server.refusals",
        "threads",
        "json_lines",
        "changes.change",
    ],
]
DEPTH = {module: depth for depth, layer in enumerate(LAYERS) for module in layer}

# What could be lifted into another Flask project as it is.
MACHINE = {
    *["contract", "operations", "bodies", "inputs", "encodings", "multipart"],
    *["negotiation", "preconditions", "replies", "headers", "openapi", "operation_object"],
    *["changes.document", "changes.reader", "changes.operation", "changes.schema"],
    *["changes.keyword", "changes.change", "changes.property", "changes.security"],
}

FILES = sorted(API.rglob("*.py"))
MODULES = {
    ".".join(file.relative_to(API).with_suffix("").parts): file
    for file in FILES
    if "versions" not in file.parts and file.read_text(encoding="utf-8").strip()
}
EACH_MODULE = pytest.mark.parametrize("module", MODULES)


def imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def parse(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def ours(module: str) -> set[str]:
    """The modules of ours that this one imports, `api` itself as `__init__`."""
    found = set()
    for node in imports(parse(module)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            assert not node.level, f"{module}, line {node.lineno}: write the whole name"
            package = node.module or ""
            # `from api import errors` names a module, `from api import create_app` doesn't.
            names = [
                f"{package}.{alias.name}" if package == "api" and alias.name in MODULES else package
                for alias in node.names
            ]
        found |= {n.removeprefix("api").lstrip(".") for n in names if n.split(".")[0] == "api"}
    return {name or "__init__" for name in found}


def test_every_module_has_its_layer() -> None:
    assert sorted(MODULES) == sorted(DEPTH)


@EACH_MODULE
def test_imports_stand_at_the_top(module: str) -> None:
    """Before anything else but the docstring; those for types alone may come last."""
    tree = parse(module)
    body = tree.body[ast.get_docstring(tree) is not None :]
    kinds = (ast.Import, ast.ImportFrom)
    top: list[ast.stmt] = list(takewhile(lambda node: isinstance(node, kinds), body))
    rest = body[len(top) :]
    if rest and isinstance(rest[0], ast.If) and ast.unparse(rest[0].test) == "TYPE_CHECKING":
        top += rest[0].body
    assert [node.lineno for node in imports(tree)] == [node.lineno for node in top]


@EACH_MODULE
def test_imports_point_inwards(module: str) -> None:
    """So there is no circle either."""
    wrong = {name for name in ours(module) if DEPTH[name] <= DEPTH[module]}
    assert not wrong


@pytest.mark.parametrize("module", sorted(MACHINE))
def test_the_machine_knows_nothing_else_of_ours(module: str) -> None:
    assert ours(module) <= MACHINE


@pytest.mark.parametrize(
    ("module", "strangers"),
    [
        ("store", {"flask.request", "werkzeug.exceptions", "werkzeug.http"}),
        ("schemas", {"sqlalchemy", "flask"}),
        ("models", {"flask", "werkzeug", "marshmallow"}),
        ("fields", {"flask", "werkzeug", "sqlalchemy"}),
        ("text_rules", {"flask", "werkzeug", "sqlalchemy"}),
        ("contract", {"sqlalchemy", "argon2", "limits"}),
    ],
)
def test_a_module_stays_out_of_what_it_should_not_know(module: str, strangers: set[str]) -> None:
    """`store` knows no HTTP, `schemas` no database."""
    named = {
        f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
        for node in imports(parse(module))
        for alias in node.names
    }
    assert not {n for n in named if any(f"{n}.".startswith(f"{s}.") for s in strangers)}
