"""Stock entries are no table any more: the log says what each op does to stock, and nothing read the copy.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("stock_entries")


def downgrade() -> None:
    op.create_table(
        "stock_entries",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("leaf", sa.BigInteger(), primary_key=True),
        sa.Column("what", sa.Integer(), primary_key=True),
        sa.Column("line", sa.Integer(), primary_key=True),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("o", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
