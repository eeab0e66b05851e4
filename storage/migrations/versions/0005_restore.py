"""Heads shown to a restored server, backups that exist elsewhere, codes that give a device a new key.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "presented_heads",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("size", sa.BigInteger(), primary_key=True),
        sa.Column("root", sa.LargeBinary(), primary_key=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "confirmed_backups",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("size", sa.BigInteger(), primary_key=True),
        sa.Column("begin", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_ms", sa.BigInteger(), nullable=False),
    )
    op.add_column("enrolment_codes", sa.Column("device", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("enrolment_codes", "device")
    op.drop_table("confirmed_backups")
    op.drop_table("presented_heads")
