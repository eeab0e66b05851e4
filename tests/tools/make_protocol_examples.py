"""Writes docs/protocol/examples.md: one phone's first hour, byte by byte, from fixed keys.

Run it after a change of the protocol: `python -m tests.tools.make_protocol_examples`. A test compares the file with
what this makes, so an example can never be older than the code.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from domain.canonical import decode
from domain.merkle import merkle_root
from domain.ops import LeafHash, Op, encode_op, leaf_hash
from sync_engine.frame import Seal, encode_frame
from sync_engine.seal import seal_message
from sync_engine.wire import (
    Acked,
    Held,
    Row,
    Settled,
    SyncReply,
    SyncRequest,
    encode_reply,
    encode_request,
)
from tests.tools.op_chain import ENROL, EPOCH, ORG, ORG_SECRET, START_MS, Chain

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "protocol" / "examples.md"
_SESSION_HOURS_MS: Final = 12 * 3_600_000
_HEX_WIDTH: Final = 96
SEEN: Final = (1000, sha256(b"the root at 1000").digest()[:16])


def signed_once(chain: Chain, message: bytes) -> bytes:
    """The same signature every time (RFC 6979), so that the document stands still. Devices may sign as they like."""
    der = chain.key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def first_hour() -> tuple[Chain, list[Op]]:
    """A session, a pick of two lots and a blind count."""
    chain = Chain()
    session = chain.record(
        "session", "liu", START_MS + _SESSION_HOURS_MS, b"\x07" * 16, "device", None, actor=b"", seen=SEEN
    )
    actor = leaf_hash(encode_op(session))[:16]
    lines = [["TOM-5", "1121", "R1", "T1-3", 40], ["TOM-5", "1123", "R1", "T1-3", 20]]
    chain.record("pick", "SO-1123-1", None, lines, actor=actor, seen=SEEN)
    chain.record("count", "R1", ["TOM-5"], False, False, [["TOM-5", "1123", 55]], actor=actor, seen=SEEN)
    return chain, chain.ops


def document() -> str:
    """Return the text of the document."""
    chain, ops = first_hour()
    data = [encode_op(op) for op in ops]
    leaves = [leaf_hash(one) for one in data]
    message = seal_message(ORG, chain.device, EPOCH, 1, leaves)
    signature = signed_once(chain, message)
    frame = encode_frame(ops, [Seal(len(ops), signature)])
    request = _request(chain, frame, leaves[0][:16])
    reply = _reply(leaves)
    return "\n".join(
        [
            *_HEADER,
            *_keys(chain),
            *_ops(ops, data, leaves),
            *_seal(leaves, message, signature),
            *_frame(frame),
            *_round_trip(request, reply),
        ]
    )


_HEADER: Final = (
    "# The protocol in bytes",
    "",
    "One phone's first hour, from fixed keys: what `operations.md` and",
    "`sync.md` say, to check an implementation against.",
    "This file is generated (`python -m tests.tools.make_protocol_examples`)",
    "and compared with the code by a test. Byte strings",
    "are in hexadecimal; `h'…'` marks them inside arrays. More cases, bad ones too, stand in `tests/vectors/ops`.",
    "",
)


def _keys(chain: Chain) -> list[str]:
    scalar = chain.key.private_numbers().private_value.to_bytes(32, "big")
    return [
        "## 1. Keys, device, nonces",
        "",
        "The device's private key (a real one cannot be read), its public point, and its id, SHA-256(point)[:16]:",
        "",
        *_hex(scalar),
        *_hex(chain.public),
        *_hex(chain.device),
        f"The organisation is `{ORG}`. Organisation secret, and the device's own:",
        "HMAC-SHA-256(organisation secret, device id).",
        "The device gets the second one when it is enrolled:",
        "",
        *_hex(ORG_SECRET),
        *_hex(chain.secret),
        f"Nonce of epoch {EPOCH}, seq 1: HMAC-SHA-256(device secret, u64 epoch ‖ u64 seq)[:16]",
        "",
        *_hex(EPOCH.to_bytes(8, "big") + (1).to_bytes(8, "big")),
        *_hex(chain.nonce(EPOCH, 1)),
        "Leaf hash of the device's `enrol` op, which the first op follows:",
        "",
        *_hex(ENROL),
    ]


def _ops(ops: Sequence[Op], data: Sequence[bytes], leaves: Sequence[LeafHash]) -> list[str]:
    lines = ["## 2. Three ops", ""]
    stories = (
        (
            "A session: `liu` is at this device for twelve hours. Its id, the `actor` "
            "of what follows, is its leaf hash[:16]."
        ),
        "A pick of 40 and 20 boxes onto the truck. Trailing elements that have their default are left out.",
        "A blind count of one lot; nothing was shown.",
    )
    for op, one, leaf, story in zip(ops, data, leaves, stories, strict=True):
        lines += [
            f"### seq {op.seq}: `{op.kind}`",
            "",
            story,
            "",
            "```text",
            shown(decode(one)),
            "```",
            "",
        ]
        lines += [f"{len(one)} bytes:", "", *_hex(one), "leaf hash, SHA-256(0x00 ‖ bytes):", "", *_hex(leaf)]
    return lines


def _seal(leaves: Sequence[LeafHash], message: bytes, signature: bytes) -> list[str]:
    return [
        "## 3. The seal over all three",
        "",
        "RFC 6962 root over the three leaf hashes, the message (`gobi/seal/1`, a",
        "zero byte, the canonical array), and an ECDSA",
        "P-256 signature of it, r ‖ s. This one is deterministic (RFC 6979); any valid one will do:",
        "",
        *_hex(merkle_root(leaves)),
        *_hex(message),
        *_hex(signature),
    ]


def _frame(frame: bytes) -> list[str]:
    return [
        "## 4. The frame",
        "",
        "```text",
        shown(decode(frame)),
        "```",
        "",
        f"{len(frame)} bytes, the same over HTTP, in a file and in QR codes:",
        "",
        *_hex(frame),
    ]


def _request(chain: Chain, frame: bytes, session: bytes) -> SyncRequest:
    return SyncRequest(
        device=chain.device,
        now_ms=START_MS + 60_000,
        run=1,
        session=session,
        cursor=999,
        page=None,
        buckets=(f"device:{chain.device.hex()}", "org", "site:CO-OP"),
        frames=(frame,),
        relayed=(),
    )


def _reply(leaves: Sequence[LeafHash]) -> SyncReply:
    key = "TOM-5\x1f1123\x1fR1"
    base = [START_MS + 12_000, 1002, 0]
    return SyncReply(
        now_ms=START_MS + 60_020,
        log_size=1004,
        pull="ok",
        cursor=1003,
        page=None,
        dropped=(),
        rows=(Row("site:CO-OP", "balance", key, ["TOM-5", "1123", "R1", 55, 0, False, base, None]),),
        settled=(Settled(EPOCH, 1, 3),),
        held=(Held(EPOCH, 4, leaves[-1]),),
        problems=(),
        checkpoint="gobi.example/lvyuan\n1004\n…\n",
        seen=(1004, sha256(b"the root at 1004").digest()[:16]),
        acked=(Acked(EPOCH, 3),),
    )


def _round_trip(request: SyncRequest, reply: SyncReply) -> list[str]:
    asked, answered = encode_request(request), encode_reply(reply)
    return [
        "## 5. A round trip",
        "",
        "Request (`POST /api/v1/sync`):",
        "",
        "```text",
        shown(decode(asked)),
        "```",
        "",
        *_hex(asked),
        "Reply: the three ops are logged as 1000 to 1002 and settled; the",
        "`sequenced` op that says so is 1003. The count set the",
        "balance to 55 and is its base. The checkpoint is shortened here.",
        "",
        "```text",
        shown(decode(answered)),
        "```",
        "",
        *_hex(answered),
    ]


def shown(value: object) -> str:
    """A value of the profile as a person reads it: `h'…'` for bytes, nil, true, false."""
    match value:
        case None:
            return "nil"
        case bool():
            return str(value).lower()
        case bytes():
            return (
                f"h'{value.hex()}'" if len(value) <= 100 else f"h'{value[:16].hex()}…' ({len(value)} bytes)"
            )
        case str():
            return '"' + value.replace("\n", "\\n").replace("\x1f", "␟") + '"'
        case list() | tuple():
            return "[" + ", ".join(shown(one) for one in value) + "]"
        case _:
            return str(value)


def _hex(data: bytes) -> list[str]:
    text = data.hex()
    return ["```text", *(text[at : at + _HEX_WIDTH] for at in range(0, len(text), _HEX_WIDTH)), "```", ""]


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
