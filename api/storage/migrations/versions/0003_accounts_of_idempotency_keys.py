"""The account of each idempotency key, so that both are deleted together."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("idempotency_keys", sa.Column("username_key", sa.String(150)))
    op.create_index(op.f("ix_idempotency_keys_username_key"), "idempotency_keys", ["username_key"])
    # Hashes are salted, so that equal hashes belong to the same account.
    op.execute(
        "UPDATE idempotency_keys SET username_key = accounts.username_key FROM accounts"
        " WHERE accounts.password_hash = idempotency_keys.password_hash"
    )
    # The account of these keys is unknown, because it was deleted or has another password.
    op.execute(
        "DELETE FROM idempotency_keys WHERE password_hash IS NOT NULL AND username_key IS NULL"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_idempotency_keys_username_key"), "idempotency_keys")
    op.drop_column("idempotency_keys", "username_key")
