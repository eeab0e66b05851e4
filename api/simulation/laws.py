"""The laws of DESIGN §5 and §6, one function each: what must hold once a world has healed, whatever befell it."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from api.simulation.found import OK, Breach, Found, PhoneView
from api.simulation.memory import NOT_SAVED
from api.simulation.work import MARK
from domain.canonical import decode
from domain.merkle import Frontier
from domain.ops import named_hashes
from domain.rights import DESK_ROLES, KINDS_BY_ROLE, may_record
from sync_engine.logged import ACCEPTED, DEFERRED, QUARANTINED
from sync_engine.verdicts import RESOLVED

FUTURE_KINDS: Final = frozenset({"drone_flight", "blend"})
Law = Callable[[Found], Iterator[Breach]]


# --- nothing is lost, nothing twice ----------------------------------------------------------------------------------


def saved_is_logged(found: Found) -> Iterator[Breach]:
    """Every op that a user was told is saved is in the log, accepted or not: after the rounds no outbox holds one."""
    memory = found.play.memory
    for digest, made in memory.saved.items():
        if digest not in found.by_hash and digest not in memory.excused:
            yield Breach("lost", "saved is logged", f"{made.kind} of {made.phone} ({digest[:8]})")


def once_and_as_told(found: Found) -> Iterator[Breach]:
    """An op that was saved is in the log once; one that was not, never; one that the app died over, at most once."""
    phones = [entry for entry in found.entries if entry.op.device != found.server]
    marks = Counter(mark for entry in phones for mark in _marks(entry.op.body))
    for mark, told in found.play.memory.marks.items():
        most = 0 if told == NOT_SAVED else 1
        if marks[mark] > most:
            yield Breach(
                "diverged", "once and as told", f"{mark} is in the log {marks[mark]} times, and was {told}"
            )


def _marks(body: Any) -> set[str]:
    return {f"~{number}~" for number in MARK.findall(repr(body))}


def forks_are_found(found: Found) -> Iterator[Breach]:
    """Two ops of one name are both kept, the later one quarantined, and the manager is told; none forks by itself."""
    by_dot: dict[tuple[bytes, int, int], list[int]] = {}
    for entry in found.entries:
        by_dot.setdefault((entry.op.device, entry.op.epoch, entry.op.seq), []).append(entry.leaf)
    told = {row[2][0] for row in _rows(found, "exception") if row[1] == "forked-device"}
    for (device, _epoch, seq), indexes in by_dot.items():
        later = [found.entries[index] for index in indexes if found.entries[index].stored.is_branch]
        if len(later) != len(indexes) - 1 and not all(found.entries[i].stored.is_branch for i in indexes):
            yield Breach(
                "diverged", "forks are found", f"seq {seq}: {len(indexes)} ops, {len(later)} branches"
            )
        if len(indexes) > 1 and device.hex() not in found.play.memory.may_fork:
            yield Breach("diverged", "no phone forks by itself", f"{device.hex()[:8]} seq {seq}")
        for entry in later:
            if entry.stored.verdict != QUARANTINED and entry.stored.code != RESOLVED:
                yield Breach(
                    "diverged", "forks are found", f"branch op {entry.leaf} is {entry.stored.verdict}"
                )
        if later and device.hex() not in told and device not in told:
            yield Breach("diverged", "forks are found", f"nobody is told of {device.hex()[:8]}")


# --- nothing is stuck ------------------------------------------------------------------------------------------------


def queues_are_empty(found: Found) -> Iterator[Breach]:
    """Two rounds after the network healed, every phone is through, and every op that can have a verdict has one."""
    for view in found.phones:
        hand = view.hand
        if hand.status not in (
            {OK, "revoked"} if _has_role(found, hand.person) else {OK, "revoked", "no-session"}
        ):
            yield Breach("stuck", "queues are empty", f"{hand.name}: its last sync ended as {hand.status}")
        if view.state["pendingCount"] or view.state["relayedCount"]:
            counts = f"{view.state['pendingCount']} ops and {view.state['relayedCount']} frames of others"
            yield Breach("stuck", "queues are empty", f"{hand.name} still has {counts}")
        for item in view.outbox if hand.status == OK else ():
            yield from _unsettled(found, view, item)
    for prev in found.waiting:
        if prev.hex() in found.by_hash:
            yield Breach("stuck", "queues are empty", "a frame waits for an op that is in the log")


def _has_role(found: Found, person: str) -> bool:
    """Whether somebody may do anything at the end: only then may a session begin."""
    has = False
    for entry in found.entries:
        body = entry.op.body
        if entry.op.kind == "grant" and body[2] == person:
            has = True
        elif entry.op.kind == "revoke" and body[2] == "role" and body[3] == person:
            has = False
    return has


def _unsettled(found: Found, view: PhoneView, item: Any) -> Iterator[Breach]:
    entry = found.by_hash.get(item["ref"]["hash"])
    if entry is None:
        return
    if entry.stored.verdict == DEFERRED:
        if item["stage"] == "settled":
            yield Breach("diverged", "what is deferred stays in sight", f"{view.hand.name}: op {entry.leaf}")
    elif item["stage"] != "settled":
        yield Breach("stuck", "queues are empty", f"{view.hand.name}: {item['kind']} is {item['stage']} only")
    elif entry.stored.verdict == item["verdict"]["verdict"] == ACCEPTED:
        pass  # rows tell every verdict but acceptance: that a manager gave it, they do not
    elif (item["verdict"]["verdict"], item["verdict"]["code"]) != (entry.stored.verdict, entry.stored.code):
        said = f"{item['verdict']}, and the log {entry.stored.verdict} {entry.stored.code}"
        yield Breach(
            "diverged",
            "phones show the verdict",
            f"{view.hand.name}: {item['kind']} op {entry.leaf} is {said}",
        )


def deferred_waits_for_something(found: Found) -> Iterator[Breach]:
    """An op is deferred for a kind that nobody here knows, or for an op that is not there: never for one that is."""
    for entry in found.entries:
        if entry.stored.verdict != DEFERRED:
            continue
        if entry.stored.code == "unknown-kind" and entry.op.kind not in KINDS:
            continue
        missing = [name for name in named_hashes(entry.op) if name.hex() not in found.by_hash]
        if not missing:
            yield Breach("stuck", "deferred waits for something", f"op {entry.leaf}, a {entry.op.kind}")


KINDS: Final = frozenset().union(*KINDS_BY_ROLE.values())
"""What this version knows, of what people record."""


# --- the log says it all ---------------------------------------------------------------------------------------------


def tables_follow_from_the_log(found: Found) -> Iterator[Breach]:
    """Tables rebuilt from the log are the tables; every seal, chain, tile and checkpoint verifies; the pin agrees."""
    wrong = [f"{one.table} {one.about}: {one.problem}" for one in found.ledger.findings]
    wrong += [f"{one.table} {one.about}: {one.problem}" for one in found.log.findings]
    yield from (Breach("diverged", "tables follow from the log", one) for one in wrong)


def checkpoints_are_of_this_log(found: Found) -> Iterator[Breach]:
    """Every checkpoint that a phone was ever shown is one of this log."""
    shown: dict[int, set[bytes]] = {}
    for head in found.play.memory.heads:
        shown.setdefault(head.size, set()).add(head.root)
    frontier, last = Frontier(), 0
    hashes = [entry.stored.hash for entry in found.entries]
    for size in sorted(shown):
        frontier, last = frontier.append_many(hashes[last:size]), size
        root = frontier.root()[:16] if size <= len(hashes) and size else b""
        if shown[size] != {root}:
            yield Breach("diverged", "checkpoints are of this log", f"the one of size {size}")


def time_is_bounded_by_the_server(found: Found) -> Iterator[Breach]:
    """No phone's clock moves an op before what it had seen, after its arrival, or before what it follows and names."""
    said: dict[int, int] = {}
    times: list[tuple[int, int]] = []
    for entry in found.entries:
        if entry.op.kind == "sequenced" and entry.op.device == found.server:
            first, server_ms, covered = entry.op.body[2], entry.op.body[3], entry.op.body[4]
            said.update((first + number, server_ms) for number in range(len(covered)))
            times.append((entry.leaf, server_ms))
    end_ms = times[-1][1] if times else 0
    for entry in found.entries:
        t, about = entry.stored.t, f"op {entry.leaf}, a {entry.op.kind}"
        latest = end_ms if entry.leaf in found.changed else said.get(entry.leaf, end_ms)
        if t > latest:
            yield Breach("diverged", "time is bounded", f"{about}, is {t - latest} ms after it was logged")
        earliest = max((ms for index, ms in times if index < entry.op.seen[0]), default=0)
        is_known = not any(kept < entry.op.seen[0] for kept in found.play.memory.kept)
        if t < earliest and entry.stored.code != "false-seen" and is_known:
            yield Breach(
                "diverged", "time is bounded", f"{about}, is {earliest - t} ms before what it had seen"
            )
        for digest in (entry.op.prev, *named_hashes(entry.op)):
            before = found.by_hash.get(digest.hex())
            if before is not None and before.stored.t > t and before.leaf < entry.leaf:
                yield Breach(
                    "diverged",
                    "time is bounded",
                    f"{about}, is before op {before.leaf}, which it follows or names",
                )


def rights_are_kept(found: Found) -> Iterator[Breach]:
    """What nobody had the right to record, by the grants in the log below it, has no effect but by a manager's word."""
    sessions: dict[bytes, str] = {}
    roles: dict[str, set[str]] = {}
    revoked: set[bytes] = set()
    for entry in found.entries:
        op, body = entry.op, entry.op.body
        is_accepted = entry.stored.verdict == ACCEPTED
        if op.kind == "session" and is_accepted:
            sessions[entry.stored.hash[:16]] = str(body[2])
        elif op.kind == "grant" and is_accepted:
            roles.setdefault(str(body[2]), set()).add(str(body[3]))
        elif op.kind == "revoke" and is_accepted:
            if body[2] == "role":
                roles.get(str(body[3]), set()).discard(str(body[4]))
            elif body[2] == "device":
                revoked.add(bytes(body[3]))
        if not is_accepted or entry.stored.code == RESOLVED or op.device == found.server:
            continue
        if op.device in revoked:
            yield Breach("diverged", "rights are kept", f"op {entry.leaf} of a revoked device is accepted")
        if op.kind in KINDS and not may_record(roles.get(sessions.get(op.actor, ""), set()), op.kind):
            who = sessions.get(op.actor, "nobody")
            yield Breach("diverged", "rights are kept", f"op {entry.leaf}, a {op.kind} by {who}, is accepted")


def a_managers_word_stands(found: Found) -> Iterator[Breach]:
    """The last accepted `resolve` that names an op is the verdict on it, wherever it may change one."""
    for entry in found.entries:
        if entry.op.kind != "resolve" or entry.stored.verdict != ACCEPTED:
            continue
        for name in named_hashes(entry.op)[:1]:
            named = found.by_hash.get(name.hex())
            if named is not None and named.stored.verdict != ACCEPTED and named.stored.code != RESOLVED:
                said = f"op {named.leaf} is {named.stored.verdict}, whatever op {entry.leaf} says"
                yield Breach("diverged", "a manager's word stands", said)


def places_sum_to_nothing(found: Found) -> Iterator[Breach]:
    """The sum over all places of every lot is nothing, in every measure."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for item, lot, _place, q, w, *_ in _rows(found, "balance"):
        before = sums.get((item, lot), (0, 0))
        sums[item, lot] = (before[0] + q, before[1] + w)
    for key, total in sums.items():
        if any(total):
            yield Breach("diverged", "places sum to nothing", f"{key}: {total}")


# --- phones agree ----------------------------------------------------------------------------------------------------


def phones_hold_the_rows(found: Found) -> Iterator[Breach]:
    """Each phone holds the server's rows of its buckets, byte for byte, and shows these when nothing is pending."""
    rows: dict[str, dict[tuple[str, str], str]] = {}
    for (bucket, table, key), value in found.evidence.rows.items():
        rows.setdefault(bucket, {})[table, key] = value.hex()
    for view in found.phones:
        if view.hand.status != OK:
            continue
        name = view.hand.name
        held = {
            bucket: {(table, key): value for table, keys in tables.items() for key, value in keys.items()}
            for bucket, tables in view.stored["buckets"].items()
        }
        for bucket, expected in held.items():
            if not _may_have(found, view, bucket):
                yield Breach("diverged", "phones hold what they may", f"{name} still has {bucket}")
            odd = expected.items() ^ rows.get(bucket, {}).items()
            if odd:
                yield Breach(
                    "diverged", "phones hold the rows", f"{name}: {len(odd)} of {bucket}, {min(odd)[0]}"
                )
        yield from _shown(view, rows, held)


def _may_have(found: Found, view: PhoneView, bucket: str) -> bool:
    """Whether somebody's rights let their phone have a bucket."""
    worker = view.hand.worker
    if bucket == f"device:{view.hand.device}":
        return True
    if not _has_role(found, worker.person):
        return False
    is_desk = worker.role in DESK_ROLES
    if bucket.startswith("site:") and worker.places is not None and not is_desk:
        return bucket.removeprefix("site:") in worker.places
    return is_desk or bucket != "desk"


def _shown(view: PhoneView, rows: Any, held: Any) -> Iterator[Breach]:
    if any(item["stage"] != "settled" for item in view.outbox):
        return
    expected = {}
    for bucket in held:
        for (table, key), value in rows.get(bucket, {}).items():
            if table == "balance":
                _item, _lot, _place, q, w, *_ = decode(bytes.fromhex(value))
                expected[key] = (q, w)
    shown = {key: (row["q"], row["w"]) for key, row in view.shown.items()}
    odd = {
        key for key in expected.keys() | shown.keys() if expected.get(key, (0, 0)) != shown.get(key, (0, 0))
    }
    if odd:
        key = min(odd)
        said = f"{key}: {shown.get(key)}, and the server {expected.get(key)}"
        yield Breach("diverged", "phones show the rows", f"{view.hand.name}: {len(odd)}, {said}")


def _rows(found: Found, wanted: str) -> Iterator[Any]:
    for (_bucket, table, _key), value in found.evidence.rows.items():
        if table == wanted:
            yield decode(value)


LAWS: Final[tuple[Law, ...]] = (
    saved_is_logged, once_and_as_told, forks_are_found, queues_are_empty, deferred_waits_for_something,
    a_managers_word_stands, tables_follow_from_the_log, checkpoints_are_of_this_log, time_is_bounded_by_the_server,
    rights_are_kept, places_sum_to_nothing, phones_hold_the_rows,
)  # fmt: skip
