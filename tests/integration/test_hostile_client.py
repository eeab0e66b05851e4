"""A hostile client meets the real server: it gets a clear word each time, and nobody else loses anything."""

import copy
import gzip
import json
from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest

from tests.tools.stranger import Op, Reply, Stranger, base64url, decode, encode

Enrol = Callable[[str], Stranger]

_MOST: Final = 2**53 - 1
_MOVE: Final = ["LEAF", "L1", "A", "B"]


def _move(phone: Stranger, qty: object = 1, **changed: Any) -> Op:
    return phone.record("move", None, [[*_MOVE, qty]], **changed)


def _settles(reply: Reply, op: Op) -> bool:
    return any(epoch == op.epoch and first <= op.seq <= last for epoch, first, last in reply.settled)


def _request(phone: Stranger, *frames: bytes, **changed: object) -> bytes:
    fields: dict[str, object] = {
        "v": 1,
        "device": phone.device,
        "now": phone.now_ms(),
        "run": phone.run,
        "session": phone.session,
        "cursor": phone.cursor,
        "page": None,
        "buckets": ["org"],
        "frames": list(frames),
        "relayed": [],
        "pending": 0,
    }
    return encode(list((fields | changed).values()))


def _nested(depth: int) -> bytes:
    return b"\x91" * depth + b"\x90"


# -- frames ----------------------------------------------------------------------------------------------


def _put(index: int, value: object) -> Callable[[bytes], bytes]:
    return _altered(index, lambda _: value)


def _altered(index: int, change: Callable[[Any], object]) -> Callable[[bytes], bytes]:
    def alter(frame: bytes) -> bytes:
        parts = decode(frame)
        parts[index] = change(parts[index])
        return encode(parts)

    return alter


def _with_body(depth: int) -> Callable[[bytes], bytes]:
    mark = encode("a mark")
    put = _altered(6, lambda columns: [*columns[:7], ["a mark"], columns[8]])
    return lambda frame: put(frame).replace(mark, _nested(depth))


BAD_FRAMES: Final[dict[str, tuple[Callable[[bytes], bytes], str]]] = {
    "nothing": (lambda _: b"", "malformed-frame"),
    "nil": (lambda _: b"\xc0", "malformed-frame"),
    "a map": (lambda _: b"\x80", "malformed-frame"),
    "an array that claims 4 G elements": (lambda _: b"\xdd\xff\xff\xff\xff", "malformed-frame"),
    "cut short": (lambda frame: frame[:-1], "malformed-frame"),
    "a byte too many": (lambda frame: frame + b"\0", "malformed-frame"),
    "a long form of 1": (lambda frame: frame.replace(b"\x99\x01", b"\x99\xcc\x01", 1), "malformed-frame"),
    "300,000 bytes": (lambda _: bytes(300_000), "frame-too-large"),
    "nesting of 9 in a body": (_with_body(9), "malformed-frame"),
    "nesting of 100,000 in a body": (_with_body(100_000), "malformed-frame"),
    "version 2": (_put(0, 2), "malformed-frame"),
    "another organisation": (_put(1, "other"), "unknown-device"),
    "a device of nobody": (_put(2, b"n" * 16), "unknown-device"),
    "another epoch": (_altered(3, lambda epoch: epoch + 1), "wrong-seal"),
    "a later seq": (_put(4, 7), "wrong-seal"),
    "seq 0": (_put(4, 0), "malformed-frame"),
    "another predecessor": (_put(5, b"p" * 32), "wrong-seal"),
    "a column of 2⁵³−1 ops": (_altered(6, lambda columns: [[[_MOST, 1]], *columns[1:]]), "malformed-frame"),
    "no seal": (_put(7, []), "malformed-frame"),
    "a seal over more than there is": (_altered(7, lambda seals: [[2, seals[0][1]]]), "malformed-frame"),
    "a seal of zeros": (_put(7, [[1, bytes(64)]]), "wrong-seal"),
    "a seal of ones": (_put(7, [[1, b"\xff" * 64]]), "wrong-seal"),
}


def test_a_bad_frame_is_one_problem_and_the_good_ones_beside_it_are_taken(enrol: Enrol) -> None:
    liu = enrol("liu")
    good = _move(liu)
    frame = liu.frame([good])
    bad = [spoil(frame) for spoil, _ in BAD_FRAMES.values()]

    reply = liu.sync(*bad, frame)

    found = {number: code for number, relayed, code, _ in reply.problems if not relayed}
    named = {name: found.get(number) for number, name in enumerate(BAD_FRAMES)}
    assert named == {name: code for name, (_, code) in BAD_FRAMES.items()}
    assert len(bad) not in found
    assert _settles(reply, good)


def test_what_another_device_did_not_seal_is_not_its(enrol: Enrol) -> None:
    liu, zhang = enrol("liu"), enrol("zhang")
    forger = copy.copy(zhang)
    forged, true = _move(forger), _move(zhang)
    frame = decode(zhang.frame([forged]))
    frame[7] = [[1, liu.seal([forged])]]

    reply = liu.sync(encode(frame), zhang.frame([true]))

    assert [problem[:3] for problem in reply.problems] == [[0, False, "wrong-seal"]]
    assert _settles(zhang.sync(), true), "own or relayed: a true frame is the device's that sealed it"


def test_of_a_stretch_with_a_wrong_seal_the_earlier_stretches_stand(enrol: Enrol) -> None:
    liu = enrol("liu")
    first, second, third = (_move(liu) for _ in range(3))
    frame = decode(liu.frame([first, second, third]))
    frame[7] = [[1, liu.seal([first])], [1, b"\1" * 64], [1, liu.seal([third])]]

    reply = liu.sync(encode(frame))

    assert reply.problems[0][2] == "wrong-seal"
    assert reply.acked == [[liu.epoch, first.seq]]
    assert liu.sync(liu.frame([second, third])).acked == [[liu.epoch, third.seq]]


def test_a_thousand_frames_of_one_op_are_taken_at_once(enrol: Enrol) -> None:
    liu = enrol("liu")

    reply = liu.sync(*[liu.frame([_move(liu)]) for _ in range(1_000)])

    assert (reply.problems, reply.settled) == ([], [[liu.epoch, 1, 1_001]])


def test_a_device_that_floods_with_gaps_is_stopped_and_heals_by_sending_again(enrol: Enrol) -> None:
    liu = enrol("liu")
    missing, *late = [liu.frame([_move(liu)]) for _ in range(301)]

    flooded = liu.sync(*late)
    healed = liu.sync(missing, *late)

    assert {code for _, _, code, _ in flooded.problems} == {"too-many-waiting"}
    assert (healed.problems, healed.settled) == ([], [[liu.epoch, 1, 302]])


# -- ops -------------------------------------------------------------------------------------------------


def _recorded(kind: str, *body: object, **changed: Any) -> Callable[[Stranger], Op]:
    return lambda phone: phone.record(kind, *body, **changed)


def _lines(qty: object) -> list[object]:
    return [[*_MOVE, qty]]


BAD_OPS: Final[dict[str, tuple[Callable[[Stranger], Op], tuple[str, str]]]] = {
    "a negative quantity": (_recorded("move", None, _lines(-1)), ("quarantined", "malformed-body")),
    "a quantity of letters": (_recorded("move", None, _lines("1")), ("quarantined", "malformed-body")),
    "an item of 4,000 letters": (
        _recorded("move", None, [["x" * 4_000, "", "A", "B", 1]]),
        ("quarantined", "malformed-body"),
    ),
    "no body": (_recorded("move", body=[None, []]), ("quarantined", "malformed-body")),
    "not even names": (_recorded("move", body=[]), ("quarantined", "malformed-body")),
    "more seen than there is": (
        _recorded("move", None, _lines(1), seen=[_MOST, b"s" * 16]),
        ("quarantined", "false-seen"),
    ),
    "a root seen that never was": (
        _recorded("move", None, _lines(1), seen=[5, b"s" * 16]),
        ("quarantined", "false-seen"),
    ),
    "nobody's session": (
        _recorded("move", None, _lines(1), actor=b"a" * 16),
        ("quarantined", "no-session"),
    ),
    "a session of another": (
        _recorded("session", "limin", _MOST, b"n" * 16, "passkey", None, actor=b""),
        ("quarantined", "no-right"),
    ),
    "a grant to oneself": (
        _recorded("grant", "liu", "manager", None, None, None),
        ("quarantined", "no-right"),
    ),
    "a verdict of one's own": (_recorded("sequenced", 0, 0, [], [], []), ("quarantined", "no-right")),
    "another's catalogue": (_recorded("set", "item", "TOM-5", [["name", "x"]]), ("refused", "no-right")),
    "names of what is not": (
        _recorded("move", None, _lines(1), names=[b"x" * 32] * 65),
        ("deferred", "missing-op"),
    ),
    "another version": (_recorded("move", None, _lines(1), v=2), ("deferred", "unknown-kind")),
}


@pytest.mark.parametrize("name", BAD_OPS)
def test_an_op_that_may_not_count_is_kept_with_a_verdict(
    enrol: Enrol, url: str, http: httpx.Client, name: str
) -> None:
    liu = enrol("liu")
    record, verdict = BAD_OPS[name]
    op = record(liu)

    reply = liu.sync(liu.frame([op]))

    assert reply.problems == []
    rows = [row for row in liu.table("verdict").values() if row[:2] == [op.epoch, op.seq]]
    assert [tuple(row[3:5]) for row in rows] == [verdict]
    assert http.get(f"{url}/api/v1/log/proof/{op.leaf.hex()}").is_success


def test_quantities_at_the_limit_are_summed_exactly_and_shown_at_the_limit(enrol: Enrol) -> None:
    liu = enrol("liu")
    there = [liu.record("move", None, [["GIANT", "L", "A", "B", _MOST]]) for _ in range(3)]
    liu.sync(liu.frame(there))
    shown = liu.table("balance")["GIANT\x1fL\x1fB"][3]

    back = [liu.record("move", None, [["GIANT", "L", "B", "A", _MOST]]) for _ in range(3)]
    liu.sync(liu.frame(back))

    assert shown == _MOST
    assert "GIANT\x1fL\x1fB" not in liu.table("balance")


@pytest.mark.parametrize("at", [_MOST, -_MOST])
def test_a_clock_at_the_end_of_time_is_bounded_by_when_its_op_came(enrol: Enrol, at: int) -> None:
    liu = enrol("liu")

    op = _move(liu, at=at)
    reply = liu.sync(liu.frame([op]))

    assert _settles(reply, op)
    assert any(row[1] == "suspect-clock" for row in liu.table("exception").values())


# -- requests and proofs ---------------------------------------------------------------------------------


def _bad_proof(phone: Stranger, other: Stranger, name: str) -> str:
    header, claims, signature = phone.proof().split(".")
    none = base64url(json.dumps({"typ": "dpop+jwt", "alg": "none"}).encode())
    return {
        "another's": other.proof(nonce=phone.dpop_nonce),
        "for another URL": phone.proof(htu="http://elsewhere.example/api/v1/sync"),
        "for another method": phone.proof(htm="GET"),
        "without a jti": phone.proof(jti=None),
        "with an old nonce": phone.proof(nonce="old"),
        "unsigned": f"{none}.{claims}.",
        "with the signature of another": f"{header}.{claims}.{other.proof().rpartition('.')[2]}",
        "no token": f"{signature}",
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "another's",
        "for another URL",
        "for another method",
        "without a jti",
        "with an old nonce",
        "unsigned",
        "with the signature of another",
        "no token",
    ],
)
def test_without_a_proof_of_its_own_a_device_gets_no_rows_but_may_give_frames(
    enrol: Enrol, name: str
) -> None:
    liu, zhang = enrol("liu"), enrol("zhang")
    op = _move(liu)

    answer = liu.post_bytes(_request(liu, liu.frame([op])), _bad_proof(liu, zhang, name))

    reply = Reply(*decode(answer.content))
    assert (reply.pull, reply.rows, reply.cursor) == ("use-dpop-nonce", [], liu.cursor)
    assert reply.acked == [[liu.epoch, op.seq]]


def test_a_proof_serves_once(enrol: Enrol) -> None:
    liu = enrol("liu")
    proof = liu.proof()

    pulls = [Reply(*decode(liu.post_bytes(_request(liu), proof).content)).pull for _ in range(2)]

    assert pulls == ["ok", "use-dpop-nonce"]


def test_nobody_pulls_by_the_session_of_another(enrol: Enrol) -> None:
    liu, limin = enrol("liu"), enrol("limin")
    liu.session = limin.session

    assert liu.sync().pull == "no-session"


BAD_REQUESTS: Final[dict[str, tuple[Callable[[bytes], bytes], dict[str, str], int]]] = {
    "nothing": (lambda _: b"", {}, 400),
    "a float": (lambda _: b"\xcb" + bytes(8), {}, 400),
    "deep nesting": (lambda _: _nested(100_000), {}, 400),
    "10,000 tiny frames": (_put(8, [b"\xc0"] * 10_000), {}, 400),
    "a cursor below all": (_put(5, -2), {}, 400),
    "five megabytes": (lambda _: bytes(5_000_000), {}, 413),
    "a bomb": (lambda _: gzip.compress(bytes(50_000_000)), {"Content-Encoding": "gzip"}, 413),
    "half a gzip": (lambda request: gzip.compress(request)[:-9], {"Content-Encoding": "gzip"}, 400),
    "another packing": (lambda request: request, {"Content-Encoding": "br"}, 415),
    "another type": (lambda request: request, {"Content-Type": "application/json"}, 415),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_request_that_is_none_is_a_problem_in_words(
    enrol: Enrol, url: str, http: httpx.Client, name: str
) -> None:
    liu = enrol("liu")
    spoil, headers, status = BAD_REQUESTS[name]
    headers = {"Content-Type": "application/vnd.gobi.sync+msgpack", **headers}

    answer = http.post(f"{url}/api/v1/sync", content=spoil(_request(liu)), headers=headers)

    assert answer.status_code == status
    assert answer.json()["type"].startswith("/errors/")
    assert liu.sync().pull == "ok"


# -- enrolment -------------------------------------------------------------------------------------------


def _redeem(url: str, http: httpx.Client, code: str, key: bytes) -> httpx.Response:
    asked = {"code": code, "key": base64url(key), "name": "a stranger"}
    return http.post(f"{url}/api/v1/enrolments/redeem", json=asked)


def _code(url: str, http: httpx.Client, person: str) -> str:
    answer = http.post(f"{url}/demo/api/enrolments", json={"person": person})
    return str(answer.json()["url"].partition("#")[2])


def test_a_code_serves_one_key_and_that_one_again(url: str, http: httpx.Client) -> None:
    code = _code(url, http, "liu")
    mine, other = (Stranger(url, http).public_key for _ in range(2))

    first, again, stolen = (_redeem(url, http, code, key) for key in (mine, mine, other))

    assert (first.status_code, again.status_code, stolen.status_code) == (201, 201, 404)
    assert first.json()["enrol"] == again.json()["enrol"]


def test_a_code_of_ones_own_does_not_open_the_device_of_another(
    enrol: Enrol, url: str, http: httpx.Client
) -> None:
    limin, code = enrol("limin"), _code(url, http, "liu")

    refused = _redeem(url, http, code, limin.public_key)

    assert (refused.status_code, "secret" in refused.json()) == (400, False)
    assert _redeem(url, http, code, Stranger(url, http).public_key).json()["person"] == "liu"
    assert limin.sync().pull == "ok"


def test_a_key_off_the_curve_costs_no_code(url: str, http: httpx.Client) -> None:
    code = _code(url, http, "liu")

    assert _redeem(url, http, code, b"\x04" + b"\1" * 64).status_code == 400
    assert _redeem(url, http, code, Stranger(url, http).public_key).status_code == 201


def test_json_that_nests_without_end_is_a_problem_of_the_caller(url: str, http: httpx.Client) -> None:
    answer = http.post(
        f"{url}/api/v1/enrolments/redeem",
        content=b"[" * 100_000,
        headers={"Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.json()["type"]) == (400, "/errors/malformed-query")
