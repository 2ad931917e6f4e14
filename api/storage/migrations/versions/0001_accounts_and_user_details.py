"""Accounts and user details.

A migration never changes, so it repeats the lengths. A test compares the result of all migrations
with `api.storage.tables`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", _number, nullable=False),
        sa.Column("username", sa.String(150), nullable=False),
        sa.Column("username_key", sa.String(150), nullable=False),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(username) BETWEEN 1 AND 150", name=op.f("ck_accounts_username")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("username_key", name=op.f("uq_accounts_username_key")),
    )
    op.create_table(
        "user_details",
        sa.Column("number", _number, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", _number),
        sa.Column("username", sa.String(150), nullable=False),
        sa.Column("firstname", sa.String(150)),
        sa.Column("lastname", sa.String(150), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(username) BETWEEN 1 AND 150", op.f("ck_user_details_username")),
        sa.CheckConstraint(
            "length(firstname) BETWEEN 0 AND 150", op.f("ck_user_details_firstname")
        ),
        sa.CheckConstraint("length(lastname) BETWEEN 1 AND 150", op.f("ck_user_details_lastname")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], op.f("fk_user_details_account_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_user_details")),
        sa.UniqueConstraint("id", name=op.f("uq_user_details_id")),
    )
    op.create_index(op.f("ix_user_details_account_id"), "user_details", ["account_id", "number"])


def downgrade() -> None:
    op.drop_table("user_details")
    op.drop_table("accounts")
