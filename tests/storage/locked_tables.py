"""`python -m tests.storage.locked_tables URL`: request each operation while its tables are locked.

Each operation runs in a greenlet, as in the server. The program prints a JSON object: for each
operation, how often another greenlet ran while the operation waited for the lock.
"""

# ruff: noqa: E402  (gevent's patches precede all other imports)
from gevent import monkey

monkey.patch_all()

import json
import sys

import gevent
from sqlalchemy import create_engine, text

from api.application import create_app
from api.config import Settings
from api.storage.migrate import upgrade
from api.storage.tables import metadata
from api.threads import use_event_loop
from tests.actor import Someone
from tests.operations import OPERATIONS, sign_up_with_records

TURNS = 100
LOCK = f"LOCK TABLE {', '.join(metadata.tables)} IN ACCESS EXCLUSIVE MODE"


def main() -> None:
    url = sys.argv[1]
    app = create_app(Settings(database_url=url, database_timeout=60))
    upgrade(app.extensions["store"].database.engine)
    use_event_loop()
    # Keeps the event loop running while all greenlets wait for threads.
    gevent.spawn(gevent.sleep, 3600)
    links = gevent.spawn(sign_up_with_records, app).get()
    turns = {}
    for operation in OPERATIONS:
        client = Someone(app.test_client())
        with create_engine(url).connect() as locking:
            locking.execute(text(LOCK))
            asking = gevent.spawn(operation.ask, client, links[operation.id])
            turns[operation.id] = 0
            while turns[operation.id] < TURNS and not asking.dead:
                gevent.sleep(0.001)
                turns[operation.id] += 1
            locking.rollback()
        assert asking.get().status_code == operation.status
    sys.stdout.write(json.dumps(turns))


if __name__ == "__main__":
    main()
