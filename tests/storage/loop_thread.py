"""`python -m tests.storage.loop_thread URL`: find the threads in which operations use SQLite.

It requests each operation once, in a greenlet of a thread that gevent patched, as in the server. It
prints a JSON object: for each operation, the names of the driver's methods that ran in the event
loop's thread, and of those that ran in other threads.
"""

# ruff: noqa: E402  (gevent's patches precede all other imports)
from gevent import monkey

monkey.patch_all()

import json
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
from gevent.monkey import get_original
from sqlalchemy import update

from api.application import create_app
from api.config import Settings
from api.storage import sqlite
from api.storage.migrate import upgrade
from api.storage.tables import accounts
from api.threads import use_event_loop
from tests.actor import Someone
from tests.operations import OPERATIONS, sign_up_with_records

thread_of: Callable[[], int] = get_original("_thread", "get_ident")
LOOP = thread_of()
METHODS = ("execute", "executemany", "fetchone", "fetchmany", "fetchall", "commit", "rollback")
seen: dict[str, list[str]] = {}


def record(name: str) -> None:
    seen["in the loop" if thread_of() == LOOP else "elsewhere"].append(name)


def recording(kind: type[Any]) -> type[Any]:
    """Return a subclass whose methods record the thread that calls them."""

    def method(name: str) -> Any:
        def call(self: Any, *args: Any) -> Any:
            record(name)
            return getattr(kind, name)(self, *args)

        return call

    methods = {name: method(name) for name in METHODS if hasattr(kind, name)}
    return type(kind.__name__, (kind,), methods)


Cursor = recording(sqlite3.Cursor)


class Connection(recording(sqlite._Connection)):  # type: ignore[misc]
    def cursor(self, *_: Any) -> Any:
        return super().cursor(Cursor)


def use(act: Callable[[], object]) -> dict[str, list[str]]:
    """Run `act` in a greenlet, and return the methods that ran in the event loop and elsewhere."""
    seen.clear()
    seen.update({"in the loop": [], "elsewhere": []})
    gevent.spawn(act).get()
    return dict(seen)


def main() -> None:
    app = create_app(Settings(database_url=sys.argv[1]))
    store = app.extensions["store"]
    upgrade(store.database.engine)
    store.close()
    use_event_loop()
    # Keeps the event loop running while all greenlets wait for threads.
    gevent.spawn(gevent.sleep, 3600)
    sqlite._Connection = Connection  # type: ignore[misc]
    seen.update({"in the loop": [], "elsewhere": []})
    links = gevent.spawn(sign_up_with_records, app).get()
    found = {}
    for operation in OPERATIONS:

        def ask(asked: Any = operation) -> None:
            response = asked.ask(Someone(app.test_client()), links[asked.id])
            assert response.status_code == asked.status, response.get_data(as_text=True)

        found[operation.id] = use(ask)

    # A typical statement, as an engineer new to the project would add it to the store.
    rename = update(accounts).values(username="ADA").returning(accounts.c.username)
    rename = rename.where(accounts.c.username_key == "ada")
    for name in "read", "write":
        run = getattr(store.database, name)
        found[name] = use(partial(run, lambda connection: connection.scalars(rename).one()))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
