"""What can go wrong with the database, and how it is described."""

import sqlite3

from sqlalchemy import Engine


class DatabaseError(Exception):
    """The database can't be used: the message gives the reason, on one line."""


def describe_url(engine: Engine) -> str:
    """Return the database's file or URL to be shown: without a secret, and valid UTF-8.

    A query may hold a secret too. A folder's name may be bytes that are no text.
    """
    if engine.dialect.name == "sqlite":
        name = str(engine.url.database).encode(errors="surrogateescape")
        return name.decode(errors="backslashreplace")
    return engine.url.set(query={}).render_as_string()


def describe_error(error: Exception) -> str:
    """Return the first line of the database's message: the lines after it may quote user data."""
    message = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return message.splitlines()[0]


def may_be_done(error: Exception) -> bool:
    """Return whether the write may have succeeded although it raised: the connection broke."""
    if isinstance(code := getattr(getattr(error, "orig", None), "sqlite_errorcode", None), int):
        return code & 0xFF == sqlite3.SQLITE_IOERR
    return bool(getattr(error, "connection_invalidated", False))
