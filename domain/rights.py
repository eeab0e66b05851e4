"""Who may record what: roles × kinds (DESIGN §9). A fact outside one's right is quarantined, an intent refused."""

from collections.abc import Iterable, Mapping
from typing import Final

HANDLING: Final = frozenset(
    {"move", "pick", "ship", "count", "pack", "unpack", "weigh", "inspect", "offer", "take", "return", "attach", "sign",
     "label", "finish", "tag"}
)  # fmt: skip
"""What everybody who touches goods may record."""

FARMING: Final = frozenset(
    {"harvest", "farm_work", "certificate", "offer", "take", "attach", "sign", "weigh", "label"}
)
QUALITY: Final = frozenset(
    {"hold", "recall", "release", "test_result", "certificate", "dispose", "transform"}
)
OFFICE: Final = frozenset(
    {"receive", "deliver", "adjust", "dispose", "transform", "order", "task", "reserve", "approve", "resolve", "set",
     "close", "void", "price", "payment", "settle", "hold", "recall", "release", "test_result", "certificate",
     "harvest", "farm_work"}
)  # fmt: skip

KINDS_BY_ROLE: Final[Mapping[str, frozenset[str]]] = {
    "picker": HANDLING | {"receive", "transform", "dispose", "deliver"},
    "driver": HANDLING | {"receive", "deliver", "payment"},
    "farmer": FARMING,
    "qa": HANDLING | QUALITY | {"receive", "count"},
    "manager": HANDLING | FARMING | QUALITY | OFFICE | {"grant", "revoke", "enrol"},
    "admin": HANDLING | FARMING | QUALITY | OFFICE | {"grant", "revoke", "enrol", "rotate"},
    "auditor": frozenset(),
}

BACK_DATING: Final = frozenset({"manager", "admin", "farmer"})
"""Roles that may record what happened earlier."""

ROLES: Final = frozenset(KINDS_BY_ROLE)

OFFICE_ROLES: Final = frozenset({"manager", "admin"})
"""Who may enrol devices, import files, and give and take rights: roles that only an admin gives."""

DESK_ROLES: Final = frozenset({"manager", "admin", "qa", "auditor"})
"""Roles whose devices also replicate the desk: prices, money, partners' accounts, every exception."""


def may_record(roles: Iterable[str], kind: str) -> bool:
    """Whether any of the roles may record ops of a kind."""
    return any(kind in KINDS_BY_ROLE.get(role, frozenset()) for role in roles)


def may_back_date(roles: Iterable[str]) -> bool:
    """Whether any of the roles may claim that something occurred earlier."""
    return any(role in BACK_DATING for role in roles)
