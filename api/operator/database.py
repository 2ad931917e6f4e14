"""`flask --app api database`: its schema, its soundness, and moving to another one."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import click
from sqlalchemy import Connection

from api.config import Settings, SettingsError
from api.operator.checking import damage, head, revision, wrong_schema, wrong_settings
from api.operator.common import OperatorGroup, explained, progress
from api.operator.copying import copy, without_writes
from api.operator.digest import Digest
from api.operator.target import TABLES
from api.storage.database import Database, open_engine
from api.storage.migrate import upgrade
from api.storage.store import store

database = OperatorGroup("database", help="See to the database that DATABASE_URL names.")
UPGRADE = "flask --app api database upgrade"


@database.command("upgrade")
def upgrade_schema() -> None:
    """Bring the schema up to this version's.

    The service does so itself when it starts.
    """
    with explained(store.database):
        upgrade(store.database.engine)
    click.echo(f"{store.database.shown_url} is at {head()}.")


@database.command()
def current() -> None:
    """Say the schema's revision, and this version's."""
    with explained(store.database):
        at = store.database.read(revision)
    click.echo(f"{store.database.shown_url} is at {at}, and this version's is {head()}.")
    if at != head():
        click.echo(f"Upgrade it with: {UPGRADE}", err=True)


@database.command()
def check() -> None:
    """Say what is wrong, and exit 1 if anything is.

    It looks whether the settings lose nothing that was acknowledged; whether the schema is this
    version's, and has all that it should; and on SQLite whether pages (integrity_check) or
    references (foreign_key_check) are damaged, which reads all of the file. For PostgreSQL's pages
    there is pg_amcheck.
    """

    def find_problems(connection: Connection) -> list[str]:
        return [*wrong_settings(connection), *wrong_schema(connection), *damage(connection)]

    with explained(store.database):
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
        said = str(error).removeprefix("DATABASE_URL: ")
        raise click.BadParameter(said, param_hint="TO_URL") from None
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
@click.option("--hold", is_flag=True, help="Go on refusing writes afterwards, until Enter is hit.")
def copy_to(to_url: str, hold: bool) -> None:
    """Copy everything to TO_URL, an empty database.

    From SQLite to PostgreSQL, or back, or between two of either. Meanwhile the service may run: it
    reads, and answers 503 to what writes, which clients try again later. In the end each table's
    rows are counted and compared by a checksum, and the schema's revision is set; until then no
    service starts on TO_URL.

    If it was broken off, whatever broke it, start it again: it goes on where it was, and copies
    all anew only if something was changed or deleted since.

    What is written after it has ended is not in the copy. So let it hold the writes until the
    service has been stopped, then start that again with TO_URL as its DATABASE_URL:

    \b
    flask --app api database copy --hold postgresql+psycopg://sam@db/signup

    Other users of the machine see arguments: leave a password out of TO_URL, and set PGPASSWORD or
    use ~/.pgpass. A database that waits longer than DATABASE_TIMEOUT (seconds) breaks it off.
    """  # noqa: D301  (click reads the mark)

    def copy_all(source: Connection, target: Database) -> None:
        with progress("Copying", source, [*TABLES, *TABLES], shown=True) as bar:
            digests = copy(source, target, bar.update)
        _report(digests, target)
        if hold:
            click.echo("Writes are refused. Stop the service, then hit Enter.", err=True)
            sys.stdin.readline()

    with _opened(to_url) as target, explained(store.database, target):
        without_writes(store.database, partial(copy_all, target=target))
