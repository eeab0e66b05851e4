"""Every exception is told in both languages, with names instead of ids, and never not at all."""

from random import Random

import pytest

from api.demo.ends import tables_of
from api.demo.play import Play
from api.demo.shuffle import finished, found_in_memory
from api.naming import Naming
from api.words import _PLAIN, _TELLERS, tell_exception, tell_variance
from domain.canonical import decode
from sync_engine.fold.findings import OWNERS


async def _play_to(play: Play, clock: str) -> None:
    await play.prepare()
    async for _ in play.until(clock):
        pass


def played(clock: str) -> tuple[Play, Naming]:
    chance = Random(5)
    server, secret, _ = found_in_memory(chance)
    play = Play(server, secret, chance)
    finished(_play_to(play, clock))
    return play, Naming(server.ledger, now_ms=server.ledger.server_ms)


@pytest.mark.parametrize("code", sorted(OWNERS))
def test_every_exception_has_words_and_plain_words_where_its_facts_are_of_a_later_version(code: str) -> None:
    _, naming = played("05:50")
    assert code in _TELLERS
    told = tell_exception(code, (), (), naming)
    assert (told.zh, told.en) == _PLAIN[code]


def test_a_code_of_a_later_version_is_told_plainly() -> None:
    _, naming = played("05:50")
    assert tell_exception("moon-eclipse", (1,), (2,), naming).en == "moon eclipse"


def test_the_late_pick_explains_the_variance() -> None:
    play, naming = played("09:05")
    rows = play.server.rows  # type: ignore[attr-defined]  # a server in memory
    [row] = [
        decode(data) for (bucket, table, _), data in rows.items() if (bucket, table) == ("desk", "variance")
    ]
    told = tell_variance(row, naming)

    assert told.zh == (
        "1 号冷库的番茄礼盒 5 kg 1123：张磊 07:50 盘点 55 件，账上 56 件，少 1 件。起初看似少 21 件："
        "缺少的 20 件是刘洋 07:42 拣走的，09:05 才上传。"
    )
    assert told.en.endswith("The missing 20 were picked by Liu Yang at 07:42, uploaded at 09:05.")


def test_all_that_the_day_leaves_open_is_told_with_names() -> None:
    play, naming = played("24:00")
    rows = play.server.rows  # type: ignore[attr-defined]  # a server in memory
    opened = [
        decode(data) for (bucket, table, _), data in rows.items() if (bucket, table) == ("desk", "exception")
    ]
    told = [tell_exception(row[1], row[2], row[3], naming) for row in opened if row[7] == "open"]

    assert len(told) == len(tables_of(rows).exceptions) == 4
    for words in told:
        assert words.zh not in {zh for zh, _ in _PLAIN.values()}
        assert not any(word in words.en for word in ("TOM-5", "MLK", "PAK", "laozhou", "T1-2", "None"))
