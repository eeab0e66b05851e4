"""Phones and servers of other versions in between: the app's own ledger and the real server, through something that
cuts what an older peer did not know and adds what a newer one might say (docs/protocol/versions.md).
"""

from __future__ import annotations

import gzip
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from typing_extensions import override

from tests.integration.phone_process import Phones, bundle_driver
from tests.integration.test_phone_ts import DemoServer, balance, logged, move

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.phone_process import PhoneProcess

pytestmark = pytest.mark.needs_service("node")

FIRST_REQUEST: Final = 10
"""Elements of a request of the first version."""
FIRST_REPLY: Final = 14
LATER: Final = ["later", None, [1, ["deep", b"\0"]]]
SYNC: Final = "/api/v1/sync"

Message = list[Any]
Change = Callable[[Message], Message]


def first_request(request: Message) -> Message:
    return request[:FIRST_REQUEST]


def first_reply(reply: Message) -> Message:
    return reply[:FIRST_REPLY]


def later_request(request: Message) -> Message:
    whole: Message = [*request, *[0, None, ""][len(request) - FIRST_REQUEST :]]
    if whole[11] is not None:
        whole[11] = [[*held, *LATER] for held in whole[11]]
    return [*whole, *LATER]


def later_reply(reply: Message) -> Message:
    whole: Message = [*reply, *[[], [], [], [], None][len(reply) - FIRST_REPLY :]]
    whole[7] = [_later_row(row) for row in whole[7]]
    if whole[3] == "ok":
        whole[7].append(["org", "hologram", "H1", [1, ["whatever"]], *LATER])
    for place in (8, 9, 10, 13, 14, 15, 16, 17):
        whole[place] = [[*entry, *LATER] for entry in whole[place]]
    for place in (12, 18):
        whole[place] = whole[place] and [*whole[place], *LATER]
    return [*whole, *LATER]


def _later_row(row: Message) -> Message:
    """Longer in itself; in its value where nothing was left out, for more would be taken for what is missing."""
    *head, value = row
    if value is not None and head[1] in {"balance", "order", "task"}:
        value = [*value, *LATER]
    return [*head, value, *LATER]


class Between:
    """What stands between a phone and the server, and changes the messages of a sync on their way."""

    def __init__(self, server: str, requests: Change, replies: Change) -> None:
        self.seen = 0
        self.changes = requests, replies
        between = self

        class Handler(BaseHTTPRequestHandler):
            @override
            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {
                    name: value for name, value in self.headers.items() if name.lower() != "content-length"
                }
                headers.pop("Accept-Encoding", None)
                headers.pop("accept-encoding", None)
                if self.path == SYNC:
                    if headers.pop("Content-Encoding", "") == "gzip":
                        body = gzip.decompress(body)
                    body = _changed(body, between.changes[0])
                asked = urllib.request.Request(
                    server + self.path, data=body or None, headers=headers, method=self.command
                )
                try:
                    with urllib.request.urlopen(asked, timeout=60) as answer:
                        status, given, told = answer.status, answer.read(), answer.headers
                except urllib.error.HTTPError as error:
                    status, given, told = error.code, error.read(), error.headers
                if self.path == SYNC and status == HTTPStatus.OK:
                    given = _changed(given, between.changes[1])
                    between.seen += 1
                self.send_response(status)
                for name, value in told.items():
                    if name.lower() not in {
                        "content-length",
                        "transfer-encoding",
                        "connection",
                        "date",
                        "server",
                    }:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(given)))
                self.end_headers()
                self.wfile.write(given)

            do_GET = do_POST = do_PUT = _pass  # noqa: N815 - the base class asks for these names

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self._http.server_address[1]}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def _changed(data: bytes, change: Change) -> bytes:
    return msgspec.msgpack.encode(change(msgspec.msgpack.decode(data)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    demo = DemoServer(tmp_path_factory.mktemp("demo"))
    try:
        demo.start()
        yield demo
    finally:
        demo.kill()


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle_driver(tmp_path_factory.mktemp("driver"))


def _joined(server: DemoServer, between: Between, phones: Phones, name: str) -> PhoneProcess:
    phone = phones.open(name)
    phone.enrol(server.code(name).replace(server.url, between.url), name)
    assert phone.sync() == "ok"
    return phone


PAIRS: Final = {
    "an old phone": (first_request, first_reply),
    "an old phone at a new server": (first_request, later_reply),
    "a new phone at an old server": (later_request, first_reply),
    "a new phone at a new server": (later_request, later_reply),
}


def test_phones_of_every_age_work_on_one_stock(server: DemoServer, driver: Path) -> None:
    betweens = {name: Between(server.url, *changes) for name, changes in PAIRS.items()}
    try:
        with Phones(driver) as phones:
            people = dict(zip(("liu", "zhang", "limin", "zhao"), betweens, strict=True))
            hands = {who: _joined(server, betweens[pair], phones, who) for who, pair in people.items()}
            before = balance(hands["liu"], "TOM-5", "1123", "R1")
            assert before > 0
            refs = []
            for round_number in range(2):
                for who in ("liu", "zhang", "limin"):
                    line = move("TOM-5", "1123", "R1", "T1-3", 1 + round_number)
                    refs.append(hands[who].record("pick", order="SO-1123-1", task=None, lines=[line])["hash"])
                    assert hands[who].sync() == "ok"
            assert all(logged(server, *refs))
            for who, phone in hands.items():
                assert phone.sync() == "ok", who
                assert phone.pending == 0, who
                assert balance(phone, "TOM-5", "1123", "R1") == before - 9, who
                assert all(item["stage"] == "settled" for item in phone.outbox), who
            # One is updated, another set back: what one age stored, the other goes on with.
            for between, changes in zip(betweens.values(), reversed(PAIRS.values()), strict=True):
                between.changes = changes
            hands["zhang"].record(
                "pick", order="SO-1123-1", task=None, lines=[move("TOM-5", "1123", "R1", "T1-3", 1)]
            )
            assert hands["zhang"].sync() == "ok"
            for who, phone in hands.items():
                phone.reopen()
                assert phone.sync() == "ok", who
                assert balance(phone, "TOM-5", "1123", "R1") == before - 10, who
        assert all(between.seen > 2 for between in betweens.values())
    finally:
        for between in betweens.values():
            between.close()


OLDER: Final = (
    "-c",
    (
        "import sys; from domain import kinds; del kinds.BODIES['dispose']; "
        "from api.cli.main import main; sys.exit(main(sys.argv[1:]))"
    ),
)
"""A version of the server that did not know `dispose` yet."""
NEWER: Final = DemoServer.program


def _restart(server: DemoServer, program: tuple[str, ...]) -> None:
    server.kill()
    server.program = program
    server.start()


def test_what_an_older_server_cannot_read_waits_through_every_upgrade_and_rollback(
    driver: Path, tmp_path: Path
) -> None:
    server = DemoServer(tmp_path)
    server.program = OLDER
    try:
        server.start()
        with Phones(driver) as phones:
            liu, zhang = phones.open("liu"), phones.open("zhang")
            for phone in (liu, zhang):
                phone.enrol(server.code(phone.name), phone.name)
                assert phone.sync() == "ok"
            before = balance(zhang, "TOM-5", "1123", "R1")
            ref = liu.record("dispose", reason="mould", lines=[move("TOM-5", "1123", "R1", "", 3)])

            def at(phone: PhoneProcess) -> tuple[str, str, int]:
                assert phone.sync() == "ok"
                mine = next((item for item in phone.outbox if item["ref"] == ref), None)
                code = "" if mine is None or mine["verdict"] is None else mine["verdict"]["code"]
                return ("" if mine is None else mine["stage"]), code, balance(phone, "TOM-5", "1123", "R1")

            assert at(liu) == ("acked", "unknown-kind", before - 3)
            assert at(zhang) == ("", "", before)
            _restart(server, NEWER)
            assert at(zhang) == ("", "", before - 3)
            assert at(liu) == ("settled", "", before - 3)
            _restart(server, OLDER)
            liu.reopen()
            assert at(liu) == ("acked", "unknown-kind", before - 3)
            assert at(zhang) == ("", "", before)
            _restart(server, NEWER)
            liu.reopen()
            assert at(liu) == ("settled", "", before - 3)
            assert at(zhang) == ("", "", before - 3)
            assert logged(server, ref["hash"]) == [True]
    finally:
        server.kill()
