"""The ops of one group commit get their times and verdicts, and earlier ops a new word where these change it.

Times first: fold.md §1 needs nothing but arrivals, chains and names. Then verdicts in order of the log, each by the
ledger below it. Then what follows for others: a named op that arrived, a manager's `resolve`, a time that moved.
"""

from bisect import bisect_left
from collections.abc import Collection, Sequence

from msgspec import structs

from domain import kinds
from domain.kinds import Body
from domain.ops import Op, named_hashes
from sync_engine.directory import IDENTITY_KINDS, Directory
from sync_engine.effective_time import effective_time, uncertainty
from sync_engine.fold.fold import Fold
from sync_engine.fold.rows import Changes
from sync_engine.intake import Arrival, Intake
from sync_engine.intents import JUDGED_BY_THE_LEDGER, rule_intent
from sync_engine.logged import ACCEPTED, DEFERRED, Logged, VerdictChange
from sync_engine.sight import Sight
from sync_engine.verdicts import ACCEPT, FORK, RESOLVED, UNKNOWN_KIND, Circumstances, Ruling, read, rule


class Known:
    """What judging asks of the log so far; all of it follows from the log."""

    def __init__(self, fold: Fold, directory: Directory, intake: Intake, sight: Sight) -> None:
        self.fold = fold
        self.directory = directory
        self.intake = intake
        self.sight = sight
        self.namers: dict[bytes, list[int]] = {}
        """hash → the ops that name it, present or not."""
        self._deferred_kinds: set[int] = set()
        """Ops that this version can read, and whose last word is that of one which could not."""
        self.last_ms = 0
        self._ticks: list[int] = []
        self._tick_ms: list[int] = []

    def seen_ms(self, size: int) -> int:
        """Return the server time of the last `sequenced` op below a size (0: none)."""
        before = bisect_left(self._ticks, size)
        return self._tick_ms[before - 1] if before else 0

    def time_of_claim(self, seen: tuple[int, bytes]) -> int | None:
        """Return the server time of a checkpoint that an op claims to have seen; None when no log ever had it."""
        counted = self.sight.counted(seen)
        return None if counted is None else self.seen_ms(counted)

    def note(self, entry: Logged, names: Sequence[bytes] | None = None) -> None:
        """Take in an op that the log and the fold hold now; `names` are those of its own log."""
        op = entry.op
        self.sight.note(entry)
        if op.kind == "sequenced" and op.device == self.sight.server_device:
            self._ticks.append(entry.index)
            self._tick_ms.append(entry.t)
            self.last_ms = entry.t
        for name in _names(op) if names is None else names:
            self.namers.setdefault(name, []).append(entry.index)
        if entry.verdict == DEFERRED:
            self._note_deferred(entry)

    @property
    def unread(self) -> set[int]:
        """Ops whose verdict is that of another version of this software: it read less than this one, or more."""
        return self._deferred_kinds | self.fold.unreadable

    def _note_deferred(self, entry: Logged) -> None:
        self.intake.chain(entry.op.device).defer(entry.op, is_deferred=entry.verdict == DEFERRED)
        if (entry.verdict, entry.code) == UNKNOWN_KIND[:2] and read(entry.op) is not UNKNOWN_KIND:
            self._deferred_kinds.add(entry.index)
        else:
            self._deferred_kinds.discard(entry.index)

    def amend(self, changes: Sequence[VerdictChange]) -> None:
        """Take in later words, with the index at which each is said."""
        self.fold.amend(changes)
        for change in changes:
            entry = self.entry(change.index)
            self._note_deferred(entry)
            if entry.op.kind in IDENTITY_KINDS:
                self.directory.apply((entry,))

    def entry(self, index: int) -> Logged:
        """Return the op at an index."""
        entry = self.fold.logged(index)
        assert entry is not None, "the fold holds every op of the log"
        return entry


class Judgement:
    """One batch, judged: `entries` in order of the log, `changes` of earlier words, what the fold gave meanwhile.

    `reads_anew`: also ops whose verdict is of another version of this software, which only a commit can say.
    """

    def __init__(
        self, known: Known, first: int, arrivals: Sequence[Arrival], *, reads_anew: bool = True
    ) -> None:
        self.drained: list[Changes] = []
        self._known = known
        self._first = first
        self._arrivals = arrivals
        self._numbers: dict[bytes, int] = {arrival.hash: number for number, arrival in enumerate(arrivals)}
        self._names = [_names(arrival.op) for arrival in arrivals]
        self._previous = [self._numbers.get(arrival.op.prev) for arrival in arrivals]
        """Number of the op before it in its chain, when that is of this batch."""
        claims = {arrival.op.seen for arrival in arrivals}
        seen_ms = {seen: known.time_of_claim(seen) for seen in claims}
        self._seen_ms = [seen_ms[arrival.op.seen] for arrival in arrivals]
        self._changes: dict[int, VerdictChange] = {}
        self._bounds = self._earliest_arrivals()
        self._times: list[int | None] = [None] * len(arrivals)
        self._time_all()
        self._entries: list[Logged | None] = [None] * len(arrivals)
        self._unfolded: list[Logged] = []
        self._bodies: dict[int, Body] = {}
        self.facts: dict[int, tuple[object, ...]] = {}
        """Index → why an op of the batch was refused."""
        self._judge_all()
        self._fold()
        self._follow_up(known.unread if reads_anew else set())

    @property
    def entries(self) -> list[Logged]:
        """The ops of the batch with the first word on each."""
        return [entry for entry in self._entries if entry is not None]

    @property
    def changes(self) -> list[VerdictChange]:
        """The last word on ops that had another one, or another time; `Known.amend` makes it so."""
        return list(self._changes.values())

    # --- times -------------------------------------------------------------------------------------------------

    def _earliest_arrivals(self) -> list[int]:
        """Return the upper bounds: the earliest arrival of an op, or of any op that follows or names it."""
        waiting, namers = self._known.intake.bounds(), self._known.namers
        bounds = [arrival.arrived_ms for arrival in self._arrivals]
        for number, arrival in enumerate(self._arrivals):
            if arrival.hash in waiting:
                bounds[number] = min(bounds[number], waiting[arrival.hash])
            for index in namers.get(arrival.hash, ()):
                bounds[number] = min(bounds[number], self._known.entry(index).arrived)
        is_settled = False
        while not is_settled:
            # Backwards, a follower comes before what it follows; only a name may point ahead and need another round.
            is_settled = True
            for number in range(len(bounds) - 1, -1, -1):
                bound = bounds[number]
                for before in (self._previous[number], *map(self._numbers.get, self._names[number])):
                    if before is not None and bounds[before] > bound:
                        bounds[before] = bound
                        is_settled = is_settled and before < number
        return bounds

    def _time_all(self) -> None:
        times = self._times
        for number, before in enumerate(self._previous):
            if times[number] is not None:
                continue
            if before is not None and before < number and not self._names[number]:
                # By far the most frequent: it follows an op of the batch that has its time.
                times[number] = self._own_time(number, times[before])
            else:
                self._time(number)

    def _time(self, number: int) -> None:
        """Give an op its t, after all that it follows and names."""
        todo = [number]
        while todo:
            at = todo[-1]
            before = (self._arrivals[at].op.prev, *self._names[at])
            pending = [
                n
                for digest in before
                if (n := self._numbers.get(digest)) is not None and self._times[n] is None
            ]
            if pending:
                todo.extend(pending)
                continue
            todo.pop()
            if self._times[at] is None:
                times = [t for digest in before if (t := self._time_of(digest)) is not None]
                self._times[at] = self._own_time(at, max(times, default=None))

    def _own_time(self, number: int, follows_ms: int | None) -> int:
        arrival, seen_ms, bound = self._arrivals[number], self._seen_ms[number] or 0, self._bounds[number]
        return effective_time(
            arrival.op.at + arrival.correction.c_ms,
            seen_ms=seen_ms,
            # A server whose clock was set back still knows that a checkpoint comes before an op that had seen it.
            arrived_ms=max(bound, seen_ms),
            follows_ms=follows_ms,
        )

    def _uncertainty(self, number: int, t: int) -> int:
        arrival, seen_ms = self._arrivals[number], self._seen_ms[number] or 0
        claimed_ms = arrival.op.err + arrival.correction.err_ms
        return uncertainty(
            t,
            claimed_ms,
            corrected_at=arrival.op.at + arrival.correction.c_ms,
            seen_ms=seen_ms,
            arrived_ms=self._bounds[number],
        )

    def _time_of(self, digest: bytes) -> int | None:
        number = self._numbers.get(digest)
        if number is not None:
            return self._times[number]
        index = self._known.fold.index_of(digest)
        return None if index is None else self._entry(index).t

    # --- verdicts ----------------------------------------------------------------------------------------------

    def _judge_all(self) -> None:
        """In order of the log; but an op that names one further on comes after all others, and after what it names."""
        ahead: dict[int, None] = {}
        for number, names in enumerate(self._names):
            if names and any((n := self._numbers.get(name, -1)) > number or n in ahead for name in names):
                ahead[number] = None
            else:
                self._judge(number)
        todo = list(ahead)[::-1]
        while todo:
            number = todo[-1]
            named = [n for name in self._names[number] if (n := self._numbers.get(name, -1)) in ahead]
            todo.extend(named)
            if not named:
                todo.pop()
                if number in ahead:
                    del ahead[number]
                    self._judge(number)

    def _judge(self, number: int) -> None:
        arrival, t = self._arrivals[number], self._times[number]
        assert t is not None, "times come first"
        op, index = arrival.op, self._first + number
        body = read(op)
        if arrival.is_branch:
            ruling = FORK
        elif isinstance(body, Ruling):
            ruling = body
        else:
            ruling = self._rule(op, body, index, t, self._seen_ms[number], arrival.arrived_ms)
        entry = Logged(
            index,
            arrival.hash,
            op,
            t,
            self._uncertainty(number, t),
            ruling.verdict,
            ruling.code,
            arrival.arrived_ms,
        )
        self._entries[number] = entry
        if ruling.facts:
            self.facts[index] = ruling.facts
        self._unfolded.append(entry)
        if not isinstance(body, Ruling):
            self._bodies[index] = body
        if op.kind in IDENTITY_KINDS:
            self._known.directory.apply((entry,))
        self._known.note(entry, self._names[number])

    def _fold(self) -> None:
        """Let the fold have what is judged: before an intent that looks at it, and at the end."""
        self._known.fold.apply(self._unfolded, self._bodies)
        self._unfolded, self._bodies = [], {}

    def _rule(self, op: Op, body: Body, index: int, t: int, seen_ms: int | None, arrived_ms: int) -> Ruling:
        known = self._known
        path_of = known.fold.state.path_of
        seen = known.sight.seen_of(op)
        c = Circumstances(known.directory, index, t, seen, seen_ms, arrived_ms, self._index_of, path_of)
        ruling = rule(op, body, c)
        if ruling is not ACCEPT or not body.intent:
            return ruling
        self._fold()
        if op.kind in JUDGED_BY_THE_LEDGER:
            self.drained.append(known.fold.drain())
        return rule_intent(op, body, known.fold, t)

    def _index_of(self, digest: bytes) -> int | None:
        number = self._numbers.get(digest)
        return self._known.fold.index_of(digest) if number is None else self._first + number

    # --- what follows for other ops ----------------------------------------------------------------------------

    def _follow_up(self, unread: Collection[int]) -> None:
        """Judge anew what waited for these ops, and do what managers said; each may move the time of others."""
        known = self._known
        anew = {index for digest in self._numbers for index in known.namers.get(digest, ())}
        told = []
        for index in sorted(anew.union(unread)):
            entry = self._entry(index)
            if index in unread and entry.verdict == ACCEPTED:
                self._change(entry, UNKNOWN_KIND, entry.t)
            elif entry.verdict == DEFERRED and index < self._first:
                self._judge_anew(entry)
                told.append(self._entry(index))
                if index in unread:
                    # What a manager said of it, before an older version could not read it any more, stands.
                    told += [self._entry(at) for at in known.namers.get(entry.hash, ())]
        # A manager's word on an op that came only now was waiting for it, and acts now.
        for entry in (*told, *self.entries):
            if entry.op.kind == "resolve" and entry.verdict == ACCEPTED:
                self._resolve(entry)

    def _judge_anew(self, entry: Logged) -> None:
        """A deferred op: it keeps its arrival, and comes no earlier than what it names."""
        op = entry.op
        body = read(op)
        times = [t for name in named_hashes(op) if (t := self._time_of(name)) is not None]
        t = max((entry.t, *times))
        ruling = (
            body
            if isinstance(body, Ruling)
            else self._rule(op, body, entry.index, t, self._known.time_of_claim(op.seen), entry.arrived)
        )
        if (ruling.verdict, ruling.code, t) != (entry.verdict, entry.code, entry.t):
            self._change(entry, ruling, t)

    def _resolve(self, resolve: Logged) -> None:
        body = read(resolve.op)
        assert isinstance(body, kinds.Resolve), "an accepted resolve was read before"
        for name in named_hashes(resolve.op)[:1]:
            index = self._index_of(name)
            assert index is not None, "an accepted op names what is present"
            entry = self._entry(index)
            if entry.verdict != ACCEPTED or body.verdict != ACCEPTED:
                self._change(entry, Ruling(body.verdict, RESOLVED), entry.t)
                if entry.op.kind == "resolve" and body.verdict == ACCEPTED:
                    self._resolve(self._entry(index))  # a word that stands by another's word acts as well

    def _change(self, entry: Logged, ruling: Ruling, t: int) -> None:
        """Say it anew; and let nothing that follows or names the op come before it."""
        todo = [(entry, ruling, t)]
        while todo:
            entry, ruling, t = todo.pop()
            self._changes[entry.index] = VerdictChange(entry.index, ruling.verdict, ruling.code, t, entry.err)
            if t > entry.t:
                after = [self._entry(index) for index in self._after(entry)]
                todo.extend((it, Ruling(it.verdict, it.code), t) for it in after if it.t < t)

    def _entry(self, index: int) -> Logged:
        """An op as the last word has it."""
        entry, change = self._known.entry(index), self._changes.get(index)
        if change is None:
            return entry
        return structs.replace(entry, verdict=change.verdict, code=change.code, t=change.t)

    def _after(self, entry: Logged) -> list[int]:
        follower = self._known.intake.chain(entry.op.device).follower(entry.op, entry.hash)
        index = None if follower is None else self._known.fold.index_of(follower)
        named_by = self._known.namers.get(entry.hash, [])
        return named_by if index is None else [index, *named_by]


def _names(op: Op) -> tuple[bytes, ...]:
    """`named_hashes`, at little cost for the many ops that name none."""
    return named_hashes(op) if len(op.body) > 1 and op.body[1] else ()
