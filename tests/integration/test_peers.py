"""Side by side with other engines: Gobi comes out of every trap as docs/peers.md says, and the page says it well."""

import re
from pathlib import Path
from typing import Final

import pytest

from bench.peers.others import OTHERS
from bench.peers.ours_traps import play_ours
from bench.peers.outcomes import Seen, Word
from bench.peers.report import ABSENT, BEGIN, END, READMES, STORIES
from bench.peers.side_by_side import OURS
from bench.peers.tap import Messages
from bench.peers.workload import KEYS, movements, sums

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "peers.md").read_text(encoding="utf-8")
BETTER_FIRST: Final = list(Word)


def table(first_head: str) -> list[list[str]]:
    """The rows of the table of the page that begins with this head."""
    lines = PAGE.partition(f"| {first_head} |")[1:]
    rows = "".join(lines).partition("\n\n")[0].splitlines()
    return [
        [cell.strip() for cell in row.strip("|").split(" | ")] for row in rows if not row.startswith("|-")
    ]


def words_on_the_page() -> dict[str, dict[str, str]]:
    """Trap → engine → the word at the beginning of its cell."""
    heads, *rows = table("trap")
    engines = [head.split()[0] for head in heads[1:]]
    told = {story: trap for trap, story in STORIES.items()}
    return {
        told[row[0]]: {
            engine: cell.replace("*", "").partition(":")[0]
            for engine, cell in zip(engines, row[1:], strict=True)
        }
        for row in rows
    }


async def test_gobi_comes_out_of_every_trap_at_least_as_the_page_says() -> None:
    seen = {one.trap: one for one in await play_ours()}
    page = {trap: words[OURS] for trap, words in words_on_the_page().items()}
    worse = {
        trap: (one.word, page[trap])
        for trap, one in seen.items()
        if BETTER_FIRST.index(one.word) > BETTER_FIRST.index(Word(page[trap]))
    }

    assert worse == {}, "if this is as it must be: `make bench-peers` writes the page anew"
    assert set(STORIES) - set(seen) == {"clone-new-id"}, "a phone of ours has one identity: its key"
    assert [trap for trap, one in seen.items() if one.word is Word.SILENT] == []
    assert {trap for trap, one in seen.items() if one.word is Word.RIGHT} >= {
        "clock-day", "clock-year", "oversell", "count-after-pick", "count-before-pick", "rejected-write", "lost-ack",
    }  # fmt: skip
    for trap in ("clone-same-id", "phone-restored"):
        assert any("forked-device" in word for word in seen[trap].told)
    for trap in ("clone-same-id", "phone-restored", "clock-corrected-first", "server-restored"):
        assert seen[trap].healed == seen[trap].truth, "what it asks for puts it right"
    for trap in ("oversell", "rejected-write"):
        assert seen[trap].told, "who wrote it is told"


def test_the_page_tells_every_engine_and_every_trap() -> None:
    page = words_on_the_page()
    assert list(page) == list(STORIES)
    for words in page.values():
        assert list(words) == [*OTHERS, OURS]
        assert set(words.values()) <= {*Word, "as above"}

    heads, *rows = table("engine")
    assert [row[0].strip("*") for row in rows[: len(OTHERS) + 1]] == [*OTHERS, OURS]
    for row in rows:
        assert len(row) == len(heads)
        assert all(cell == ABSENT or re.match(r"[\d,.]+", cell) for cell in row[1:])
    assert "$" not in PAGE, "every place of the template was filled"


@pytest.mark.parametrize("language", READMES)
def test_both_readmes_carry_the_short_table(language: str) -> None:
    between = READMES[language].read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [line.split(" | ")[0].strip("|* ") for line in between.strip().splitlines()[2:]]
    assert rows == [*OTHERS, OURS]


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (Seen(trap="t", truth=1, shown={"server": 1, "liu": 1}), Word.RIGHT),
        (Seen(trap="t", truth=1, shown={"server": 1, "liu": 2}), Word.SILENT),
        (Seen(trap="t", truth=1, shown={"server": 1, "liu": 2}, console=("a line",)), Word.SILENT),
        (Seen(trap="t", truth=1, shown={"server": 2, "liu": 2}, told=("refused",)), Word.TOLD),
        (Seen(trap="t", truth=1, stuck="duplicate seq"), Word.STOPS),
    ],
)
def test_an_outcome_is_called_by_what_is_shown_and_told(seen: Seen, word: Word) -> None:
    assert seen.word is word


def test_the_workload_is_the_same_every_time() -> None:
    made = movements()
    assert made == movements()
    assert sum(sums(made).values()) == sum(movement.qty for movement in made)
    assert {movement.key for movement in made} == set(range(len(KEYS)))


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_the_tap_tells_heads_from_bodies_however_they_are_cut(size: int) -> None:
    wire = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        b"HTTP/1.1 204 No Content\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    )
    messages = Messages()
    for first in range(0, len(wire), size):
        messages.take(wire[first : first + size])
    assert (messages.heads, messages.bodies) == (4, 5 + 19 + 2)
