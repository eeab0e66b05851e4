"""Tokens that let a phone fetch the chunks of one bucket for some minutes: no server has to remember them. Pure."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import ClassVar, Final

import msgspec
from msgspec import Struct

from domain.canonical import encode_trusted
from domain.errors import DomainError

TOKEN_LIFE_MS: Final = 15 * 60_000
"""A right that was taken away is of no use for chunks after this; a download that takes longer asks for another."""

_MAC_BYTES: Final = 16


class WrongBucketTokenError(DomainError):
    """The token is none of this server's."""

    code: ClassVar[str] = "wrong-bucket-token"

    def __init__(self) -> None:
        super().__init__("the header Gobi-Bucket-Token holds no token of this server")


class BucketTokenExpiredError(DomainError):
    """The token has had its time: the next sync brings another."""

    code: ClassVar[str] = "bucket-token-expired"

    def __init__(self, *, expired_ms: int) -> None:
        super().__init__("the bucket token has expired; sync once more")
        self.expired_ms = expired_ms


class _Token(Struct, array_like=True, frozen=True):
    bucket: str
    expires_ms: int
    mac: bytes


_decoder: Final = msgspec.msgpack.Decoder(_Token)


class BucketTokens:
    """Makes and checks tokens of one organisation. `secret` is known to every process that serves it."""

    def __init__(self, secret: bytes, org: str) -> None:
        self._key = hmac.digest(secret, b"gobi/bucket-token/1\0" + org.encode(), sha256)

    def make(self, bucket: str, *, now_ms: int) -> str:
        """Return a token for a bucket."""
        expires_ms = now_ms + TOKEN_LIFE_MS
        data = encode_trusted((bucket, expires_ms, self._mac(bucket, expires_ms)))
        return urlsafe_b64encode(data).decode().rstrip("=")

    def bucket_of(self, token: str, *, now_ms: int) -> str:
        """Return the bucket whose chunks the holder of a token may fetch.

        Raises WrongBucketTokenError, BucketTokenExpiredError.
        """
        try:
            found = _decoder.decode(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        except (ValueError, msgspec.DecodeError):
            raise WrongBucketTokenError from None
        if not hmac.compare_digest(found.mac, self._mac(found.bucket, found.expires_ms)):
            raise WrongBucketTokenError
        if found.expires_ms <= now_ms:
            raise BucketTokenExpiredError(expired_ms=found.expires_ms)
        return found.bucket

    def _mac(self, bucket: str, expires_ms: int) -> bytes:
        return hmac.digest(self._key, encode_trusted((bucket, expires_ms)), sha256)[:_MAC_BYTES]
