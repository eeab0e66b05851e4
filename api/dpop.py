"""Proof of possession: every request is signed by the device's key (RFC 9449, DESIGN §9).

Pure but for the memory of proofs already used, which all processes of a ledger share. `iat` is not judged, since a
phone's clock may be a year off: freshness comes from the server's nonce, which is stateless and lives some minutes.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from functools import lru_cache
from hashlib import sha256
from typing import ClassVar, Final, Protocol
from urllib.parse import unquote, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from domain.canonical import MalformedError
from domain.errors import DomainError
from sync_engine.seal import load_key

PROOF_CHARS_MAX: Final = 2_048
JTI_CHARS_MAX: Final = 128
NONCE_LIFE_MS: Final = 5 * 60_000
"""A nonce is taken in the stretch in which it was given and in the next: 5 to 10 minutes."""
USED_MAX: Final = 100_000
"""Proofs remembered; a proof is forgotten only when its nonce is old, unless there are more than these."""

_MAC_BYTES: Final = 16
_STRETCH_BYTES: Final = 6
_COORDINATE_BYTES: Final = 32
_algorithms: Final = jwt.PyJWT(
    options={"verify_iat": False, "verify_exp": False, "verify_nbf": False, "verify_aud": False, "verify_iss": False}
)  # fmt: skip


class ProofError(DomainError):
    """The proof of the request is none, or is somebody else's."""

    code: ClassVar[str] = "wrong-proof"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"not a proof of this device: {reason}")
        self.reason = reason


class UseDpopNonceError(DomainError):
    """The proof carries no nonce of this server, or an old one: take the one in this answer and try again."""

    code: ClassVar[str] = "use-dpop-nonce"

    def __init__(self) -> None:
        super().__init__("the proof needs the nonce of the DPoP-Nonce header of this answer")


class Nonces:
    """Nonces that need no memory: the stretch of time in which one was given, under the server's secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def at(self, now_ms: int) -> str:
        """Return the nonce of the present stretch."""
        return self._of(now_ms // NONCE_LIFE_MS)

    def is_fresh(self, nonce: str, now_ms: int) -> bool:
        """Whether the nonce was given in this stretch of time or in the one before."""
        stretch = now_ms // NONCE_LIFE_MS
        given = nonce.encode("utf-8", "replace")
        return any(hmac.compare_digest(given, self._of(number).encode()) for number in (stretch, stretch - 1))

    def _of(self, stretch: int) -> str:
        number = stretch.to_bytes(_STRETCH_BYTES, "big")
        mac = hmac.digest(self._secret, b"gobi/dpop-nonce/1\0" + number, "sha256")[:_MAC_BYTES]
        return urlsafe_b64encode(number + mac).decode().rstrip("=")


class UsedProofs(Protocol):
    """Which proofs were used already. Safe for concurrent tasks, and shared by all who accept the same nonces."""

    async def take(self, name: bytes, *, now_ms: int, expires_ms: int) -> bool:
        """Note the use of a proof, by its 32-byte name; False when it was used before.

        It may be forgotten from `expires_ms` on, when no nonce makes it fresh any more. Raises FaultError.
        """
        ...


class ProofsInMemory:
    """The used proofs of the one process that accepts its nonces."""

    def __init__(self) -> None:
        self._used: OrderedDict[bytes, int] = OrderedDict()

    async def take(self, name: bytes, *, now_ms: int, expires_ms: int) -> bool:
        """See `UsedProofs`."""
        used = self._used
        while used and (len(used) >= USED_MAX or next(iter(used.values())) <= now_ms):
            used.popitem(last=False)
        if name in used:
            return False
        used[name] = expires_ms
        return True


class Proofs:
    """Checks proofs, and takes each only once."""

    def __init__(self, secret: bytes, used: UsedProofs) -> None:
        self.nonces = Nonces(secret)
        self._used = used

    async def check(
        self, proof: str, key: bytes, *, method: str, url: str, now_ms: int, is_fresh: bool = True
    ) -> None:
        """Take a proof that the holder of the 65-byte `key` made for this request.

        `url` is as the server sees it: behind a proxy its scheme and port may be others, so host and path decide.
        `is_fresh` False: neither the nonce nor an earlier use is judged; for uploads, which repeat without harm.

        Raises ProofError, UseDpopNonceError, FaultError.
        """
        claims = _claims(proof, key)
        if claims.get("htm") != method:
            raise ProofError(reason=f"it is for the method {str(claims.get('htm'))[:16]!r}")
        if not _is_same_place(claims.get("htu"), url):
            raise ProofError(reason="it is for another URL")
        jti, nonce = claims.get("jti"), claims.get("nonce")
        if not isinstance(jti, str) or not 0 < len(jti) <= JTI_CHARS_MAX:
            raise ProofError(reason="it has no jti")
        if not is_fresh:
            return
        if not isinstance(nonce, str) or not self.nonces.is_fresh(nonce, now_ms):
            raise UseDpopNonceError
        name = sha256(key + jti.encode("utf-8", "surrogatepass")).digest()
        if not await self._used.take(name, now_ms=now_ms, expires_ms=now_ms + 2 * NONCE_LIFE_MS):
            raise ProofError(reason="it was used before")


def raw_key_of_proof(proof: str) -> bytes:
    """Return the 65-byte key that a proof names, not yet checked.

    Raises ProofError.
    """
    if not proof:
        raise ProofError(reason="the request has no DPoP header")
    if len(proof) > PROOF_CHARS_MAX:
        raise ProofError(reason=f"it is longer than {PROOF_CHARS_MAX} characters")
    try:
        return _raw_key(jwt.get_unverified_header(proof).get("jwk"))
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise ProofError(reason="it is malformed") from error


def _claims(proof: str, key: bytes) -> dict[str, object]:
    if len(proof) > PROOF_CHARS_MAX:
        raise ProofError(reason=f"it is longer than {PROOF_CHARS_MAX} characters")
    try:
        # Decoded once, for a proof comes with every request: what its header says counts only with its signature.
        whole = _algorithms.decode_complete(proof, _loaded(key), algorithms=["ES256"])
        header = whole["header"]
        claims: dict[str, object] = whole["payload"]
        if header.get("typ") != "dpop+jwt":
            raise ProofError(reason="it is no dpop+jwt by ES256")
        if _raw_key(header.get("jwk")) != key:
            raise ProofError(reason="its key is not the one that was enrolled")
    except (jwt.PyJWTError, MalformedError, ValueError, TypeError, RecursionError) as error:
        raise ProofError(reason="it is malformed or its signature is wrong") from error
    return claims


@lru_cache(maxsize=4096)
def _loaded(key: bytes) -> EllipticCurvePublicKey:
    return load_key(key)


def _raw_key(jwk: object) -> bytes:
    match jwk:
        case {"kty": "EC", "crv": "P-256", "x": str(x), "y": str(y), **rest} if "d" not in rest:
            return b"\x04" + _coordinate(x) + _coordinate(y)
        case _:
            raise ProofError(reason="its jwk is no public key of P-256")


def _coordinate(text: str) -> bytes:
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(data) != _COORDINATE_BYTES:
        raise ProofError(reason="its jwk is no point of P-256")
    return data


def _is_same_place(claimed: object, url: str) -> bool:
    if not isinstance(claimed, str):
        return False
    try:
        ours, theirs = urlsplit(url), urlsplit(claimed)
        hosts = (ours.hostname, theirs.hostname)
    except ValueError:
        return False
    return hosts[0] == hosts[1] and unquote(ours.path) == unquote(theirs.path)
