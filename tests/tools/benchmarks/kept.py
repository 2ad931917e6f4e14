"""Check whether all acknowledged data is in the database."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import create_engine, inspect, text

from tests.tools.benchmarks.load import Load


def missing(database_url: str, loads: Iterable[Load], beyond: int = 0) -> list[str]:
    """Return the acknowledged data that is missing.

    Records are searched by id. A sign-up's response has no id, so the number of accounts with the
    names of each load must equal that of its acknowledged sign-ups. The first `beyond` records are
    older than the loads.
    """
    engine = create_engine(database_url)
    with engine.connect() as connection:
        newer = text("SELECT id FROM user_details WHERE number > :beyond")
        records = {_hex(row[0]) for row in connection.execute(newer, {"beyond": beyond})}
        tags: Counter[str] = Counter()
        if inspect(connection).has_table("accounts"):  # Other frameworks have records only.
            names = text("SELECT username FROM accounts WHERE username LIKE 't%'")
            tags.update(row[0].partition("-")[0] for row in connection.execute(names))
    engine.dispose()
    lost = []
    for load in loads:
        links = {_hex(link.rpartition("/")[2]) for link in load.links}
        if len(links) != len(load.links) or (load.links and len(links) != load.statuses["201"]):
            lost.append(f"{load.statuses['201']} records were acknowledged by {len(links)} links")
        if gone := links - records:
            lost.append(f"{len(gone)} of {len(links)} records were acknowledged and aren't there")
        signed_up = load.statuses["200"] if load.sent else 0
        if tags[load.tag] < signed_up:
            lost.append(f"{signed_up} sign-ups were acknowledged, {tags[load.tag]} are there")
    return lost


def _hex(key: object) -> str:
    """Return the stored form of a UUID: 32 digits on SQLite, a native UUID on PostgreSQL."""
    return str(key).replace("-", "")
