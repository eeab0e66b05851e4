"""Snapshots of buckets, and how far back deleted rows are remembered.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "row_horizons",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("bucket", sa.Text(), primary_key=True),
        sa.Column("leaf", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "snapshots",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("bucket", sa.Text(), primary_key=True),
        sa.Column("name", sa.LargeBinary(), primary_key=True),
        sa.Column("leaf", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("chunks", sa.LargeBinary(), nullable=False),
        sa.Column("replaced_ms", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "snapshot_chunks",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("bucket", sa.Text(), primary_key=True),
        sa.Column("name", sa.LargeBinary(), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("unpacked", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    for name in ("row_horizons", "snapshots", "snapshot_chunks"):
        op.drop_table(name)
