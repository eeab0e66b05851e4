"""Write `tests/vectors/ops/*.json`: what Python and TypeScript must both make of the same bytes.

    python -m tests.tools.make_op_vectors

Deterministic: the same code writes the same files, and a test compares them with those committed. In the JSON
a byte string stands as `{"bin": "<hex>"}`, an array as an array; everything else stands for itself.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from domain.canonical import INT_MAX, decode, encode
from domain.merkle import merkle_root
from domain.ops import Op, device_id, device_secret, encode_op, leaf_hash
from sync_engine.columns import differences, run_lengths
from sync_engine.frame import ErasableValue, Frame, decode_frame, encode_frame, sealed_ops
from sync_engine.seal import load_key, raw_key, seal_message, sign_seal
from sync_engine.wire import encode_reply, encode_request
from tests.tools import bad_frames
from tests.tools.op_chain import EPOCH, ORG, ORG_SECRET, START_MS, Chain, private_key
from tests.tools.sync_messages import (
    busy_request,
    empty_request,
    full_reply,
    new_reply,
    new_requests,
    recovering_reply,
    recovering_request,
    sample_reply,
    sample_request,
)

FOLDER: Final = Path(__file__).resolve().parent.parent / "vectors" / "ops"


def main() -> None:
    """Write every file anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def documents() -> dict[str, str]:
    """Name → text of each file."""
    contents = {
        "canonical.json": canonical(),
        "ops.json": ops(),
        "nonces.json": nonces(),
        "seals.json": seals(),
        "columns.json": columns(),
        "frames.json": frames(),
        "sync.json": sync(),
    }
    return {name: _text(content) for name, content in contents.items()}


def canonical() -> dict[str, object]:
    """Values of the profile with their bytes, and bytes that are of no value."""
    return {
        "good": [
            {"name": name, "value": plain(value), "hex": encode(value).hex()}
            for name, value in GOOD_VALUES.items()
        ],
        "bad": [{"name": name, "hex": data.hex()} for name, data in BAD_BYTES.items()],
    }


def ops() -> dict[str, object]:
    """Ops as fields, bytes and hashes, each linked to the one before; and bytes that are no op."""
    chain = sample_chain()
    return {
        "good": [_op(op) for op in chain.ops],
        "bad": [{"name": name, "hex": data.hex()} for name, data in bad_frames.bad_ops(chain.ops[1]).items()],
    }


def nonces() -> dict[str, object]:
    """From a public key to a device, from secrets to nonces."""
    cases = []
    for number in (1, 2, 3):
        key = raw_key(private_key(number).public_key())
        device = device_id(key)
        secret = device_secret(ORG_SECRET, device)
        chain = Chain(private_key(number))
        dots = [(0, 1), (1, 1), (EPOCH, 1), (EPOCH, 2), (INT_MAX, INT_MAX)]
        cases.append(
            {
                "key": key.hex(),
                "device": device.hex(),
                "device_secret": secret.hex(),
                "nonces": [
                    {"epoch": epoch, "seq": seq, "nonce": chain.nonce(epoch, seq).hex()}
                    for epoch, seq in dots
                ],
            }
        )
    return {"organisation_secret": ORG_SECRET.hex(), "devices": cases}


def seals() -> dict[str, object]:
    """Stretches with their roots, messages and signatures; and signatures that are none."""
    chain = Chain()
    for number in range(64):
        chain.record("tag", "item", "TOM-5", f"t{number}", True)
    good = [_seal(chain, first, count) for first, count in ((1, 1), (1, 2), (2, 3), (3, 7), (1, 33), (1, 64))]
    message, right = bytes.fromhex(str(good[1]["message"])), bytes.fromhex(str(good[1]["signature"]))
    wrong = {
        "another device's": sign_seal(private_key(2), message),
        "a flipped bit": bytes([right[0] ^ 1]) + right[1:],
        "r and s exchanged": right[32:] + right[:32],
        "all zero": bytes(64),
        "all ones": b"\xff" * 64,
        "one byte short": right[:-1],
        "one byte long": right + b"\0",
        "empty": b"",
    }
    return {
        "good": good,
        "bad": [
            {"name": name, "key": chain.public.hex(), "message": message.hex(), "signature": data.hex()}
            for name, data in wrong.items()
        ],
        "bad_keys": [
            {"name": name, "key": key.hex()}
            for name, key in {
                "compressed": b"\x02" + chain.public[1:33],
                "no point of the curve": b"\x04" + bytes(64),
                "empty": b"",
                "too long": chain.public + b"\0",
            }.items()
        ],
    }


def columns() -> dict[str, object]:
    """Run lengths and differences of columns."""
    repeated: list[list[object]] = [
        [],
        [1],
        [1, 1, 1],
        [1, 2, 1],
        ["pick", "pick", "count", "pick"],
        [b"", b"", b"\x01" * 16],
        [(), (b"a",), (b"a",)],
    ]
    stepped = [[], [START_MS], [START_MS, START_MS + 4000, START_MS + 3000], [5, 5, 5], [-3, 4, INT_MAX]]
    return {
        "run_lengths": [{"values": plain(v), "runs": plain(run_lengths(v))} for v in repeated],
        "differences": [{"values": v, "steps": list(differences(v))} for v in stepped],
    }


def frames() -> dict[str, object]:
    """Frames with all that decoding rebuilds; and bytes that are refused, whole or from a stretch on."""
    return {
        "good": [_frame(name, chain, data) for name, (chain, data) in good_frames().items()],
        "wrong_seals": [
            _frame(name, chain, data) for name, (chain, data) in bad_frames.wrong_seals().items()
        ],
        "bad": [
            {"name": name, "secret": chain.secret.hex(), "hex": data.hex(), "code": code}
            for name, (chain, data, code) in bad_frames.refused_frames().items()
        ],
    }


def sync() -> dict[str, object]:
    """The two messages of a round trip, as fields and bytes; and bytes that are refused."""
    request = sample_request()
    requests = (request, empty_request(), busy_request(), *new_requests(), recovering_request())
    replies = {
        "nothing new": sample_reply(),
        "everything": full_reply(),
        "snapshots": new_reply(),
        "restored": recovering_reply(),
    }
    return {
        "requests": [
            {"fields": plain(decode(encode_request(one))), "hex": encode_request(one).hex()}
            for one in requests
        ],
        "replies": [
            {"name": name, "fields": plain(decode(encode_reply(reply))), "hex": encode_reply(reply).hex()}
            for name, reply in replies.items()
        ],
        "bad_requests": [
            {"name": name, "hex": data.hex()}
            for name, data in bad_frames.bad_messages(encode_request(request)).items()
        ],
        "bad_replies": [
            {"name": name, "hex": data.hex()}
            for name, data in bad_frames.bad_messages(encode_reply(full_reply())).items()
        ],
    }


def good_frames() -> dict[str, tuple[Chain, bytes]]:
    """Every shape that a frame takes."""
    day, picks = sample_chain(), bad_frames.pick_chain(130)
    single = Chain(private_key(2))
    single.record("finish", "TOM-5", "1121", "R1")
    named = Chain(private_key(3))
    values = [ErasableValue(0, 0, b"\x01" * 16, "王秀英".encode()), ErasableValue(0, 1, b"\x02" * 16, b"")]
    named.record("deliver", "weiyuan", None, ["glass", 0, 1, None], [], erasable=[v.digest for v in values])
    wide = bad_frames.wide_chain()
    false = ErasableValue(0, 1, b"\x02" * 16, b"somebody else")
    return {
        "one op": (single, single.frame()),
        "a day of every sort of op": (day, encode_frame(day.ops, day.seals(day.ops))),
        "sealed one by one": (day, day.frame(1, 4, stretch=1)),
        "from the middle of a chain": (picks, picks.frame(60, 125)),
        "130 picks in three stretches": (picks, picks.frame()),
        "erasable values": (named, named.frame(values=values)),
        "an erasable value that was deleted": (named, named.frame(values=values[:1])),
        "a false erasable value, not kept": (named, named.frame(values=[values[0], false])),
        "ops of a later version with elements that this one does not know": (wide, wide.frame()),
        "an op as deep as it may be": (deep := bad_frames.deep_chain(), deep.frame()),
    }


def sample_chain() -> Chain:
    """One op of every shape: names, foreign names, claims, digests, a later version, an unknown kind, long text."""
    chain = Chain()
    session = leaf_hash(
        encode_op(
            chain.record("session", "liu", START_MS + 36_000_000, b"\x07" * 16, "device", None, actor=b"")
        )
    )
    actor = session[:16]
    line = ["TOM-5", "1123", "", "R1", 76]
    received = chain.record(
        "receive", "P-WANG", None, [line], [["TOM-5", "1123", [["harvested_on", "2026-11-23"]]]],
        actor=actor, seen=(1000, b"\x22" * 16),
    )  # fmt: skip
    first = leaf_hash(encode_op(received))
    chain.record(
        "pick",
        "SO-17",
        "T-4",
        [["TOM-5", "1121", "R1", "T1", 40], ["TOM-5", "1123", "R1", "T1", 20]],
        actor=actor,
    )
    chain.record("weigh", [[0, 20_460]], names=[first], actor=actor, run=2, err=1_250)
    chain.record("take", [], [], [], names=[["gobi.example/laozhou", b"\x33" * 32]], actor=actor, run=2)
    chain.record("harvest", "P1", [line], occurred=[START_MS - 7_200_000, START_MS, "paper"], actor=actor)
    chain.record(
        "count",
        "R1",
        None,
        True,
        False,
        [["TOM-5", "1123", 55], ["CUC", None, 5, 105_200, 400]],
        at=START_MS - 5,
    )
    chain.record(
        "deliver", "weiyuan", None, ["glass", 0, None, None], [], erasable=[b"\x44" * 32, b"\x55" * 32]
    )
    chain.record("a_kind_of_tomorrow", [[[["nested"]]]], -1, -INT_MAX, INT_MAX, "", b"", True, False, None)
    chain.record("move", None, [], v=2, at=-1, err=INT_MAX, run=INT_MAX, seen=(INT_MAX, b"\x66" * 16))
    chain.record("set", "item", "TOM-L", [["name", "番茄 🍅 loose"], ["note", "x" * 300]])
    return chain


def plain(value: object) -> Any:
    """The value as JSON can say it."""
    if isinstance(value, bytes):
        return {"bin": value.hex()}
    if isinstance(value, list | tuple):
        return [plain(element) for element in value]
    return value


def _op(op: Op) -> dict[str, object]:
    data = encode_op(op)
    fields = {name: plain(getattr(op, name)) for name in Op.__struct_fields__}
    return {"kind": op.kind, "fields": fields, "hex": data.hex(), "hash": leaf_hash(data).hex()}


def _seal(chain: Chain, first: int, count: int) -> dict[str, object]:
    hashes = chain.hashes[first - 1 : first - 1 + count]
    message = seal_message(ORG, chain.device, chain.epoch, first, hashes)
    return {
        "key": chain.public.hex(),
        "org": ORG,
        "device": chain.device.hex(),
        "epoch": chain.epoch,
        "first_seq": first,
        "hashes": [digest.hex() for digest in hashes],
        "root": merkle_root(hashes).hex(),
        "message": message.hex(),
        "signature": sign_seal(chain.key, message).hex(),
    }


def _frame(name: str, chain: Chain, data: bytes) -> dict[str, object]:
    frame: Frame = decode_frame(data, chain.secret_of)
    return {
        "name": name,
        "secret": chain.secret.hex(),
        "key": chain.public.hex(),
        "hex": data.hex(),
        "org": frame.header.org,
        "device": frame.header.device.hex(),
        "epoch": frame.header.epoch,
        "first_seq": frame.header.first_seq,
        "first_prev": frame.header.first_prev.hex(),
        "ops": [op.hex() for op in frame.data],
        "last_hash": frame.hashes[-1].hex(),
        "seals": [[seal.ops, seal.signature.hex()] for seal in frame.seals],
        "values": [[v.op, v.number, v.salt.hex(), v.value.hex()] for v in frame.values],
        "false_values": len(frame.false_values),
        "standing": sealed_ops(frame, load_key(chain.public)),
    }


def _standing(name: str, chain: Chain, data: bytes) -> dict[str, object]:
    frame = decode_frame(data, chain.secret_of)
    return {
        "name": name,
        "secret": chain.secret.hex(),
        "key": chain.public.hex(),
        "hex": data.hex(),
        "standing": sealed_ops(frame, load_key(chain.public)),
    }


def _text(content: Mapping[str, object]) -> str:
    """One case a line, so that a change shows as the cases that changed."""
    parts = []
    for name, cases in content.items():
        if isinstance(cases, list):
            lines = ",\n  ".join(json.dumps(case, ensure_ascii=False) for case in cases)
            parts.append(f"{json.dumps(name)}: [\n  {lines}\n ]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(cases, ensure_ascii=False)}")
    return "{\n " + ",\n ".join(parts) + "\n}\n"


GOOD_VALUES: Final[Mapping[str, object]] = {
    "nil": None,
    "false": False,
    "true": True,
    **{
        f"int {n}": n
        for n in (
            0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, INT_MAX,
            -1, -32, -33, -128, -129, -32_768, -32_769, -(2**31), -(2**31) - 1, -INT_MAX,
        )
    },
    **{f"str of {n}": "a" * n for n in (0, 1, 31, 32, 255, 256)},
    "str with NUL": "a\0b",
    "str beyond the basic plane": "🍅番茄",
    "str decomposed stays decomposed": "e\u0301",
    **{f"bin of {n}": bytes(n) for n in (0, 1, 16, 32, 255, 256)},
    **{f"array of {n}": [None] * n for n in (0, 1, 15, 16)},
    "nested 8": [[[[[[[[None]]]]]]]],
    "mixed": [1, "a", b"a", True, None, [[], [0]], -5],
}  # fmt: skip

BAD_BYTES: Final[Mapping[str, bytes]] = {
    "empty": b"",
    "never used byte": b"\xc1",
    "bytes left over": b"\xc0\xc0",
    "float32": b"\xca\x00\x00\x00\x00",
    "float64": b"\xcb" + bytes(8),
    "float64 of a whole number": b"\xcb\x3f\xf0" + bytes(6),
    "empty map": b"\x80",
    "map": b"\x81\xa1a\x01",
    "map16": b"\xde\x00\x00",
    "fixext1": b"\xd4\x05\x00",
    "ext8": b"\xc7\x01\x05\x00",
    "timestamp": b"\xd6\xff\x00\x00\x00\x01",
    "0 as uint8": b"\xcc\x00",
    "127 as uint8": b"\xcc\x7f",
    "255 as uint16": b"\xcd\x00\xff",
    "65535 as uint32": b"\xce\x00\x00\xff\xff",
    "2^32-1 as uint64": b"\xcf\x00\x00\x00\x00\xff\xff\xff\xff",
    "1 as int8": b"\xd0\x01",
    "128 as int16": b"\xd1\x00\x80",
    "-1 as int8": b"\xd0\xff",
    "-32 as int8": b"\xd0\xe0",
    "-128 as int16": b"\xd1\xff\x80",
    "-32768 as int32": b"\xd2\xff\xff\x80\x00",
    "-2^31 as int64": b"\xd3\xff\xff\xff\xff\x80\x00\x00\x00",
    "2^53": b"\xcf\x00\x20" + bytes(6),
    "2^64-1": b"\xcf" + b"\xff" * 8,
    "-2^53": b"\xd3\xff\xe0" + bytes(6),
    "-2^63": b"\xd3\x80" + bytes(7),
    "str of 1 as str8": b"\xd9\x01a",
    "str of 1 as str16": b"\xda\x00\x01a",
    "str of 1 as str32": b"\xdb\x00\x00\x00\x01a",
    "bin of 1 as bin16": b"\xc5\x00\x01a",
    "bin of 1 as bin32": b"\xc6\x00\x00\x00\x01a",
    "array of 1 as array16": b"\xdc\x00\x01\xc0",
    "array of 1 as array32": b"\xdd\x00\x00\x00\x01\xc0",
    "lone surrogate in UTF-8": b"\xa3\xed\xa0\x80",
    "overlong UTF-8": b"\xa2\xc0\x80",
    "truncated UTF-8": b"\xa1\xe7",
    "no UTF-8": b"\xa1\xff",
    "truncated int": b"\xcd\x01",
    "truncated str": b"\xa5abc",
    "truncated bin": b"\xc4\x05abc",
    "truncated array": b"\x92\xc0",
    "array32 that promises four billion": b"\xdd\xff\xff\xff\xff",
    "bin32 that promises four gigabytes": b"\xc6\xff\xff\xff\xff",
    "nested 9": b"\x91" * 9 + b"\xc0",
    "nested 9, empty at the heart": b"\x91" * 8 + b"\x90",
    "nested 10,000": b"\x91" * 10_000 + b"\xc0",
    "longer form deep inside": b"\x92\x01\x91\xcc\x01",
}

if __name__ == "__main__":
    main()
