"""The tables, in SQL: what the migrations must lead to, and the names that they go by."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from api.storage.tables import Moment, metadata

TABLES = """
CREATE TABLE accounts (
    id BIGSERIAL NOT NULL,
    username VARCHAR(150) NOT NULL,
    username_key VARCHAR(150) NOT NULL,
    password_hash VARCHAR(255),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_accounts PRIMARY KEY (id),
    CONSTRAINT ck_accounts_username CHECK (length(username) BETWEEN 1 AND 150),
    CONSTRAINT uq_accounts_username_key UNIQUE (username_key)
)
CREATE TABLE idempotency_keys (
    digest BYTEA NOT NULL,
    fingerprint BYTEA NOT NULL,
    password_hash VARCHAR(255),
    record_id UUID,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    username_key VARCHAR(150),
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (digest)
)
CREATE TABLE user_details (
    number BIGSERIAL NOT NULL,
    id UUID NOT NULL,
    account_id BIGINT,
    username VARCHAR(150) NOT NULL,
    firstname VARCHAR(150),
    lastname VARCHAR(150) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_user_details PRIMARY KEY (number),
    CONSTRAINT ck_user_details_username CHECK (length(username) BETWEEN 1 AND 150),
    CONSTRAINT ck_user_details_firstname CHECK (length(firstname) BETWEEN 0 AND 150),
    CONSTRAINT ck_user_details_lastname CHECK (length(lastname) BETWEEN 1 AND 150),
    CONSTRAINT uq_user_details_id UNIQUE (id),
    CONSTRAINT fk_user_details_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
        ON DELETE SET NULL
)
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at)
CREATE INDEX ix_idempotency_keys_username_key ON idempotency_keys (username_key)
CREATE INDEX ix_user_details_account_id ON user_details (account_id, number)
"""
IN_SQLITE = {
    "BIGSERIAL": "INTEGER",
    "BIGINT": "INTEGER",
    "TIMESTAMP WITH TIME ZONE": "DATETIME",
    "UUID": "CHAR(32)",
    "BYTEA": "BLOB",
}


def words(dialect: Dialect) -> list[str]:
    """The statements that make the tables and their indexes, word by word."""
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    indexes = [index for table in metadata.sorted_tables for index in table.indexes]
    made += sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in indexes)
    return " ".join(made).split()


def test_the_tables_are_these() -> None:
    assert words(postgresql.dialect()) == TABLES.split()  # type: ignore[no-untyped-call]
    text = TABLES
    for there, here in IN_SQLITE.items():
        text = text.replace(f" {there}", f" {here}")
    assert words(sqlite.dialect()) == text.split()


@pytest.fixture
def elsewhere() -> Iterator[None]:
    """A machine whose clock shows another hour."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        (None, None),
        (datetime(2026, 11, 24, 7), datetime(2026, 11, 24, 7, tzinfo=UTC)),  # noqa: DTZ001
        (
            datetime(2026, 11, 24, 7, tzinfo=timezone(timedelta(hours=1))),
            datetime(2026, 11, 24, 6, tzinfo=UTC),
        ),
    ],
)
def test_a_moment_is_read_in_utc_wherever_the_machine_is(
    kept: datetime | None, read: datetime | None, elsewhere: None
) -> None:
    found = Moment().process_result_value(kept, sqlite.dialect())
    assert found == read and (found is None or found.tzinfo is UTC)
    assert Moment.cache_ok is True
