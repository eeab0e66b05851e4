"""One row says how far each ledger is: several processes lock it to commit, and look at it to see what is new.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_heads",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
    )
    op.execute(
        "INSERT INTO ledger_heads (org, size, root, revision) "
        "SELECT org, size, root, 0 FROM checkpoints AS last "
        "WHERE size = (SELECT max(size) FROM checkpoints WHERE org = last.org)"
    )


def downgrade() -> None:
    op.drop_table("ledger_heads")
