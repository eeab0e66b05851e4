"""A phone is copied in mid-day, as a restored backup or a copied profile does it: both go on, and nothing is lost."""

from __future__ import annotations

import pytest

from api.demo.day import at
from api.demo.devices import DemoPhone
from api.demo.ends import tables_of
from api.demo.shuffle import CLOSES, OPENS, ShuffledDay

SEEDS = 60


class ClonedDay(ShuffledDay):
    """A shuffled day on which one phone becomes two."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.twin: DemoPhone | None = None
        self.written: list[bytes] = []
        copied = self.chance.randrange(at(OPENS), at("08:00"))
        self.also.append((copied, 10_000, self._copy))
        for number in range(4):
            self.also.append((self.chance.randrange(copied + 1, at(CLOSES)), 10_001 + number, self._work))

    def _copy(self, _at_ms: int) -> None:
        original = self.chance.choice([self.play.phones[name] for name in ("liu", "zhang", "ma")])
        self.twin = DemoPhone(original.who, original.phone.clone(), original.wall_off_ms, original.boot_ms)
        self.play.phones["twin"] = self.twin

    def _work(self, at_ms: int) -> None:
        """The twin does work of its own: a crate goes back and forth, so that the tables stay as they must."""
        assert self.twin is not None
        for source, target in (("DEPOT", "DOCK"), ("DOCK", "DEPOT")):
            digest = self.twin.phone.record(
                "move",
                (None, [["CRT", "", source, target, 1]]),
                wall_ms=self.twin.wall(at_ms),
                mono_ms=self.twin.mono(at_ms),
            )
            self.written.append(digest)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_copied_phone_loses_nothing_and_is_found_out(seed: int) -> None:
    day = ClonedDay(seed)
    outcome = day.outcome()
    assert (outcome.lost, outcome.stuck) == (0, 0)
    ledger = day.server.ledger
    indexes = [ledger.fold.index_of(digest) for digest in day.written]
    assert None not in indexes
    forked = [
        entry
        for index in range(ledger.size)
        if (entry := ledger.fold.logged(index)) is not None and entry.code == "fork"
    ]
    assert ("forked-device" in tables_of(day.server.rows).exceptions) is bool(forked)
    assert day.server.misfits(day._empty()) == []
