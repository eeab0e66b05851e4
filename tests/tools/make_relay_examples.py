"""Writes docs/protocol/relay-examples.md: a bundle, its codes and the server's word on it, byte by byte.

Run it after a change of the protocol: `python -m tests.tools.make_relay_examples`. A test compares the file with what
this makes. The phone and its ops are those of `make_protocol_examples`.
"""

from hashlib import sha256
from pathlib import Path
from typing import Final

from domain.canonical import decode, encode
from domain.ops import encode_op, leaf_hash
from sync_engine.acknowledgement import Acknowledgement, End, sign_acknowledgement
from sync_engine.frame import Seal, encode_frame
from sync_engine.seal import raw_key, seal_message
from tests.tools.code_parts import blocks_of, members, part
from tests.tools.make_protocol_examples import first_hour, shown, signed_once
from tests.tools.op_chain import EPOCH, ORG, START_MS, private_key

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "protocol" / "relay-examples.md"
_WIDTH: Final = 96
SERVER: Final = private_key(100)


def bundle() -> bytes:
    """The bundle of the first hour's frame."""
    chain, ops = first_hour()
    leaves = [leaf_hash(encode_op(op)) for op in ops]
    signature = signed_once(chain, seal_message(ORG, chain.device, EPOCH, 1, leaves))
    return encode([encode_frame(ops, [Seal(len(ops), signature)])])


def acknowledgement() -> Acknowledgement:
    """What the server says after it took them."""
    chain, ops = first_hour()
    return Acknowledgement(
        org=ORG,
        device=chain.device,
        at_ms=START_MS + 3_600_000,
        log_size=1004,
        root=sha256(b"the root at 1004").digest(),
        covered=1000,
        ends=(End(EPOCH, 3, leaf_hash(encode_op(ops[2])), 1002),),
        missing_values=0,
        missing_evidence=0,
        bearer="zhang",
    )


def document() -> str:
    """Return the text of the document."""
    body, signed = bundle(), sign_acknowledgement(acknowledgement(), SERVER)
    [statement, signature] = decode(signed)
    blocks, name = blocks_of(body), sha256(body).digest()[:16]
    later = next(n for n in range(len(blocks), 99) if len(members(name, n, len(blocks))) > 1)
    return "\n".join(
        [
            *_HEADER,
            f"{len(body)} bytes; a phone packs them first where that is shorter. These go as they are.",
            "",
            *_text(body.hex()),
            "## 2. Its parts",
            "",
            f"name {name.hex()}, k = {len(blocks)}, b = {len(blocks[0])}. Part 0, the first block:",
            "",
            *_text(part(body, 0)),
            f"Part {later}, the XOR of the blocks {members(name, later, len(blocks))}:",
            "",
            *_text(part(body, later)),
            "## 3. The server's word",
            "",
            "Its device key, the statement as a person reads it, its bytes, the signature over",
            '"gobi/ack/1", a zero byte and the statement, and all of it as it travels:',
            "",
            *_text(raw_key(SERVER.public_key()).hex()),
            "```text",
            shown(decode(statement)),
            "```",
            "",
            *_text(statement.hex()),
            *_text(signature.hex()),
            *_text(signed.hex()),
        ]
    )


_HEADER: Final = (
    "# Relay in bytes",
    "",
    "The frame of [examples](examples.md) §4 on its way through another phone, as `relay.md` says.",
    "This file is generated (`python -m tests.tools.make_relay_examples`) and compared with the",
    "code by a test. More cases stand in `tests/vectors/ops`.",
    "",
    "## 1. The bundle",
    "",
)


def _text(text: str) -> list[str]:
    lines = [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]
    return ["```text", *lines, "```", ""]


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
