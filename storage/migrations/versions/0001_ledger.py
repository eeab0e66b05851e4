"""The whole schema of the first release.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _ops()
    _seals()
    _erasable_values()
    _waiting_frames()
    _stock_entries()
    _ledger_rows()
    _log_tiles()
    _checkpoints()
    _contacts()
    _attachments()
    _enrolment_codes()
    _used_proofs()


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)


TABLES = (
    "ops",
    "seals",
    "erasable_values",
    "waiting_frames",
    "stock_entries",
    "ledger_rows",
    "log_tiles",
    "checkpoints",
    "contacts",
    "attachments",
    "enrolment_codes",
    "used_proofs",
)


def _ops() -> None:
    op.create_table(
        "ops",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("leaf", sa.BigInteger(), primary_key=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("t", sa.BigInteger(), nullable=False),
        sa.Column("err", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("arrived_ms", sa.BigInteger(), nullable=False),
        sa.Column("is_branch", sa.Boolean(create_constraint=False), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ops_by_device", "ops", ["org", "device", "leaf"])
    op.create_index("ops_by_hash", "ops", ["org", "hash"], unique=True)


def _seals() -> None:
    op.create_table(
        "seals",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("device", sa.LargeBinary(), primary_key=True),
        sa.Column("epoch", sa.BigInteger(), primary_key=True),
        sa.Column("first_seq", sa.BigInteger(), primary_key=True),
        sa.Column("last_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )


def _erasable_values() -> None:
    op.create_table(
        "erasable_values",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("leaf", sa.BigInteger(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )


def _waiting_frames() -> None:
    op.create_table(
        "waiting_frames",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("hash", sa.LargeBinary(), primary_key=True),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("prev", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("arrived_ms", sa.BigInteger(), nullable=False),
        sa.Column("off_ms", sa.BigInteger(), nullable=True),
        sa.Column("run", sa.BigInteger(), nullable=True),
    )


def _stock_entries() -> None:
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


def _ledger_rows() -> None:
    op.create_table(
        "ledger_rows",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("bucket", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ledger_rows_by_change", "ledger_rows", ["org", "bucket", "changed", "ordinal"])


def _log_tiles() -> None:
    op.create_table(
        "log_tiles",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("level", sa.Integer(), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
    )


def _checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("size", sa.BigInteger(), primary_key=True),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
    )


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("device", sa.LargeBinary(), primary_key=True),
        sa.Column("last_sync_ms", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.BigInteger(), nullable=False),
        sa.Column("off_ms", sa.BigInteger(), nullable=True),
    )


def _attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("sha256", sa.LargeBinary(), primary_key=True),
        sa.Column("media_type", sa.String(128), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
    )


def _enrolment_codes() -> None:
    op.create_table(
        "enrolment_codes",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("code_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
    )


def _used_proofs() -> None:
    op.create_table(
        "used_proofs",
        sa.Column("org", sa.String(32), primary_key=True),
        sa.Column("jti_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
    )
    op.create_index("used_proofs_by_expiry", "used_proofs", ["org", "expires_ms"])
