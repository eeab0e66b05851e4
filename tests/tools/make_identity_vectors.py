"""Write `tests/vectors/identity/*.json`: assertions that both Python and TypeScript must judge alike.

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
from sync_engine.seal import raw_key
from tests.tools.authenticator import Authenticator
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
    return {"assertions.json": json.dumps(assertions(), ensure_ascii=False, indent=1) + "\n"}


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


if __name__ == "__main__":
    main()
