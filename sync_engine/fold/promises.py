"""What is promised of stock, to whom, and how much of it is used up: fold.md §7. Pure in the ops and the log's time.

A lease is live until its end by the server's time. It is used up by what its holder took under it; what the server
asked back stays promised until the holder said that it knows, or until the end. A reservation promises to an order
and to no device; what is leased for the same order is part of it and not promised twice.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from domain import kinds
from domain.lowering import RESIDUAL_LOT
from sync_engine.fold.entries import EMPTY
from sync_engine.fold.progress import order_now
from sync_engine.fold.promise_book import Grant, Key, PromiseBook, Reserved, Take, keys_of
from sync_engine.fold.state import State

LeaseState = Literal["live", "recalled", "lapsed", "returned"]

HOLDERS_SHOWN_MAX: Final = 8
"""So many holders a refusal or an exception names."""
RETURNED_READ: Final = 64
"""Of one key, the last so many returned leases are read: what was taken under older ones is settled."""


class LeaseNow(NamedTuple):
    """A lease as it stands."""

    grant: Grant
    until_ms: int
    state: LeaseState
    used: int
    uses: tuple[tuple[int, int], ...]
    """(op index, quantity), in order of the log."""
    recalled_at: int | None
    """Index of the op that asked it back."""
    draws: tuple[int, ...]
    """Leases that had lapsed unreported when this one was given out of their stock."""

    @property
    def granted_at(self) -> int:
        """The index of the op that began it: its name."""
        return self.grant.origin.index

    @property
    def purpose(self) -> str:
        """The task or the order that it is for, empty without one."""
        return self.grant.body.task or self.grant.body.order or ""

    @property
    def left(self) -> int:
        """What it still promises, whether or not that still counts."""
        return max(0, self.grant.body.qty - self.used)

    @property
    def promised(self) -> int:
        """What nobody else may be promised because of it."""
        return self.left if self.state in {"live", "recalled"} else 0


class ReserveNow(NamedTuple):
    """What a reservation promises of one key."""

    reserved: Reserved
    key: Key
    qty: int
    taken: int
    """Of it, since."""
    left: int
    """Never more than the order lacks."""


class Beyond(NamedTuple):
    """A holder took more than its lease: `leased` of what it took was promised to it."""

    take: Take
    leased: int


class Promised(NamedTuple):
    """All that is promised of one key."""

    leases: tuple[LeaseNow, ...]
    """Those that are not returned, in the order in which they were given."""
    reserves: tuple[ReserveNow, ...]
    beyond: tuple[Beyond, ...]

    @property
    def leased(self) -> int:
        """Promised to devices."""
        return sum(lease.promised for lease in self.leases)

    @property
    def reserved(self) -> int:
        """Promised to orders and customers beyond what devices hold for them."""
        return sum(self._beyond_leases().values())

    @property
    def at_risk(self) -> int:
        """What lapsed leases left: nobody knows yet whether it was taken."""
        return sum(lease.left for lease in self.leases if lease.state == "lapsed")

    def reserved_for(self, order: str | None) -> int:
        """Promised to an order beyond what devices hold for it: that order may be given it."""
        return 0 if order is None else self._beyond_leases().get(("order", order), 0)

    def reserved_by(self, index: int) -> int:
        """What a reservation for a device promises and no device has yet."""
        return self._beyond_leases().get(("op", index), 0)

    def _beyond_leases(self) -> dict[tuple[str, str | int | None], int]:
        """By order; reservations without one stand for themselves."""
        found: dict[tuple[str, str | int | None], int] = {}
        for reserve in self.reserves:
            name = _purpose(reserve.reserved.body.order, reserve.reserved.origin.index)
            found[name] = found.get(name, 0) + reserve.left
        for lease in self.leases:
            name = _purpose(lease.grant.body.order, lease.grant.body.for_index)
            if name in found:
                found[name] = max(0, found[name] - lease.promised)
        return found


def _purpose(order: str | None, index: int | None) -> tuple[str, str | int | None]:
    return ("op", index) if order is None else ("order", order)


NOTHING: Final = Promised((), (), ())


def promised(state: State, key: Key) -> Promised:
    """Return what is promised of a key."""
    if not state.promises.is_promised(key):
        return NOTHING
    leases, beyond = _leases(state, key)
    standing = tuple([lease for lease in leases if lease.state != "returned"])
    return Promised(standing, tuple(_reserves(state, key, leases)), beyond)


def on_hand(state: State, key: Key) -> int:
    """Return the pieces of a key that stand there, as of the last derivation."""
    item, lot, place = key
    group = state.groups.get(item, {}).get(place)
    return 0 if group is None else group.balances.get(lot, EMPTY).q


def available(state: State, key: Key) -> int:
    """Return what can be promised of a key at all: nothing of what is held, or of a difference without goods."""
    item, lot, place = key
    if lot == RESIDUAL_LOT or state.held_at(item, lot, place) is not None:
        return 0
    return on_hand(state, key)


def free(state: State, key: Key, standing: Promised | None = None) -> int:
    """Return what nobody was promised yet (ATP); below zero where more is promised than stands there."""
    found = promised(state, key) if standing is None else standing
    return available(state, key) - found.leased - found.reserved


def holders(found: Promised) -> list[list[object]]:
    """Return who is promised how much and until when, as facts: [device or "", task or order or "", qty, until]."""
    told: list[list[object]] = [
        [lease.grant.body.device.hex(), lease.purpose, lease.promised, lease.until_ms]
        for lease in found.leases
        if lease.promised
    ]
    for reserve in found.reserves:
        body = reserve.reserved.body
        order = found.reserved_for(body.order) if body.order else reserve.left
        qty = min(reserve.left, order)
        if qty:
            told.append(["", body.order or "", qty, body.until_ms])
    return told[:HOLDERS_SHOWN_MAX]


def promised_to(state: State, order: str) -> Mapping[str, int]:
    """Return item → what reservations and leases promise to an order."""
    book = state.promises
    keys: dict[Key, None] = {}
    for index in sorted(book.reserves_for_order.get(order, ())):
        keys.update(dict.fromkeys(keys_of(book.reserves[index].body)))
    for index in sorted(book.grants_for_order.get(order, ())):
        keys[book.grants[index].key] = None
    found: dict[str, int] = {}
    for key in keys:
        held = promised(state, key)
        leased = sum(lease.promised for lease in held.leases if lease.grant.body.order == order)
        found[key[0]] = found.get(key[0], 0) + leased + held.reserved_for(order)
    return found


# --- leases --------------------------------------------------------------------------------------------------------


class _Words(NamedTuple):
    """What later ops said of a lease."""

    until_ms: int
    recalled_at: int | None
    returned_at: int | None


def _words(state: State, grant: Grant) -> _Words:
    until, recalled, returned = grant.body.until_ms, None, None
    named = state.naming.get(grant.origin.hash, {})
    for index in sorted(named):
        body = named[index]
        if not isinstance(body, kinds.Lease):
            continue
        if body.word == "extend" and recalled is None:
            until = max(until, body.until_ms)
        elif body.word == "recall":
            recalled, until = index if recalled is None else recalled, min(until, body.until_ms)
        elif body.word == "return" and returned is None:
            returned = index
    return _Words(until, recalled, returned)


def _grants_read(book: PromiseBook, key: Key) -> list[Grant]:
    """All leases that are not returned; of those that are, the last ones and what still bears on promises."""
    standing = sorted(book.grants_at.get(key, ()))
    returned = book.returned_at.get(key, [])
    since: dict[bytes, int] = {}
    for index in standing:
        since.setdefault(book.grants[index].body.device, index)
    older = [index for index in returned[:-RETURNED_READ] if _bears(book, book.grants[index], since)]
    return [book.grants[index] for index in sorted([*older, *returned[-RETURNED_READ:], *standing])]


def _bears(book: PromiseBook, grant: Grant, since: Mapping[bytes, int]) -> bool:
    """Whether a returned lease shares takes with one that stands, or used up a reservation that still stands."""
    first, returned_at = since.get(grant.body.device), book.returned_by(grant)
    if first is not None and returned_at is not None and returned_at > first:
        return True
    asked = None if grant.body.for_index is None else book.reserves.get(grant.body.for_index)
    return asked is not None and asked.body.until_ms > book.now_ms


def _leases(state: State, key: Key) -> tuple[list[LeaseNow], tuple[Beyond, ...]]:
    book = state.promises
    grants = _grants_read(book, key)
    if not grants:
        return [], ()
    words = {grant.origin.index: _words(state, grant) for grant in grants}
    uses: dict[int, list[tuple[int, int]]] = {grant.origin.index: [] for grant in grants}
    beyond: list[Beyond] = []
    takes = book.takes.get(key, [])
    soonest: dict[bytes, list[Grant]] = {}
    for grant in sorted(grants, key=lambda grant: (words[grant.origin.index].until_ms, grant.origin.index)):
        soonest.setdefault(grant.body.device, []).append(grant)
    left = {grant.origin.index: grant.body.qty for grant in grants}
    for take in takes[bisect_left(takes, (grants[0].origin.index,)) :]:
        of_device = soonest.get(take.device, ())
        fitting = [grant for grant in of_device if _is_under(take, grant, words[grant.origin.index])]
        rest = take.qty
        for grant in fitting:
            index = grant.origin.index
            used = min(rest, left[index])
            if used:
                left[index] -= used
                rest -= used
                uses[index].append((take.leaf, used))
        if rest and fitting and (take.task is not None or take.order is not None):
            beyond.append(Beyond(take, take.qty - rest))
    now_ms = book.now_ms
    leases = [
        LeaseNow(
            grant,
            words[grant.origin.index].until_ms,
            _state(words[grant.origin.index], now_ms),
            sum(qty for _index, qty in uses[grant.origin.index]),
            tuple(uses[grant.origin.index]),
            words[grant.origin.index].recalled_at,
            _draws(state, grant),
        )
        for grant in grants
    ]
    return leases, tuple(beyond)


def _state(words: _Words, now_ms: int) -> LeaseState:
    if words.returned_at is not None:
        return "returned"
    if words.until_ms <= now_ms:
        return "lapsed"
    return "live" if words.recalled_at is None else "recalled"


def _is_under(take: Take, grant: Grant, words: _Words) -> bool:
    """Whether the holder took it under the lease: for what it was given for, and before it knew of its end."""
    index, body = grant.origin.index, grant.body
    if take.device != body.device or take.leaf < index:
        return False
    ends = [end for end in (words.recalled_at, words.returned_at) if end is not None]
    if ends and min(ends) < take.seen:
        return False
    if body.task is not None and take.task is not None:
        return body.task == take.task
    if body.order is not None and take.order is not None:
        return body.order == take.order
    return take.task is None and take.order is None and index < take.seen


def _draws(state: State, grant: Grant) -> tuple[int, ...]:
    found = [state.index_by_hash.get(name) for name in grant.origin.names]
    return tuple(sorted(index for index in found if index is not None and index in state.promises.grants))


# --- reservations --------------------------------------------------------------------------------------------------


def _reserves(state: State, key: Key, leases: Sequence[LeaseNow]) -> Iterator[ReserveNow]:
    for index in sorted(state.promises.reserves_at.get(key, ())):
        reserved = state.promises.reserves[index]
        if reserved.body.order is not None:
            found = _of_order(state, reserved.body.order).get((index, key))
        else:
            qty = keys_of(reserved.body)[key]
            used = sum(lease.used for lease in leases if lease.grant.body.for_index == index)
            found = (
                ReserveNow(reserved, key, qty, used, qty - used) if _is_standing(state, reserved) else None
            )
        if found is not None and found.left > 0:
            yield found


def _is_standing(state: State, reserved: Reserved) -> bool:
    """Whether its time is not over, and the order that it names still in effect."""
    if reserved.body.until_ms <= state.promises.now_ms:
        return False
    return all(state.index_by_hash.get(name) in state.noted for name in reserved.origin.names)


def _of_order(state: State, order: str) -> Mapping[tuple[int, Key], ReserveNow]:
    """Return what the reservations of an order still promise: together never more of an item than the order lacks."""
    now = order_now(state, order)
    lacking: dict[str, int] = {}
    used: dict[tuple[int, int], int] = {}
    found: dict[tuple[int, Key], ReserveNow] = {}
    for index in sorted(state.promises.reserves_for_order.get(order, ())):
        reserved = state.promises.reserves[index]
        is_standing = _is_standing(state, reserved)
        for key, qty in sorted(keys_of(reserved.body).items()):
            taken = _taken_for(state, key, order, index, qty, used)
            left = qty - taken
            if now is not None:
                left = min(left, lacking.setdefault(key[0], now.left(key[0])))
            if is_standing and left > 0:
                found[index, key] = ReserveNow(reserved, key, qty, taken, left)
                if now is not None:
                    lacking[key[0]] -= left
    return found


def _taken_for(
    state: State, key: Key, order: str, index: int, most: int, used: dict[tuple[int, int], int]
) -> int:
    """What was taken of a key for an order since a reservation: each take uses one up, the earliest first."""
    takes = state.promises.takes.get(key, [])
    total = 0
    for take in takes[bisect_left(takes, (index,)) :]:
        if total >= most:
            break
        if take.order != order:
            continue
        name = (take.leaf, take.line)
        rest = min(take.qty - used.get(name, 0), most - total)
        used[name] = used.get(name, 0) + rest
        total += rest
    return total
