"""Several processes hold one ledger and commit in turns: each takes in what the others did, and all stay the same."""

from __future__ import annotations

from collections.abc import Sequence  # the signature of the server is looked at
from typing import TYPE_CHECKING

import pytest

from api.demo.memory_server import MemoryServer
from api.demo.shuffle import ShuffledDay

if TYPE_CHECKING:
    from random import Random

    from sync_engine.commit import Commit, Delivery, Intention
    from sync_engine.ledger import Ledger

SEEDS = 60
PROCESSES = 3


class TurnsServer(MemoryServer):
    """A log in memory, and several ledgers of which any may be the next to commit; they follow late, or at once."""

    def __init__(self, ledgers: Sequence[Ledger], chance: Random) -> None:
        super().__init__(ledgers[0])
        self.ledgers = ledgers
        self._chance = chance

    def follow(self, ledger: Ledger) -> None:
        """What a process takes in from the store: the end of the log with the last word on each op, and what waits."""
        newest = max(self.ledgers, key=lambda one: one.size)
        held = [newest.fold.logged(index) for index in range(ledger.size, newest.size)]
        logged = [entry for entry in held if entry is not None]
        ledger.follow(logged, self.branches, list(self.waiting.values()))

    def restart(self, empty: Ledger) -> None:
        super().restart(empty)
        self.ledgers = [empty, *self.ledgers[1:]]

    async def record(self, intentions: Sequence[Intention], *, at_ms: int) -> Sequence[tuple[int, bytes]]:
        self._switch()
        return await super().record(intentions, at_ms=at_ms)

    def deliver(self, deliveries: Sequence[Delivery], *, at_ms: int) -> Commit:
        self._switch()
        return super().deliver(deliveries, at_ms=at_ms)

    def _switch(self) -> None:
        self.ledger = self._chance.choice(self.ledgers)
        self.follow(self.ledger)
        bystander = self._chance.choice(self.ledgers)
        if self._chance.random() < 0.5:
            self.follow(bystander)


class DayInTurns(ShuffledDay):
    """A shuffled day at a company whose server is several processes."""

    def _server(self) -> MemoryServer:
        made = [self.company.server.copy(self._empty()) for _ in range(PROCESSES)]
        server = TurnsServer([one.ledger for one in made], self.chance)
        server.log, server.rows = made[0].log, made[0].rows
        server.branches, server.waiting = made[0].branches, made[0].waiting
        server._frontier = made[0]._frontier
        return server


@pytest.mark.parametrize("share", range(3))
def test_a_day_on_several_processes_ends_as_on_one_and_each_holds_all_of_it(share: int) -> None:
    for seed in range(share, SEEDS, 3):
        day = DayInTurns(seed)
        assert day.outcome().is_well, seed
        server = day.server
        assert isinstance(server, TurnsServer)
        for ledger in server.ledgers:
            server.follow(ledger)
        first, *others = server.ledgers
        for ledger in others:
            assert ledger.fold.rows() == first.fold.rows()
            assert ledger.server_ms == first.server_ms
            for device in first.directory.devices():
                assert ledger.directory.device(device.id) == device
                assert ledger.device_state(device.id) == first.device_state(device.id)
                assert {frame.hash for frame in ledger.waiting(device.id)} == set(server.waiting) & {
                    frame.hash for frame in first.waiting(device.id)
                }
