"""The tables: on the terminal, in docs/peers.md, and the short one of both READMEs."""

import platform
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Final

from bench.peers.figures import Figures
from bench.peers.others import OTHERS
from bench.peers.outcomes import Seen, Word
from bench.peers.side_by_side import OURS, Compared, Machine, count_of
from bench.peers.workload import BATCH, DEVICES, KEYS

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = Path(__file__).with_name("page.md")
"""What no run changes."""
DOCUMENT: Final = ROOT / "docs" / "peers.md"
READMES: Final = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
BEGIN, END = "<!-- peers: `make bench-peers` writes this table -->", "<!-- peers: end -->"
ABSENT: Final = "–"
AS_ABOVE: Final = "as above"

STORIES: Final = {
    "clone-same-id": "a phone's disk is copied; both go on under the id that is kept on it",
    "clone-new-id": "the same, but the library draws a new id at every start",
    "clock-day": "a clock is a day ahead while somebody picks 20 of 76; 55 are counted; it is put right; 5 are picked",
    "clock-year": "the same, a year ahead",
    "clock-corrected-first": "the same, a day ahead, and put right before the phone has a signal",
    "oversell": "5 − 4 − 4: two sellers without a signal promise 4 each",
    "oversell-taken": "the same, when both have already carried their 4 away: nothing below 0 is on a shelf",
    "count-after-pick": "of 60, one phone picks 20, then another counts 40; neither has a signal",
    "count-before-pick": "of 60, one phone counts 40, then another picks 20; neither has a signal",
    "rejected-write": "the server may not take the second of three writes",
    "lost-ack": "a batch arrives, its answer does not; it is sent again",
    "server-restored": "the server comes back from a backup that lacks what it had acknowledged",
    "phone-restored": "a phone comes back from a backup that lacks what it had sent, and goes on",
}
"""Every trap, in the order of the tables."""
NOTES: Final = {
    "waits": "what came after waits for ever",
    "kept-as-conflict": "the other is kept as a conflict, which nobody is told of",
}
"""What a program noted of a trap."""

_SHORT: Final = {
    "en": (
        "engine",
        "taken in, ops/s: one by one / {batch} together",
        "bytes an op: alone / among {batch}",
        "new client",
        "nothing new",
        "traps: right / told / stops / **silently wrong**",
    ),
    "zh": (
        "引擎",
        "每秒收下的操作：逐条 / {batch} 条一批",
        "每条操作的字节：单条 / {batch} 条一批",
        "新设备",
        "没有新内容时",
        "陷阱：正确 / 有告知 / 停住 / **悄悄出错**",
    ),
}


def cell(seen: Seen | None) -> str:
    """Return what a table says of how an engine came out of a trap; it begins with the word."""
    if seen is None:
        return AS_ABOVE
    if seen.word is Word.STOPS:
        return f"stops: `{seen.stuck}`"
    if seen.word is Word.RIGHT:
        return f"right: {seen.truth}"
    word = f"**{seen.word.value}**" if seen.word is Word.SILENT else seen.word.value
    shown = " and ".join(str(value) for value in dict.fromkeys(seen.shown.values()))
    more = [f"; {NOTES[seen.note]}"] if seen.note else []
    more += ["; a line in the console"] if seen.console else []
    more += [f"; {seen.healed} after what it asked for"] if seen.healed is not None else []
    return f"{word}: {shown} for {seen.truth}{''.join(more)}"


def terminal(compared: Compared) -> str:
    """Return both tables as aligned text."""
    figures = [_FIGURE_HEADS, *[_figure_row(one) for one in compared.figures]]
    traps = [_trap_heads(compared), *_trap_rows(compared.traps)]
    return "\n\n".join(_aligned(rows) for rows in (figures, traps))


def write_documents(compared: Compared, machine: Machine) -> None:
    """Write docs/peers.md, and the short table where the READMEs leave room for it."""
    DOCUMENT.write_text(document(compared, machine), encoding="utf-8")
    for language, path in READMES.items():
        before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
        _, found, after = rest.partition(END)
        assert found, f"{path.name} has a place for the table"
        table = _markdown(_short_rows(compared, language))
        path.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def document(compared: Compared, machine: Machine) -> str:
    """Return docs/peers.md."""
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        on=machine.on,
        cpus=machine.cpus,
        processor=_processor(),
        python=platform.python_version(),
        versions=", ".join(f"{name} {version}" for name, version in compared.versions.items()),
        load=f"{machine.load:.1f}",
        devices=DEVICES,
        keys=f"{len(KEYS):,}",
        figures=_markdown([_FIGURE_HEADS, *[_figure_row(one) for one in compared.figures]]),
        traps=_markdown([_trap_heads(compared), *_trap_rows(compared.traps)]),
        told="\n".join(_told(compared.traps[OURS])),
    )


def _told(seen: Sequence[Seen]) -> list[str]:
    return [f"- *{STORIES[one.trap]}*: " + " · ".join(dict.fromkeys(one.told)) for one in seen if one.told]


# --- rows ------------------------------------------------------------------------------------------------------------

_FIGURE_HEADS: Final = (
    "engine",
    "local, ops/s",
    "taken in one by one, ops/s",
    f"{BATCH} together, ops/s",
    "bytes of one op alone",
    f"among {BATCH}",
    "new client",
    "nothing new",
    "ops",
)


def _figure_row(of: Figures) -> tuple[str, ...]:
    total = "" if of.wire_single_total is None else f" ({of.wire_single_total:,.0f})"
    return (
        f"**{of.engine}**",
        _said(of.local, lambda rate: f"{rate:,.0f}"),
        f"{of.single:,.0f}",
        f"{of.batched:,.0f}",
        _said(of.wire_single, lambda size: f"{size:,.0f}{total}"),
        _said(of.wire_batched, lambda size: f"{size:,.1f}"),
        _new_client(of),
        _idle(of),
        f"{of.ops:,}",
    )


def _said(value: float | None, words: Callable[[float], str]) -> str:
    return ABSENT if value is None else words(value)


def _new_client(of: Figures) -> str:
    if of.bootstrap_s is None or of.bootstrap_bytes is None:
        return ABSENT
    return f"{of.bootstrap_s:.2f} s, {of.bootstrap_bytes / 1000:,.0f} kB"


def _idle(of: Figures, request: str = "requests", message: str = "messages") -> str:
    if of.idle_requests is None or of.idle_bytes is None:
        return ABSENT
    unit = message if of.idle_bytes_total is None else request
    unit = unit[:-1] if of.idle_requests == 1 and unit.endswith("s") else unit
    total = "" if of.idle_bytes_total is None else f" ({of.idle_bytes_total:,})"
    return f"{of.idle_requests} {unit}, {of.idle_bytes:,} B{total}"


def _trap_heads(compared: Compared) -> tuple[str, ...]:
    return ("trap", *[f"{name} {compared.versions.get(name, '')}".strip() for name in (*OTHERS, OURS)])


def _trap_rows(traps: Mapping[str, Sequence[Seen]]) -> list[tuple[str, ...]]:
    by_engine = {engine: {one.trap: one for one in seen} for engine, seen in traps.items()}
    return [
        (STORIES[trap], *[cell(by_engine[engine].get(trap)) for engine in (*OTHERS, OURS)])
        for trap in STORIES
    ]


def _short_rows(compared: Compared, language: str) -> list[tuple[str, ...]]:
    requests, messages = ("requests", "messages") if language == "en" else ("次请求", "条消息")
    rows = [tuple(head.format(batch=BATCH) for head in _SHORT[language])]
    for of in compared.figures:
        if of.engine not in compared.traps:
            continue
        seen = compared.traps[of.engine]
        rows.append(
            (
                f"**{of.engine}**",
                f"{of.single:,.0f} / {of.batched:,.0f}",
                f"{of.wire_single:,.0f} / {of.wire_batched:,.1f}",
                _new_client(of),
                _idle(of, requests, messages).partition(" (")[0],
                " / ".join(str(count_of(seen, word)) for word in Word),
            )
        )
    return rows


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    escaped = [[text.replace("|", "\\|") for text in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in escaped]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    plain = [[text.replace("**", "") for text in row] for row in rows]
    widths = [max(len(row[column]) for row in plain) for column in range(len(plain[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in plain
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", info.read_text()) if info.is_file() else None
    return found[1] if found else platform.machine()
