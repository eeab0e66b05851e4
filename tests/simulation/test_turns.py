"""Several processes hold one ledger and commit in turns: each takes in what the others did, and all stay the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.demo.shuffle import ShuffledDay

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync_engine.ledger import Ledger

SEEDS = 60
PROCESSES = 3


class Turns:
    """The server of a day as several ledgers over one log: any may be the next to commit; the others follow later."""

    def __init__(self, day: ShuffledDay) -> None:
        self.server, self._chance = day.server, day.chance
        self.ledgers = [self.server.ledger]
        self.ledgers += [self.server.copy(day._empty()).ledger for _ in range(PROCESSES - 1)]
        for name in ("deliver", "record"):
            setattr(self.server, name, self._in_turn(getattr(self.server, name)))

    def _in_turn(self, commit: Callable[..., Any]) -> Callable[..., Any]:
        def committed(*args: Any, **more: Any) -> Any:
            if self.server.ledger not in self.ledgers:  # it was restarted
                self.ledgers[0] = self.server.ledger
            self.server.ledger = self._chance.choice(self.ledgers)
            self.follow(self.server.ledger)
            if self._chance.random() < 0.5:
                self.follow(self._chance.choice(self.ledgers))
            done = commit(*args, **more)
            for ledger in self._chance.sample(self.ledgers, k=1):
                self.follow(ledger)
                assert _waiting(ledger) == set(self.server.waiting), "what waits for one waits for all"
            return done

        return committed

    def follow(self, ledger: Ledger) -> None:
        """Take in what the store holds: the end of the log with the last word on each op, and all that waits."""
        newest = max(self.ledgers, key=lambda one: one.size)
        held = [newest.fold.logged(index) for index in range(ledger.size, newest.size)]
        logged = [entry for entry in held if entry is not None]
        ledger.follow(logged, self.server.branches, list(self.server.waiting.values()))


def _waiting(ledger: Ledger) -> set[bytes]:
    return {frame.hash for device in ledger.directory.devices() for frame in ledger.waiting(device.id)}


@pytest.mark.parametrize("share", range(3))
def test_a_day_on_several_processes_ends_as_on_one_and_each_holds_all_of_it(share: int) -> None:
    for seed in range(share, SEEDS, 3):
        day = ShuffledDay(seed)
        turns = Turns(day)
        assert day.outcome().is_well, seed
        for ledger in turns.ledgers:
            turns.follow(ledger)
        first, *others = turns.ledgers
        for ledger in others:
            assert ledger.fold.rows() == first.fold.rows()
            assert ledger.server_ms == first.server_ms
            for device in first.directory.devices():
                assert ledger.directory.device(device.id) == device
                assert ledger.device_state(device.id) == first.device_state(device.id)
