"""Every kind's body is read, or refused in words; and reading one leaves the interpreter whole."""

import gc

import pytest

from domain.kinds import BODIES, MalformedBodyError, Revoke, parse_body


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_the_collector_survives_every_body(kind: str) -> None:
    for fields in ((), ("x", "y", "z") * 4, ([], None, 7)):
        with pytest.raises(MalformedBodyError):
            parse_body(kind, (None, (b"short", *fields), *fields))
        gc.collect()


def test_a_name_is_a_hash_of_this_log_or_of_another() -> None:
    for names in ([bytes(32)], [["origin", bytes(32)]]):
        assert parse_body("void", (None, names, "wrong line")) is not None
    for names in ([bytes(31)], [["origin", bytes(33)]], ["text"], [7]):
        with pytest.raises(MalformedBodyError):
            parse_body("void", (None, names, "wrong line"))


def test_what_is_revoked_is_a_person_by_name_or_a_device_by_its_bytes() -> None:
    for entity in ("liu", bytes(16)):
        body = parse_body("revoke", (None, (), "person", entity))
        assert isinstance(body, Revoke)
        assert body.id == entity
    with pytest.raises(MalformedBodyError):
        parse_body("revoke", (None, (), "person", 7))
