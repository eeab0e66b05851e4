"""A client of the sync protocol written from `docs/protocol` alone, without a line of ours.

It proves that the documents are enough to write one, so it imports nothing but the standard library,
`cryptography` and `httpx`, and cites the section that each function follows.
"""

import base64
import gzip
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any, Final, NamedTuple, Self

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Row = dict[tuple[str, str, str], Any]

_SEAL_OPS_MAX: Final = 64
_LENGTHS: Final = {  # family → short form, its limit, the codes of 8, 16 and 32 bits (operations.md §1)
    "str": (0xA0, 32, (0xD9, 0xDA, 0xDB)),
    "bin": (0xC4, 0, (0xC4, 0xC5, 0xC6)),
    "array": (0x90, 16, (None, 0xDC, 0xDD)),
}


def encode(value: object) -> bytes:
    """The one canonical encoding of a value."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        return _encode_int(value)
    if isinstance(value, list | tuple):
        return _head("array", len(value)) + b"".join(map(encode, value))
    assert isinstance(value, str | bytes), type(value)
    content = value.encode() if isinstance(value, str) else value
    return _head("str" if isinstance(value, str) else "bin", len(content)) + content


def _encode_int(value: int) -> bytes:
    if -32 <= value < 128:
        return (value & 0xFF).to_bytes(1, "big")
    sign, code = (False, 0xCC) if value >= 0 else (True, 0xD0)
    for power, size in enumerate((1, 2, 4, 8)):
        limit = 1 << (8 * size - sign)
        if -limit <= value < limit:
            return bytes([code + power]) + value.to_bytes(size, "big", signed=sign)
    raise OverflowError(value)


def _head(family: str, length: int) -> bytes:
    short, limit, codes = _LENGTHS[family]
    if length < limit:
        return bytes([short | length])
    for size, code in zip((1, 2, 4), codes, strict=True):
        if code is not None and length < 1 << 8 * size:
            return bytes([code]) + length.to_bytes(size, "big")
    raise OverflowError(length)


def decode(data: bytes) -> Any:
    """The value of canonical bytes; anything else is a `ValueError`."""
    value, end = _decode_at(data, 0)
    if end != len(data) or encode(value) != data:
        raise ValueError("not canonical")
    return value


def _decode_at(data: bytes, at: int) -> tuple[Any, int]:
    code, at = data[at], at + 1
    if code < 0x80 or code >= 0xE0:
        return (code if code < 0x80 else code - 256), at
    if code in {0xC0, 0xC2, 0xC3}:
        return {0xC0: None, 0xC2: False, 0xC3: True}[code], at
    if 0xCC <= code <= 0xD3:
        size = 1 << (code & 3)
        return int.from_bytes(data[at : at + size], "big", signed=code >= 0xD0), at + size
    family, length, at = _decode_head(data, code, at)
    if family == "array":
        items = []
        for _ in range(length):
            item, at = _decode_at(data, at)
            items.append(item)
        return items, at
    content = data[at : at + length]
    return (content.decode() if family == "str" else content), at + length


def _decode_head(data: bytes, code: int, at: int) -> tuple[str, int, int]:
    for family, (short, limit, codes) in _LENGTHS.items():
        if short <= code < short + limit:
            return family, code - short, at
        if code in codes:
            size = (1, 2, 4)[codes.index(code)]
            return family, int.from_bytes(data[at : at + size], "big"), at + size
    raise ValueError(f"type 0x{code:02x}")


def runs(values: Iterable[object]) -> list[list[object]]:
    """A run-length coded column (operations.md §3)."""
    return [[len(list(same)), value] for value, same in groupby(values)]


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return _node(tree_root(leaves[:split]), tree_root(leaves[split:]))


def proves_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 §2.1.3.2."""
    at, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            value = _node(sibling, value)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            value = _node(value, sibling)
        at, last = at >> 1, last >> 1
    return index < size and last == 0 and value == root


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes


def open_checkpoint(note: str, log_key: str) -> Checkpoint:
    """What a checkpoint note says, if the log's key signed it (C2SP signed-note, tlog-checkpoint)."""
    text, _, signatures = note.partition("\n\n")
    signed = f"{text}\n".encode()
    name, key_hash, key = log_key.split("+", 2)
    public = base64.b64decode(key)
    assert public[0] == 1, "an Ed25519 key"
    assert hashlib.sha256(f"{name}\n".encode() + public).digest()[:4].hex() == key_hash
    for line in signatures.splitlines():
        _, signer, signature = line.split(" ")
        raw = base64.b64decode(signature)
        if signer == name and raw[:4].hex() == key_hash:
            Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[4:], signed)
            origin, size, root = text.split("\n")[:3]
            return Checkpoint(origin, int(size), base64.b64decode(root))
    raise InvalidSignature


class Reply(NamedTuple):
    """The reply of a sync (sync.md §2), in its order."""

    version: int
    now_ms: int
    log_size: int
    pull: str
    cursor: int
    page: Any
    dropped: list[str]
    rows: list[list[Any]]
    settled: list[list[int]]
    held: list[list[Any]]
    problems: list[list[Any]]
    checkpoint: str
    seen: list[Any] | None
    acked: list[list[int]]
    snapshots: Sequence[list[Any]] = ()
    based: Sequence[list[Any]] = ()


class Op(NamedTuple):
    epoch: int
    seq: int
    data: bytes
    fields: list[Any]

    @property
    def leaf(self) -> bytes:
        return leaf_hash(self.data)


@dataclass
class Stranger:
    """One phone: its key, its chain, its rows. `copy.copy` of it is a cloned phone."""

    url: str
    http: httpx.Client
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    enrolment: dict[str, Any] = field(default_factory=dict)
    chain: tuple[Op, ...] = ()
    epoch: int = field(default_factory=lambda: secrets.randbits(53))
    run: int = field(default_factory=lambda: secrets.randbits(53))
    seen: tuple[int, bytes] = (0, b"")
    session: bytes = b""
    dpop_nonce: str = ""
    cursor: int = -1
    rows: Row = field(default_factory=dict)
    takes_snapshots: bool = False
    offers: dict[str, list[Any]] = field(default_factory=dict)
    blobs: dict[bytes, Any] = field(default_factory=dict)
    """What manifests and chunks hold, by name."""
    log_key: str = ""
    clock_offset_ms: int = 0

    @classmethod
    def enrol(cls, uri: str, name: str, http: httpx.Client) -> Self:
        """A phone that redeemed the code of an enrolment's QR (sync.md §1)."""
        url, code = uri.removeprefix("gobi:enrol:").split("#")
        phone = cls(url, http)
        request = {"code": code, "key": base64url(phone.public_key), "name": name, "pin_set": True}
        reply = http.post(f"{url}/api/v1/enrolments/redeem", json=request)
        reply.raise_for_status()
        phone.enrolment = reply.json()
        assert phone.enrolment["device"] == phone.device.hex()
        phone.log_key = phone.enrolment["log_key"]
        phone.clock_offset_ms = phone.enrolment["time"] - time.time_ns() // 1_000_000
        checkpoint = open_checkpoint(phone.enrolment["checkpoint"], phone.log_key)
        phone.seen = (checkpoint.size, checkpoint.root[:16])
        return phone

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def device(self) -> bytes:
        return hashlib.sha256(self.public_key).digest()[:16]

    @property
    def org(self) -> str:
        return str(self.enrolment["org"])

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.clock_offset_ms

    def log_in(self, hours: int = 8) -> Op:
        """The `session` op: the device itself says who is at it."""
        expires = self.now_ms() + hours * 3_600_000
        person = self.enrolment["person"]
        op = self.record("session", person, expires, secrets.token_bytes(16), "device", None, actor=b"")
        self.session = op.leaf[:16]
        return op

    def record(self, kind: str, *body: object, names: Sequence[bytes] = (), **changed: object) -> Op:
        """An op at the end of the chain (operations.md §2); `changed` fields are those of a bad client."""
        seq = self.chain[-1].seq + 1 if self.chain and self.chain[-1].epoch == self.epoch else 1
        values: dict[str, object] = {
            "v": 1,
            "org": self.org,
            "device": self.device,
            "epoch": self.epoch,
            "seq": seq,
            "prev": self.chain[-1].leaf if self.chain else bytes.fromhex(self.enrolment["enrol"]),
            "nonce": self._nonce(self.epoch, seq),
            "seen": list(self.seen),
            "at": self.now_ms(),
            "err": 500,
            "run": self.run,
            "actor": self.session,
            "kind": kind,
            "body": [None, list(names), *body],
            "erasable": [],
        }
        fields = list((values | changed).values())
        op = Op(self.epoch, seq, encode(fields), fields)
        self.chain = (*self.chain, op)
        return op

    def _nonce(self, epoch: int, seq: int) -> bytes:
        secret = base64.urlsafe_b64decode(self.enrolment["secret"] + "==")
        message = epoch.to_bytes(8, "big") + seq.to_bytes(8, "big")
        return hmac.digest(secret, message, "sha256")[:16]

    def seal(self, ops: Sequence[Op]) -> bytes:
        """operations.md §3."""
        leaves = [op.leaf for op in ops]
        first, last = ops[0], ops[-1]
        stretch = [self.org, self.device, first.epoch, first.seq, last.seq, last.leaf, tree_root(leaves)]
        return self.sign(b"gobi/seal/1\0" + encode(stretch))

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def frame(self, ops: Sequence[Op]) -> bytes:
        """operations.md §3; `ops` are consecutive ops of one epoch."""
        columns = [list(column) for column in zip(*(op.fields for op in ops), strict=True)]
        v, (seen, at, err, run, actor, kind, body, erasable) = columns[0], columns[7:]
        steps = [at[0], *(later - earlier for earlier, later in pairwise(at))]
        columns = [runs(v), runs(seen), steps, *map(runs, (err, run, actor, kind)), body, runs(erasable)]
        stretches = [ops[i : i + _SEAL_OPS_MAX] for i in range(0, len(ops), _SEAL_OPS_MAX)]
        seals = [[len(stretch), self.seal(stretch)] for stretch in stretches]
        first = ops[0]
        return encode([1, self.org, self.device, first.epoch, first.seq, first.fields[5], columns, seals, []])

    def sync(self, *frames: bytes, relayed: Sequence[bytes] = (), pull: bool = True) -> Reply:
        """One round trip, with all its pages; a stale DPoP nonce is renewed once."""
        reply = self.post(frames, relayed, None, pull=pull)
        if reply.pull == "use-dpop-nonce":
            reply = self.post((), (), None, pull=pull)._replace(problems=reply.problems)
        pages = [reply]
        while pages[-1].page is not None:
            pages.append(self.post((), (), pages[-1].page, pull=pull))
        if reply.pull == "ok":
            self._apply(pages)
        return pages[-1]._replace(rows=[row for page in pages for row in page.rows], problems=reply.problems)

    def post(
        self, frames: Sequence[bytes], relayed: Sequence[bytes], page: object, *, pull: bool = True
    ) -> Reply:
        buckets = sorted({bucket for bucket, _, _ in self.rows})
        session = self.session if pull else b""
        at = [self.now_ms(), self.run, session, self.cursor, page, buckets]
        request = [1, self.device, *at, list(frames), list(relayed)]
        if self.takes_snapshots:
            request += [
                0,
                [[bucket, offer[1], self.has_all(bucket)] for bucket, offer in self.offers.items()],
            ]
        answer = self.post_bytes(encode(request))
        answer.raise_for_status()
        # Elements that later versions add at the end are read over (operations.md §1).
        return Reply(*decode(answer.content)[: len(Reply._fields)])

    def post_bytes(self, body: bytes, proof: str | None = None) -> httpx.Response:
        headers = {"Content-Type": "application/vnd.gobi.sync+msgpack", "DPoP": proof or self.proof()}
        answer = self.http.post(f"{self.url}/api/v1/sync", content=body, headers=headers)
        self.dpop_nonce = answer.headers.get("DPoP-Nonce", self.dpop_nonce)
        return answer

    def proof(self, **changed: object) -> str:
        """A DPoP proof (RFC 9449)."""
        x, y = self.public_key[1:33], self.public_key[33:]
        jwk = {"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)}
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
        claims: dict[str, object] = {
            "jti": secrets.token_urlsafe(12),
            "htm": "POST",
            "htu": f"{self.url}/api/v1/sync",
        }
        claims = {**claims, "iat": self.now_ms() // 1000, "nonce": self.dpop_nonce, **changed}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        return f"{signed}.{base64url(self.sign(signed.encode()))}"

    def acknowledgement(self, device: bytes, *ops: bytes) -> list[Any]:
        """The server's signed word about a device, checked by the key of the enrolment (relay.md §5)."""
        path = f"{self.url}/api/v1/devices/{device.hex()}/acknowledgement"
        proof = self.proof(htm="GET", htu=path)
        named = ".".join(op.hex() for op in ops)
        answer = self.http.get(path, params={"ops": named}, headers={"DPoP": proof})
        answer.raise_for_status()
        statement, signature = decode(answer.content)
        point = base64.urlsafe_b64decode(self.enrolment["server_key"] + "==")
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        key.verify(encode_dss_signature(r, s), b"gobi/ack/1\0" + statement, ec.ECDSA(hashes.SHA256()))
        found: list[Any] = decode(statement)
        return found

    def _apply(self, pages: Sequence[Reply]) -> None:
        last = pages[-1]
        dropped = {bucket for page in pages for bucket in page.dropped}
        self.rows = {at: value for at, value in self.rows.items() if at[0] not in dropped}
        for bucket, manifest in last.based:
            for chunk in self.blobs[manifest][4]:
                for table, entries in self.blobs[chunk[0]]:
                    self.rows |= {(bucket, table, key): value for key, value in entries}
        for page in pages:
            for bucket, table, key, value in page.rows:
                self.rows[bucket, table, key] = value
        self.rows = {at: value for at, value in self.rows.items() if value is not None}
        self.offers = {offer[0]: offer for offer in last.snapshots}
        self.cursor = last.cursor
        if last.seen is not None:
            self.seen = (last.seen[0], last.seen[1])

    def has_all(self, bucket: str) -> bool:
        """Whether every chunk of an offered snapshot is here (sync.md §5)."""
        manifest = self.blobs.get(self.offers[bucket][1])
        return manifest is not None and all(chunk[0] in self.blobs for chunk in manifest[4])

    def fetch(self, most: int = 1_000_000) -> int:
        """Fetch so many blobs of what was offered, and return how many it took (sync.md §5)."""
        fetched = 0
        for _, manifest, _, _, _, token in self.offers.values():
            fetched += self._fetch_blob(manifest, token, fetched < most)
            for chunk in self.blobs.get(manifest, [0, 0, 0, 0, []])[4]:
                fetched += self._fetch_blob(chunk[0], token, fetched < most)
        return fetched

    def _fetch_blob(self, name: bytes, token: str, may: bool) -> bool:
        if name in self.blobs or not may:
            return False
        answer = self.get_blob(name, token)
        answer.raise_for_status()
        assert hashlib.sha256(answer.content).digest() == name
        self.blobs[name] = decode(gzip.decompress(answer.content))
        return True

    def get_blob(self, name: bytes, token: str, **headers: str) -> httpx.Response:
        headers = {"Gobi-Bucket-Token": token, **headers}
        return self.http.get(f"{self.url}/api/v1/snapshots/{name.hex()}", headers=headers)

    def new_epoch(self) -> None:
        """What a phone does that finds that another goes by its name (sync.md §2, `held`)."""
        self.epoch = secrets.randbits(53)

    def table(self, name: str) -> dict[str, Any]:
        return {key: value for (_, table, key), value in self.rows.items() if table == name}


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
