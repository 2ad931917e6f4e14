"""Errors of the database, and how messages describe them and the database."""

import sqlite3

from sqlalchemy import Engine


class DatabaseError(Exception):
    """The database can't be used, for the reason in the message, which is one line."""


def describe_url(engine: Engine) -> str:
    """Return the database's file or URL for messages: without secrets, and in valid UTF-8.

    The query of a URL may hold a secret. The name of a folder may not be UTF-8.
    """
    if engine.dialect.name == "sqlite":
        name = str(engine.url.database).encode(errors="surrogateescape")
        return name.decode(errors="backslashreplace")
    return engine.url.set(query={}).render_as_string()


def describe_error(error: Exception) -> str:
    """Return the first line of the database's message. Later lines may quote user data."""
    message = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return message.splitlines()[0]


def may_have_succeeded(error: Exception) -> bool:
    """Return whether a write that raised may have succeeded, because the connection broke."""
    if isinstance(code := getattr(getattr(error, "orig", None), "sqlite_errorcode", None), int):
        return code & 0xFF == sqlite3.SQLITE_IOERR
    return bool(getattr(error, "connection_invalidated", False))


def is_lock_failure(error: Exception) -> bool:
    """Return whether PostgreSQL gave up waiting for a lock: a timeout, or a deadlock."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) in ("55P03", "40P01")
