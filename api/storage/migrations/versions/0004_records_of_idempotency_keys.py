"""An index of the records of idempotency keys, because a key is deleted with its record.

Keys whose record was deleted before are deleted too: a retry would name that record.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        "DELETE FROM idempotency_keys WHERE record_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM user_details WHERE id = idempotency_keys.record_id)"
    )
    op.create_index(op.f("ix_idempotency_keys_record_id"), "idempotency_keys", ["record_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_idempotency_keys_record_id"), "idempotency_keys")
