"""Founding an organisation: three root keys for paper, two of which sign the genesis (DESIGN §9)."""

from collections.abc import Sequence

from msgspec import Struct

from api.settings import SettingError
from domain import kinds
from domain.kinds import parse_body
from sync_engine.genesis import genesis_fault, signed_genesis


class Founding(Struct, frozen=True, kw_only=True):
    """What an organisation begins with."""

    org: str
    name: str
    admin: str
    """The id of the first admin."""
    admin_name: str
    utc_offset_minutes: int = 480


def genesis_fields(
    founding: Founding, *, server_key: bytes, log_key: str, root_seeds: Sequence[bytes]
) -> tuple[object, ...]:
    """Return the fields of the genesis, signed by the first two root keys; the seeds go to paper, not to disk."""
    admin = (founding.admin, founding.admin_name, None)
    fields = (founding.name, server_key, log_key, "", admin, founding.utc_offset_minutes)
    return signed_genesis(founding.org, fields, root_seeds)


def refuse_unsigned(org: str, fields: Sequence[object]) -> None:
    """Check that two of the three root keys signed a genesis, before a log begins with it.

    Raises SettingError, MalformedBodyError.
    """
    genesis = parse_body("genesis", (None, (), *fields))
    assert isinstance(genesis, kinds.Genesis), "a kind of this version"
    if (fault := genesis_fault(org, genesis)) is not None:
        raise SettingError(name="root keys", reason=f"they do not vouch for the genesis: {fault}")
