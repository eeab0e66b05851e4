"""What the server owes: leases that it gives, extends, asks back and ends, and stock reserved for orders (fold.md §7).

Pure: it reads the fold and returns what the server's own device is to say; only when that is in the log is it so. What
it says follows from the log and from what phones say of themselves, so a server that lost a round says it in the next.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from domain import kinds
from domain.allocation import Standing, allocate
from domain.body_fields import INT_MAX
from domain.expiry import DAY_MS, day_of, end_of_day_ms, parse_day
from domain.lowering import RESIDUAL_LOT, is_physical
from sync_engine.commit import Intention
from sync_engine.directory import Directory
from sync_engine.fold.lots import expiry_day
from sync_engine.fold.progress import TaskNow, order_now, task_now
from sync_engine.fold.promise_book import Ask, Grant, Key, Reserved, keys_of
from sync_engine.fold.promises import LeaseNow, Promised, free, promised, promised_to
from sync_engine.fold.state import State

HOUR_MS: Final = 3_600_000
LEASE_HOURS: Final = 12
"""A shift: a phone that meets nobody for longer promises nothing more. Rule `lease_hours` says otherwise."""
LEASE_HOURS_MAX: Final = 168
ORDER_DAYS: Final = 7
"""An order that is overdue by so many days has nothing reserved any more."""
NOT_PICKED_FROM: Final = frozenset({"vehicle", "zone", "hold", "farm", "plot"})
"""Kinds of places whose stock is on its way, set aside, or not ours to send yet. Twin: `pwa/src/screens/lines`."""
LEASED_WORK: Final = frozenset({"pick", "move"})
REPLANNED: Final = "replanned"
"""The reason of the server's own `void` of a reservation."""
RESERVE_LINES: Final = 40
"""So many lines fit into one op, whatever the names of their items."""


class Met(NamedTuple):
    """A device that spoke for itself in this commit.

    `cursor`: up to where it has applied the rows; `is_whole`: all that it had recorded when it spoke is in the log;
    `as_of_ms`: when that was, by its own estimate of server time, None where it cannot tell.
    """

    device: bytes
    cursor: int
    is_whole: bool
    as_of_ms: int | None


class World(NamedTuple):
    """What leasing asks of the ledger."""

    state: State
    directory: Directory
    is_forked: Callable[[bytes], bool]
    now_ms: int


def owed(world: World, met: Sequence[Met] = ()) -> list[Intention]:
    """Return what the server is to say of leases and reservations now; nothing when all is said."""
    book = world.state.promises
    speaking = _Round(world)
    for one in met:
        speaking.hear(one)
    looked, book.looked = list(book.looked), {}
    for key in looked:
        speaking.look(key)
    revoked, book.revoked = list(book.revoked), {}
    for device in revoked:
        for lease in speaking.leases(book.grants_to.get(device, set())):
            speaking.recall(lease)
    asked, book.asked = list(book.asked), {}
    for ask in asked:
        if speaking.may_answer(ask):
            speaking.answer(ask)
        else:
            book.asked[ask] = None
    return speaking.said


class _Round:
    """One round: what was said in it already counts for what is said next."""

    def __init__(self, world: World) -> None:
        self.said: list[Intention] = []
        self._state, self._directory, self._is_forked, self._now_ms = world
        self._book = world.state.promises
        self._given: dict[Key, int] = {}
        self._spoken: set[int] = set()
        """Leases of which this round has said something."""

    # --- what a phone tells ------------------------------------------------------------------------------------

    def hear(self, met: Met) -> None:
        """A device spoke: what it has reported is settled, what it works on goes on."""
        leases = self.leases(self._book.grants_to.get(met.device, set()))
        if self._is_forked(met.device):
            for lease in leases:
                self.recall(lease)
        if not met.is_whole:
            return
        for lease in leases:
            knows = lease.recalled_at is not None and met.cursor >= lease.recalled_at
            # What it said before the end may have hung on its way while it went on to use the lease.
            is_over = met.as_of_ms is not None and lease.until_ms <= min(met.as_of_ms, self._now_ms)
            if lease.left == 0 or is_over or knows:
                self._say(lease, "return", 0, lease.until_ms)
            elif self._is_nearly_over(lease) and self._is_wanted(lease):
                self._say(lease, "extend", lease.grant.body.qty, self._now_ms + self._term_ms)
        self._book.asked.update(dict.fromkeys(sorted(self._book.unreported.pop(met.device, ()))))

    def _is_nearly_over(self, lease: LeaseNow) -> bool:
        ends_with_task = lease.grant.body.task is not None and lease.state == "live"
        return ends_with_task and lease.until_ms - self._now_ms < self._term_ms // 2

    @property
    def _term_ms(self) -> int:
        hours = self._state.attribute("rule", "lease_hours", "value")
        is_sound = isinstance(hours, int) and 0 < hours <= LEASE_HOURS_MAX
        return (hours if is_sound and isinstance(hours, int) else LEASE_HOURS) * HOUR_MS

    def leases(self, indexes: set[int]) -> list[LeaseNow]:
        """The leases that these ops began and that are not returned."""
        keys = {self._book.grants[index].key: None for index in sorted(indexes)}
        found = [lease for key in keys for lease in promised(self._state, key).leases]
        return [
            lease
            for lease in sorted(found, key=lambda lease: lease.granted_at)
            if lease.granted_at in indexes and lease.granted_at not in self._spoken
        ]

    # --- taking back -------------------------------------------------------------------------------------------

    def look(self, key: Key) -> None:
        """Nobody may count on goods that are held."""
        if self._state.held_at(*key) is not None:
            for lease in self.leases(self._book.grants_at.get(key, set())):
                self.recall(lease)

    def recall(self, lease: LeaseNow) -> None:
        """Ask a lease back: it counts until its holder knows, or its end; of a revoked device nothing counts."""
        if not lease.promised:
            return
        is_revoked = self._directory.device_revoked_at(lease.grant.body.device) is not None
        if is_revoked:
            self._say(lease, "recall", 0, self._now_ms)
        elif lease.state == "live":
            self._say(lease, "recall", 0, lease.until_ms)

    def _is_wanted(self, lease: LeaseNow) -> bool:
        """Whether that for which it was given is still to be done, at that device."""
        body = lease.grant.body
        if self._directory.device_revoked_at(body.device) is not None:
            return False
        if body.task is None:
            asked = None if body.for_index is None else self._book.reserves.get(body.for_index)
            return asked is not None and asked.body.until_ms > self._now_ms
        now = task_now(self._state, body.task)
        return now is not None and self._device_for(now) == body.device and self._is_lacking(now, body.item)

    def _is_lacking(self, now: TaskNow, item: str) -> bool:
        wanted = sum(line.qty for line in now.stated.lines if line.item == item)
        done = sum(q for (of, _lot), (q, _w) in now.done.items() if of == item)
        return done < wanted

    def _say(self, lease: LeaseNow, word: str, qty: int, until_ms: int) -> None:
        self._spoken.add(lease.granted_at)
        body, names = lease.grant.body, (lease.grant.origin.hash,)
        fields = (body.device, body.item, body.lot, body.place, qty, until_ms, body.for_index, word)
        self.said.append(Intention("lease", (None, names, *fields, body.task, body.order)))

    # --- giving ------------------------------------------------------------------------------------------------

    def may_answer(self, ask: Ask) -> bool:
        """After a log lost its end, phones may hold leases that it forgot: for a term, none is given."""
        reopened_ms = self._book.reopened_ms
        return ask[0] == "order" or not reopened_ms or self._now_ms >= reopened_ms + self._term_ms

    def answer(self, ask: Ask) -> None:
        """Give what is asked for as far as there is any, and take back what is asked for no more."""
        what, name = ask
        if what == "task":
            self._answer_task(name)
        elif what == "order":
            self._answer_order(name)
        else:
            self._answer_reserve(int(name))

    def _answer_task(self, task: str) -> None:
        held = self.leases(self._book.grants_for_task.get(task, set()))
        for lease in held:
            if not self._is_wanted(lease):
                self.recall(lease)
        now = task_now(self._state, task)
        device = None if now is None else self._device_for(now)
        if now is None or device is None or not self._may_hold(device, ("task", task)):
            return
        standing = [lease for lease in held if lease.state == "live" and lease.granted_at not in self._spoken]
        for line, qty in _needs(now, standing):
            order = now.stated.order
            wanted = _Wanted(line.item, line.lot, line.from_place, line.to_place)
            given = self._allocate(wanted, qty, order)
            for key, some in given.items():
                self._grant(
                    device,
                    key,
                    some,
                    self._now_ms + self._term_ms,
                    (now.noted.origin.index, now.stated.task, order),
                )
            if sum(given.values()) < qty:
                self._book.short.setdefault(line.item, set()).add(("task", task))

    def _device_for(self, now: TaskNow) -> bytes | None:
        stated = now.stated
        if now.is_done or stated.work not in LEASED_WORK or not stated.assignee:
            return None
        device = self._directory.device_of(stated.assignee)
        if device is None:
            self._book.unheld.setdefault(stated.assignee, set()).add(("task", stated.task))
        return device

    def _may_hold(self, device: bytes, ask: Ask) -> bool:
        """A device that let a lease lapse and was not heard of since gets nothing until it is; a copied one nothing."""
        if self._is_forked(device) or self._directory.device_revoked_at(device) is not None:
            return False
        silent = [x for x in self.leases(self._book.grants_to.get(device, set())) if x.state == "lapsed"]
        if any(lease.left for lease in silent):
            self._book.unreported.setdefault(device, set()).add(ask)
            return False
        return self._directory.device(device) is not None

    def _answer_reserve(self, index: int) -> None:
        asked = self._book.reserves.get(index)
        for lease in self.leases(self._book.grants_for.get(index, set())):
            if not self._is_wanted(lease):
                self.recall(lease)
        if asked is None or asked.body.device is None or asked.body.until_ms <= self._now_ms:
            return
        if self._may_hold(asked.body.device, ("reserve", str(index))):
            self._lease_reserved(asked, asked.body.device)

    def _lease_reserved(self, asked: Reserved, device: bytes) -> None:
        """What was reserved for the device and none of its leases promises, as far as it is there."""
        index, body = asked.origin.index, asked.body
        for key in keys_of(body):
            found = promised(self._state, key)
            own = sum(lease.promised for lease in found.leases if lease.grant.body.for_index == index)
            left = sum(one.left for one in found.reserves if one.reserved.origin.index == index) - own
            beyond = found.reserved_by(index) if body.order is None else found.reserved_for(body.order)
            lacks = min(left, beyond)
            some = min(lacks, free(self._state, key, found) + beyond - self._given.get(key, 0))
            if some > 0:
                if body.order is not None:
                    self._given[key] = self._given.get(key, 0) + some
                self._grant(device, key, some, body.until_ms, (index, None, body.order))
            if some < lacks:
                self._book.short.setdefault(key[0], set()).add(("reserve", str(index)))

    def _answer_order(self, order: str) -> None:
        now = order_now(self._state, order)
        if now is None or now.is_done or now.stated.side != "sell":
            return
        due = parse_day(now.stated.due_on)
        due_ms = self._now_ms if due is None else end_of_day_ms(due, self._state.utc_offset_minutes)
        until_ms = due_ms + ORDER_DAYS * DAY_MS
        if until_ms <= self._now_ms:
            return
        if self._replans(order, now.noted.origin.hash):
            return
        has, lines = promised_to(self._state, order), []
        for item in dict.fromkeys(item for item, _qty, _weight in now.stated.lines):
            need = now.left(item) - has.get(item, 0)
            if need <= 0:
                continue
            given = self._allocate(_Wanted(item), need, None)
            lines += [(key[0], key[1], key[2], "", min(qty, INT_MAX)) for key, qty in given.items()]
            if sum(given.values()) < need:
                self._book.short.setdefault(item, set()).add(("order", order))
        names = (now.noted.origin.hash,)
        for first in range(0, len(lines), RESERVE_LINES):
            some = tuple(lines[first : first + RESERVE_LINES])
            self.said.append(Intention("reserve", (None, names, order, some, until_ms)))

    def _replans(self, order: str, stated: bytes) -> bool:
        """What was reserved for an order and is not there, or held by now, is reserved anew in the next round.

        Nobody was told to count on it, so nothing is broken by it: the order says what it is short of.
        """
        broken = False
        for index in sorted(self._book.reserves_for_order.get(order, ())):
            reserved = self._book.reserves[index]
            if (
                reserved.body.device is None
                and stated in reserved.origin.names
                and self._is_broken(reserved, order)
            ):
                self.said.append(Intention("void", (None, (reserved.origin.hash,), REPLANNED)))
                broken = True
        return broken

    def _is_broken(self, reserved: Reserved, order: str) -> bool:
        for key in keys_of(reserved.body):
            found = promised(self._state, key)
            if found.reserved_for(order) and free(self._state, key, found) < 0:
                return True
        return False

    # --- from where --------------------------------------------------------------------------------------------

    def _allocate(self, wanted: "_Wanted", qty: int, order: str | None) -> dict[Key, int]:
        """First expired, first out over what is free; what a silent phone may have taken comes last of all."""
        today = day_of(self._now_ms, self._state.utc_offset_minutes)
        found = list(self._candidates(wanted, order))
        given: dict[Key, int] = {}
        left = qty
        for spares_doubtful in (True, False):
            standing = [one.standing(given, spares_doubtful=spares_doubtful) for one in found]
            allocated = allocate(left, standing, today)
            for portion in allocated.portions:
                key = (wanted.item, portion.lot, portion.place)
                given[key] = given.get(key, 0) + portion.qty
            left = allocated.short
            if not left:
                break
        for key, some in given.items():
            self._given[key] = self._given.get(key, 0) + some
        return given

    def _candidates(self, wanted: "_Wanted", order: str | None) -> Iterator["_Candidate"]:
        state, item, lot = self._state, wanted.item, wanted.lot
        for where, group in state.groups.get(item, {}).items():
            if where == wanted.to_place or not self._is_picked_from(where, wanted.from_place):
                continue
            for of, balance in group.balances.items():
                if balance.q <= 0 or of == RESIDUAL_LOT or (lot and of != lot):
                    continue
                key = (item, of, where)
                found = promised(state, key)
                atp = free(state, key, found) + found.reserved_for(order) - self._given.get(key, 0)
                yield _Candidate(
                    Standing(
                        of,
                        where,
                        balance.q,
                        atp,
                        expiry_day(state, item, of),
                        state.held_at(item, of, where) is not None,
                    ),
                    key,
                    self._doubtful(found),
                )

    def _is_picked_from(self, place: str, asked: str) -> bool:
        """From where the task says; where it says nothing, from where goods are kept to be picked."""
        if asked:
            return place == asked
        return is_physical(place) and self._state.attribute("place", place, "kind") not in NOT_PICKED_FROM

    def _doubtful(self, found: Promised) -> int:
        return sum(
            lease.left
            for lease in found.leases
            if lease.state == "lapsed" and lease.granted_at not in self._spoken
        )

    def _grant(
        self, device: bytes, key: Key, qty: int, until_ms: int, purpose: tuple[int, str | None, str | None]
    ) -> None:
        """Give a lease; it names those whose stock it may be drawing upon, because their holders are silent."""
        index, task, order = purpose
        found = promised(self._state, key)
        sure = free(self._state, key, found) + found.reserved_for(order) - self._doubtful(found)
        doubtful: list[Grant] = []
        given = self._given.get(key, 0)
        if order is None and task is None:
            sure += found.reserved_by(index)
            given += qty
        if given > sure:
            doubtful = [x.grant for x in found.leases if x.state == "lapsed" and x.left]
        names = tuple([grant.origin.hash for grant in doubtful if grant.origin.index not in self._spoken])
        fields = (device, *key, min(qty, INT_MAX), until_ms, index, "grant", task, order)
        self.said.append(Intention("lease", (None, names, *fields)))


class _Wanted(NamedTuple):
    """What may be given; empty where anything may be."""

    item: str
    lot: str = ""
    from_place: str = ""
    to_place: str = ""


class _Candidate(NamedTuple):
    """A key that may be promised; `doubtful` of it a silent phone may have taken."""

    whole: Standing
    key: Key
    doubtful: int

    def standing(self, given: dict[Key, int], *, spares_doubtful: bool) -> Standing:
        """What is left of it in this allocation."""
        lot, place, on_hand, atp, expires_on, held = (
            self.whole.lot,
            self.whole.place,
            self.whole.on_hand,
            self.whole.free,
            self.whole.expires_on,
            self.whole.held,
        )
        left = atp - given.get(self.key, 0) - (self.doubtful if spares_doubtful else 0)
        return Standing(lot, place, on_hand, left, expires_on, held)


def _needs(now: TaskNow, standing: Sequence[LeaseNow]) -> Iterator[tuple[kinds.Line, int]]:
    """What each line of a task still lacks, done and leased apart: lines that name a lot before those that do not."""
    left: dict[str, int] = {}
    by_lot: dict[tuple[str, str], int] = {}
    for line in now.stated.lines:
        left[line.item] = left.get(line.item, 0) + line.qty
    for (item, lot), (q, _w) in now.done.items():
        left[item] = left.get(item, 0) - q
        by_lot[item, lot] = by_lot.get((item, lot), 0) + q
    for lease in standing:
        item, lot, _place = lease.grant.key
        left[item] = left.get(item, 0) - lease.promised
        by_lot[item, lot] = by_lot.get((item, lot), 0) + lease.promised
    for line in sorted(now.stated.lines, key=lambda line: not line.lot):
        lacks = left.get(line.item, 0)
        if line.lot:
            lacks = min(lacks, line.qty - by_lot.get((line.item, line.lot), 0))
            by_lot[line.item, line.lot] = by_lot.get((line.item, line.lot), 0) - line.qty
        lacks = min(lacks, line.qty)
        if lacks > 0:
            left[line.item] -= lacks
            yield line, lacks
