"""The server's signed word on how far a device's ops are durable: docs/protocol/relay.md §5."""

from collections.abc import Collection

from msgspec import Struct

from api.bootstrap import House
from sync_engine.acknowledgement import BEARER_CHARS_MAX, Acknowledgement, sign_acknowledgement
from sync_engine.commit import DurableState
from sync_engine.directory import Device


class Beside(Struct, frozen=True):
    """What travels beside ops and is here: to compare with what ops speak of."""

    values: dict[bytes, int]
    evidence: set[bytes]

    def missing(self, device: bytes, durable: DurableState) -> tuple[int, int]:
        """Return how many values and how many documents of a device never arrived."""
        values = max(0, durable.values - self.values.get(device, 0))
        return values, len(durable.attached - self.evidence)


async def read_beside(house: House) -> Beside:
    """Return what is here beside the ops. Raises FaultError."""
    return Beside(await house.reads.value_counts(), await house.evidence.held())


async def read_beside_of(house: House, device: bytes, durable: DurableState) -> Beside:
    """Return what is here beside the ops of one device. Raises FaultError."""
    values = await house.reads.value_counts(device) if durable.values else {}
    return Beside(values, await house.evidence.held_of(durable.attached))


async def acknowledge(house: House, device: bytes, *, asker: Device, named: Collection[bytes] = ()) -> bytes:
    """Return the signed acknowledgement of a device, for itself or for a device that carries it there.

    All of it is durable: it is read between two commits. Raises FaultError.
    """
    async with house.sequencer.at_rest() as rest:
        durable, head = rest.ledger.durable(device, named), rest.head
        await rest.cut.close()
    covered = await house.backups.covered(house.clock())
    values, evidence = (await read_beside_of(house, device, durable)).missing(device, durable)
    return sign_acknowledgement(
        Acknowledgement(
            org=house.org,
            device=device,
            at_ms=house.clock(),
            log_size=head.size,
            root=head.root,
            covered=min(covered, head.size),
            ends=durable.ends,
            missing_values=values,
            missing_evidence=evidence,
            bearer="" if asker.id == device else asker.name[:BEARER_CHARS_MAX],
        ),
        house.secrets.server_key,
    )
