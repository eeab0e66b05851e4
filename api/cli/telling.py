"""The demo day told line by line: clock, who, what; then the verdict, and every balance and exception that it moved."""

from collections.abc import Mapping
from typing import Any, Final

from api.demo.day import Record, Sync
from api.demo.memory_server import MemoryServer
from api.demo.play import Happening
from api.naming import Naming, Said
from api.words import tell_exception
from domain.canonical import decode
from domain.lowering import is_physical
from sync_engine.fold.rows import RowKey

BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"
NAME_CELLS: Final = 19
_WIDE_FROM: Final = 0x2E80
"""From here on characters take two cells of a terminal."""
_WORDS: Final = {
    "sync": Said("同步", "syncs"),
    "offline": Said("已记录，还没上传", "recorded, not sent yet"),
    "open": Said("异常", "exception"),
    "closed": Said("已消除", "closed"),
    "end": Said("一天结束时", "At the end of the day"),
    "money": Said("往来款（元）", "Money (yuan)"),
    "payable": Said("应付", "we owe"),
    "receivable": Said("应收", "owes us"),
    "exceptions": Said("未处理的异常", "Open exceptions"),
}

_HELD: Final = {
    "inspect": Said("待检", "to inspect"),
    "hold": Said("冻结", "held"),
    "reject": Said("拒用", "rejected"),
    "recall": Said("召回", "recalled"),
}
_VERDICTS: Final = {
    "refused": Said("被拒绝", "refused"),
    "deferred": Said("暂缓", "deferred"),
    "quarantined": Said("待审", "quarantined"),
    "accepted": Said("已接受", "accepted"),
}


class Teller:
    """Tells what a server's rows show, and remembers what it told."""

    def __init__(self, server: MemoryServer, is_english: bool, is_coloured: bool) -> None:
        self._server, self._english, self._coloured = server, is_english, is_coloured
        self._told: dict[RowKey, bytes] = {}

    def begin(self) -> None:
        """Take what stands now as known."""
        self._told = dict(self._server.rows)

    def tell(self, happening: Happening) -> None:
        """Tell one step and what it changed."""
        step = happening.step
        who = self._device(happening)
        what = self._what(step, happening)
        print(f"{self._paint(happening.clock, BOLD)}  {self._paint(padded(who, NAME_CELLS), CYAN)} {what}")
        self._tell_changes(happening.at_ms)

    def _device(self, happening: Happening) -> str:
        if happening.who is None:
            return "Gobi"
        if not self._english:
            return happening.who.name
        naming = Naming(self._server.ledger, now_ms=happening.at_ms)
        return f"{naming.named('person', happening.who.person).en}'s {happening.who.purpose}"

    def _what(self, step: Record | Sync, happening: Happening) -> str:
        if isinstance(step, Sync):
            story = step.story_en if self._english else step.story
            return self._paint(self._word("sync"), GREEN) + (f": {story}" if story else "")
        story = (step.story_en if self._english else step.story) or step.kind
        index = self._server.ledger.fold.index_of(happening.hash)
        if index is None:
            return f"{story} {self._paint('· ' + self._word('offline'), DIM)}"
        return story

    def _tell_changes(self, at_ms: int) -> None:
        rows = self._server.rows
        naming = Naming(self._server.ledger, now_ms=at_ms)
        for key in sorted(rows.keys() | self._told.keys()):
            before, after = self._told.get(key), rows.get(key)
            if before == after:
                continue
            bucket, table, _ = key
            if table == "balance":
                self._tell_balance(before, after, naming)
            elif table == "exception" and bucket == "desk":
                self._tell_exception(before, after, naming)
            elif table == "verdict" and after is not None:
                self._tell_verdict(decode(after), naming)
        self._told = dict(rows)

    def _tell_balance(self, before: bytes | None, after: bytes | None, naming: Naming) -> None:
        row: list[Any] = decode(after or before or b"")
        item, lot, place = row[:3]
        if not (is_physical(place) or place.startswith("partner:") or place == "virtual:variance"):
            return
        then = (0, 0) if before is None else tuple(decode(before)[3:5])
        now = (0, 0) if after is None else tuple(row[3:5])
        if then == now:
            return
        goods, where = self._said(naming.goods(item, lot)), self._said(naming.place(place))
        old, new = self._said(naming.quantity(item, *then)), self._said(naming.quantity(item, *now))
        colour = RED if now[0] < 0 else DIM
        print(self._paint(f"       {padded(goods, 26)} {padded(where, 18)} {old} → {new}", colour))

    def _tell_exception(self, before: bytes | None, after: bytes | None, naming: Naming) -> None:
        row: list[Any] = decode(after or before or b"")
        told = tell_exception(row[1], row[2], row[3], naming)
        words = told.en if self._english else told.zh
        is_open = after is not None and row[7] == "open"
        mark = self._word("open") if is_open else self._word("closed")
        print(self._paint(f"       ⚑ {mark}: {words}", YELLOW if is_open else GREEN))

    def _tell_verdict(self, row: list[Any], naming: Naming) -> None:
        author = naming.author(row[2])
        print(
            self._paint(
                f"       ✗ {author.kind} ({self._said(author.person)} {author.at}): {self._verdict(row[3])} ({row[4]})",
                RED,
            )
        )

    # --- the end ---------------------------------------------------------------------------------------------------

    def tell_end(self) -> None:
        """Tell what stands where, who owes what, and what is open."""
        rows = self._server.rows
        naming = Naming(self._server.ledger, now_ms=self._server.ledger.server_ms)
        print(f"\n{self._paint(self._word('end'), BOLD)}")
        for key in sorted(rows):
            if key[1] == "balance":
                item, lot, place, q, w, _, _, held = decode(rows[key])[:8]
                if (q or w) and (
                    is_physical(place) or place.startswith("partner:") or place == "virtual:variance"
                ):
                    goods, where = self._said(naming.goods(item, lot)), self._said(naming.place(place))
                    amount = self._said(naming.quantity(item, q, w))
                    mark = self._paint(f"  {self._held(held)}", YELLOW) if held else ""
                    print(f"  {padded(goods, 26)} {padded(where, 18)} {amount}{mark}")
        self._tell_money(rows, naming)
        print(self._paint(self._word("exceptions"), BOLD))
        for key in sorted(rows):
            if key[:2] == ("desk", "exception") and (row := decode(rows[key]))[7] == "open":
                told = tell_exception(row[1], row[2], row[3], naming)
                print(f"  ⚑ {told.en if self._english else told.zh}")

    def _tell_money(self, rows: Mapping[RowKey, bytes], naming: Naming) -> None:
        print(self._paint(self._word("money"), BOLD))
        for key in sorted(rows):
            if key[1] == "statement":
                partner, payable, receivable = decode(rows[key])[:3]
                for fen, word in ((payable, "payable"), (receivable, "receivable")):
                    if fen:
                        name = padded(self._said(naming.partner(partner)), 26)
                        print(f"  {name} {padded(self._word(word), 18)} {fen / 100:>12,.2f}")

    # --- words -----------------------------------------------------------------------------------------------------

    def _said(self, said: Said) -> str:
        return said.en if self._english else said.zh

    def _verdict(self, verdict: str) -> str:
        return self._said(_VERDICTS.get(verdict, Said(verdict, verdict)))

    def _held(self, state: str) -> str:
        return self._said(_HELD.get(state, Said(state, state)))

    def _word(self, name: str) -> str:
        return self._said(_WORDS[name])

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text


def padded(text: str, cells: int) -> str:
    """Fill a text up to a number of cells; Chinese takes two a character."""
    taken = sum(2 if ord(char) >= _WIDE_FROM else 1 for char in text)
    return text + " " * max(0, cells - taken)
