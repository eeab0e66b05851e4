"""What only the demo has: phones without a manager, the ledger as the demo page shows it, the rest of the day."""

import asyncio
from http import HTTPStatus
from typing import Any, Final

from litestar import Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from litestar.response import Redirect
from msgspec import Struct

from api.demo.day import DEVICES
from api.demo_server import DemoServer
from api.given import Turn
from api.identity import Asked
from api.naming import Naming
from api.routes.enrolment import enrolment_link
from api.words import tell_exception, tell_variance
from domain.body_fields import Id
from domain.lowering import is_physical

LAST_OPS: Final = 40
BALANCES_MAX: Final = 400
HIDDEN_KINDS: Final = frozenset({"sequenced", "genesis"})


class PersonAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose phone shall join."""

    person: Id


class DemoEnrolment(Struct, frozen=True):
    """A code for a phone of a person of the demo."""

    url: str
    person: str
    name: str


class DemoLedger(Struct, frozen=True):
    """What the demo page shows beside its phones; names and words in both languages."""

    time: int
    log_size: int
    checkpoint: str
    is_playing: bool
    """Whether the rest of the day can be played."""
    balances: list[dict[str, Any]]
    variances: list[dict[str, Any]]
    exceptions: list[dict[str, Any]]
    devices: list[dict[str, Any]]
    ops: list[dict[str, Any]]


@post("/enrolments", status_code=HTTPStatus.OK)
async def enrol(
    request: Asked, demo: NamedDependency[DemoServer], data: JSONBody[PersonAsked]
) -> DemoEnrolment:
    """Make a code for a person's phone, which reaches the server under the person's own name."""
    made = await demo.code(data.person, _url_of(request, data.person))
    return DemoEnrolment(made.url, data.person, made.name)


def _url_of(request: Asked, person: str) -> str:
    """An origin of the person's own: phones in one browser keep apart what they store."""
    port = f":{request.url.port}" if request.url.port else ""
    return f"{request.url.scheme}://{person}.localhost{port}"


# One path each: a parameter under /demo would hide the demo's page from the route of all pages.
@get([f"/as/{device.person}" for device in DEVICES], status_code=HTTPStatus.SEE_OTHER)
async def sign_in(request: Asked, demo: NamedDependency[DemoServer]) -> Redirect:
    """Lead a browser to where it joins as a person's phone: a link that can be typed, and works again and again."""
    person = request.url.path.rpartition("/")[2]
    url = _url_of(request, person)
    made = await demo.code(person, url)
    return Redirect(enrolment_link(url, made.url), status_code=303)


@get("/ledger")
async def ledger(demo: NamedDependency[DemoServer]) -> DemoLedger:
    """The ledger now."""
    house = demo.house()
    contacts = await house.reads.contacts()
    exceptions = await house.reads.rows("desk", "exception")
    variances = await house.reads.rows("desk", "variance")
    now_ms = house.clock()
    naming = Naming(house.ledger, now_ms=now_ms)
    return DemoLedger(
        time=now_ms,
        log_size=house.sequencer.head.size,
        checkpoint=house.sequencer.head.note,
        is_playing=demo.is_playing,
        balances=_balances(demo, naming),
        variances=[_variance(key, row, naming) for key, row in variances],
        exceptions=[_exception(row, naming) for _, row in exceptions],
        devices=[
            {
                "id": device.id.hex(), "name": device.name, "person": device.person, "purpose": device.purpose,
                "last_sync_ms": contact.at_ms if (contact := contacts.get(device.id)) else None,
                "pending": contact.pending if contact else None,
                "clock_off_ms": contact.clock_off_ms if contact else None,
            }
            for device in house.ledger.directory.devices()
        ],
        ops=_last_ops(demo, naming),
    )  # fmt: skip


def _balances(demo: DemoServer, naming: Naming) -> list[dict[str, Any]]:
    fold = demo.house().ledger.fold
    found = []
    for (item, lot, place), (q, w, estimated) in sorted(fold.balances().items()):
        if not (is_physical(place) or place.startswith("partner:") or place == "virtual:variance"):
            continue
        what, where = naming.goods(item, lot), naming.place(place)
        amount = naming.quantity(item, q, w)
        found.append(
            {
                "item": item, "lot": lot, "place": place, "q": q, "w": w, "estimated": estimated,
                "held": fold.state.held_at(item, lot, place), "goods_zh": what.zh, "goods_en": what.en,
                "place_zh": where.zh, "place_en": where.en, "amount_zh": amount.zh, "amount_en": amount.en,
            }
        )  # fmt: skip
    return found[:BALANCES_MAX]


def _variance(key: str, row: list[Any], naming: Naming) -> dict[str, Any]:
    told = tell_variance(row, naming)
    return {
        "key": key, "count": row[0], "item": row[1], "lot": row[2], "place": row[3], "expected": row[4],
        "counted": row[6], "dq": row[8], "dw": row[9], "at": row[10], "contested_by": row[11], "late": row[12],
        "zh": told.zh, "en": told.en,
    }  # fmt: skip


def _exception(row: list[Any], naming: Naming) -> dict[str, Any]:
    identity, code, facts, ops, owner, opened, deadline, state, closed_by = row[:9]
    told = tell_exception(code, facts, ops, naming)
    return {
        "id": identity, "code": code, "facts": facts, "ops": ops, "owner": owner, "opened": opened,
        "deadline": deadline, "state": state, "closed_by": closed_by, "zh": told.zh, "en": told.en,
    }  # fmt: skip


def _last_ops(demo: DemoServer, naming: Naming) -> list[dict[str, Any]]:
    """The last ops, the newest first, without what the server says to itself."""
    ledger = demo.house().ledger
    found: list[dict[str, Any]] = []
    index = ledger.size
    while index > 0 and len(found) < LAST_OPS:
        index -= 1
        entry = ledger.fold.logged(index)
        if entry is None or entry.op.kind in HIDDEN_KINDS:
            continue
        who = naming.author(index)
        found.append(
            {
                "index": index, "kind": entry.op.kind, "device": entry.op.device.hex(), "person_zh": who.person.zh,
                "person_en": who.person.en, "t": entry.t, "err": entry.err, "arrived": entry.arrived, "at": who.at,
                "uploaded": who.arrived, "verdict": entry.verdict, "code": entry.code, "hash": entry.hash.hex(),
            }
        )  # fmt: skip
    return found


@post("/rest", status_code=HTTPStatus.OK)
async def rest(demo: NamedDependency[DemoServer], turn: Turn) -> dict[str, int]:
    """Play the rest of the day: the driver, the desk, the farmer."""
    async with turn:
        return {"steps": await demo.rest()}


@post("/reset", status_code=HTTPStatus.OK)
async def reset(demo: NamedDependency[DemoServer], turn: Turn) -> dict[str, int]:
    """Begin the day anew. Phones that were enrolled must join again."""
    async with turn:
        await demo.reset()
        return {"log_size": demo.house().sequencer.head.size}


def demo_router(demo: DemoServer) -> Router:
    """Return the routes of a demo."""
    turn = asyncio.Lock()
    return Router(
        "/demo",
        route_handlers=[sign_in, Router("/api", route_handlers=[enrol, ledger, rest, reset])],
        dependencies={
            "demo": Provide(lambda: demo, sync_to_thread=False),
            "turn": Provide(lambda: turn, sync_to_thread=False),
        },
        include_in_schema=False,
    )
