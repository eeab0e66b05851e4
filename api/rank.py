"""Who stands above whom: what touches a manager or an admin is an admin's alone (docs/protocol/identity.md §6).

Else a manager who makes a code for an admin's device is the admin, by a PIN of their own.
"""

from collections.abc import Collection
from typing import Final

from api.bootstrap import House
from api.identity import Caller, NoRightError
from domain.rights import OFFICE_ROLES

ADMIN: Final = "admin"


def refuse_above(caller: Caller, roles: Collection[str]) -> None:
    """Let nobody but an admin act on these roles where a manager's or an admin's is among them.

    Raises NoRightError.
    """
    if not OFFICE_ROLES.isdisjoint(roles) and ADMIN not in caller.roles:
        raise NoRightError(roles=tuple(sorted(caller.roles)), needed=(ADMIN,))


def refuse_above_person(house: House, caller: Caller, person: str | None) -> None:
    """Let nobody but an admin act on what is a manager's or an admin's; None: it is nobody's.

    Raises NoRightError.
    """
    if person is not None:
        held = house.ledger.directory.roles_of(person, below=house.ledger.size, at_ms=house.clock())
        refuse_above(caller, held)
