"""A restored server as the manager sees it: what is missing, and which devices have called since."""

from typing import Final

from litestar import get
from msgspec import Struct

from api.given import Asking, Housed
from api.naming import Naming


class Reported(Struct, frozen=True):
    """A device, and whether it has called since the server was restored."""

    id: str
    name: str
    person_name: str
    has_called: bool
    waiting: int
    """Ops of it that came since and wait beside the log."""


class RecoveryReport(Struct, frozen=True):
    """How far a restored server has got. `is_recovering` false: nothing is missing."""

    is_recovering: bool
    restored_ms: int
    """Server time of the last thing in the log."""
    size: int
    signed_size: int
    """Entries that are known to have been signed; `size` where no more are known."""
    missing: int
    back: int
    """Ops of devices that wait to be logged. Of what is missing, the server's own ops do not come back."""
    devices: list[Reported]


@get("/recovery")
async def recovery(house: Housed, caller: Asking) -> RecoveryReport:
    """What a restored server still lacks, and who has not called yet."""
    contacts = await house.reads.contacts()
    ledger, refusal = house.ledger, house.sequencer.refusal
    naming = Naming(ledger, now_ms=house.clock())
    signed = refusal.facts.get("signed_size") if refusal is not None else None
    signed_size = signed if isinstance(signed, int) else ledger.size
    devices = []
    for device in ledger.directory.devices():
        if device.purpose == "server" or ledger.directory.device_revoked_at(device.id) is not None:
            continue
        contact = contacts.get(device.id)
        frames = ledger.waiting(device.id)
        devices.append(
            Reported(
                id=device.id.hex(),
                name=device.name,
                person_name="" if device.person is None else naming.person(device.person).zh,
                has_called=device.id == caller.device
                or bool(frames)
                or (contact is not None and contact.at_ms >= house.opened_ms),
                waiting=sum(frame.last_seq - frame.first_seq + 1 for frame in frames),
            )
        )
    return RecoveryReport(
        is_recovering=refusal is not None,
        restored_ms=ledger.server_ms,
        size=ledger.size,
        signed_size=signed_size,
        missing=max(0, signed_size - ledger.size),
        back=sum(device.waiting for device in devices),
        devices=devices,
    )


ROUTES: Final = (recovery,)
