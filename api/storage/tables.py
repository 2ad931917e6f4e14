"""The tables."""

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

# SQLite counts up by itself only in a column that is INTEGER to the letter.
_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class Moment(sa.TypeDecorator[datetime]):
    """A moment in UTC, to the microsecond. SQLite forgets the zone; here it is given back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value and (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _text(name: str, rule: Text, *, nullable: bool = False) -> tuple[Any, ...]:
    """A column that holds what the rule lets by, and a check of its length."""
    check = sa.CheckConstraint(f"length({name}) BETWEEN {rule.minimum} AND {rule.maximum}", name)
    return sa.Column(name, sa.String(rule.maximum), nullable=nullable), check


accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    *_text("username", USERNAME),
    # The username in small letters: letter case makes no other account.
    sa.Column("username_key", sa.String(USERNAME.maximum), nullable=False, unique=True),
    # Argon2id, encoded. Without one the account can't sign in.
    sa.Column("password_hash", sa.String(255)),
    sa.Column("created_at", Moment, nullable=False),
)

user_details = sa.Table(
    "user_details",
    metadata,
    # Counts up, so that the newest is the highest, whatever the clock did.
    sa.Column("number", _Number, primary_key=True),
    sa.Column("id", sa.Uuid, nullable=False, unique=True),
    # Whose credentials came along, if any did.
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="SET NULL")),
    *_text("username", USERNAME),
    *_text("firstname", FIRSTNAME, nullable=True),
    *_text("lastname", LASTNAME),
    sa.Column("created_at", Moment, nullable=False),
)
# What was done under an `Idempotency-Key`, for as long as a retry may come.
idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    # SHA-256 of the key, and of who used it for what: the key itself is kept nowhere.
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    # HMAC of the form without its password, by the key: who reads the table can't guess it.
    sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
    # Argon2id, encoded, of the form's password.
    sa.Column("password_hash", sa.String(255)),
    # The id of the details that were made; they may be gone meanwhile.
    sa.Column("record_id", sa.Uuid),
    sa.Column("created_at", Moment, nullable=False, index=True),
    # The username, in small letters, of the account that used the key or was made under it.
    sa.Column("username_key", sa.String(USERNAME.maximum), index=True),
)
sa.Index(None, user_details.c.account_id, user_details.c.number)
