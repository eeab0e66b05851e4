"""Checkpoints (C2SP tlog-checkpoint): what a log commits to, as the text of a signed note."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import Final

from msgspec import Struct

from blockchain_trace.note import SignerKey, VerifierKey, sign_note, verify_note
from domain.errors import ProtocolError
from domain.merkle import HASH_BYTES

SIZE_MAX: Final = 2**63 - 1

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class MalformedCheckpointError(ProtocolError):
    """The text of a note is no checkpoint."""

    code = "malformed-checkpoint"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"not a checkpoint: {reason}")
        self.reason = reason


class Checkpoint(Struct, frozen=True):
    """The head of a log: its name, how many leaves it has, and the root of their tree."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Further lines, kept: no cosigner vouches for them."""

    @property
    def text(self) -> str:
        """What is signed."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint of the text of a note.

    Raises MalformedCheckpointError.
    """
    origin, size, root, *extensions = [*text.split("\n")[:-1], "", "", ""][: max(3, text.count("\n"))]
    if not origin:
        raise MalformedCheckpointError(reason="no origin")
    if _SIZE.fullmatch(size) is None or int(size) > SIZE_MAX:
        raise MalformedCheckpointError(reason="a size that is no plain number")
    try:
        digest = b64decode(root, validate=True)
    except (Base64Error, ValueError) as error:
        raise MalformedCheckpointError(reason="a root that is not base64") from error
    if len(digest) != HASH_BYTES or b64encode(digest).decode() != root:
        raise MalformedCheckpointError(reason=f"a root of other than {HASH_BYTES} bytes")
    if "" in extensions:
        raise MalformedCheckpointError(reason="an empty line")
    return Checkpoint(origin, int(size), digest, tuple(extensions))


def sign_checkpoint(checkpoint: Checkpoint, key: SignerKey) -> str:
    """Return the signed note of a checkpoint."""
    return sign_note(checkpoint.text, key)


def verify_checkpoint(note: str | bytes, key: VerifierKey, origin: str) -> Checkpoint:
    """Return the checkpoint of a note that the log's key signed, for the log that was asked about.

    Raises MalformedNoteError, NoteRefusedError, MalformedCheckpointError.
    """
    parsed, _ = verify_note(note, [key])
    checkpoint = parse_checkpoint(parsed.text)
    if checkpoint.origin != origin:
        raise MalformedCheckpointError(reason=f"of another log: {checkpoint.origin!r}")
    return checkpoint
