"""Someone who runs the service: its commands, as `flask --app api …` runs them."""

from typing import Any

from click.testing import Result
from flask import Flask
from sqlalchemy import select, text

from api.config import Settings
from api.storage.database import open_engine
from api.storage.tables import metadata
from tests.actor import PASSWORD

SECRETS = (PASSWORD, "argon2", "hunter2")
"""What no command ever prints: a password, a hash, and the password of a database's URL."""


def run(app: Flask, *args: str, input: str | None = None) -> Result:
    """What the command says, and its exit code; never a secret, and never a traceback."""
    done = app.test_cli_runner().invoke(args=args, input=input)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert not [secret for secret in SECRETS if secret in done.output]
    return done


def refusal(app: Flask, *args: str, code: int = 1, input: str | None = None) -> str:
    """What it says on standard error, having done nothing."""
    done = run(app, *args, input=input)
    assert (done.exit_code, done.stdout) == (code, ""), done.output
    return done.stderr


def everything(url: str) -> dict[str, list[Any]]:
    """All rows of all tables, and the schema's revision."""
    engine = open_engine(Settings(database_url=url))
    with engine.connect() as connection:
        found: dict[str, list[Any]] = {
            name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for name, table in metadata.tables.items()
        }
        revision = connection.execute(text("SELECT * FROM alembic_version"))
        found["revision"] = list(map(tuple, revision))
    engine.dispose()
    return found
