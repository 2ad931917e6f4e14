"""Sessions on PostgreSQL, with the service's own settings, also behind a connection pooler."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event

from api.storage.transactions import BEGIN, BEGIN_SHARED

SETTINGS = {
    # How values are read and written.
    "datestyle": "'ISO'",
    "intervalstyle": "'postgres'",
    "timezone": "'UTC'",
    "bytea_output": "'hex'",
    "extra_float_digits": "'1'",
    "standard_conforming_strings": "'on'",
    "quote_all_identifiers": "'off'",
    "transform_null_equals": "'off'",
    # The isolation and durability of transactions. A stricter `synchronous_commit` is kept.
    "default_transaction_isolation": "'read committed'",
    "default_transaction_deferrable": "'off'",
    "synchronous_commit": "CASE current_setting('synchronous_commit')"
    " WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END",
    "row_security": "'on'",
    # When the server ends a session. `_sql` adds the timeouts of a statement.
    "exit_on_error": "'off'",
    "idle_in_transaction_session_timeout": "'0'",
    "idle_session_timeout": "'0'",
    "transaction_timeout": "'0'",
    # SQLAlchemy logs the server's messages, and those below a warning may quote a statement.
    "client_min_messages": "'warning'",
}
"""SQL expressions of settings, which override those of the server, the database, the role, the
environment and the URL. `default_transaction_read_only` is left to the operator.
"""

# With the search path, the operator chooses the schema of the tables. The path is shortened to that
# schema, so that no other schema can shadow a name.
_SEARCH_PATH = """SELECT pg_catalog.set_config('search_path', pg_catalog.textcat(coalesce(
(pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass,
pg_catalog.to_regclass('alembic_version'), 0)).schema,
pg_catalog.quote_ident(pg_catalog.current_schema())), ', pg_temp'), {is_local})"""


class Session(psycopg.Connection[Any]):
    """A connection that fails if the server doesn't respond in time.

    The server cancels a statement, or a wait for a lock, after `timeout` seconds, and the
    connection stays usable. If it doesn't, the client closes the connection half a second later.
    """

    timeout: float
    is_pooled = False
    """Whether a pooler may give each transaction to another session of the server."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, timeout or self.timeout + 0.5)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server doesn't respond") from None


def use_sessions(engine: Engine, seconds: float) -> None:
    """Let the engine open `Session`s with this timeout, in seconds."""

    class Timed(Session):
        timeout = seconds

    event.listen(
        engine, "do_connect", lambda _, __, args, options: open_session(Timed, args, options)
    )
    event.listen(engine, "do_execute", execute_pooled)


def open_session(
    kind: type[Session], arguments: Sequence[Any], options: Mapping[str, Any]
) -> Session:
    """Connect, and apply the service's settings.

    Raises `psycopg.Error`, also for a database that isn't in UTF-8.
    """
    session = kind.connect(*arguments, **options)
    try:
        _prepare(session)
    except BaseException:
        session.close()
        raise
    return session


def _prepare(session: Session) -> None:
    encoding = session.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise psycopg.OperationalError(
            f"The database's encoding is {encoding}: use one that was created with "
            "createdb --encoding=UTF8 --template=template0"
        )
    ((backend_pid,),) = session.execute("SELECT pg_catalog.pg_backend_pid()")
    # A pooler reports a made-up process id to its clients.
    session.is_pooled = backend_pid != session.info.backend_pid
    if session.is_pooled:
        # Settings and prepared statements would stay in the server's session for other clients.
        session.prepare_threshold = None
    else:
        session.execute(_sql(session.timeout, is_local=False))


def _sql(seconds: float, *, is_local: bool) -> str:
    """Return statements that apply all settings to the session, or to the transaction."""
    timeout = f"'{round(seconds * 1000)}'"
    settings = SETTINGS | {"statement_timeout": timeout, "lock_timeout": timeout}
    rows = ", ".join(f"('{name}', {value})" for name, value in settings.items())
    return (
        f"{_SEARCH_PATH.format(is_local=is_local)}; "  # noqa: S608  (of constants)
        f"SELECT set_config(name, value, {is_local}) FROM (VALUES {rows}) AS own (name, value) "
        "WHERE current_setting(name, true) IS NOT NULL"  # Older servers lack some.
    )


def execute_pooled(cursor: Any, statement: str, parameters: Any, _: object) -> bool:
    """Execute a statement behind a pooler in a transaction with the service's settings.

    SQLAlchemy's `do_execute` event, which executes the statement itself if this returns False:
    without a pooler, or in a transaction that `BEGIN` began. SQLAlchemy rolls back after an error.
    """
    session: Session = cursor.connection
    if not session.is_pooled or session.info.transaction_status != TransactionStatus.IDLE:
        return False
    settings = _sql(session.timeout, is_local=True)
    if statement in (BEGIN, BEGIN_SHARED):
        session.execute(statement.replace(BEGIN, f"{BEGIN}; {settings}"))
    else:
        session.execute(f"{BEGIN}; {settings}")
        cursor.execute(statement, parameters)
        session.commit()
    return True
