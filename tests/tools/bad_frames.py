"""Bytes that are no op or no frame, and frames whose seals do not hold: each with the refusal that it meets."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from domain.canonical import INT_MAX, encode_trusted
from domain.ops import FIELDS, Op, WiderOp, encode_op, leaf_hash
from sync_engine.frame import FRAME_BYTES_MAX, FRAME_OPS_MAX, Seal, encode_frame
from tests.tools.op_chain import Chain, private_key

MALFORMED: Final = "malformed-frame"
TOO_LARGE: Final = "frame-too-large"
UNKNOWN_DEVICE: Final = "unknown-device"


def bad_ops(op: Op) -> dict[str, bytes]:
    """Name → bytes that differ from those of `op` in one thing."""
    good = encode_op(op)
    fields: list[Any] = msgspec.msgpack.decode(good)

    def with_field(name: str, value: object) -> bytes:
        changed = list(fields)
        changed[FIELDS.index(name)] = value
        return msgspec.msgpack.encode(changed)

    changes: dict[str, tuple[str, object]] = {
        "v 0": ("v", 0),
        "v not an int": ("v", "1"),
        "org empty": ("org", ""),
        "org in capitals": ("org", "Lvyuan"),
        "org of 33": ("org", "a" * 33),
        "org with a line feed at its end": ("org", "lvyuan\n"),
        "device of 15": ("device", bytes(15)),
        "device as str": ("device", "a" * 16),
        "epoch negative": ("epoch", -1),
        "epoch 2^53": ("epoch", 2**53),
        "seq 0": ("seq", 0),
        "prev of 31": ("prev", bytes(31)),
        "nonce of 17": ("nonce", bytes(17)),
        "seen nil": ("seen", None),
        "seen of one": ("seen", [0]),
        "seen of three": ("seen", [0, bytes(16), 0]),
        "seen negative": ("seen", [-1, bytes(16)]),
        "root of 32": ("seen", [0, bytes(32)]),
        "at a float": ("at", 1.5),
        "at beyond": ("at", 2**53),
        "at beyond below": ("at", -(2**53)),
        "err negative": ("err", -1),
        "run negative": ("run", -1),
        "run a bool": ("run", True),
        "actor of 1": ("actor", b"x"),
        "actor of 17": ("actor", bytes(17)),
        "kind empty": ("kind", ""),
        "kind of 25": ("kind", "a" * 25),
        "kind with a hyphen": ("kind", "a-b"),
        "kind with a digit": ("kind", "a1"),
        "body nil": ("body", None),
        "body with a map": ("body", [None, [], {}]),
        "body with a float": ("body", [None, [], 0.5]),
        "body with an integer beyond": ("body", [None, [], 2**53]),
        "body nested too deep": ("body", [None, [[[[[[[]]]]]]]]),
        "erasable nil": ("erasable", None),
        "erasable of 31": ("erasable", [bytes(31)]),
        "longer than 8,192 bytes": ("body", [None, [], bytes(8100)]),
    }
    return {
        "empty": b"",
        "an int": b"\x01",
        "a map": b"\x80",
        "14 elements": msgspec.msgpack.encode(fields[:14]),
        "truncated": good[:-1],
        "a byte left over": good + b"\xc0",
        "an array16 of 15": b"\xdc\x00\x0f" + good[1:],
        "v as uint8": good[:1] + b"\xcc\x01" + good[2:],
        "a float after the elements that are known": msgspec.msgpack.encode([*fields, 0.5]),
        **{name: with_field(field, value) for name, (field, value) in changes.items()},
    }


def bad_messages(good: bytes) -> dict[str, bytes]:
    """Name → bytes that are no message of the sort of `good`: a request or a reply."""
    fields: list[Any] = msgspec.msgpack.decode(good)
    return {
        "empty": b"",
        "nil": b"\xc0",
        "truncated": good[:-1],
        "a byte left over": good + b"\xc0",
        "an array16": b"\xdc\x00" + bytes([len(fields)]) + good[1:],
        "version as uint8": good[:1] + b"\xcc\x01" + good[2:],
        "version 2": msgspec.msgpack.encode([2, *fields[1:]]),
        "an element too few": msgspec.msgpack.encode(fields[:-1]),
        "a float beyond what is known": msgspec.msgpack.encode([*fields, 0.5]),
        "a map beyond what is known": msgspec.msgpack.encode([*fields, {}]),
        "a cursor below -1": msgspec.msgpack.encode([*fields[:5], -2, *fields[6:]])
        if len(fields) == 10
        else b"\x91",
        "rows that are no rows": msgspec.msgpack.encode([*fields[:7], [[1, 2]], *fields[8:]]),
        "a page that is text": msgspec.msgpack.encode(
            [*fields[:6], "page", *fields[7:]] if len(fields) == 10 else [*fields[:5], "page", *fields[6:]]
        ),
    }


def pick_chain(count: int) -> Chain:
    """A picker's morning: the ops that a frame is made for."""
    chain = Chain(private_key(4))
    for number in range(count):
        line = ["TOM-5", "1123" if number % 3 else "1121", "R1", "T1", 1 + number % 40]
        chain.record("pick", f"SO-{number // 8}", None, [line], seen=(1000 + number // 50, b"\x22" * 16))
    return chain


def wide_chain() -> Chain:
    """Ops that carry two elements after those that this version knows."""
    chain = Chain(private_key(5))
    for number in range(5):
        op = chain.record("move", None, [], v=2)
        wide = WiderOp(**msgspec.structs.asdict(op), more=(number // 2, ["later", b"\x01"]))
        chain.ops[-1] = wide
        chain.prev = leaf_hash(encode_op(wide))
    return chain


def deep_chain() -> Chain:
    """An op that nests as deep as it may: eight arrays, itself the first."""
    chain = Chain(private_key(6))
    chain.record("set", [[[[[[]]]]]])
    return chain


def wrong_seals() -> dict[str, tuple[Chain, bytes]]:
    """Name → frame of 130 picks that stands only up to some stretch."""
    chain = pick_chain(130)
    right = chain.seals(chain.ops)
    other = Chain(private_key(9))

    def framed(*seals: Seal) -> tuple[Chain, bytes]:
        return chain, encode_frame(chain.ops, seals)

    flipped = Seal(64, bytes([right[1].signature[0] ^ 1]) + right[1].signature[1:])
    return {
        "the first is another device's": framed(Seal(64, other.seal(chain.ops[:64]).signature), *right[1:]),
        "the second has a flipped bit": framed(right[0], flipped, right[2]),
        "the last is all zero": framed(*right[:2], Seal(2, bytes(64))),
        "the first twice": framed(right[0], Seal(64, right[0].signature), right[2]),
        "seals of other stretches": framed(
            *[Seal(count, seal.signature) for count, seal in zip((63, 64, 3), right, strict=True)]
        ),
        "an op changed on the way": (chain, _changed(chain.frame(), _change_quantity)),
        "an op left out": (chain, encode_frame(_renumbered(chain.ops, 70), [*right[:2], Seal(1, right[2].signature)])),
        "another organisation": (chain, _changed(chain.frame(), lambda wire: _put(wire, 1, "laozhou"))),
    }  # fmt: skip


def refused_frames() -> dict[str, tuple[Chain, bytes, str]]:
    """Name → frame that is refused whole, and the code of the refusal."""
    chain = pick_chain(20)
    good = chain.frame()
    stranger = Chain(private_key(8))
    stranger.record()

    def changed(change: Callable[[list[Any]], None]) -> bytes:
        return _changed(good, change)

    changes: dict[str, Callable[[list[Any]], None]] = {
        "version 2": lambda wire: _put(wire, 0, 2),
        "org nil": lambda wire: _put(wire, 1, None),
        "org in capitals": lambda wire: _put(wire, 1, "LV"),
        "device of 15": lambda wire: _put(wire, 2, bytes(15)),
        "epoch negative": lambda wire: _put(wire, 3, -1),
        "seq 0": lambda wire: _put(wire, 4, 0),
        "seqs that run beyond": lambda wire: _put(wire, 4, INT_MAX - 18),
        "prev of 31": lambda wire: _put(wire, 5, bytes(31)),
        "no columns": lambda wire: _put(wire, 6, []),
        "no ops": lambda wire: wire.__setitem__(slice(6, 8), [[[] for _ in range(9)], []]),
        "a column too few": lambda wire: wire[6].pop(),
        "no seals": lambda wire: _put(wire, 7, []),
        "seals that cover too few": lambda wire: _put(wire[7][0], 0, 19),
        "seals that cover too many": lambda wire: _put(wire[7][0], 0, 21),
        "a seal twice": lambda wire: wire[7].append(wire[7][0]),
        "a seal over none": lambda wire: wire[7].append([0, bytes(64)]),
        "a seal over 65": lambda wire: _put(wire[7][0], 0, 65),
        "a signature of 63": lambda wire: _put(wire[7][0], 1, bytes(63)),
        "a run of none": lambda wire: wire[6][0].append([0, 1]),
        "a run too long": lambda wire: _put(wire[6][0][0], 0, 21),
        "a run without end": lambda wire: _put(wire[6][0][0], 0, INT_MAX),
        "runs too short": lambda wire: _put(wire[6][6][0], 0, 3),
        "an instant too few": lambda wire: wire[6][2].pop(),
        "an instant beyond": lambda wire: _put(wire[6][2], 1, INT_MAX),
        "an actor of 3": lambda wire: _put(wire[6][5][0], 1, b"abc"),
        "a kind in capitals": lambda wire: _put(wire[6][6][0], 1, "Pick"),
        "a body that is no array": lambda wire: _put(wire[6][7], 0, 1),
        "a float in a body": lambda wire: _put(wire[6][7][0], 2, 0.5),
        "a map in a body": lambda wire: _put(wire[6][7][0], 2, {}),
        "a body nested too deep": lambda wire: _put(wire[6][7][0], 2, [[[[[[[]]]]]]]),
        "a body that makes its op too long": lambda wire: _put(wire[6][7][0], 2, bytes(8100)),
        "digests of 31": lambda wire: _put(wire[6][8][0], 1, [bytes(31)]),
        "a salt of 15": lambda wire: wire.append([[0, 0, bytes(15), b""]]),
        "a value that is text": lambda wire: wire.append([[0, 0, bytes(16), "text"]]),
        "a further column too short": lambda wire: wire[6].append([[1, None]]),
        "a float in a further column": lambda wire: wire[6].append([[20, 0.5]]),
    }
    plain = {
        "empty": b"",
        "nil": b"\xc0",
        "truncated": good[:-1],
        "a byte left over": good + b"\xc0",
        "version as uint8": good[:1] + b"\xcc\x01" + good[2:],
        "an array16": b"\xdc\x00\x08" + good[1:],
        "nested 10,000": b"\x91" * 10_000,
        "1,025 ops": _many_ops(),
        **{name: changed(change) for name, change in changes.items()},
    }
    return {
        **{name: (chain, data, MALFORMED) for name, data in plain.items()},
        "of a device that nobody knows": (chain, stranger.frame(), UNKNOWN_DEVICE),
    }


def oversized_frame() -> bytes:
    """One byte more than a frame may have; too long to write into a corpus."""
    return bytes(FRAME_BYTES_MAX + 1)


def _put(target: list[Any], index: int, value: object) -> None:
    target[index] = value


def _changed(data: bytes, change: Callable[[list[Any]], None]) -> bytes:
    wire: list[Any] = msgspec.msgpack.decode(data)
    change(wire)
    return msgspec.msgpack.encode(wire)


def _change_quantity(wire: list[Any]) -> None:
    wire[6][7][100][4][0][4] += 1


def _renumbered(ops: Sequence[Op], without: int) -> list[Op]:
    return [
        msgspec.structs.replace(op, seq=number)
        for number, op in enumerate((*ops[:without], *ops[without + 1 :]), 1)
    ]


def _many_ops() -> bytes:
    count = FRAME_OPS_MAX + 1
    runs = [[count, value] for value in (1, [0, bytes(16)], 0, 1, b"", "tag", [])]
    v, seen, err, run, actor, kind, erasable = ([[run]] for run in runs)
    columns = [
        v[0],
        seen[0],
        [0] * count,
        err[0],
        run[0],
        actor[0],
        kind[0],
        [[None, []]] * count,
        erasable[0],
    ]
    seals = [[64, bytes(64)]] * 16 + [[1, bytes(64)]]
    chain = pick_chain(1)
    return encode_trusted([1, "lvyuan", chain.device, 1, 1, bytes(32), columns, seals])
