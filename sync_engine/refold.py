"""A log folded again, commit by commit as it grew: what every table is rebuilt by, and compared to.

Most rows do not care how they came about; `past_exception` tells what stood at the end of each group commit, so whoever
rebuilds must stop where the sequencer stopped.
"""

from collections.abc import Iterator, Sequence

from sync_engine.fold.fold import Fold
from sync_engine.logged import Logged
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


def refold(fold: Fold, logged: Sequence[Logged], server: bytes) -> None:
    """Fold a log into an empty fold, each verdict where it was said; `logged` has the last word on each op."""
    first_words, changes = history(logged, server)
    begun, said = 0, 0
    for end in commit_ends(logged, server):
        fold.apply([first_words.get(entry.index, entry) for entry in logged[begun : end + 1]])
        until = said
        while until < len(changes) and changes[until].stated_at <= end:
            until += 1
        fold.amend(changes[said:until])
        fold.derive(end)
        begun, said = end + 1, until
    fold.apply(logged[begun:])
