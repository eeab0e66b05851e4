"""Who recorded an op, provable to anybody who trusts an organisation's root keys; docs/protocol/identity.md §7. Pure.

Two walks end at the genesis: op → seal → device key → enrol → genesis says which device, and op → session → passkey →
genesis says which person, and how surely. A proof is bytes alone: it holds without the server, years later. What it
cannot show is what it does not hold: whether a key had been revoked is for who reads the log.

Twin: `pwa/src/codec/authorship.ts`; corpus: `tests/vectors/identity/authorship.json`.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, Literal, TypeVar

import msgspec
from msgspec import Struct

from domain import kinds
from domain.assertion import (
    Assertion,
    Passkey,
    WrongAssertionError,
    decode_assertion,
    session_challenge,
    sign_challenge,
    verify_assertion,
)
from domain.canonical import MalformedError, encode
from domain.errors import ProtocolError
from domain.kinds import Body, MalformedBodyError, parse_body
from domain.merkle import audit_path, root_over
from domain.ops import LeafHash, Op, decode_op, device_id, leaf_hash
from sync_engine.seal import SEAL_OPS_MAX, load_key, stretch_message, verify_seal

_B = TypeVar("_B", bound=Body)
Assurance = Literal["passkey", "device", "form"]


class AuthorshipRefusedError(ProtocolError):
    """The proof does not show who recorded the op."""

    code: ClassVar[str] = "authorship-refused"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"nobody is shown to have recorded this: {reason}")
        self.reason = reason


class SealedOp(Struct, frozen=True, array_like=True):
    """An op with its place in the sealed stretch: at most six hashes and one signature."""

    data: bytes
    first_seq: int
    count: int
    last_hash: bytes
    path: tuple[bytes, ...]
    signature: bytes


class Authorship(Struct, frozen=True, array_like=True):
    """Everything that shows who recorded `op`; `rotations` are those of its device, `sign` one that stands for it."""

    op: SealedOp
    genesis: SealedOp
    enrol: SealedOp | None = None
    rotations: tuple[SealedOp, ...] = ()
    session: SealedOp | None = None
    credential: SealedOp | None = None
    sign: SealedOp | None = None


class Author(Struct, frozen=True):
    """Who recorded an op. `person` None: the organisation's own server, at nobody's word."""

    org: str
    device: bytes
    device_name: str
    person: str | None
    assurance: Assurance
    is_signed: bool
    """The person's passkey stands for this very op, not only for the session that it was recorded in."""


_decoder: Final = msgspec.msgpack.Decoder(Authorship)


def encode_authorship(proof: Authorship) -> bytes:
    """Return the proof as it travels."""
    return encode(_plain(proof))


def decode_authorship(data: bytes) -> Authorship:
    """Return the proof that the bytes hold.

    Raises AuthorshipRefusedError.
    """
    try:
        proof = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise AuthorshipRefusedError(reason="it is no proof of authorship") from error
    return proof


def sealed_op(datas: Sequence[bytes], number: int, first_seq: int, signature: bytes) -> SealedOp:
    """Return op `number` of a sealed stretch, given the bytes of all of its ops."""
    hashes = [leaf_hash(data) for data in datas]
    return SealedOp(datas[number], first_seq, len(hashes), hashes[-1], audit_path(hashes, number), signature)


def verify_authorship(proof: Authorship, genesis: LeafHash) -> Author:
    """Return who recorded the op, for who trusts the organisation that began with this genesis.

    That its root keys signed the genesis is checked once, by who comes to trust it (`genesis.genesis_fault`).

    Raises AuthorshipRefusedError.
    """
    return _Walk(proof, genesis).author()


class _Walk:
    """From an op back to the genesis: each step is checked before the next relies on it."""

    def __init__(self, proof: Authorship, genesis: LeafHash) -> None:
        self._proof = proof
        self._server, self._server_key = _genesis(proof.genesis, genesis)
        self._op = _decoded(proof.op)
        if self._op.org != self._server.org:
            raise AuthorshipRefusedError(reason="it is of another organisation")
        self._is_of_server = self._op.device == self._server.device
        self._name = "server"
        self._owner: str | None = None
        self._keys = [self._server_key] if self._is_of_server else self._device_keys()

    def author(self) -> Author:
        op = self._op
        self._refuse_unsealed(self._proof.op, op, "it")
        if not op.actor:
            return Author(op.org, op.device, self._name, None, "form", is_signed=False)
        person, assurance = self._person()
        is_signed = self._proof.sign is not None and self._is_signed(self._proof.sign, person)
        known = "passkey" if is_signed else assurance
        return Author(op.org, op.device, self._name, person, known, is_signed=is_signed)

    # --- the device ------------------------------------------------------------------------------------------------

    def _device_keys(self) -> list[bytes]:
        """The keys that the organisation gave to the device of the op."""
        if self._proof.enrol is None:
            raise AuthorshipRefusedError(reason="nothing shows that its device was enrolled")
        body = self._said_by_server(self._proof.enrol, kinds.Enrol)
        if body.device != self._op.device or device_id(body.key) != self._op.device:
            raise AuthorshipRefusedError(reason="the enrolment is of another device")
        self._name, self._owner = body.name, body.person
        keys = [body.key]
        for sealed in self._proof.rotations:
            rotated = self._said_by_server(sealed, kinds.Rotate)
            if rotated.device != self._op.device:
                raise AuthorshipRefusedError(reason="a new key is of another device")
            keys.append(rotated.key)
        return keys

    def _said_by_server(self, sealed: SealedOp, kind: type[_B]) -> _B:
        op = _decoded(sealed)
        is_server = op.org == self._server.org and op.device == self._server.device
        if not is_server or not _is_sealed(sealed, op, self._server_key):
            raise AuthorshipRefusedError(reason=f"the {kind.kind} is not the organisation's word")
        return _read(op, kind)

    def _refuse_unsealed(self, sealed: SealedOp, op: Op, what: str) -> None:
        is_ours = op.org == self._op.org and op.device == self._op.device
        if not is_ours or not any(_is_sealed(sealed, op, key) for key in self._keys):
            raise AuthorshipRefusedError(reason=f"{what} is not sealed by a key of its device")

    # --- the person ------------------------------------------------------------------------------------------------

    def _person(self) -> tuple[str, Assurance]:
        """Whose session the op was recorded in, and how surely they were there."""
        sealed, op = self._proof.session, self._op
        if sealed is None or leaf_hash(sealed.data)[:16] != op.actor:
            raise AuthorshipRefusedError(reason="its session is another one, or missing")
        session = _decoded(sealed)
        body = _read(session, kinds.Session)
        if self._is_of_server:
            # The server's device acts for people who sit elsewhere; that they asked for it is the server's word.
            return body.person, "form"
        self._refuse_unsealed(sealed, session, "its session")
        if self._owner is not None and self._owner != body.person:
            raise AuthorshipRefusedError(reason="its device is another person's")
        if body.assurance != "passkey" or op.at > body.expires_ms:
            return body.person, "device"
        try:
            assertion = decode_assertion(body.proof or b"")
        except MalformedError as error:
            raise AuthorshipRefusedError(reason="its session proves nothing") from error
        passkey = self._passkey(body.person)
        bound = (body.person, body.expires_ms, body.nonce)
        if not any(
            _is_asserted(assertion, passkey, session_challenge(op.org, op.device, key, *bound))
            for key in self._keys
        ):
            raise AuthorshipRefusedError(reason="its session is not by the passkey that it names")
        return body.person, "passkey"

    def _passkey(self, person: str) -> Passkey:
        if self._proof.credential is None:
            raise AuthorshipRefusedError(reason="nothing shows whose passkey it was")
        body = self._said_by_server(self._proof.credential, kinds.Credential)
        if body.person != person:
            raise AuthorshipRefusedError(reason="the passkey is another person's")
        return Passkey(body.id, body.person, body.alg, body.key, body.rp)

    def _is_signed(self, sealed: SealedOp, person: str) -> bool:
        op = _decoded(sealed)
        body, hashed = _read(op, kinds.Sign), leaf_hash(self._proof.op.data)
        self._refuse_unsealed(sealed, op, "the signature")
        if body.names[:1] != (hashed,):
            raise AuthorshipRefusedError(reason="the signature stands for another op")
        answer = Assertion(body.credential, body.authenticator_data, body.client_data, body.signature)
        if not _is_asserted(answer, self._passkey(person), sign_challenge(op.org, hashed)):
            raise AuthorshipRefusedError(reason="the signature is not by the passkey that it names")
        return True


def _genesis(sealed: SealedOp, trusted: LeafHash) -> tuple[Op, bytes]:
    """The genesis op, and the key of the organisation's server that it names."""
    if leaf_hash(sealed.data) != trusted:
        raise AuthorshipRefusedError(reason="the genesis is another one")
    op = _decoded(sealed)
    body = _read(op, kinds.Genesis)
    if device_id(body.key) != op.device or not _is_sealed(sealed, op, body.key):
        raise AuthorshipRefusedError(reason="the genesis is not sealed by the key that it names")
    return op, body.key


def _is_asserted(assertion: Assertion, passkey: Passkey, challenge: bytes) -> bool:
    try:
        verify_assertion(assertion, passkey, challenge)
    except WrongAssertionError:
        return False
    return True


def _decoded(sealed: SealedOp) -> Op:
    try:
        return decode_op(sealed.data)
    except MalformedError as error:
        raise AuthorshipRefusedError(reason="bytes that are no op") from error


def _read(op: Op, kind: type[_B]) -> _B:
    try:
        body = parse_body(op.kind, op.body)
    except MalformedBodyError as error:
        raise AuthorshipRefusedError(reason=f"a {op.kind} that does not read as one") from error
    if not isinstance(body, kind):
        raise AuthorshipRefusedError(reason=f"a {op.kind} where a {kind.kind} belongs")
    return body


def _is_sealed(sealed: SealedOp, op: Op, key: bytes) -> bool:
    """Whether the key sealed the stretch in which this op stands."""
    number = op.seq - sealed.first_seq
    if not 1 <= sealed.count <= SEAL_OPS_MAX or not 0 <= number < sealed.count:
        return False
    hashed = leaf_hash(sealed.data)
    root = root_over(hashed, number, sealed.count, sealed.path)
    if root is None or (number == sealed.count - 1 and hashed != sealed.last_hash):
        return False
    stretch = (op.org, op.device, op.epoch, sealed.first_seq, sealed.first_seq + sealed.count - 1)
    try:
        return verify_seal(load_key(key), stretch_message(stretch, sealed.last_hash, root), sealed.signature)
    except MalformedError:
        return False


def _plain(value: object) -> object:
    if isinstance(value, Struct):
        return tuple(_plain(part) for part in msgspec.structs.astuple(value))
    return tuple(_plain(part) for part in value) if isinstance(value, tuple) else value
