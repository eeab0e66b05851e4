"""`sequenced` ops: what the server says of the ops before them, packed into as few as fit; and a log read back by them.

operations.md §5. Nothing of a time or a verdict stands anywhere else, so `replay` is what every table is checked by.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, structs

from domain import kinds
from domain.canonical import encode
from domain.kinds import parse_body
from domain.ops import OP_BYTES_MAX, Op, decode_op, device_id, leaf_hash
from sync_engine.commit import Intention
from sync_engine.logged import ACCEPTED, Logged, Verdict, VerdictChange

_FRAME_BYTES: Final = 512
"""All of a `sequenced` op but its three lists, at most; and the heads of these."""
_TIME_BYTES: Final = 19
_VERDICT_BYTES: Final = 32
_CHANGE_BYTES: Final = 48
_FACTS_BYTES: Final = 12
"""What an entry costs at most besides its code: an array head, and integers and a verdict in their longest forms."""

NO_FACTS: Final[Mapping[int, tuple[object, ...]]] = {}


class Saying(Struct, frozen=True):
    """What one `sequenced` op will say: the entries that it covers, and later words on earlier ones."""

    first_index: int
    entries: Sequence[Logged]
    changes: Sequence[VerdictChange] = ()
    facts: Sequence[tuple[int, tuple[object, ...]]] = ()
    """(index, why it was refused)."""

    def intention(self, server_ms: int) -> Intention:
        """Return the op, at the server time which is its own t."""
        times = tuple([(server_ms - entry.t, entry.err) for entry in self.entries])
        verdicts = tuple(
            [
                (entry.index - self.first_index, entry.verdict, entry.code)
                for entry in self.entries
                if entry.verdict != ACCEPTED
            ]
        )
        changes = tuple([(c.index, c.verdict, c.code, c.t, c.err) for c in self.changes])
        body: tuple[object, ...] = (None, (), self.first_index, server_ms, times, verdicts, changes)
        if self.facts:
            body += (tuple([(index - self.first_index, facts) for index, facts in self.facts]),)
        return Intention("sequenced", body)


def pack(
    first_index: int,
    entries: Sequence[Logged],
    changes: Sequence[VerdictChange],
    facts: Mapping[int, tuple[object, ...]] = NO_FACTS,
) -> list[Saying]:
    """Cut what there is to say into as few ops as fit into their size; nothing to say is one empty one: a tick."""
    sayings: list[Saying] = []
    room = OP_BYTES_MAX - _FRAME_BYTES
    start, cut, size = 0, 0, 0
    why: list[tuple[int, tuple[object, ...]]] = []
    while cut < len(entries):
        entry = entries[cut]
        cost = _TIME_BYTES
        if entry.verdict != ACCEPTED:
            cost += _VERDICT_BYTES + len(entry.code)
        told = facts.get(entry.index)
        if told is not None:
            cost += _FACTS_BYTES + len(encode(told))
        if size + cost > room:
            sayings.append(Saying(first_index + start, entries[start:cut], (), tuple(why)))
            start, size, why = cut, 0, []
        if told is not None:
            why.append((entry.index, told))
        size += cost
        cut += 1
    last: list[VerdictChange] = []
    for change in changes:
        cost = _CHANGE_BYTES + len(change.code)
        if size + cost > room:
            sayings.append(Saying(first_index + start, entries[start:cut], last, tuple(why)))
            start, size, last, why = cut, 0, [], []
        last.append(change)
        size += cost
    sayings.append(Saying(first_index + start, entries[start:cut], last, tuple(why)))
    return sayings


def replay(ops: Iterable[bytes]) -> tuple[Logged, ...]:
    """Return the entries of a log from the bare bytes of its ops, with the last word on each.

    `arrived` is the time of the commit that took it. Ops at the end that nothing covers yet are left out.

    Raises MalformedError for bytes that are no op.
    """
    entries: dict[int, Logged] = {}
    uncovered: dict[int, tuple[Op, bytes]] = {}
    server = b""
    for index, data in enumerate(ops):
        op, digest = decode_op(data), leaf_hash(data)
        body = (
            parse_body(op.kind, op.body)
            if op.kind in {"genesis", "sequenced"} and _is_server(op, server)
            else None
        )
        if isinstance(body, kinds.Genesis) and index == 0:
            server = device_id(body.key)
        if isinstance(body, kinds.Sequenced):
            _hear(body, entries, uncovered)
            entries[index] = Logged(index, digest, op, body.server_ms, 0, arrived=body.server_ms)
        else:
            uncovered[index] = (op, digest)
    return tuple([entries[index] for index in sorted(entries)])


def _is_server(op: Op, server: bytes) -> bool:
    """Only the sequencer's own word counts; a `sequenced` op of anybody else is an op like others."""
    return not server or op.device == server


def _hear(body: kinds.Sequenced, entries: dict[int, Logged], uncovered: dict[int, tuple[Op, bytes]]) -> None:
    said = {number: (verdict, code) for number, verdict, code in body.verdicts}
    for number, (offset, err) in enumerate(body.times):
        index = body.first_index + number
        op, digest = uncovered.pop(index)
        verdict, code = said.get(number, (ACCEPTED, ""))
        entries[index] = Logged(
            index, digest, op, body.server_ms - offset, err, as_verdict(verdict), code, body.server_ms
        )
    for index, verdict, code, t, err in body.changes:
        entries[index] = structs.replace(entries[index], verdict=as_verdict(verdict), code=code, t=t, err=err)


def history(logged: Sequence[Logged], server: bytes) -> tuple[Mapping[int, Logged], Sequence[VerdictChange]]:
    """Return the entries whose word changed, with the first word on each; and every later word, in order.

    `logged` is a log, or the end of one from a commit on.
    """
    base = logged[0].index if logged else 0
    said = [entry for entry in logged if entry.op.kind == "sequenced" and entry.op.device == server]
    bodies = [(entry.index, parse_body("sequenced", entry.op.body)) for entry in said]
    changes = [
        VerdictChange(at, as_verdict(verdict), code, t, err, index)
        for index, body in bodies
        if isinstance(body, kinds.Sequenced)
        for at, verdict, code, t, err in body.changes
    ]
    changed = {change.index for change in changes}
    first: dict[int, Logged] = {}
    for _index, body in bodies if changed else ():
        assert isinstance(body, kinds.Sequenced), "the server's own ops are well formed"
        words = {number: (verdict, code) for number, verdict, code in body.verdicts}
        for at in changed.intersection(range(body.first_index, body.first_index + len(body.times))):
            offset, err = body.times[at - body.first_index]
            verdict, code = words.get(at - body.first_index, (ACCEPTED, ""))
            first[at] = structs.replace(
                logged[at - base], verdict=as_verdict(verdict), code=code, t=body.server_ms - offset, err=err
            )
    return first, changes


def as_verdict(text: str) -> Verdict:
    """Return the verdict of that name; one that this version does not know has no effect."""
    match text:
        case "accepted" | "refused" | "deferred":
            return text
        case _:
            return "quarantined"
