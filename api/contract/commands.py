"""The command `openapi` of any Flask app: write, check and compare its OpenAPI document.

Register it with `app.cli.add_command(openapi)`.
"""

import shlex
import sys
from difflib import unified_diff
from pathlib import Path
from typing import Any

import click
import yaml
from flask import current_app
from flask.cli import ScriptInfo, with_appcontext

from .changes.document import document_changes
from .openapi import document, to_yaml

_FILE = "openapi.yaml"


@click.command
@click.option("--check", is_flag=True, help="Write nothing: print what would change, and exit 1.")
@click.option(
    "--against",
    type=click.Path(exists=True, path_type=Path, dir_okay=False),
    metavar="OLD.yaml",
    help="Write nothing: list what changed since this document, and exit 1 if a change breaks it.",
)
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=_FILE,
    show_default=True,
    help="The checked-in document.",
)
@with_appcontext
def openapi(check: bool, against: Path | None, file: Path) -> None:
    """Write the OpenAPI document that the code declares."""
    if check and against:
        raise click.UsageError("Choose one of --check and --against.")
    if against:
        _list_changes(against)
    else:
        _write(file, check=check)


def _declared() -> dict[str, Any]:
    if "contract" not in current_app.extensions:
        raise click.ClickException("The app has no Gate: call Gate(app) where the app is made.")
    try:
        return document(current_app)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _write(file: Path, *, check: bool) -> None:
    printed = to_yaml(_declared())
    try:
        if not check:
            file.write_bytes(printed.encode())
        checked_in = file.read_bytes() if file.exists() else b""
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}.") from None
    if checked_in != printed.encode():
        before = checked_in.decode(errors="replace").splitlines(keepends=True)
        after = printed.splitlines(keepends=True)
        click.echo("".join(unified_diff(before, after, str(file), "the code")), nl=False)
        click.echo(f"Accept this with: {_this_command(file)}", err=True)
        sys.exit(1)
    click.echo(f"{file} is {'current' if check else 'written'}.")


def _this_command(file: Path) -> str:
    """Return the command that was run, without `--check`."""
    context = click.get_current_context()
    program, app = context.find_root().info_name or "", context.ensure_object(ScriptInfo)
    words = ["--app", app.app_import_path] if app.app_import_path else []
    words += context.command_path.removeprefix(program).split()
    words += ["--file", str(file)] if str(file) != _FILE else []
    return f"{program} {shlex.join(words)}"


def _list_changes(old: Path) -> None:
    new = _declared()
    try:
        changes = document_changes(yaml.safe_load(old.read_bytes()), new)
    except (OSError, ValueError) as error:
        raise _not_a_document(old, str(error)) from None
    except yaml.YAMLError:
        raise _not_a_document(old, "it is not YAML") from None
    for change in changes:
        click.echo(change)
    breaking = sum(change.breaking for change in changes)
    if changes:
        click.echo(f"{breaking} breaking, {len(changes) - breaking} compatible")
    else:
        click.echo(f"There is no difference from {old}.")
    sys.exit(1 if breaking else 0)


def _not_a_document(file: Path, reason: str) -> click.BadParameter:
    advice = "Give a document as this command writes it."
    return click.BadParameter(f"{file}: {reason}. {advice}", param_hint="--against")
