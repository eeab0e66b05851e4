"""`gobi serve`: the server, and how to get in."""

import argparse
import asyncio
import sys
from typing import Final

from api.bootstrap import House
from api.cli.options import Commands, add_data, command
from api.cli.telling import padded
from api.demo_server import DemoServer
from api.routes.enrolment import EnrolmentAsked, enrolment_link, make_code
from api.serving import configure_logs, serve
from api.settings import Settings, read_settings

_TEXT: Final = """\
Serve one organisation: its phones, its desk, its public log.

  gobi serve --demo               the demo company, played up to 07:41, which is now
  gobi serve --demo --fresh       the same, begun anew
  gobi serve                      the company that `gobi found` began in ./var
  gobi serve --host 0.0.0.0 --port 8080 --data /srv/gobi

Phones need https or localhost for the camera and to work offline: put a proxy with a certificate in front, and tell
Gobi its name with GOBI_URL=https://stock.example. Further settings: GOBI_HOSTS, GOBI_DATABASE_URL.
"""

DEMO_PEOPLE: Final = (
    ("limin", "李敏 Li Min", "manager 经理"),
    ("chenchen", "陈晨 Chen Chen", "QA 质检"),
    ("liu", "刘洋 Liu Yang", "picker 拣货"),
    ("zhang", "张磊 Zhang Lei", "picker 拣货"),
    ("maqiang", "马强 Ma Qiang", "driver 司机"),
    ("sun", "孙梅 Sun Mei", "farmer 农户"),
)


def add(commands: Commands) -> None:
    """Add the subcommand."""
    made = command(commands, "serve", _run, brief="run the server", text=_TEXT)
    made.add_argument("--demo", action="store_true", help="the demo company instead of your own")
    made.add_argument("--fresh", action="store_true", help="with --demo: begin the demo day anew")
    made.add_argument("--host", help="address to listen at (default: 127.0.0.1)")
    made.add_argument("--port", type=int, help="port to listen at (default: 8000)")
    made.add_argument("--url", dest="public_url", help="how phones reach it, for enrolment codes")
    add_data(made)


def _run(given: argparse.Namespace) -> int:
    settings = read_settings(
        data_dir=given.data_dir,
        host=given.host,
        port=given.port,
        public_url=None if given.public_url is None else given.public_url.rstrip("/"),
        demo=given.demo,
    )
    if settings.demo and given.data_dir is None:
        # The demo keeps out of the folder of a real company.
        settings = read_settings(
            data_dir=settings.data_dir / "demo", host=given.host, port=given.port, demo=True
        )
    configure_logs(is_json=not sys.stderr.isatty())
    asyncio.run(serve(settings, fresh=given.fresh, greet=_greet))
    return 0


async def _greet(house: House, demo: DemoServer | None) -> None:
    if demo is None:
        await _greet_company(house)
    else:
        _greet_demo(house.settings, demo)


async def _greet_company(house: House) -> None:
    settings = house.settings
    print(f"Gobi serves {house.genesis.name} ({house.org}) at {settings.url}", flush=True)
    if any(device.purpose != "server" for device in house.ledger.directory.devices()):
        return
    admin, name, _ = house.genesis.admin
    made = await make_code(house, EnrolmentAsked(person=admin, purpose="desk"), server_url=settings.url)
    link = enrolment_link(settings.url, made.url)
    print(f"No device is enrolled yet. {name} opens this within 15 minutes:\n  {link}", flush=True)


def _greet_demo(settings: Settings, demo: DemoServer) -> None:
    root = f"http://localhost:{settings.port}"
    print("\nGobi serves the demo company 绿原合作社 Lüyuan Co-op.\n")
    print(f"  Two phones and the ledger:  {root}/demo\n")
    print("  Join as one of them (name the phone, choose any PIN of four digits):")
    for person, name, role in DEMO_PEOPLE:
        print(f"    {padded(name, 17)}{padded(role, 14)}{root}/demo/as/{person}")
    if not demo.is_playing:
        print("\n  The day of an earlier run goes on. To begin it anew: make run ARGS=--fresh")
    print("\n  Stop with Ctrl+C.\n", flush=True)
