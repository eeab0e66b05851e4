"""Every table, scoped by organisation. What is in `FOLDED` is a view of the log and can be rebuilt from it.

Names say what a row is; `leaf` is an index of the log, instants are ms since 1970, hashes raw bytes. The
migrations state the same schema again, frozen: a test holds the two together.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata: Final = MetaData()

ops: Final = Table(
    "ops",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("leaf", BigInteger, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    Column("device", LargeBinary, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("t", BigInteger, nullable=False),
    Column("err", BigInteger, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("code", String(64), nullable=False),
    Column("arrived_ms", BigInteger, nullable=False),
    Column("is_branch", Boolean(create_constraint=False), nullable=False),
    Index("ops_by_hash", "org", "hash", unique=True),
    Index("ops_by_device", "org", "device", "leaf"),
    sqlite_with_rowid=False,
)
"""The log: leaf i is the op at i. `data` are its bytes; all else follows from them and from `sequenced` ops."""

seals: Final = Table(
    "seals",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("device", LargeBinary, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("first_seq", BigInteger, primary_key=True),
    Column("last_hash", LargeBinary, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Signatures over stretches of a device's ops; `last_hash` keeps the stretches of two branches apart."""

erasable_values: Final = Table(
    "erasable_values",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("leaf", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Values that travelled beside ops. Deleting one breaks no hash and no proof."""

waiting_frames: Final = Table(
    "waiting_frames",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("hash", LargeBinary, primary_key=True),
    Column("device", LargeBinary, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("prev", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("arrived_ms", BigInteger, nullable=False),
    Column("off_ms", BigInteger, nullable=True),
    Column("run", BigInteger, nullable=True),
)
"""Frames beside the log: the op before their first has not arrived."""

unread_frames: Final = Table(
    "unread_frames",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("hash", LargeBinary, primary_key=True),
    Column("uploader", LargeBinary, nullable=False),
    Column("device", LargeBinary, nullable=False),
    Column("code", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("arrived_ms", BigInteger, nullable=False),
    Index("unread_frames_by_device", "org", "device"),
)
"""Bytes that are no op here, or not yet: kept within a quota of who brought them. `device` is what their header claims,
empty where there is none. Not of the log."""

ledger_rows: Final = Table(
    "ledger_rows",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("bucket", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=True),
    Column("changed", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Index("ledger_rows_by_change", "org", "bucket", "changed", "ordinal"),
    sqlite_with_rowid=False,
)
"""What phones replicate. `changed` is the last log index of the commit that wrote the row, `ordinal` its number there;
a deleted row stays as a tombstone (no value), so that who pulls later learns of it."""

row_horizons: Final = Table(
    "row_horizons",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("bucket", Text, primary_key=True),
    Column("leaf", BigInteger, nullable=False),
)
"""Up to which log index the tombstones of a bucket were compacted: who is behind it gets the bucket anew."""

snapshots: Final = Table(
    "snapshots",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("bucket", Text, primary_key=True),
    Column("name", LargeBinary, primary_key=True),
    Column("leaf", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("manifest", LargeBinary, nullable=False),
    Column("chunks", LargeBinary, nullable=False),
    Column("replaced_ms", BigInteger, nullable=True),
)
"""All rows of a bucket as of leaf `leaf`; `name` is the SHA-256 of the manifest, `chunks` the names in it, joined."""

snapshot_chunks: Final = Table(
    "snapshot_chunks",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("bucket", Text, primary_key=True),
    Column("name", LargeBinary, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("unpacked", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""Chunks of snapshots: `name` is the SHA-256 of `data`, `content` that of what it unpacks to."""

log_tiles: Final = Table(
    "log_tiles",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("level", Integer, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
"""The hash tiles of the log (C2SP tlog-tiles), each in its widest form."""

checkpoints: Final = Table(
    "checkpoints",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("size", BigInteger, primary_key=True),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
"""Every signed checkpoint, as its C2SP note."""

ledger_heads: Final = Table(
    "ledger_heads",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("revision", BigInteger, nullable=False),
)
"""How far each organisation's ledger is: leaves, the root of their tree, and how many commits there were, also those
that logged nothing. Whoever commits on PostgreSQL holds the lock of this row, so there it is also who may."""

presented_heads: Final = Table(
    "presented_heads",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("size", BigInteger, primary_key=True),
    Column("root", LargeBinary, primary_key=True),
    Column("note", Text, nullable=False),
    Column("device", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
"""Checkpoints that the log's key signed and that this log never had, as devices showed them: it is an older copy."""

confirmed_backups: Final = Table(
    "confirmed_backups",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("size", BigInteger, primary_key=True),
    Column("begin", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("confirmed_ms", BigInteger, nullable=False),
)
"""Backups that somebody confirmed to exist elsewhere: each holds the log from `begin` up to `size`."""

contacts: Final = Table(
    "contacts",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("device", LargeBinary, primary_key=True),
    Column("last_sync_ms", BigInteger, nullable=False),
    Column("pending", BigInteger, nullable=False),
    Column("off_ms", BigInteger, nullable=True),
)
"""When a device last synced, how many ops it still held then, and how far its clock was off. Not of the log."""

attachments: Final = Table(
    "attachments",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("sha256", LargeBinary, primary_key=True),
    Column("media_type", String(128), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("device", LargeBinary, nullable=True),
    Column("received_ms", BigInteger, nullable=False),
)
"""Photos, signatures and documents, named by what they are."""

enrolment_codes: Final = Table(
    "enrolment_codes",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("code_hash", LargeBinary, primary_key=True),
    Column("person", Text, nullable=True),
    Column("name", Text, nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=True),
    Column("device", LargeBinary, nullable=True),
)
"""One-time codes, by their hash: who reads the database cannot enrol with it. With a `device`: its new key."""

used_proofs: Final = Table(
    "used_proofs",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("jti_hash", LargeBinary, primary_key=True),
    Column("expires_ms", BigInteger, nullable=False),
    Index("used_proofs_by_expiry", "org", "expires_ms"),
)
"""Proofs of possession that were seen, so that none counts twice; forgotten when their nonce has expired."""

FOLDED: Final = (ledger_rows, row_horizons, snapshots, snapshot_chunks)
