"""Whatever bytes come in, the ledger refuses or takes; it raises nothing else, and unsealed bytes change nothing."""

from __future__ import annotations

from functools import cache

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.canonical import INT_MAX
from domain.errors import ProtocolError
from sync_engine.commit import Delivery
from sync_engine.frame import decode_frame, sealed_ops
from tests.tools.company import Company, empty_ledger
from tests.tools.op_chain import START_MS, Chain

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def company() -> Company:
    """One for all examples: what is not sealed must leave it as it is."""
    made = Company()
    for number in range(40):
        made.pick("liu", number + 1)
    return made


@cache
def frame() -> bytes:
    return company().chains["liu"].frame(2)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real frame with a few bytes changed, cut out or put in."""
    data = bytearray(frame())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["change", "cut", "insert", "truncate"])):
            case "change" if data:
                data[at] ^= draw(st.integers(1, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 40))]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=8))
            case _:
                del data[at:]
    return bytes(data)


def standing(data: bytes) -> int:
    chain: Chain = company().chains["liu"]
    try:
        return sealed_ops(decode_frame(data, chain.secret_of), chain.key.public_key())
    except ProtocolError:
        return 0


@QUIET
@given(st.one_of(mutated(), st.binary(max_size=300)))
@example(b"")
@example(b"\xc1" * 100)
def test_bytes_that_are_not_sealed_never_change_the_ledger(data: bytes) -> None:
    if standing(data):
        return
    made = company()
    before = (made.ledger.size, made.on_hand(), made.ledger.device_state(made.chains["liu"].device))
    device = made.chains["zhang"].device
    commit = made.take(Delivery(device=device, now_ms=2**53 - 1, run=0, frames=[data], relayed=[data]))
    assert commit.appended == []
    assert len(commit.problems[0]) == 2
    after = (made.ledger.size, made.on_hand(), made.ledger.device_state(made.chains["liu"].device))
    assert after == before


FAR_MS = 2**51

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-INT_MAX, INT_MAX) | st.text(max_size=5) | st.binary(max_size=33),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)
ITEMS = st.sampled_from(["TOM-5", "GHOST"])
LOTS = st.sampled_from(["1121", "9", "", "?"])
PLACES = st.sampled_from(
    [
        "R1",
        "T1",
        "",
        "partner:p",
        "plot:P1",
        "lpn:1",
        "virtual:variance",
        "virtual:transform",
        "virtual:opening",
    ]
)
SOMEWHERE = st.sampled_from(["R1", "T1", "lpn:1"])
AMOUNTS = st.sampled_from([0, 1, 7, 1000, INT_MAX])
WEIGHTS = st.none() | AMOUNTS
LINE = st.tuples(ITEMS, LOTS, PLACES, PLACES, AMOUNTS, WEIGHTS).map(list)
LINES = st.lists(LINE, max_size=3)
COUNTED = st.tuples(ITEMS, st.none() | st.sampled_from(["1121", "9"]), WEIGHTS, WEIGHTS, AMOUNTS).map(list)
UNMOVED = st.lists(
    st.tuples(ITEMS, LOTS, SOMEWHERE, AMOUNTS, WEIGHTS, st.just("broken")).map(list), max_size=2
)
LOT_REFS = st.lists(st.tuples(ITEMS, st.sampled_from(["1121", "9"])).map(list), max_size=2)
DAYS = st.sampled_from(["2026-11-23", "2026-02-31", "9999-12-31"])
INSTANTS = st.sampled_from([0, 1, -INT_MAX, INT_MAX, START_MS])
WORDS = st.sampled_from(["accepted", "refused"])
ATTRIBUTES = st.sampled_from(["unit", "weight_g", "parent", "value", "life_days", "expires_on"])

BODIES: dict[str, st.SearchStrategy[tuple[object, ...]]] = {
    "pick": st.tuples(st.none(), st.none() | st.just("T-1"), LINES),
    "move": st.tuples(st.none(), LINES, st.lists(st.tuples(st.just("1"), SOMEWHERE).map(list), max_size=1)),
    "receive": st.tuples(st.just("p"), st.none() | st.just("PO-1"), LINES),
    "deliver": st.tuples(st.just("p"), st.none(), st.none(), LINES, UNMOVED, UNMOVED),
    "count": st.tuples(
        SOMEWHERE, st.none() | st.lists(ITEMS, max_size=2), st.booleans(), st.booleans(), st.lists(COUNTED, max_size=3)
    ),
    "finish": st.tuples(ITEMS, LOTS, SOMEWHERE),
    "pack": st.tuples(st.just("1"), SOMEWHERE, LINES),
    "unpack": st.tuples(st.just("1"), LINES),
    "weigh": st.tuples(st.lists(st.tuples(st.integers(0, 3), AMOUNTS).map(list), max_size=2)),
    "transform": st.tuples(st.just("mix"), LINES, LINES, LINES),
    "harvest": st.tuples(st.just("P1"), LINES),
    "farm_work": st.tuples(
        st.just(["P1"]), st.just("spray"),
        st.lists(st.tuples(*[st.just("x")] * 4, st.none() | AMOUNTS).map(list), max_size=2), DAYS, DAYS,
    ),
    "hold": st.tuples(
        ITEMS, LOTS, st.none() | SOMEWHERE, st.sampled_from(["inspect", "hold", "recall"]), st.just("why"),
        st.none() | st.tuples(INSTANTS, INSTANTS).map(list),
    ),
    "recall": st.tuples(LOT_REFS, st.just("why")),
    "settle": st.tuples(
        st.just("p"), st.sampled_from(["buy", "sell"]),
        st.lists(
            st.tuples(st.none(), ITEMS, LOTS, AMOUNTS, WEIGHTS, AMOUNTS, st.sampled_from(["each", "斤"])).map(list),
            max_size=2,
        ),
        st.sampled_from([0, -8, INT_MAX]),
    ),
    "payment": st.tuples(st.just("p"), st.sampled_from(["in", "out"]), AMOUNTS),
    "price": st.tuples(ITEMS, st.none(), st.just("buy"), AMOUNTS, st.just("斤"), DAYS),
    "order": st.tuples(
        st.just("PO-1"), st.just("p"), st.sampled_from(["buy", "sell"]), DAYS,
        st.lists(st.tuples(ITEMS, AMOUNTS, WEIGHTS).map(list), max_size=2),
    ),
    "task": st.tuples(st.just("T-1"), st.sampled_from(["pick", "count"]), st.none(), st.none(), LINES, st.none()),
    "reserve": st.tuples(st.none(), LINES, INSTANTS),
    "certificate": st.tuples(st.just("C"), LOT_REFS, st.just("x"), AMOUNTS, WEIGHTS, st.just("x"), st.just("x")),
    "set": st.tuples(
        st.sampled_from(["item", "lot", "place", "rule"]), st.sampled_from(["TOM-5", "R1", "count_tolerance"]),
        st.lists(
            st.tuples(ATTRIBUTES, VALUES).map(list),
            max_size=3,
        ),
    ),
    "close": st.tuples(INSTANTS),
    "approve": st.tuples(ITEMS, LOTS, SOMEWHERE, st.sampled_from([0, -5, INT_MAX]), st.none()),
    "release": st.tuples(st.just("")),
    "void": st.tuples(st.just("")),
    "resolve": st.tuples(WORDS, st.just(""), st.none() | st.just("variance")),
    "offer": st.tuples(st.just("p"), st.none(), LINES),
    "take": st.tuples(LINES, UNMOVED, UNMOVED),
    "attach": st.tuples(st.just(bytes(32)), st.just("image/jpeg"), AMOUNTS),
    "session": st.tuples(st.just("limin"), INSTANTS, st.just(b""), st.just("device"), st.none()),
    "teleport": st.tuples(VALUES),
}  # fmt: skip
STEP = st.sampled_from(sorted(BODIES)).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        BODIES[kind],
        st.lists(st.integers(1, 8), max_size=2),
        st.sampled_from([0, -10_000, 10_000, FAR_MS, -FAR_MS]),
        st.none() | st.tuples(INSTANTS, INSTANTS, st.just("paper")),
    )
)


@QUIET
@given(
    st.lists(st.tuples(st.sampled_from(sorted(BODIES)), st.lists(VALUES, max_size=7)), min_size=1, max_size=6)
)
def test_whatever_a_phone_seals_gets_a_verdict_and_its_chain_goes_on(
    ops: list[tuple[str, list[object]]],
) -> None:
    made = Company()
    for kind, fields in ops:
        made.record("limin", kind, *fields)
    made.pick("limin")
    made.bring("limin")
    assert made.verdict("limin") == ("accepted", "")


@QUIET
@given(st.lists(STEP, min_size=1, max_size=12), st.lists(st.integers(1, 12), max_size=3))
def test_whatever_is_well_formed_folds_and_the_log_gives_the_same_tables_again(
    steps: list[tuple[str, tuple[object, ...], list[int], int, object]], cuts: list[int]
) -> None:
    made = Company()
    for number, (kind, fields, back, off_ms, occurred) in enumerate(steps):
        hashes = made.chains["limin"].hashes
        names = [hashes[-n] for n in back if n <= len(hashes)]
        made.record("limin", kind, *fields, names=names, at=made.now_ms + off_ms, occurred=occurred)
        if number in cuts:
            made.bring("limin")
    made.pick("limin")
    made.bring("limin")
    assert made.verdict("limin") == ("accepted", "")
    assert made.server.misfits(empty_ledger()) == []
