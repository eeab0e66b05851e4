"""A failing plan made small: steps and faults are left out as long as it still fails (delta debugging)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from api.simulation.plan import Plan

Fails = Callable[[Plan], bool]


def shrunk(plan: Plan, fails: Fails) -> Plan:
    """Return a plan that fails as well, and in which every step and every fault is needed for it."""
    plan = _with_fewer_steps(plan, fails)
    for fault in sorted(plan.faults):
        without = plan._replace(faults=plan.faults - {fault})
        if fails(without):
            plan = without
    plan = _with_fewer_phones(plan, fails)
    for number, handset in enumerate(plan.handsets):
        right = [*plan.handsets]
        right[number] = handset._replace(clock_off_ms=0, version="now")
        if right[number] != handset and fails(plan._replace(handsets=tuple(right))):
            plan = plan._replace(handsets=tuple(right))
    return _with_fewer_steps(plan, fails)


def _with_fewer_steps(plan: Plan, fails: Fails) -> Plan:
    """Leave out stretches of steps, long ones first; once through without success at single steps is the end."""
    size = max(1, len(plan.steps) // 2)
    while True:
        smaller = next((each for each in _without(plan, size) if fails(each)), None)
        if smaller is not None:
            plan = smaller
            size = min(size, max(1, len(plan.steps) // 2))
        elif size == 1:
            return plan
        else:
            size //= 2


def _without(plan: Plan, size: int) -> Iterator[Plan]:
    for start in range(0, len(plan.steps), size):
        yield plan._replace(steps=(*plan.steps[:start], *plan.steps[start + size :]))


def _with_fewer_phones(plan: Plan, fails: Fails) -> Plan:
    for handset in plan.handsets:
        rest = tuple(other for other in plan.handsets if other != handset)
        steps = tuple(step for step in plan.steps if step.phone != handset.name)
        if rest and fails(plan._replace(handsets=rest, steps=steps)):
            plan = plan._replace(handsets=rest, steps=steps)
    return plan


def told(plan: Plan) -> Sequence[str]:
    """Return a plan in lines that a person reads."""
    phones = [
        f"  {one.name}: clock {one.clock_off_ms / 1000:+.0f} s, version {one.version}"
        for one in plan.handsets
    ]
    steps = [
        f"  {datetime.fromtimestamp(step.at_ms / 1000, UTC):%m-%d %H:%M:%S} {step.phone}: {step.what} ({step.seed})"
        for step in plan.steps
    ]
    return [f"faults: {', '.join(sorted(plan.faults)) or 'none'}", "phones:", *phones, "steps:", *steps]
