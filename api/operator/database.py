"""`sign-up-api database`: upgrade and check the schema, copy to another database."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import click
from sqlalchemy import Connection

from api.config import Settings, SettingsError
from api.operator.checking import damage, revision, wrong_schema, wrong_settings
from api.operator.common import OperatorGroup, one_line_errors, progress
from api.operator.copying import copy, without_writes
from api.operator.digest import Digest
from api.operator.target import TABLES
from api.storage.database import Database, open_engine
from api.storage.migrate import head, upgrade
from api.storage.store import store

database = OperatorGroup("database", help="Upgrade, check or copy the database of DATABASE_URL.")
UPGRADE = "sign-up-api database upgrade"


@database.command("upgrade")
def upgrade_schema() -> None:
    """Bring the schema up to this version's.

    The service does so itself when it starts.
    """
    with one_line_errors(store.database):
        upgrade(store.database.engine)
    click.echo(f"{store.database.shown_url} is at {head()}.")


@database.command()
def current() -> None:
    """Print the database's revision of the schema, and this version's."""
    with one_line_errors(store.database):
        at = store.database.read(revision)
    click.echo(f"{store.database.shown_url} is at {at}, and this version's is {head()}.")
    if at != head():
        click.echo(f"Upgrade it with: {UPGRADE}", err=True)


@database.command()
def check() -> None:
    """Check the database: exit 1 if anything is wrong, and print it to standard error.

    Checks that no setting can lose acknowledged data; that the schema is this version's, and
    complete; and on SQLite that no page (integrity_check) or reference (foreign_key_check) is
    damaged, which reads the whole file. To check PostgreSQL's pages, use pg_amcheck.
    """

    def find_problems(connection: Connection) -> list[str]:
        return [*wrong_settings(connection), *wrong_schema(connection), *damage(connection)]

    with one_line_errors(store.database):
        wrong = store.database.read(find_problems)
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        sys.exit(1)
    click.echo(f"{store.database.shown_url} is sound, and at {head()}.")


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    try:
        settings = Settings.from_environ({**os.environ, "DATABASE_URL": url})
    except SettingsError as error:
        reason = str(error).removeprefix("DATABASE_URL: ")
        raise click.BadParameter(reason, param_hint="TO_URL") from None
    target = Database(open_engine(settings))
    if target.engine.url == store.database.engine.url:
        raise click.BadParameter("This is the database itself.", param_hint="TO_URL")
    try:
        yield target
    finally:
        target.close()


def _report(digests: Mapping[str, Digest], target: Database) -> None:
    for name, digest in digests.items():
        click.echo(f"{name}: {digest}")
    click.echo(f"{target.shown_url} has everything that {store.database.shown_url} has.")


@database.command("copy")
@click.argument("to_url")
@click.option("--hold", is_flag=True, help="Refuse writes afterwards too, until Enter is pressed.")
def copy_to(to_url: str, hold: bool) -> None:
    """Copy everything to TO_URL, an empty database.

    Each may be SQLite or PostgreSQL. The service may run meanwhile: it serves reads, and answers
    writes with 503, so that clients retry them later. At the end the rows of each table are counted
    and compared by a checksum, and the revision of the schema is set. Until then the service
    doesn't start with TO_URL.

    If the command is interrupted, start it again: it continues, and copies everything anew only if
    rows were changed or deleted meanwhile.

    Rows that are written after the end are not in the copy. So use --hold to refuse writes until
    you have stopped the service, then start it with TO_URL as its DATABASE_URL:

    \b
    sign-up-api database copy --hold postgresql+psycopg://sam@db/signup

    Other users of the machine see arguments: don't write a password in TO_URL, but set PGPASSWORD
    or use ~/.pgpass. The command fails if a statement takes longer than DATABASE_TIMEOUT seconds.
    """  # noqa: D301  (click reads the mark)

    def copy_all(source: Connection, target: Database) -> None:
        with progress("Copying", source, [*TABLES, *TABLES], shown=True) as bar:
            digests = copy(source, target, bar.update)
        _report(digests, target)
        if hold:
            click.echo("Writes are refused. Stop the service, then press Enter.", err=True)
            sys.stdin.readline()

    with _opened(to_url) as target, one_line_errors(store.database, target):
        without_writes(store.database, partial(copy_all, target=target))
