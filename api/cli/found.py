"""`gobi found`: an organisation begins."""

import argparse
import asyncio
from typing import Final

from api.bootstrap import found_house
from api.cli.options import Commands, add_data, command
from api.founding import Founding
from api.settings import read_settings

_TEXT: Final = """\
Begin an organisation in an empty data folder: keys, the first op of its log, its first admin.

  gobi found --org lvyuan --name 绿原合作社 --admin limin --admin-name 李敏 --url https://stock.example

It prints three root keys, once. Write each on paper and keep them in three places: two of them together can repair the
organisation when everything else is lost. Nobody else has them.
"""


def add(commands: Commands) -> None:
    """Add the subcommand."""
    made = command(commands, "found", _run, brief="begin an organisation", text=_TEXT)
    made.add_argument("--org", required=True, help="short id: a–z, 0–9 and dashes, for ever")
    made.add_argument("--name", required=True, help="what the organisation is called")
    made.add_argument("--admin", required=True, help="id of the first admin")
    made.add_argument("--admin-name", required=True, help="what the first admin is called")
    made.add_argument(
        "--url", dest="public_url", help="how phones will reach it; its log is named so, for ever"
    )
    made.add_argument("--utc-offset", type=int, default=480, metavar="MINUTES", help="default: 480 (UTC+8)")
    add_data(made)


def _run(given: argparse.Namespace) -> int:
    url = None if given.public_url is None else given.public_url.rstrip("/")
    settings = read_settings(data_dir=given.data_dir, public_url=url)
    founding = Founding(
        org=given.org,
        name=given.name,
        admin=given.admin,
        admin_name=given.admin_name,
        utc_offset_minutes=given.utc_offset,
    )
    seeds = asyncio.run(found_house(settings, founding))
    print(f"{given.name} ({given.org}) begins in {settings.data_dir}.\n")
    print("Root keys, for paper; they are kept nowhere else:")
    for number, seed in enumerate(seeds, start=1):
        print(f"  {number}  {' '.join(seed.hex()[at : at + 8] for at in range(0, 64, 8))}")
    print("\nNext: gobi import items.csv places.csv …; then gobi serve")
    return 0
