"""Which step is what: the one table between a plan's words and what they do."""

from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Final

from api.simulation import phone_steps as on_phone
from api.simulation import server_steps as on_server
from api.simulation.memory import Hand
from api.simulation.plan import Step
from api.simulation.play import Play

_ON_PHONE: Final[Mapping[str, Callable[[Play, Hand, Random], None]]] = {
    "work": on_phone.work, "sync": on_phone.sync, "die-recording": on_phone.die_recording,
    "die-syncing": on_phone.die_syncing, "kill": on_phone.kill, "power": on_phone.power, "tear": on_phone.tear,
    "bad-disk": on_phone.bad_disk, "quota": on_phone.quota, "clone": on_phone.clone, "restore": on_phone.restore,
    "evict": on_phone.evict, "clock": on_phone.clock, "sleep": on_phone.sleep, "tabs": on_phone.tabs,
    "swap": on_phone.swap, "flush": on_phone.flush, "partition": on_phone.partition, "one-way": on_phone.one_way,
    "future": on_phone.future,
}  # fmt: skip
_ON_SERVER: Final[Mapping[str, Callable[[Play, Hand, Random], Awaitable[None]]]] = {
    "server-mishap": on_server.server_mishap, "server-restart": on_server.server_restart,
    "server-down": on_server.server_down, "server-clock": on_server.server_clock,
    "server-restore": on_server.server_restore, "tick": on_server.tick,
    "revoke-role": on_server.revoke_role, "revoke-device": on_server.revoke_device, "relay": on_server.relay,
    "upload": on_server.upload, "spoil": on_server.spoil, "replay": on_server.replay,
}  # fmt: skip


async def do(play: Play, step: Step) -> None:
    """Do a step of the plan."""
    chance = Random(step.seed)  # noqa: S311  # a simulation by seed
    hand = on_phone.holder(play, step, chance)
    play.note("step", step.what, hand.name)
    if step.what in _ON_PHONE:
        _ON_PHONE[step.what](play, hand, chance)
    else:
        await _ON_SERVER[step.what](play, hand, chance)
