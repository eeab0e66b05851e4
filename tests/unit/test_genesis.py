"""Two of three keys on paper vouch for how an organisation begins."""

from __future__ import annotations

import pytest
from msgspec import structs

from api.founding import Founding, genesis_fields, refuse_unsigned
from api.settings import SettingError
from domain import kinds
from domain.kinds import parse_body
from sync_engine.genesis import genesis_fault

ORG = "lvyuan"
SEEDS = [bytes([number]) * 32 for number in range(1, 4)]
FIELDS = genesis_fields(
    Founding(org=ORG, name="绿原合作社", admin="limin", admin_name="李敏"),
    server_key=b"\x04" + bytes(64),
    log_key="log+00000000+AA",
    root_seeds=SEEDS,
)


def _genesis() -> kinds.Genesis:
    body = parse_body("genesis", (None, (), *FIELDS))
    assert isinstance(body, kinds.Genesis)
    return body


def test_two_signatures_of_three_root_keys_are_enough() -> None:
    genesis = _genesis()
    assert [bool(signature) for signature in genesis.root_signatures] == [True, True, False]
    assert genesis_fault(ORG, genesis) is None
    refuse_unsigned(ORG, FIELDS)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": "another name"}, "signature 1 is not that of its root key"),
        ({"utc_offset_minutes": 0}, "signature 1 is not that of its root key"),
        ({"admin": ("thief", "Thief", None)}, "signature 1 is not that of its root key"),
        ({"root_keys": ()}, "it names 0 root keys, not 3"),
        ({"root_keys": (b"\x01" * 32,) * 3}, "it names 1 root keys, not 3"),
        ({"root_signatures": ()}, "it has 0 places for root signatures, not 3"),
        ({"root_signatures": (b"", b"", b"")}, "0 root keys signed it, not 2"),
    ],
)
def test_a_genesis_that_they_did_not_sign_is_none(change: dict[str, object], fault: str) -> None:
    assert genesis_fault(ORG, structs.replace(_genesis(), **change)) == fault


def test_one_signature_or_one_at_the_wrong_place_does_not_vouch() -> None:
    genesis = _genesis()
    first, second, _ = genesis.root_signatures
    alone = structs.replace(genesis, root_signatures=(first, b"", b""))
    assert genesis_fault(ORG, alone) == "1 root keys signed it, not 2"
    twice = structs.replace(genesis, root_signatures=(first, first, b""))
    assert genesis_fault(ORG, twice) == "signature 2 is not that of its root key"
    swapped = structs.replace(genesis, root_signatures=(second, first, b""))
    assert genesis_fault(ORG, swapped) == "signature 1 is not that of its root key"


def test_a_genesis_is_of_one_organisation() -> None:
    assert genesis_fault("another", _genesis()) == "signature 1 is not that of its root key"


def test_who_founds_refuses_what_the_root_keys_do_not_vouch_for() -> None:
    name, key, log_key, roots, _, *rest = FIELDS
    with pytest.raises(SettingError, match="0 root keys signed it"):
        refuse_unsigned(ORG, (name, key, log_key, roots, (b"", b"", b""), *rest))
