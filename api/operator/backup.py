"""`sign-up-api backup`: a consistent copy of a SQLite database in use."""

from contextlib import closing
from pathlib import Path
from sqlite3 import Error, connect

import click
from flask.cli import with_appcontext

from api.operator.common import OperatorCommand, new_file, one_line_errors
from api.storage.errors import DatabaseError
from api.storage.store import store


def _check(file: Path) -> None:
    try:
        with closing(connect(file)) as backup:
            ((result,),) = backup.execute("PRAGMA integrity_check(1)")
    except Error as error:
        result = error
    if result != "ok":
        raise DatabaseError(f"The backup is damaged, so it isn't kept: {result}.")


@click.command(cls=OperatorCommand)
@click.argument("to_file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace TO_FILE if it exists.")
@with_appcontext
def backup(to_file: Path, force: bool) -> None:
    """Back up the SQLite database to TO_FILE, also while the service runs.

    The backup has everything that was acknowledged before it began, as of one point in time. The
    service isn't blocked meanwhile. TO_FILE appears once the backup is checked (integrity_check)
    and on disk. It has nothing that was deleted.

    It has password hashes and ids of records, so only you can read it (mode 0600).

    To restore it, stop the service and use `restore`.

    On PostgreSQL use pg_dump, and pg_restore.
    """
    database = store.database
    if not database.is_sqlite:
        advice = "back it up with pg_dump --format=custom --file=FILE, which is consistent too."
        raise click.ClickException(f"{database.shown_url} is PostgreSQL: {advice}")
    with new_file(to_file, replace=force) as part, one_line_errors(database):
        database.read(lambda connection: connection.exec_driver_sql("VACUUM INTO ?", (str(part),)))
        _check(part)
    click.echo(f"{to_file} is a backup of {database.shown_url}.")
