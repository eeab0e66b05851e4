"""A running house behind its app, without a socket: what the tests of the API ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from api.app import create_app
from api.bootstrap import House, found_house, open_house
from api.founding import Founding
from api.imports.columns import TABLES
from api.imports.taking import take_file
from api.pages import Pages
from api.routes.enrolment import EnrolmentAsked, make_code
from api.settings import Settings
from tests.tools.http_phone import HttpPhone

WORLD = Path(__file__).resolve().parents[2] / "api" / "demo" / "world"
START_MS = 1_795_400_000_000
URL = "http://localhost:8000"


@dataclass
class Time:
    """The server's clock; every phone of a test goes by it too."""

    now_ms: int = START_MS

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class Running:
    house: House
    client: httpx.AsyncClient
    time: Time
    phones: int = 0

    async def import_world(self) -> None:
        for table in TABLES:
            taken = await take_file(
                self.house,
                (WORLD / f"{table}.csv").read_bytes(),
                table,
                is_dry=False,
                skips_bad=False,
                actor=b"",
            )
            assert taken.imported.faults == (), taken.imported.faults

    async def phone(self, person: str, *, purpose: Literal["phone", "desk", "shared"] = "phone") -> HttpPhone:
        """Enrol a phone, sign its person in, and sync once."""
        self.phones += 1
        phone = HttpPhone.numbered(self.client, self.phones, self.time.now_ms)
        made = await make_code(
            self.house,
            EnrolmentAsked(person=person, purpose=purpose),
            server_url=URL,
        )
        answer = await phone.enrol(made.url)
        assert answer.status_code == 201, answer.text
        phone.sign_in(person)
        await phone.sync()
        return phone


@asynccontextmanager
async def running(folder: Path, *, demo: bool = False) -> AsyncIterator[Running]:
    settings, time = Settings(data_dir=folder, demo=demo), Time()
    founding = Founding(org="lvyuan", name="绿原合作社", admin="limin", admin_name="李敏")
    await found_house(settings, founding, time)
    async with open_house(settings, time) as house:
        app = create_app(lambda: house, files=Pages(folder / "dist"))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            yield Running(house, client, time)
