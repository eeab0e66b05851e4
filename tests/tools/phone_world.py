"""True time, one small ledger, and phones whose clocks may be wrong: what the tests of the phone play with."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from domain.ops import LeafHash
from sync_engine.phone import Enrolment, Phone
from sync_engine.seal import load_key, raw_key
from sync_engine.wire import SyncReply
from tests.tools.op_chain import ENROL, ORG, START_MS, private_key
from tests.tools.small_ledger import DeviceLog, SmallLedger

SECRET = bytes(range(32))


@dataclass
class World:
    """One ledger, true time, and phones whose clocks may be wrong."""

    ledger: SmallLedger = field(default_factory=SmallLedger)
    now_ms: int = START_MS
    chance: Random = field(default_factory=lambda: Random(1))

    def phone(self, number: int = 1) -> Phone:
        key = private_key(number)
        phone = Phone(key, Enrolment(ORG, SECRET, ENROL), lambda: self.chance.getrandbits(53))
        public = load_key(raw_key(key.public_key()))
        self.ledger.devices[phone.device] = DeviceLog(public, SECRET, ENROL)
        return phone

    def pick(self, phone: Phone, *, skew_ms: int = 0, seconds: int = 10) -> LeafHash:
        self.now_ms += seconds * 1000
        line = ["TOM-5", "1121", "R1", "T1", 40]
        return phone.record(
            "pick", ["SO-1", None, [line]], wall_ms=self.now_ms + skew_ms, mono_ms=self.now_ms - START_MS
        )

    def sync(
        self, phone: Phone, *, skew_ms: int = 0, trip_ms: int = 80, is_lost: bool = False
    ) -> SyncReply | None:
        mono = self.now_ms - START_MS
        request = phone.request(wall_ms=self.now_ms + skew_ms, mono_ms=mono)
        reply = self.ledger.sync(request, now_ms=self.now_ms + trip_ms // 2)
        self.now_ms += trip_ms
        if is_lost:
            return None
        return phone.receive(
            reply,
            sent_wall_ms=self.now_ms - trip_ms + skew_ms,
            sent_mono_ms=mono,
            received_wall_ms=self.now_ms + skew_ms,
            received_mono_ms=mono + trip_ms,
        )

    @property
    def logged(self) -> set[LeafHash]:
        return {digest for digest, _ in self.ledger.log}
