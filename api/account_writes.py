"""Changes of an account and of its idempotency keys, in one transaction."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine, delete, update

from api.keyed_writes import BEGIN
from api.models import accounts
from api.models import idempotency_keys as keys
from api.pool import connection_of
from api.threads import call

T = TypeVar("T")


def _write(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run `work` in one transaction, and in one thread so that its lock isn't held for longer."""

    def run(connection: Connection) -> T:
        connection.exec_driver_sql(BEGIN[engine.dialect.name])
        done = work(connection)  # If it raises, the pool rolls back.
        connection.exec_driver_sql("COMMIT")
        return done

    with connection_of(engine) as connection:
        return call(run, connection)


def replace_hash(
    engine: Engine, username_key: str, password_hash: str, replacing: str | None
) -> bool:
    """Set the account's hash, and return whether there is such an account.

    If a hash to be replaced is given, the account must have that one. The hash is replaced in the
    account's keys too, so that no older one is left.
    """
    account = update(accounts).where(accounts.c.username_key == username_key)
    if replacing:
        account = account.where(accounts.c.password_hash == replacing)
    own = (keys.c.username_key == username_key) & keys.c.password_hash.is_not(None)

    def replace(connection: Connection) -> bool:
        known = connection.execute(account.values(password_hash=password_hash)).rowcount == 1
        if known:
            connection.execute(update(keys).where(own).values(password_hash=password_hash))
        return known

    return _write(engine, replace)


def delete_account(engine: Engine, account_id: int, username_key: str) -> bool:
    """Delete the account and its keys, and return whether it was still there.

    Its records stay, and belong to no account any more.
    """

    def remove(connection: Connection) -> bool:
        # The account first, because that waits for keyed writes which refer to the account.
        gone = connection.execute(delete(accounts).where(accounts.c.id == account_id)).rowcount == 1
        if gone:
            connection.execute(delete(keys).where(keys.c.username_key == username_key))
        return gone

    return _write(engine, remove)
