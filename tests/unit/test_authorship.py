"""Who recorded an op: shown by bytes alone to who trusts the genesis, and by no others."""

from __future__ import annotations

import pytest
from msgspec import structs

from domain.ops import leaf_hash
from sync_engine.authorship import (
    Author,
    Authorship,
    AuthorshipRefusedError,
    SealedOp,
    decode_authorship,
    encode_authorship,
    verify_authorship,
)
from tests.tools.authenticator import Authenticator
from tests.tools.authorship_world import HOUR_MS, AuthorshipWorld
from tests.tools.op_chain import ORG, START_MS, private_key


@pytest.fixture
def world() -> AuthorshipWorld:
    return AuthorshipWorld()


def author(world: AuthorshipWorld, proof: Authorship) -> Author:
    return verify_authorship(decode_authorship(encode_authorship(proof)), world.trusted)


def test_an_op_in_a_session_by_passkey_shows_its_person_and_device(world: AuthorshipWorld) -> None:
    shown = author(world, world.proof(world.pick()))
    assert shown == Author(ORG, world.phone.device, "刘洋的手机", "liu", "passkey", is_signed=False)


def test_a_proof_is_six_hashes_and_a_signature_at_most(world: AuthorshipWorld) -> None:
    world.stretch = 64
    ops = [world.pick() for _ in range(63)]
    for op in ops:
        assert len(world.sealed(op).path) <= 6
        assert author(world, world.proof(op)).person == "liu"


def test_a_signature_stands_for_the_op_itself(world: AuthorshipWorld) -> None:
    op = world.pick()
    assert author(world, world.proof(op, sign=world.sign(op))).is_signed
    with pytest.raises(AuthorshipRefusedError, match="another op"):
        author(world, world.proof(world.pick(), sign=world.sign(op)))


def test_a_session_by_pin_shows_the_person_at_the_devices_word(world: AuthorshipWorld) -> None:
    session = world.sign_in("device")
    proof = structs.replace(world.proof(world.pick(session=session), session=session), credential=None)
    assert author(world, proof).assurance == "device"


def test_an_expired_session_counts_as_the_devices_word(world: AuthorshipWorld) -> None:
    op = world.pick(at=START_MS + 2 * HOUR_MS)
    assert author(world, world.proof(op)).assurance == "device"


def test_what_the_server_itself_said_shows_nobody(world: AuthorshipWorld) -> None:
    proof = Authorship(op=world.sealed(world.enrol), genesis=world.sealed(world.genesis))
    assert author(world, proof) == Author(ORG, world.server.device, "server", None, "form", is_signed=False)


def test_another_genesis_shows_nothing(world: AuthorshipWorld) -> None:
    with pytest.raises(AuthorshipRefusedError, match="genesis is another"):
        verify_authorship(world.proof(world.pick()), leaf_hash(b"another"))


@pytest.mark.parametrize("missing", ["enrol", "session", "credential"])
def test_a_link_that_is_missing_is_named(world: AuthorshipWorld, missing: str) -> None:
    with pytest.raises(AuthorshipRefusedError):
        author(world, structs.replace(world.proof(world.pick()), **{missing: None}))


def test_a_passkey_that_the_organisation_never_gave_shows_nobody(world: AuthorshipWorld) -> None:
    thief = AuthorshipWorld(liu=Authenticator("liu", key=private_key(501)))
    stolen = thief.sealed(thief.session)
    proof = structs.replace(world.proof(world.pick(session=thief.session)), session=stolen)
    with pytest.raises(AuthorshipRefusedError, match="not by the passkey"):
        author(world, proof)


def test_a_session_of_another_phone_shows_nobody(world: AuthorshipWorld) -> None:
    other = AuthorshipWorld()
    other.phone.key = private_key(9)
    session = other.sign_in()
    op = world.pick(session=session)
    with pytest.raises(AuthorshipRefusedError, match="its session is not sealed"):
        author(world, structs.replace(world.proof(op), session=other.sealed(session)))


def test_every_bit_of_a_proof_counts(world: AuthorshipWorld) -> None:
    op = world.pick()
    good = world.proof(op, sign=world.sign(op))
    for name in ("op", "genesis", "enrol", "session", "credential", "sign"):
        sealed: SealedOp = getattr(good, name)
        for field in ("data", "last_hash", "signature"):
            data: bytes = getattr(sealed, field)
            for at in range(0, len(data) * 8, 29):
                flipped = bytearray(data)
                flipped[at // 8] ^= 1 << at % 8
                changed = structs.replace(sealed, **{field: bytes(flipped)})
                with pytest.raises(AuthorshipRefusedError):
                    author(world, structs.replace(good, **{name: changed}))
        for field in ("first_seq", "count"):
            for step in (-1, 1):
                changed = structs.replace(sealed, **{field: getattr(sealed, field) + step})
                with pytest.raises(AuthorshipRefusedError):
                    author(world, structs.replace(good, **{name: changed}))


@pytest.mark.parametrize("data", [b"", b"\x90", b"\xc1", b"\x91\x90", bytes(100)])
def test_bytes_that_are_no_proof_are_refused(data: bytes) -> None:
    with pytest.raises(AuthorshipRefusedError):
        decode_authorship(data)
