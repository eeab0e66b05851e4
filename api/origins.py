"""Under which name a stored log is signed now: by its first genesis, or by the last that opened a new origin."""

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from api.settings import SettingError
from blockchain_trace.log import LostHead
from blockchain_trace.note import VerifierKey, parse_vkey
from domain import kinds
from domain.errors import DomainError
from domain.kinds import parse_body
from domain.ops import Op, decode_op, device_id
from storage.tables import ops
from sync_engine.adapters.faults import as_faults
from sync_engine.logged import ACCEPTED


class NotFoundedError(DomainError):
    """The database holds no organisation yet."""

    code: ClassVar[str] = "not-founded"

    def __init__(self) -> None:
        super().__init__("there is no organisation here yet: `gobi found --help` says how to begin one")


class Origins(Struct, frozen=True):
    """The geneses of an organisation's log, in order: (index, body)."""

    org: str
    geneses: tuple[tuple[int, kinds.Genesis], ...]

    @property
    def first(self) -> kinds.Genesis:
        """How the organisation began."""
        return self.geneses[0][1]

    @property
    def last(self) -> kinds.Genesis:
        """By which the log is signed now."""
        return self.geneses[-1][1]

    @property
    def key(self) -> VerifierKey:
        """The log's verifier now; its name is the origin."""
        return parse_vkey(self.last.log_key)

    @property
    def keys(self) -> Sequence[tuple[int, VerifierKey]]:
        """(index from which it signs, verifier) of every origin, in order."""
        return [(index, parse_vkey(genesis.log_key)) for index, genesis in self.geneses]

    @property
    def lost(self) -> tuple[LostHead, ...]:
        """What the log declares lost."""
        return tuple(LostHead(*genesis.follows) for _, genesis in self.geneses if genesis.follows is not None)


async def read_origins(engine: AsyncEngine, org: str = "") -> Origins:
    """Return the origins of an organisation's log; without a name, of the only one that the database holds.

    Raises FaultError, NotFoundedError, SettingError when there are several to choose from.
    """
    found = await _read_geneses(engine, org)
    if not found or found[0].leaf:
        raise NotFoundedError
    names = sorted({record.org for record in found})
    if len(names) > 1:
        several = f"the database holds several organisations: {', '.join(names)}"
        raise SettingError(name="GOBI_ORG", reason=several)
    begun = decode_op(found[0].data)
    first = _genesis(begun)
    server = device_id(first.key)
    # Who else records a genesis opens nothing.
    later = [
        (record.leaf, _genesis(op))
        for record in found[1:]
        if record.verdict == ACCEPTED and (op := decode_op(record.data)).device == server
    ]
    return Origins(begun.org, ((0, first), *later))


async def _read_geneses(engine: AsyncEngine, org: str) -> Sequence[Any]:
    """Return (org, leaf, data, verdict) of first leaves and of every genesis."""
    query = select(ops.c.org, ops.c.leaf, ops.c.data, ops.c.verdict).order_by(ops.c.leaf)
    begun = or_(ops.c.leaf == 0, ops.c.kind == "genesis")
    async with as_faults(), engine.connect() as connection:
        return (
            await connection.execute(query.where(begun, ops.c.org == org) if org else query.where(begun))
        ).all()


def _genesis(op: Op) -> kinds.Genesis:
    body = parse_body(op.kind, op.body)
    assert isinstance(body, kinds.Genesis), "a log begins with its genesis"
    return body
