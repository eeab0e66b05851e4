"""Write `tests/vectors/identity/*.json`: assertions and proofs that Python and TypeScript must judge alike.

    python -m tests.tools.make_identity_vectors

Deterministic: the same code writes the same files, and a test compares them with those committed.
"""

import json
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from domain.assertion import (
    USER_PRESENT,
    Assertion,
    Passkey,
    WrongAssertionError,
    encode_assertion,
    session_challenge,
    sign_challenge,
    verify_assertion,
)
from domain.ops import LeafHash, device_id
from sync_engine.authorship import Authorship, AuthorshipRefusedError, encode_authorship, verify_authorship
from sync_engine.seal import raw_key
from tests.tools.authenticator import Authenticator
from tests.tools.authorship_world import HOUR_MS, AuthorshipWorld
from tests.tools.op_chain import ORG, START_MS, private_key

FOLDER: Final = Path(__file__).resolve().parent.parent / "vectors" / "identity"
_KEY: Final = raw_key(private_key(7).public_key())
_NONCE: Final = bytes(range(16))


def main() -> None:
    """Write every file anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def documents() -> dict[str, str]:
    """Name → text of each file."""
    contents = {"assertions.json": assertions(), "authorship.json": authorship()}
    return {
        name: json.dumps(content, ensure_ascii=False, indent=1) + "\n" for name, content in contents.items()
    }


def assertions() -> dict[str, Any]:
    """Challenges, and assertions with what is said of them."""
    device, hashed = device_id(_KEY), LeafHash(bytes(range(32)))
    session = session_challenge(ORG, device, _KEY, "liu", START_MS, _NONCE)
    return {
        "session": {
            "org": ORG, "device": device.hex(), "device_key": _KEY.hex(), "person": "liu", "expires_ms": START_MS,
            "nonce": _NONCE.hex(), "challenge": session.hex(),
        },
        "sign": {"org": ORG, "hash": hashed.hex(), "challenge": sign_challenge(ORG, hashed).hex()},
        "cases": [_case(*each, session) for each in _asserted(session)],
    }  # fmt: skip


def _asserted(challenge: bytes) -> list[tuple[str, Assertion, Passkey]]:
    liu = Authenticator("liu")
    kept, good = Authenticator("liu", counter=41), liu.answer(challenge)
    answers: dict[str, Assertion] = {
        "good": good,
        "with a counter": kept.answer(challenge),
        "from a page below": liu.answer(challenge, origin="https://field.stock.example:8443"),
        "another challenge": liu.answer(bytes(32)),
        "another site": liu.answer(challenge, origin="https://evil.example"),
        "a longer name": liu.answer(challenge, origin="https://evilstock.example"),
        "without TLS": liu.answer(challenge, origin="http://stock.example"),
        "a name that only ends like this machine's": liu.answer(challenge, origin="http://evillocalhost"),
        "a path": liu.answer(challenge, origin="https://stock.example/"),
        "a user in the origin": liu.answer(challenge, origin="https://evil@stock.example"),
        "upper case": liu.answer(challenge, origin="https://STOCK.example"),
        "no origin": liu.answer(challenge, origin=None),  # type: ignore[arg-type]  # what an attacker may send
        "in a frame": liu.answer(challenge, crossOrigin=True),
        "a registration": liu.answer(challenge, type="webauthn.create"),
        "nobody verified": liu.answer(challenge, flags=USER_PRESENT),
        "another relying party": Authenticator("liu", rp="other.example").answer(challenge),
        "another passkey": Authenticator("liu", id=b"another").answer(challenge),
        "another key": Authenticator("liu", key=private_key(501)).answer(challenge),
        "short data": structs.replace(good, authenticator_data=good.authenticator_data[:36]),
        "no JSON": structs.replace(good, client_data=b"{"),
        "a list": structs.replace(good, client_data=b"[]"),
        "no text": structs.replace(good, client_data=b"\xff\xfe"),
        "a byte order mark": structs.replace(good, client_data=b"\xef\xbb\xbf" + good.client_data),
        "spaces in the JSON": structs.replace(good, client_data=good.client_data + b" "),
        "long": structs.replace(good, client_data=good.client_data + b" " * 2048),
        "a longer form of the signature": structs.replace(good, signature=_padded(good.signature)),
        "bytes after the signature": structs.replace(good, signature=good.signature + b"\0"),
        "no signature": structs.replace(good, signature=b""),
    }
    passkey = liu.passkey
    return [(name, answer, passkey) for name, answer in answers.items()] + [
        ("another algorithm", good, structs.replace(passkey, alg=-257)),
        ("a key that is none", good, structs.replace(passkey, key=b"\x30\x00")),
    ]


def _padded(signature: bytes) -> bytes:
    """The same numbers with a needless zero before r, which DER forbids."""
    return bytes([0x30, signature[1] + 1, 0x02, signature[3] + 1, 0]) + signature[4:]


def _case(name: str, assertion: Assertion, passkey: Passkey, challenge: bytes) -> dict[str, Any]:
    try:
        presence = verify_assertion(assertion, passkey, challenge)
    except WrongAssertionError as wrong:
        said: dict[str, Any] = {"fault": wrong.reason}
    else:
        said = {"counter": presence.counter, "backed_up": presence.is_backed_up}
    return {
        "name": name,
        "passkey": {
            "id": passkey.id.hex(), "person": passkey.person, "alg": passkey.alg, "key": passkey.key.hex(),
            "rp": passkey.rp,
        },
        "proof": encode_assertion(assertion).hex(),
        **said,
    }  # fmt: skip


def authorship() -> dict[str, Any]:
    """Proofs of who recorded an op, with what each shows or why it shows nothing."""
    world = AuthorshipWorld()
    op = world.pick()
    signed = world.proof(op, sign=world.sign(op))
    pin = world.sign_in("device")
    good, last = world.proof(op), world.pick()
    by_pin = structs.replace(world.proof(world.pick(session=pin), session=pin), credential=None)
    other = AuthorshipWorld(liu=Authenticator("liu", key=private_key(501)))
    elsewhere = AuthorshipWorld()
    elsewhere.phone.key = private_key(9)
    session = elsewhere.sign_in()
    cases: dict[str, Authorship] = {
        "a session by passkey": good,
        "a signature over the op": signed,
        "the last op of a stretch": world.proof(last),
        "a session by PIN": by_pin,
        "after the session": world.proof(world.pick(at=START_MS + 2 * HOUR_MS)),
        "the server's own word": Authorship(
            op=world.sealed(world.enrol), genesis=world.sealed(world.genesis)
        ),
        "a signature over another op": world.proof(last, sign=world.sign(op)),
        "another genesis": structs.replace(good, genesis=elsewhere.sealed(elsewhere.enrol)),
        "no enrolment": structs.replace(good, enrol=None),
        "no session": structs.replace(good, session=None),
        "no passkey": structs.replace(good, credential=None),
        "another's passkey": structs.replace(
            world.proof(world.pick(session=other.session)), session=other.sealed(other.session)
        ),
        "another phone's session": structs.replace(
            world.proof(world.pick(session=session)), session=elsewhere.sealed(session)
        ),
        "an op where the session belongs": structs.replace(good, session=good.op),
        "an op where the enrolment belongs": structs.replace(good, enrol=good.credential),
        "a short path": structs.replace(good, op=structs.replace(good.op, path=good.op.path[:-1])),
        "a long path": structs.replace(good, op=structs.replace(good.op, path=(*good.op.path, bytes(32)))),
        "another place": structs.replace(good, op=structs.replace(good.op, first_seq=good.op.first_seq + 1)),
        "another signature": structs.replace(good, op=structs.replace(good.op, signature=bytes(64))),
        "bytes that are no op": structs.replace(good, op=structs.replace(good.op, data=b"\x90")),
    }
    return {
        "genesis": world.trusted.hex(),
        "cases": [_shown(name, proof, world.trusted) for name, proof in cases.items()],
    }


def _shown(name: str, proof: Authorship, genesis: LeafHash) -> dict[str, Any]:
    told = {"name": name, "proof": encode_authorship(proof).hex()}
    try:
        author = verify_authorship(proof, genesis)
    except AuthorshipRefusedError as refused:
        return {**told, "refused": refused.reason}
    return {
        **told, "org": author.org, "device": author.device.hex(), "device_name": author.device_name,
        "person": author.person, "assurance": author.assurance, "is_signed": author.is_signed,
    }  # fmt: skip


if __name__ == "__main__":
    main()
