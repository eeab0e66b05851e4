"""The examples of the protocol documents are what the code does, and a reader's checks of them hold."""

import re
from hashlib import sha256

from domain.ops import leaf_hash
from sync_engine.frame import decode_frame, sealed_ops
from sync_engine.wire import decode_reply, decode_request
from tests.tools.make_protocol_examples import DOCUMENT, document, first_hour


def _bytes_shown() -> list[bytes]:
    blocks = re.findall(r"```text\n([0-9a-f\n]+)```", DOCUMENT.read_text(encoding="utf-8"))
    return [bytes.fromhex(block.replace("\n", "")) for block in blocks]


def test_the_examples_are_what_the_code_makes() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), (
        "run python -m tests.tools.make_protocol_examples"
    )


def test_a_reader_can_check_each_example_with_the_ones_before_it() -> None:
    chain, _ = first_hour()
    _scalar, point, device, _org_secret, _secret, _dot, nonce, enrol, *rest = _bytes_shown()
    (
        session,
        session_leaf,
        pick,
        pick_leaf,
        count,
        count_leaf,
        _root,
        _message,
        _signature,
        frame,
        asked,
        answered,
    ) = rest

    assert sha256(point).digest()[:16] == device == chain.device
    assert [leaf_hash(op) for op in (session, pick, count)] == [session_leaf, pick_leaf, count_leaf]
    assert nonce in session
    assert enrol in session
    assert session_leaf in pick
    assert session_leaf[:16] in pick
    assert sealed_ops(decode_frame(frame, chain.secret_of), chain.key.public_key()) == 3
    assert decode_request(asked).frames == (frame,)
    assert decode_reply(answered).held[0].last_hash == count_leaf
