"""A SQLite database with many accounts and records, in the service's tables."""

import os
import random
import sqlite3
from pathlib import Path
from uuid import UUID

from api.config import Settings
from api.storage.database import open_engine
from api.storage.migrate import upgrade

# In the order of their ids, so that the index grows at its end: the first 7 digits count up, and
# the rest are those of a UUID of version 4.
FILL = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;
BEGIN;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {accounts})
INSERT INTO accounts (username, username_key, created_at)
SELECT printf('Old%08d', i), printf('old%08d', i), '2026-01-01 00:00:00.000000' FROM n;
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {details} - 1)
INSERT INTO user_details (id, account_id, username, firstname, lastname, created_at)
SELECT printf('%07x', i * (268435456.0 / {details})) || substr(hex, 1, 5) || '4' ||
  substr(hex, 6, 3) || substr('89ab', 1 + i % 4, 1) || substr(hex, 9, 15),
  CASE i % 10 WHEN 0 THEN 1 + i % {accounts} END,
  'sam', 'john', 'king', '2026-01-01 00:00:00.000000'
FROM (SELECT i, lower(hex(randomblob(12))) AS hex FROM n);
COMMIT;
PRAGMA journal_mode = WAL;
"""


def fill(file: Path, accounts: int, details: int) -> None:
    """Create and fill the service's tables in one transaction, and sync the file."""
    engine = open_engine(Settings(database_url=f"sqlite:///{file}"))
    upgrade(engine)
    engine.dispose()
    connection = sqlite3.connect(file, isolation_level=None)
    connection.executescript(FILL.format(accounts=accounts, details=details))
    connection.close()
    with file.open("rb") as written:
        os.fsync(written.fileno())


def some_links(file: Path, number: int, to: Path) -> Path:
    """Write about `number` links, of records that are spread over the table."""
    connection = sqlite3.connect(file)
    (last,) = connection.execute("SELECT max(number) FROM user_details").fetchone()
    some = f"SELECT id FROM user_details WHERE number % {max(1, last // number)} = 0"
    ids = [row[0] for row in connection.execute(some)]
    connection.close()
    random.shuffle(ids)
    to.write_text("".join(f"/userDetails/{UUID(i)}\n" for i in ids), encoding="ascii")
    return to
