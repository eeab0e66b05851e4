"""A log folded again, commit by commit as it grew: what every table is rebuilt by, and compared to.

Most rows do not care how they came about; `past_exception` tells what stood at the end of each group commit, so whoever
rebuilds must stop where the sequencer stopped.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sync_engine.fold.fold import Fold
from sync_engine.logged import Logged, VerdictChange
from sync_engine.sequenced import history


def commit_ends(logged: Sequence[Logged], server: bytes) -> Iterator[int]:
    """Yield the index of the last op of each group commit, in order.

    It is a `sequenced` op of the server's, and the next of these has seen it: the server's ops of one commit name the
    checkpoint before it in `seen`.
    """
    last: int | None = None
    for entry in logged:
        if entry.op.kind == "sequenced" and entry.op.device == server:
            if last is not None and entry.op.seen[0] > last:
                yield last
            last = entry.index
    if last is not None:
        yield last


class Said(NamedTuple):
    """One group commit as whoever made it saw it."""

    entries: Sequence[Logged]
    """With the first word on each."""
    changes: Sequence[VerdictChange]
    """Its later words, on these and on earlier ones."""
    end: int
    """The index of its last op."""


def commits(logged: Sequence[Logged], server: bytes) -> Iterator[Said]:
    """Yield the group commits of a log, or of the end of one that begins where a commit does.

    `logged` has the last word on each op.
    """
    first_words, changes = history(logged, server)
    begun, said, base = 0, 0, logged[0].index if logged else 0
    for last in commit_ends(logged, server):
        until, end = said, last + 1 - base
        while until < len(changes) and changes[until].stated_at <= last:
            until += 1
        entries = [first_words.get(entry.index, entry) for entry in logged[begun:end]]
        yield Said(entries, changes[said:until], last)
        begun, said = end, until


def refold(fold: Fold, logged: Sequence[Logged], server: bytes) -> None:
    """Fold a log into an empty fold, each verdict where it was said; `logged` has the last word on each op."""
    fold.sight.server_device = server
    covered = 0
    for entries, changes, end in commits(logged, server):
        for entry in entries:
            # An op may claim the checkpoint that the server's ops of its own commit name.
            fold.sight.note(entry)
        fold.apply(entries)
        fold.amend(changes)
        fold.derive(end)
        covered = end + 1
    fold.apply(logged[covered:])
