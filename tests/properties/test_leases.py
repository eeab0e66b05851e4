"""The laws of leases (DESIGN §5, fold.md §7), whatever phones, clocks, networks and managers do.

Two phones never promise the same stock; nothing is promised that is not there when it is given; what may have been
given twice is marked; every fact counts once; and the rows are a function of the log. A mutation of each rule must be
caught: what catches nothing proves nothing.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sync_engine import leasing
from sync_engine.fold import promises
from sync_engine.fold.fold import Fold
from sync_engine.phone_clock import Clock
from tests.properties.lease_world import HOUR_MS, LOTS, PEOPLE, Believed, Floor, Holder

people = st.sampled_from(PEOPLE)
lots = st.sampled_from(LOTS)
quantities = st.integers(1, 20)
much = st.integers(8, 20)
little = st.integers(1, 8)
tasks = st.sampled_from(("T-1", "T-2", "T-3"))
now_and_then = st.sampled_from((False, False, False, False, True))
"""What leaves nothing to judge of a key must not be what mostly happens."""


class Leases(RuleBasedStateMachine):
    """Managers give work, phones go offline and come back, time passes and clocks lie."""

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed: int) -> None:
        self.floor = Floor(seed)
        self.stated: dict[str, bytes] = {}

    # --- the desk --------------------------------------------------------------------------------------------------

    @rule(task=tasks, person=people, lot=st.sampled_from(("", *LOTS)), qty=much, then=st.booleans())
    def give_work(self, task: str, person: str, lot: str, qty: int, then: bool) -> None:
        """Also gives it to another, or changes how much; often that phone is met at once."""
        lines = [["TOM", lot, "", "T1", qty]]
        self.stated[task] = self.floor.say("task", task, "pick", person, None, lines, None)
        if then:
            self.floor.sync(self.floor.holders[person])

    @rule(task=tasks)
    def cancel_work(self, task: str) -> None:
        stated = self.stated.pop(task, None)
        if stated is not None:
            self.floor.say("void", "cancelled", names=(stated,))

    @rule(lot=lots, person=st.none() | people, qty=little, hours=st.integers(1, 30))
    def reserve(self, lot: str, person: str | None, qty: int, hours: int) -> None:
        device = None if person is None else self.floor.holders[person].device
        until_ms = self.floor.now_ms + hours * HOUR_MS
        self.floor.say("reserve", None, [["TOM", lot, "R1", "", qty]], until_ms, device)

    @rule(qty=little, number=st.integers(1, 2))
    def order(self, qty: int, number: int) -> None:
        self.floor.say("order", f"SO-{number}", "zhou", "sell", "2026-11-24", [["TOM", qty, None]])

    @rule(lot=lots, qty=quantities)
    def receive(self, lot: str, qty: int) -> None:
        self.floor.receive(lot, qty)

    @rule(lot=lots, happens=now_and_then)
    def hold_or_release(self, lot: str, happens: bool) -> None:
        hold = self.floor.holds.pop(lot, None)
        if hold is None and not happens:
            return
        if hold is None:
            self.floor.holds[lot] = self.floor.say("hold", "TOM", lot, None, "hold", "mould")
        else:
            self.floor.say("release", "fine", names=(hold,))

    @rule(lot=lots, happens=now_and_then)
    def count(self, lot: str, happens: bool) -> None:
        """What is there, whatever phones have not told yet."""
        if not happens:
            return
        key = ("TOM", lot, "R1")
        self.floor.counted.add(key)
        self.floor.say("count", "R1", None, False, False, [["TOM", lot, self.floor.physical[key]]])

    @rule(lot=lots, qty=quantities, happens=now_and_then)
    def throw_away(self, lot: str, qty: int, happens: bool) -> None:
        key = ("TOM", lot, "R1")
        gone = min(qty, self.floor.physical[key])
        if gone and happens:
            self.floor.disturbed.add(key)
            self.floor.physical[key] -= gone
            self.floor.say("dispose", "rotten", [[*key, "", gone]])

    @rule(person=people, happens=now_and_then)
    @precondition(lambda self: not any(holder.is_revoked for holder in self.floor.holders.values()))
    def revoke(self, person: str, happens: bool) -> None:
        if not happens:
            return
        holder = self.floor.holders[person]
        holder.is_revoked = True
        self.floor.say("revoke", "device", holder.device)

    # --- the floor -------------------------------------------------------------------------------------------------

    def promising(self) -> list[tuple[Holder, Believed]]:
        """Who would promise what, by his own clock."""
        return [
            (holder, lease)
            for holder in self.floor.holders.values()
            for lease in holder.live(self.floor.now_ms)
            if holder.left[lease.granted_at] > 0
        ]

    @rule(number=st.integers(0, 99), qty=quantities, again=st.booleans())
    def pick_under_a_lease(self, number: int, qty: int, again: bool) -> None:
        for _ in range(2 if again else 1):
            promising = self.promising()
            if not promising:
                return
            holder, lease = promising[number % len(promising)]
            some = min(qty, holder.left[lease.granted_at])
            if holder.is_revoked:
                self.floor.disturbed.add(lease.key)
            # Where there is less, the promise was broken by what the invariants look at.
            if self.floor.physical[lease.key] >= some:
                self.floor.pick(holder, lease, some)

    @rule(person=people, lot=lots, qty=quantities, happens=now_and_then)
    def take_without_a_lease(self, person: str, lot: str, qty: int, happens: bool) -> None:
        if happens:
            self.floor.take_freely(self.floor.holders[person], lot, qty)

    @rule(person=people, how=st.sampled_from(("whole", "whole", "whole", "lost", "twice")))
    def sync(self, person: str, how: str) -> None:
        self.floor.sync(self.floor.holders[person], is_reply_lost=how == "lost", is_twice=how == "twice")

    @rule(person=people, happens=now_and_then)
    def reload(self, person: str, happens: bool) -> None:
        if happens:
            self.floor.holders[person].held.phone.reload()

    @rule(person=people, hours=st.integers(-9_000, 9_000), happens=now_and_then)
    def set_the_wall_clock(self, person: str, hours: int, happens: bool) -> None:
        if happens:
            self.floor.holders[person].held.wall_off_ms += hours * HOUR_MS

    # --- time ------------------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from((1, 30, 200, 400, 740, 1500)), is_told=st.booleans())
    def wait(self, minutes: int, is_told: bool) -> None:
        self.floor.now_ms += minutes * 60_000
        if is_told:
            self.floor.tick()

    @rule()
    def restart_the_server(self) -> None:
        before = dict(self.floor.server.rows)
        self.floor.restart()
        assert self.floor.server.ledger.fold.rows() == before, "the log tells all"

    @rule(one=people, other=people, lot=lots, minutes=st.sampled_from((400, 740)), back=st.integers(0, 9_000))
    def silence(self, one: str, other: str, lot: str, minutes: int, back: int) -> None:
        """One goes out of signal with work, his phone's clock may jump; after hours the work is another's."""
        self.give_work(task="T-1", person=one, lot=lot, qty=20, then=True)
        if back:
            self.set_the_wall_clock(person=one, hours=-back, happens=True)
        self.wait(minutes=minutes, is_told=True)
        self.give_work(task="T-2", person=other, lot=lot, qty=20, then=True)

    # --- the laws --------------------------------------------------------------------------------------------------

    @invariant()
    def the_laws_hold(self) -> None:
        if hasattr(self, "floor"):
            self.floor.check()

    def teardown(self) -> None:  # type: ignore[explicit-override]  # `typing.override` begins with Python 3.12
        if not hasattr(self, "floor"):
            return
        floor = self.floor
        floor.settle()
        floor.check()
        self._every_fact_counts_once()
        self._the_rows_are_of_the_log()

    def _every_fact_counts_once(self) -> None:
        floor = self.floor
        if any(holder.is_revoked for holder in floor.holders.values()):
            return  # what a revoked phone recorded waits for a manager
        balances = floor.server.ledger.fold.balances()
        for key, there in floor.physical.items():
            if key not in floor.counted:
                assert balances.get(key, (0, 0, False))[0] == there

    def _the_rows_are_of_the_log(self) -> None:
        ledger = self.floor.server.ledger
        entries = [entry for index in range(ledger.size) if (entry := ledger.fold.logged(index)) is not None]
        Random(len(entries)).shuffle(entries)
        fold = Fold()
        for number, entry in enumerate(entries):
            fold.apply((entry,))
            if number % 7 == 0:
                fold.drain()
        fold.drain()
        wanted = {key: row for key, row in ledger.fold.rows().items() if key[1] != "past_exception"}
        rows = fold.rows()
        different = {key for key in rows.keys() | wanted.keys() if rows.get(key) != wanted.get(key)}
        assert not different, "in whatever order they come"


Leases.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
TestLeases = pytest.mark.timeout(600)(Leases.TestCase)


# --- do the laws bite? ---------------------------------------------------------------------------------------------


def frees_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked back is promised to others before its holder knows."""
    monkeypatch.setattr(
        promises.LeaseNow, "promised", property(lambda lease: lease.left if lease.state == "live" else 0)
    )


def forgets_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Live leases are not counted at all."""
    monkeypatch.setattr(promises.Promised, "leased", property(lambda found: 0))


def forgets_reservations(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is reserved may be leased to anybody."""
    monkeypatch.setattr(
        leasing, "free", lambda state, key, found: promises.available(state, key) - found.leased
    )


def promises_held_goods(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was leased before a hold stays so."""
    monkeypatch.setattr(leasing._Round, "look", lambda self, key: None)  # the rule broken here


def ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server thinks a lease over hours before its holder does."""
    state = promises._state  # the rule that is broken here
    monkeypatch.setattr(promises, "_state", lambda words, now_ms: state(words, now_ms + 7 * HOUR_MS))


def marks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a silent phone may have taken is promised as if it were sure."""
    monkeypatch.setattr(leasing._Round, "_doubtful", lambda self, found: 0)  # the rule broken here


def counts_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pick under a lease leaves the lease as it was."""
    monkeypatch.setattr(promises, "_is_under", lambda take, grant, words: False)


def believes_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone promises on for ever."""
    monkeypatch.setattr(Clock, "stands", lambda self, until_ms, *, wall_ms, mono_ms: True)


def trusts_a_new_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone that was reloaded, or whose clock stepped, believes its wall clock."""

    def stands(clock: Clock, until_ms: int, *, wall_ms: int, mono_ms: int) -> bool:
        return clock.server_ms(wall_ms) < until_ms

    monkeypatch.setattr(Clock, "stands", stands)


Mutation = Callable[[pytest.MonkeyPatch], None]
HUNT_S = 600
"""A hunt ends with the first law that is broken; only on a busy machine does it take minutes."""
MUTATIONS: tuple[Mutation, ...] = (
    frees_at_once, forgets_promises, forgets_reservations, promises_held_goods, ends_early, marks_nothing,
    counts_no_use, believes_itself, trusts_a_new_run,
)  # fmt: skip


@pytest.mark.timeout(HUNT_S)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_broken_rule_is_caught(
    mutation: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)
    hunt: Any = settings(
        max_examples=150,
        stateful_step_count=50,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Leases, settings=hunt)
