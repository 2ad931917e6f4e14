"""`flask --app api backup`: a copy of a running SQLite database, as it was at one moment."""

from contextlib import closing
from pathlib import Path
from sqlite3 import Error, connect

import click
from flask.cli import with_appcontext

from api.operator.common import OperatorCommand, explained, whole_file
from api.storage.errors import DatabaseError
from api.storage.store import store


def _check(file: Path) -> None:
    try:
        with closing(connect(file)) as backup:
            ((said,),) = backup.execute("PRAGMA integrity_check(1)")
    except Error as error:
        said = error
    if said != "ok":
        raise DatabaseError(f"The backup isn't whole, so it isn't kept: {said}.")


@click.command(cls=OperatorCommand)
@click.argument("to_file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace TO_FILE if it is there already.")
@with_appcontext
def backup(to_file: Path, force: bool) -> None:
    """Back the SQLite database up to TO_FILE, while it serves.

    It has all that was acknowledged before it began, as of one moment; nobody is held up. It is
    checked (integrity_check) and on disk when it appears under its name, or it doesn't appear.
    What was deleted isn't in it any more.

    It holds the hashes of passwords and the ids of records, so only you may read it (mode 0600).

    To restore: stop the service, put the backup in the place of the database's file, delete the
    files beside it that end in -wal and -shm, and start the service.

    On PostgreSQL use pg_dump, and pg_restore.
    """
    database = store.database
    if not database.is_sqlite:
        advice = "back it up with pg_dump --format=custom --file=FILE, which is consistent too."
        raise click.ClickException(f"{database.shown_url} is PostgreSQL: {advice}")
    with whole_file(to_file, replace=force) as part, explained(database):
        database.read(lambda connection: connection.exec_driver_sql("VACUUM INTO ?", (str(part),)))
        _check(part)
    click.echo(f"{to_file} is a backup of {database.shown_url}.")
