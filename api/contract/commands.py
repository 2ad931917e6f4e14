"""The command `openapi` of any Flask app: write, check and compare its OpenAPI document.

Register it with `app.cli.add_command(openapi)`.
"""

import subprocess
import sys
from contextlib import suppress
from difflib import unified_diff
from pathlib import Path
from typing import Any

import click
import yaml
from flask import current_app
from flask.cli import with_appcontext

from .changes.document import document_changes
from .changes.listing import FORMATS, accept, listing
from .openapi import document, to_yaml


@click.command
@click.option("--check", is_flag=True, help="Write nothing: print what would change, and exit 1.")
@click.option(
    "--against",
    metavar="OLD.yaml",
    help="Write nothing: list what changed since this document, and exit 1 if a change breaks it. "
    "REF:PATH is a file in a commit of git, such as main:openapi.yaml.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="The format of the list of changes; github annotates the lines of a pull request.",
)
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    default="openapi.yaml",
    show_default=True,
    help="The checked-in document.",
)
@with_appcontext
def openapi(check: bool, against: str | None, form: str, file: Path) -> None:
    """Write the OpenAPI document that the code declares."""
    if check and against:
        raise click.UsageError("Choose one of --check and --against.")
    if against:
        _list_changes(against, form, file)
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
        click.echo("Accept this with the same command without --check.", err=True)
        sys.exit(1)
    click.echo(f"{file} is {'current' if check else 'written'}.")


def _read(place: str) -> Any:
    """Return the document in a file, or in a commit of git if the place is `REF:PATH`."""
    if Path(place).exists() or ":" not in place:
        return yaml.safe_load(Path(place).read_bytes())
    command = ["git", "show", "--end-of-options", place]
    shown = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if shown.returncode:
        raise ValueError(shown.stderr.decode(errors="replace").strip())
    return yaml.safe_load(shown.stdout)


def _list_changes(old: str, form: str, file: Path) -> None:
    new = _declared()
    try:
        changes = document_changes(_read(old), new)
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or error
        reason = "it is not YAML" if isinstance(error, yaml.YAMLError) else reason
        advice = "Give a document as this command writes it."
        raise click.BadParameter(f"{old}: {reason}. {advice}", param_hint="--against") from None
    except ImportError as error:
        raise click.ClickException(f"{error}: install jsonschema_rs.") from None
    try:
        with suppress(FileNotFoundError):
            changes = accept(changes, Path("pyproject.toml").read_text("utf-8"))
    except ValueError as error:
        raise click.ClickException(f"pyproject.toml: {error}") from None
    if not changes:
        click.echo(f"There is no difference from {old}.")
        return
    for line in listing(changes, form, to_yaml(new), str(file)):
        click.echo(line)
    sys.exit(any(change.verdict == "breaking" for change in changes))
