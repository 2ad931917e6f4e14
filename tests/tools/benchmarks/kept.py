"""Whether all that was acknowledged is in the database."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import create_engine, text

from tests.tools.benchmarks.load import Load


def missing(database_url: str, loads: Iterable[Load], beyond: int = 0) -> list[str]:
    """What was acknowledged and isn't there.

    Records are looked for by their ids. A sign-up's answer doesn't say which one it is, so of these
    there have to be as many as were acknowledged, of the names that were sent by each load. The
    first records, so many as `beyond`, are older than the loads.
    """
    engine = create_engine(database_url)
    with engine.connect() as connection:
        newer = text("SELECT id FROM user_details WHERE number > :beyond")
        records = {_hex(row[0]) for row in connection.execute(newer, {"beyond": beyond})}
        tags = Counter(
            row[0].partition("-")[0]
            for row in connection.execute(
                text("SELECT username FROM accounts WHERE username LIKE 't%'")
            )
        )
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
    """SQLite keeps a UUID as 32 digits, and PostgreSQL as what it is."""
    return str(key).replace("-", "")
