"""Sent and acknowledged requests, compared with the database."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from sqlalchemy import Engine, select, text

from api.storage.tables import accounts, user_details
from tests.actor import PASSWORD

INDICES = {"accounts": ["username_key", "id"], "user_details": ["id", "number"]}


@dataclass
class Ledger:
    """A ledger of requests. Each request has a unique username, which identifies its row."""

    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)
    """The id of each acknowledged record, by username."""
    accounts: set[str] = field(default_factory=set)
    """The usernames of acknowledged sign-ups."""
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def missing_or_half(self, engine: Engine) -> Iterator[str]:
        """Return all rows that are missing, incomplete, duplicated, or never sent."""
        with engine.connect() as connection:
            records = connection.execute(select(user_details)).all()
            people = connection.execute(select(accounts)).all()
        found = {row.username: str(row.id) for row in records}
        yield from (f"{name} was acknowledged, and is gone" for name in self._gone(found))
        signed_up = {row.username for row in people}
        yield from (f"{name} was signed up, and is gone" for name in self.accounts - signed_up)
        if len(found) != len(records) or len(signed_up) != len(people):
            yield "a request was done twice"
        for row in records:
            form = self.asked.get(row.username, {})
            whole = (form.get("firstname") or None, form.get("lastname"), None)
            if (row.firstname, row.lastname, row.account_id) != whole or not row.created_at:
                yield f"{row} was sent as {form}"
        for row in people:
            form = self.asked.get(row.username, {})
            hashed = (row.password_hash or "").startswith("$argon2id$")
            if not form or hashed != ("password" in form) or not row.created_at:
                yield f"the account {row.username} isn't whole"
            elif row.username_key != row.username.lower():
                yield f"the account {row.username} has another's key"
        for row in [row for row in people if row.password_hash][-2:]:
            if not PasswordHasher().verify(row.password_hash, PASSWORD):
                yield f"the password of {row.username} isn't the one that was sent"

    def _gone(self, found: dict[str, str]) -> Iterator[str]:
        return (name for name, key in self.records.items() if found.get(name) != key)


def damage(engine: Engine) -> Iterator[str]:
    """Return the damage that the database reports: indices must agree with tables."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            for check in ("integrity_check", "foreign_key_check"):
                said = [str(row[0]) for row in connection.execute(text(f"PRAGMA {check}"))]
                yield from (line for line in said if line != "ok")
            return
        for table, columns in INDICES.items():
            for column in columns:
                ways = []
                for seq, index in (("on", "off"), ("off", "on")):
                    for name, value in {
                        "seqscan": seq,
                        "indexscan": index,
                        "indexonlyscan": index,
                        "bitmapscan": "off",
                    }.items():
                        connection.execute(text(f"SET enable_{name} = {value}"))
                    query = f"SELECT {column}, * FROM {table} ORDER BY {column}"
                    plan = str(connection.execute(text(f"EXPLAIN {query}")).all())
                    if ("Index Scan" in plan) != (index == "on"):
                        yield f"{table}.{column} wasn't read as it should be: {plan}"
                    ways.append(connection.execute(text(query)).all())
                if ways[0] != ways[1]:
                    yield f"the index of {table}.{column} and the table don't agree"
