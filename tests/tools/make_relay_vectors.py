"""Write `tests/vectors/ops/{parts,acknowledgements}.json`: what any two phones must make of each other's codes.

    python -m tests.tools.make_relay_vectors

Deterministic: the same code writes the same files, and a test compares them with those committed.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from domain.canonical import encode
from sync_engine.acknowledgement import Acknowledgement, End, sign_acknowledgement
from sync_engine.seal import raw_key, sign_seal
from tests.tools.code_parts import blocks_of, part
from tests.tools.op_chain import ORG, Chain, private_key

FOLDER: Final = Path(__file__).resolve().parent.parent / "vectors" / "ops"
SERVER: Final = private_key(100)
OTHER: Final = private_key(101)
ABOUT: Final = Chain().device
SAMPLE: Final = Acknowledgement(
    org=ORG,
    device=ABOUT,
    at_ms=1_795_400_000_000,
    log_size=1000,
    root=sha256(b"root").digest(),
    covered=900,
    ends=(End(7, 12, sha256(b"twelve").digest(), 880), End(9, 3, sha256(b"three").digest(), 991)),
    missing_values=0,
    missing_evidence=2,
    bearer="张三的手机",
)


def main() -> None:
    """Write every file anew."""
    for name, text in documents().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def documents() -> dict[str, str]:
    """Name → text of each file."""
    contents = {"parts.json": parts(), "acknowledgements.json": acknowledgements()}
    return {
        name: json.dumps(content, ensure_ascii=False, indent=1) + "\n" for name, content in contents.items()
    }


def _body(size: int) -> bytes:
    """SHA-256 of the bytes 0, 1, 2 … 255, 0 … one after another, cut off."""
    stream = b"".join(sha256(bytes([number % 256])).digest() for number in range(size // 32 + 1))
    return stream[:size]


def parts() -> dict[str, object]:
    """Parts of packages of one, of few and of many blocks, and texts that are no part."""
    good = []
    for size, packing, numbers in (
        (5, 1, (0, 1)),
        (700, 2, (0, 2, 3, 65_535)),
        (100_000, 1, (312, 313, 400)),
    ):
        body = _body(size)
        texts = [{"number": number, "text": part(body, number, packing=packing)} for number in numbers]
        good.append({"size": size, "packing": packing, "blocks": len(blocks_of(body)), "parts": texts})
    text = part(_body(700), 1)
    bad = {
        "no prefix": text[5:],
        "another prefix": "GOBI/" + text[5:],
        "a character that Base45 has not": text[:20] + "a" + text[21:],
        "a digit changed": text[:40] + ("0" if text[40] != "0" else "1") + text[41:],
        "cut off": text[:-3],
        "one character short": text[:-1],
        "a packing of later": part(_body(700), 1, packing=9),
        "nothing": "GOBI:",
        "an enrolment code": "gobi:enrol:https://gobi.example#abc",
    }
    return {"good": good, "bad": [{"name": name, "text": text} for name, text in bad.items()]}


def acknowledgements() -> dict[str, object]:
    """Signed words with what they say, and bytes that are not this server's word."""
    signed = sign_acknowledgement(SAMPLE, SERVER)
    later = encode(
        (*structs.astuple(SAMPLE)[:7], _ends(SAMPLE), *structs.astuple(SAMPLE)[8:], "of a later version")
    )
    bad: dict[str, tuple[bytes, str]] = {
        "signed by another key": (sign_acknowledgement(SAMPLE, OTHER), "false-acknowledgement"),
        "of another organisation": (
            sign_acknowledgement(structs.replace(SAMPLE, org="nvyuan"), SERVER),
            "false-acknowledgement",
        ),
        "a flipped bit of the signature": (signed[:-1] + bytes([signed[-1] ^ 1]), "false-acknowledgement"),
        "a seal in place of its signature": (
            encode((encode("x"), sign_seal(SERVER, b"gobi/seal/1\0" + encode("x")))),
            "malformed-acknowledgement",
        ),
        "the label of a seal": (
            encode((_statement(SAMPLE), sign_seal(SERVER, b"gobi/seal/1\0" + _statement(SAMPLE)))),
            "false-acknowledgement",
        ),
        "of version 2": (_signed(encode((2, *_fields(SAMPLE)[1:]))), "malformed-acknowledgement"),
        "a short root": (
            _signed(encode((*_fields(SAMPLE)[:5], b"r", *_fields(SAMPLE)[6:]))),
            "malformed-acknowledgement",
        ),
        "cut off": (signed[:-10], "malformed-acknowledgement"),
        "nothing": (b"", "malformed-acknowledgement"),
    }  # fmt: skip
    return {
        "key": raw_key(SERVER.public_key()).hex(),
        "org": ORG,
        "good": [
            _case("a phone's", SAMPLE, signed),
            _case("of later elements", SAMPLE, _signed(later)),
            _case("of nothing yet", _empty(), sign_acknowledgement(_empty(), SERVER)),
        ],
        "bad": [{"name": name, "hex": data.hex(), "code": code} for name, (data, code) in bad.items()],
        "heads": _heads(),
    }


def _empty() -> Acknowledgement:
    return structs.replace(SAMPLE, covered=0, ends=(), missing_evidence=0, bearer="")


def _ends(acknowledgement: Acknowledgement) -> tuple[tuple[int, int, bytes, int], ...]:
    return tuple((end.epoch, end.seq, end.hash, end.leaf) for end in acknowledgement.ends)


def _fields(acknowledgement: Acknowledgement) -> tuple[Any, ...]:
    fields = structs.astuple(acknowledgement)
    return (*fields[:7], _ends(acknowledgement), *fields[8:])


def _statement(acknowledgement: Acknowledgement) -> bytes:
    return encode(_fields(acknowledgement))


def _signed(statement: bytes) -> bytes:
    return encode((statement, sign_seal(SERVER, b"gobi/ack/1\0" + statement)))


def _case(name: str, said: Acknowledgement, data: bytes) -> dict[str, object]:
    ends = [[end.epoch, end.seq, end.hash.hex(), end.leaf] for end in said.ends]
    return {
        "name": name, "hex": data.hex(), "device": said.device.hex(), "at_ms": said.at_ms,
        "log_size": said.log_size, "root": said.root.hex(), "covered": said.covered, "ends": ends,
        "missing_values": said.missing_values, "missing_evidence": said.missing_evidence, "bearer": said.bearer,
    }  # fmt: skip


def _heads() -> list[dict[str, object]]:
    """Which heads of a phone's chain the first good one names."""
    [first, second] = _ends(SAMPLE)
    cases: dict[str, tuple[list[tuple[int, int, bytes]], list[int]]] = {
        "all are named": ([first[:3], second[:3]], []),
        "nothing was recorded": ([], []),
        "one op more": ([first[:3], (9, 4, sha256(b"four").digest())], [1]),
        "the log knows a longer branch": ([(7, 11, sha256(b"eleven").digest())], [0]),
        "another op at the place": ([(7, 12, sha256(b"a copy's").digest())], [0]),
        "an epoch that the log has not": ([(8, 1, first[2])], [0]),
    }
    return [
        {
            "name": name,
            "heads": [[epoch, seq, digest.hex()] for epoch, seq, digest in heads],
            "missing": missing,
        }
        for name, (heads, missing) in cases.items()
    ]


if __name__ == "__main__":
    main()
