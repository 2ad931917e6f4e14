"""The records of a peer: SQLAlchemy's ORM on SQLite, with a write-ahead log that is synced."""

import os
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import String, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

NAME = r"^[A-Za-z0-9._@+-]*$"
"""The pattern of a username. First and last names may have any characters but control ones."""
TEXT = r"^[^\x00-\x1f\x7f-\x9f]*$"
LONGEST = 150

engine = create_engine(os.environ["DATABASE_URL"])


@event.listens_for(engine, "connect")
def _configure(connection: Any, _: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


class Base(DeclarativeBase):
    """The base of the table."""


class UserDetails(Base):
    """A record."""

    __tablename__ = "user_details"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    username: Mapped[str] = mapped_column(String(LONGEST))
    firstname: Mapped[str | None] = mapped_column(String(LONGEST))
    lastname: Mapped[str] = mapped_column(String(LONGEST))


def add(username: str, lastname: str, firstname: str | None = None) -> UUID:
    """Add a record in a transaction of its own, and return its id."""
    record_id = uuid4()
    with Session(engine) as session, session.begin():
        session.add(
            UserDetails(id=record_id, username=username, firstname=firstname, lastname=lastname)
        )
    return record_id
