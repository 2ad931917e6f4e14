"""The operator's commands, run as `sign-up-api …` and `flask --app api …` run them."""

from typing import Any

from click.testing import Result
from flask import Flask
from sqlalchemy import select, text

from api.config import Settings
from api.storage.database import open_engine
from api.storage.tables import metadata
from tests.actor import PASSWORD

SECRETS = (PASSWORD, "argon2", "hunter2")
"""Texts that no command may print: a password, a hash, and a database URL's password."""


def run(app: Flask, *args: str, input: str | None = None) -> Result:
    """Return the result. Assert that the output has no secret and no traceback."""
    done = app.test_cli_runner().invoke(args=args, input=input)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert not [secret for secret in SECRETS if secret in done.output]
    return done


def refusal(app: Flask, *args: str, code: int = 1, input: str | None = None) -> str:
    """Return the standard error of a command that must fail and print nothing else."""
    done = run(app, *args, input=input)
    assert (done.exit_code, done.stdout) == (code, ""), done.output
    return done.stderr


def database_contents(url: str) -> dict[str, list[Any]]:
    """Return all rows of all tables, and the schema's revision."""
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
