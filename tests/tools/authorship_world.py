"""An organisation of two chains, whose ops are proven: what the tests and the corpus of authorship build with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain.assertion import Assertion, encode_assertion, session_challenge, sign_challenge
from domain.ops import GENESIS_PREV, LeafHash, encode_op, leaf_hash
from sync_engine.authorship import Authorship, SealedOp, sealed_op
from sync_engine.genesis import signed_genesis
from tests.tools.authenticator import Authenticator
from tests.tools.op_chain import ORG, START_MS, Chain, private_key

if TYPE_CHECKING:
    from domain.ops import Op

HOUR_MS = 3_600_000
NONCE = bytes(range(16))
ROOTS = tuple(bytes([number]) * 32 for number in (1, 2, 3))


@dataclass
class AuthorshipWorld:
    """A server and Liu's phone; ops of each are sealed in stretches of at most `stretch`."""

    stretch: int = 5
    server: Chain = field(default_factory=lambda: Chain(private_key(100), epoch=7, prev=GENESIS_PREV))
    phone: Chain = field(default_factory=lambda: Chain(private_key(1), epoch=1))
    liu: Authenticator = field(default_factory=lambda: Authenticator("liu"))

    def __post_init__(self) -> None:
        fields = ("绿原合作社", self.server.public, "", "", ("limin", "李敏", None), 480)
        self.genesis = self.server.record(
            "genesis", *signed_genesis(ORG, fields, ROOTS), actor=b"", at=START_MS
        )
        self.enrol = self.said("enrol", self.phone.device, self.phone.public, "刘洋的手机", "liu", "phone")
        self.phone.prev = leaf_hash(encode_op(self.enrol))
        key = self.liu.passkey
        self.credential = self.said("credential", key.person, key.id, key.alg, key.key, key.rp, "刘洋的手机")
        self.session = self.sign_in()

    @property
    def trusted(self) -> LeafHash:
        """The hash of the genesis."""
        return leaf_hash(encode_op(self.genesis))

    def said(self, kind: str, *fields: object) -> Op:
        return self.server.record(kind, *fields, actor=b"", at=START_MS)

    def sign_in(
        self, assurance: str = "passkey", *, person: str = "liu", proof: Assertion | None = None
    ) -> Op:
        expires = START_MS + HOUR_MS
        asked = session_challenge(ORG, self.phone.device, self.phone.public, person, expires, NONCE)
        answer = encode_assertion(proof or self.liu.answer(asked)) if assurance == "passkey" else None
        return self.phone.record("session", person, expires, NONCE, assurance, answer, actor=b"", at=START_MS)

    def pick(self, *, at: int = START_MS, session: Op | None = None) -> Op:
        line = ["TOM-5", "1121", "R1", "T1", 40]
        actor = leaf_hash(encode_op(session or self.session))[:16]
        return self.phone.record("pick", None, None, [line], actor=actor, at=at)

    def sign(self, op: Op) -> Op:
        hashed = leaf_hash(encode_op(op))
        answer = self.liu.answer(sign_challenge(ORG, hashed))
        fields = (answer.credential, answer.authenticator_data, answer.client_data, answer.signature)
        return self.phone.record("sign", *fields, names=(hashed,), actor=op.actor, at=op.at)

    def sealed(self, op: Op) -> SealedOp:
        """An op in the stretch in which its chain has it."""
        chain = self.server if op.device == self.server.device else self.phone
        first = (op.seq - 1) // self.stretch * self.stretch
        ops = chain.ops[first : first + self.stretch]
        return sealed_op(
            [encode_op(each) for each in ops], op.seq - 1 - first, first + 1, chain.seal(ops).signature
        )

    def proof(self, op: Op, *, session: Op | None = None, sign: Op | None = None) -> Authorship:
        """Everything that there is to show who recorded an op."""
        return Authorship(
            op=self.sealed(op),
            genesis=self.sealed(self.genesis),
            enrol=self.sealed(self.enrol),
            session=self.sealed(session or self.session),
            credential=self.sealed(self.credential),
            sign=None if sign is None else self.sealed(sign),
        )


def other_device() -> Chain:
    """A phone that nobody enrolled."""
    return Chain(private_key(9), epoch=1)
