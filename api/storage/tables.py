"""The tables of the database."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from api.fields import FIRSTNAME, LASTNAME, USERNAME
from api.text_rules import Text

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# SQLite generates numbers only for a column whose type is literally INTEGER.
_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A time in UTC, in microseconds. SQLite doesn't store the time zone, so this adds it."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value and (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _text(name: str, rule: Text, *, nullable: bool = False) -> tuple[Any, ...]:
    """Return a column for texts of the rule, and a check of their length."""
    check = sa.CheckConstraint(f"length({name}) BETWEEN {rule.minimum} AND {rule.maximum}", name)
    return sa.Column(name, sa.String(rule.maximum), nullable=nullable), check


accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    *_text("username", USERNAME),
    # The username in lower case, because usernames are compared without regard to case.
    sa.Column("username_key", sa.String(USERNAME.maximum), nullable=False, unique=True),
    # Argon2id, encoded. Without one the account can't sign in.
    sa.Column("password_hash", sa.String(255)),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

user_details = sa.Table(
    "user_details",
    metadata,
    # Ascending, so that the newest record has the highest number even if the clock was set back.
    sa.Column("number", _Number, primary_key=True),
    sa.Column("id", sa.Uuid, nullable=False, unique=True),
    # The account whose credentials the request had, if any.
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="SET NULL")),
    *_text("username", USERNAME),
    *_text("firstname", FIRSTNAME, nullable=True),
    *_text("lastname", LASTNAME),
    sa.Column("created_at", UtcDateTime, nullable=False),
)
# The keys of processed requests with an `Idempotency-Key`, until they expire.
idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    # SHA-256 of the operation, the account and the client's key, which itself is not stored.
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    # HMAC of the form without its password, by the key, so that the table doesn't reveal the form.
    sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
    # Argon2id, encoded, of the form's password.
    sa.Column("password_hash", sa.String(255)),
    # The id of the record that was created. The key is deleted with that record.
    sa.Column("record_id", sa.Uuid, index=True),
    sa.Column("created_at", UtcDateTime, nullable=False, index=True),
    # The username, in lower case, of the account that used the key or was created under it.
    sa.Column("username_key", sa.String(USERNAME.maximum), index=True),
)
sa.Index(None, user_details.c.account_id, user_details.c.number)
