"""C2SP signed notes: a text and who signed it, byte for byte as other people's tools write and read them.

A key says its algorithm, so a verifier never guesses: 0x01 is Ed25519 over the text, 0x04 an Ed25519 cosignature
over the text and a time (C2SP tlog-cosignature). Signatures of keys that are not known here are kept, not judged.
Corpus: `signed-note/` and `tessera-tlog-tiles/` of the public vectors.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

from domain.errors import ProtocolError

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
SIGNATURES_MAX: Final = 100
"""C2SP asks for at least 16; Go's limit keeps a note of a million lines from being work."""
NOTE_BYTES_MAX: Final = 1_000_000

_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_LINE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_VKEY: Final = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")
_SKEY: Final = re.compile(r"PRIVATE\+KEY\+([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


class MalformedNoteError(ProtocolError):
    """The bytes are no signed note, or the text no key."""

    code = "malformed-note"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"not a signed note: {reason}")
        self.reason = reason


class NoteRefusedError(ProtocolError):
    """A note that nobody whom we know has signed, or that carries a false signature of one of them."""

    code = "note-refused"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"signed note refused: {reason}")
        self.reason = reason


class VerifierKey(Struct, frozen=True):
    """Who may have signed: a name and a public key of one algorithm."""

    name: str
    algorithm: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which signature lines name the key."""
        return key_id(self.name, self.algorithm, self.public)

    @property
    def vkey(self) -> str:
        """The key as text."""
        data = bytes([self.algorithm]) + self.public
        return f"{self.name}+{self.id.hex()}+{b64encode(data).decode()}"


class SignerKey(Struct, frozen=True):
    """The Ed25519 key that signs under a name."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> VerifierKey:
        """Return the key by which others verify."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifierKey(self.name, ED25519, public.public_bytes(Encoding.Raw, PublicFormat.Raw))


class Signature(Struct, frozen=True):
    """One signature line: what follows the key id is the algorithm's."""

    name: str
    key_id: bytes
    data: bytes

    @property
    def line(self) -> str:
        """The signature as text."""
        return f"— {self.name} {b64encode(self.key_id + self.data).decode()}\n"


class Note(Struct, frozen=True):
    """A text, which ends with a newline, and its signature lines in order."""

    text: str
    signatures: tuple[Signature, ...]

    @property
    def whole(self) -> str:
        """The text, an empty line, and the signature lines."""
        return self.text + "\n" + "".join([signature.line for signature in self.signatures])


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """Return what names a key in signature lines."""
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:_ID_BYTES]


def parse_vkey(text: str) -> VerifierKey:
    """Return the key of a vkey.

    Raises MalformedNoteError, also for an algorithm that is not known here.
    """
    match = _VKEY.fullmatch(text.strip())
    if match is None:
        raise MalformedNoteError(reason="not a vkey: name+id+key")
    data = _from_base64(match[3])
    if not data or data[0] not in {ED25519, COSIGNATURE} or len(data) != 1 + _KEY_BYTES:
        raise MalformedNoteError(reason="a key of an unknown algorithm or length")
    key = VerifierKey(match[1], data[0], data[1:])
    if key.id.hex() != match[2]:
        raise MalformedNoteError(reason="the id of the key is not its own")
    return key


def parse_skey(text: str) -> SignerKey:
    """Return the signing key of the form `PRIVATE+KEY+name+id+key`.

    Raises MalformedNoteError; the message never repeats the text.
    """
    match = _SKEY.fullmatch(text.strip())
    data = b"" if match is None else _from_base64(match[3])
    if match is None or len(data) != 1 + _KEY_BYTES or data[0] != ED25519:
        raise MalformedNoteError(reason="not a signing key")
    key = SignerKey(match[1], data[1:])
    if key.verifier.id.hex() != match[2]:
        raise MalformedNoteError(reason="the id of the signing key is not its own")
    return key


def format_skey(key: SignerKey) -> str:
    """Return the text of a signing key, as Go's tools write it."""
    data = bytes([ED25519]) + key.seed
    return f"PRIVATE+KEY+{key.name}+{key.verifier.id.hex()}+{b64encode(data).decode()}"


def sign_note(text: str, *keys: SignerKey) -> str:
    """Return the text signed by these keys, in order."""
    _refuse_text(text)
    signatures = []
    for key in keys:
        data = Ed25519PrivateKey.from_private_bytes(key.seed).sign(text.encode())
        signatures.append(Signature(key.name, key.verifier.id, data))
    return Note(text, tuple(signatures)).whole


def parse_note(note: str | bytes) -> Note:
    """Return the parts of a note; no signature is judged.

    Raises MalformedNoteError.
    """
    if len(note) > NOTE_BYTES_MAX:
        raise MalformedNoteError(reason="longer than a note may be")
    try:
        whole = note.decode() if isinstance(note, bytes) else note
        whole.encode()
    except UnicodeError as error:
        raise MalformedNoteError(reason="not UTF-8") from error
    cut = whole.rfind("\n\n")
    if cut < 0 or not whole.endswith("\n"):
        raise MalformedNoteError(reason="no signature lines after an empty line")
    text, lines = whole[: cut + 1], whole[cut + 2 : -1].split("\n")
    _refuse_text(text)
    if len(lines) > SIGNATURES_MAX:
        raise MalformedNoteError(reason=f"more than {SIGNATURES_MAX} signatures")
    return Note(text, tuple(map(_parse_line, lines)))


def verify_note(note: str | bytes, keys: Iterable[VerifierKey]) -> tuple[Note, Sequence[VerifierKey]]:
    """Return the note and which of the keys signed it, in the order of the lines, each once.

    One false signature of a known key spoils the note: whoever wrote that line cannot be trusted with the others.

    Raises MalformedNoteError, NoteRefusedError when none of the keys signed.
    """
    parsed = parse_note(note)
    known = {(key.name, key.id): key for key in keys}
    verified: list[VerifierKey] = []
    for signature in parsed.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None or key in verified:
            continue
        if not is_signed(parsed.text, signature, key):
            raise NoteRefusedError(reason=f"a false signature of {key.name!r}")
        verified.append(key)
    if not verified:
        raise NoteRefusedError(reason="no signature of a known key")
    return parsed, verified


def is_signed(text: str, signature: Signature, key: VerifierKey) -> bool:
    """Whether the key made this signature over the text."""
    data, message = signature.data, text.encode()
    if key.algorithm == COSIGNATURE:
        at_s = cosigned_at_s(signature)
        if at_s is None:
            return False
        message = f"cosignature/v1\ntime {at_s}\n".encode() + message
        data = data[_TIME_BYTES:]
    if len(data) != _SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(data, message)
    except InvalidSignature:
        return False
    return True


def cosigned_at_s(signature: Signature) -> int | None:
    """Return the time that a cosignature states, in seconds; None when it is no cosignature."""
    if len(signature.data) != _TIME_BYTES + _SIGNATURE_BYTES:
        return None
    return int.from_bytes(signature.data[:_TIME_BYTES], "big")


def _parse_line(line: str) -> Signature:
    match = _LINE.fullmatch(line)
    if match is None:
        raise MalformedNoteError(reason="a line after the empty line that is no signature")
    data = _from_base64(match[2])
    if len(data) <= _ID_BYTES:
        raise MalformedNoteError(reason="a signature without bytes")
    return Signature(match[1], data[:_ID_BYTES], data[_ID_BYTES:])


def _from_base64(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise MalformedNoteError(reason="not base64") from error
    # A lax decoder lets two texts mean one signature: a note would have many forms.
    if b64encode(data).decode() != text:
        raise MalformedNoteError(reason="base64 with stray bits")
    return data


def _refuse_text(text: str) -> None:
    if not text.endswith("\n"):
        raise MalformedNoteError(reason="a text that does not end with a newline")
    if any(char < " " and char != "\n" for char in text):
        raise MalformedNoteError(reason="a text with control characters")
