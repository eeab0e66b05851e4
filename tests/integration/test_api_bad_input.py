"""Whatever comes over HTTP is answered in words: nothing is lost, and other frames are unaffected."""

import gzip
import json
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.canonical import encode
from sync_engine.wire import MEDIA_TYPE, SyncRequest, decode_reply, encode_request
from tests.integration.api_house import START_MS, URL, Running, running
from tests.tools.http_phone import HttpPhone
from tests.tools.op_chain import private_key


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as house:
        await house.import_world()
        yield house


@pytest.fixture
async def desk(day: Running) -> HttpPhone:
    return await day.phone("limin", purpose="desk")


def code_of(answer: object) -> str:
    text = getattr(answer, "text", "")
    return str(json.loads(text)["type"]).removeprefix("/errors/")


def picks(phone: HttpPhone, count: int) -> None:
    for _ in range(count):
        phone.record("pick", None, None, [["TOM-5", "1121", "R1", "T1-3", 1]])


def request(phone: HttpPhone, *frames: bytes, relayed: tuple[bytes, ...] = (), **more: object) -> bytes:
    fields = {"device": phone.it.device, "now_ms": phone.clock_ms, "run": 1, "session": b"", "cursor": -1, "page": None,
              "buckets": (), "frames": frames, "relayed": relayed, **more}  # fmt: skip
    return encode_request(SyncRequest(**fields))  # type: ignore[arg-type]  # as the tests have them


async def test_a_body_that_is_no_request_is_told_why_and_changes_nothing(day: Running) -> None:
    liu = await day.phone("liu")
    size = day.house.ledger.size
    good = request(liu)
    bad = (
        b"",
        b"\xc1",
        b"\x93\x01\x02",
        good[:-1],
        good + b"\0",
        b"\x81\x01\x02",
        encode([1, 2, 3]),
        bytes(2000),
        good.replace(b"\xc4", b"\xc5", 1),
    )
    for body in bad:
        answer = await liu.post(body)
        assert (answer.status_code, code_of(answer)) == (400, "malformed-request"), body[:20]
    assert day.house.ledger.size == size
    assert (await liu.post(good)).status_code == 200


async def test_a_body_of_another_kind_or_packing_is_not_read(day: Running) -> None:
    url = "/api/v1/sync"
    assert (
        await day.client.post(url, content=b"{}", headers={"Content-Type": "application/json"})
    ).status_code == 415
    packed = {"Content-Type": MEDIA_TYPE, "Content-Encoding": "br"}
    assert (await day.client.post(url, content=b"{}", headers=packed)).status_code == 415


async def test_an_oversized_body_and_a_zip_bomb_are_refused_before_they_are_unpacked(day: Running) -> None:
    plain = {"Content-Type": MEDIA_TYPE}
    packed = {**plain, "Content-Encoding": "gzip"}
    large = await day.client.post("/api/v1/sync", content=bytes(4 * 1024 * 1024 + 1), headers=plain)
    assert (large.status_code, code_of(large)) == (413, "request-too-large")
    bomb = gzip.compress(bytes(64 * 1024 * 1024), 9)
    assert len(bomb) < 100_000
    answer = await day.client.post("/api/v1/sync", content=bomb, headers=packed)
    assert (answer.status_code, code_of(answer)) == (413, "request-too-large")
    for body in (bomb[:-9], b"\x1f\x8b nothing", gzip.compress(b"x") + b"more", zlib.compress(b"x")):
        answer = await day.client.post("/api/v1/sync", content=body, headers=packed)
        assert answer.status_code in {400, 413}


async def test_one_bad_frame_is_its_own_problem_and_the_others_are_in_the_ledger(day: Running) -> None:
    liu, zhang = await day.phone("liu"), await day.phone("zhang")
    picks(liu, 3)
    picks(zhang, 2)
    [good], [carried] = liu.it.frames(), zhang.it.frames()
    spoilt = good[:-40] + bytes([good[-40] ^ 1]) + good[-39:]
    strange = HttpPhone.numbered(day.client, 99, START_MS)
    strange.phone = liu.it.clone()
    answer = await liu.post(request(liu, b"junk", spoilt, good, bytes(262_145), relayed=(carried, b"")))

    reply = decode_reply(answer.content)
    problems = {(p.frame, p.relayed): p.code for p in reply.problems}
    assert problems[0, False] == "malformed-frame"
    assert problems[1, False] in {"wrong-seal", "malformed-frame"}
    assert problems[3, False] == "frame-too-large"
    assert problems[1, True] == "malformed-frame"
    assert (2, False) not in problems
    assert (0, True) not in problems
    stock = day.house.ledger.fold.balances()
    assert stock["TOM-5", "1121", "T1-3"][0] == 5


async def test_frames_without_a_proof_or_with_an_old_one_are_taken_and_rows_are_not_given(
    day: Running,
) -> None:
    liu = await day.phone("liu")
    for number, proof in enumerate(
        ("", "not.a.proof", liu.proof("POST", "http://localhost:8000/api/v1/sync", nonce="old"))
    ):
        picks(liu, 1)
        answer = await liu.post(liu.it.request(wall_ms=liu.clock_ms, mono_ms=liu.clock_ms), proof=proof)
        reply = decode_reply(answer.content)
        assert (reply.pull, reply.rows, reply.problems) == ("use-dpop-nonce", (), ())
        assert reply.acked[-1].last_seq == number + 2
        assert answer.headers["DPoP-Nonce"]


async def test_who_cannot_prove_to_be_a_device_does_not_set_its_clock(day: Running) -> None:
    liu, zhang = await day.phone("liu"), await day.phone("zhang")
    day.time.now_ms = liu.clock_ms = liu.clock_ms + 3_600_000
    picks(liu, 1)
    for proof in ("", zhang.proof("POST", f"{URL}/api/v1/sync")):
        false = request(
            liu, *liu.it.frames(), now_ms=liu.clock_ms + 1_800_000, run=liu.it.clock.run, pending=999
        )
        assert decode_reply((await liu.post(false, proof=proof)).content).problems == ()
    index = day.house.ledger.fold.index_of(liu.it.prev)
    assert index is not None
    pick = day.house.ledger.fold.logged(index)
    assert pick is not None
    assert pick.t == pick.op.at


async def test_another_devices_proof_gives_no_rows(day: Running) -> None:
    liu, zhang = await day.phone("liu"), await day.phone("zhang")
    theirs = liu.proof("POST", "http://localhost:8000/api/v1/sync", key=private_key(2), nonce=zhang.nonce)
    body = request(liu, session=liu.it.session)
    assert decode_reply((await liu.post(body, proof=theirs)).content).pull == "use-dpop-nonce"
    strangers = request(liu, session=zhang.it.session)
    assert decode_reply((await liu.post(strangers)).content).pull == "no-session"


async def test_a_stranger_is_told_to_enrol_and_its_frames_are_a_problem(day: Running) -> None:
    liu = await day.phone("liu")
    stranger = HttpPhone(day.client, private_key(50), START_MS, phone=None)
    stranger.phone = liu.it.clone()
    body = request(liu, b"x", device=bytes(16))
    reply = decode_reply((await stranger.post(body)).content)
    assert reply.pull == "not-enrolled"
    assert [p.code for p in reply.problems] == ["malformed-frame"]


async def test_a_revoked_device_still_sends_and_gets_no_rows(day: Running) -> None:
    from sync_engine.commit import Intention  # noqa: PLC0415  # the one test that needs it

    liu = await day.phone("liu")
    await day.house.sequencer.record([Intention("revoke", (None, (), "device", liu.it.device, None))])
    picks(liu, 1)
    reply = decode_reply((await liu.post(liu.it.request(wall_ms=liu.clock_ms, mono_ms=liu.clock_ms))).content)
    assert reply.pull == "revoked"
    assert reply.acked[-1].last_seq == 2
    last = day.house.ledger.fold.logged(day.house.ledger.size - 2)
    assert last is not None
    assert (last.verdict, last.code) == ("quarantined", "revoked-device")


async def test_a_question_needs_a_proof_a_session_and_a_role_of_the_desk(day: Running) -> None:
    liu, desk = await day.phone("liu"), await day.phone("limin", purpose="desk")
    path = "/api/v1/balances"
    assert code_of(await day.client.get(path)) == "wrong-proof"
    assert code_of(await liu.ask("GET", path)) == "no-right"
    assert (await desk.ask("GET", path)).status_code == 200
    stale = await day.client.get(
        path, headers={"DPoP": desk.proof("GET", f"http://localhost:8000{path}", nonce="x")}
    )
    assert (stale.status_code, code_of(stale)) == (401, "use-dpop-nonce")
    assert "use_dpop_nonce" in stale.headers["WWW-Authenticate"]
    for session, code in (("", "no-session"), ("zz", "no-session"), (liu.it.session.hex(), "no-session")):
        answer = await desk.ask("GET", path, headers={"Gobi-Session": session})
        assert code_of(answer) == code
    day.time.now_ms += 13 * 3_600_000
    assert code_of(await desk.ask("GET", path)) == "session-expired"


async def test_a_proof_is_not_taken_twice(day: Running) -> None:
    desk = await day.phone("limin", purpose="desk")
    path = "/api/v1/balances"
    headers = {
        "DPoP": desk.proof("GET", f"http://localhost:8000{path}"),
        "Gobi-Session": desk.it.session.hex(),
    }
    assert (await day.client.get(path, headers=headers)).status_code == 200
    assert code_of(await day.client.get(path, headers=headers)) == "wrong-proof"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"code":7}', b'{"code":"x","key":"AA","more":1}', b'{"code":"x","key":"\xff"}'],
)
async def test_a_redeem_that_is_none_is_told_why(day: Running, body: bytes) -> None:
    answer = await day.client.post(
        "/api/v1/enrolments/redeem", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400


async def test_a_key_that_is_no_key_does_not_use_up_the_code(day: Running) -> None:
    desk = await day.phone("limin", purpose="desk")
    made = (await desk.ask("POST", "/api/v1/enrolments", json={"person": "liu"})).json()
    code = made["url"].partition("#")[2]
    bad = await day.client.post("/api/v1/enrolments/redeem", json={"code": code, "key": "AAAA"})
    assert (bad.status_code, code_of(bad)) == (400, "malformed")
    assert (await HttpPhone.numbered(day.client, 60, START_MS).enrol(made["url"])).status_code == 201


async def test_other_sites_cannot_use_a_visitors_browser(day: Running) -> None:
    assert (await day.client.get("/", headers={"Host": "evil.example"})).status_code == 421
    for host in ("localhost:8000", "liu.localhost", "127.0.0.1:9", "LOCALHOST"):
        answer = await day.client.get("/health", headers={"Host": host})
        assert answer.status_code == 200, host
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


async def test_a_head_is_a_get_without_its_body(day: Running) -> None:
    answer = await day.client.head("/health")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (
        200,
        b"",
        "application/json",
    )


async def test_a_database_that_is_away_is_no_bug_and_says_when_to_come_again(
    day: Running, desk: HttpPhone
) -> None:
    async with day.house.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE ledger_rows RENAME TO away")
    answer = await desk.ask("GET", "/api/v1/exceptions")
    assert (answer.status_code, code_of(answer)) == (503, "storage-fault")
    assert answer.headers["Retry-After"]


async def test_a_files_name_leads_nowhere_else(day: Running) -> None:
    for path in (
        "/../api/app.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/.vite/manifest.json",
        "/errors/..%2f..%2fREADME",
        "/log/tile/../../x",
    ):
        answer = await day.client.get(path)
        assert answer.status_code == 404, path
    assert (await day.client.get("/errors/wrong-seal")).text.startswith("# wrong-seal")


_ASCII = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)
_PATHS = st.sampled_from(
    ["/api/v1/sync", "/api/v1/sync/events/x", "/api/v1/enrolments", "/api/v1/enrolments/redeem", "/api/v1/balances",
     "/api/v1/lots/x/y/history", "/api/v1/devices", "/api/v1/devices/zz/ops", "/api/v1/ops/-1", "/api/v1/evidence/aa",
     "/api/v1/imports/items", "/api/v1/exceptions", "/api/v1/log/proof/x",
     "/api/v1/log/consistency/99999999999999999999",
     "/log/tile/0/000", "/log/tile/x", "/schema/openapi.json", "/demo/api/ledger", "/errors/x", "/"]
)  # fmt: skip
_HEADERS = st.dictionaries(
    st.sampled_from(
        ["DPoP", "Gobi-Session", "Content-Type", "Content-Encoding", "Accept-Encoding", "If-None-Match"]
    ),
    st.one_of(_ASCII, st.sampled_from(["gzip", MEDIA_TYPE, "application/json", "00" * 16, "a.b.c"])),
    max_size=4,
)  # fmt: skip
_PARAMETERS = st.sampled_from(
    ["as_of", "known_at", "item", "place", "before", "state", "dry_run", "reported"]
)
_VALUES = st.one_of(
    st.text(max_size=12),
    st.integers().map(str),
    st.sampled_from(["2026-11-23", "2026-11-23T07:50+08:00", "0001-01-01", "9999-12-31", "true"]),
)
_QUERIES = st.dictionaries(_PARAMETERS, _VALUES, max_size=3)
_DESK_PATHS = st.sampled_from(
    ["/api/v1/balances", "/api/v1/exceptions", "/api/v1/variances", "/api/v1/devices/00/ops", "/api/v1/verdicts",
     "/api/v1/people", "/api/v1/lots/TOM-5/1121/history", "/api/v1/devices", "/api/v1/partners/x/statement"]
)  # fmt: skip
_METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS"])
_FUZZ = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@_FUZZ
@given(method=_METHODS, path=_PATHS, headers=_HEADERS, body=st.binary(max_size=200), query=_QUERIES)
async def test_no_request_breaks_the_server(
    day: Running, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, str]
) -> None:
    headers = {**headers, "Content-Length": str(len(body))}
    answer = await day.client.request(method, path, headers=headers, content=body, params=query)
    assert answer.status_code < 500, answer.text


@_FUZZ
@given(path=_DESK_PATHS, query=_QUERIES)
async def test_no_question_of_the_desk_breaks_the_server(
    desk: HttpPhone, path: str, query: dict[str, str]
) -> None:
    answer = await desk.ask("GET", path, params=query)
    assert answer.status_code in {200, 400, 404}, answer.text


@_FUZZ
@given(
    body=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)),
    path=st.sampled_from(["", "/redeem"]),
)
async def test_no_json_breaks_the_server(desk: HttpPhone, body: bytes, path: str) -> None:
    json_type = {"Content-Type": "application/json"}
    answer = await desk.ask("POST", f"/api/v1/enrolments{path}", content=body, headers=json_type)
    assert answer.status_code < 500, answer.text
