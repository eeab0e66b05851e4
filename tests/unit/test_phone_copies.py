"""A phone that was copied or put back, and a server that was: both sides go on, and every op arrives."""

from __future__ import annotations

import pytest

from tests.tools.op_chain import START_MS
from tests.tools.phone_world import World


@pytest.fixture
def world() -> World:
    return World()


def test_a_copy_that_comes_second_continues_in_a_new_epoch_and_loses_nothing(world: World) -> None:
    phone = world.phone()
    world.pick(phone)
    world.sync(phone)
    twin = phone.clone()
    mine, theirs = world.pick(phone), world.pick(twin)
    world.sync(phone)
    world.sync(twin)
    assert twin.clones_found == 1
    assert twin.epoch != phone.epoch
    assert twin.prev == mine
    after = world.pick(twin)
    world.sync(twin)
    world.sync(twin)
    assert {mine, theirs, after} <= world.logged
    assert world.ledger.forks == 1
    assert phone.unsent == twin.unsent == []


def test_a_restored_backup_is_behind_the_log_and_goes_on_in_a_new_epoch(world: World) -> None:
    phone = world.phone()
    world.pick(phone)
    world.sync(phone)
    backup = phone.clone()
    last = [world.pick(phone) for _ in range(3)][-1]
    world.sync(phone)
    world.sync(backup)
    assert backup.clones_found == 1
    assert backup.prev == last
    fresh = world.pick(backup)
    world.sync(backup)
    assert fresh in world.logged
    assert world.ledger.forks == 0


def test_a_long_branch_of_a_copy_arrives_in_full(world: World) -> None:
    phone = world.phone()
    world.pick(phone)
    world.sync(phone)
    twin = phone.clone()
    world.pick(phone)
    mine = [world.pick(twin) for _ in range(7)]
    world.sync(phone)
    world.sync(twin)
    world.sync(twin)
    assert set(mine) <= world.logged
    assert twin.unsent == []


def test_copies_of_copies_each_find_their_own_epoch(world: World) -> None:
    phones = [world.phone()]
    made = [world.pick(phones[0])]
    world.sync(phones[0])
    for _ in range(3):
        phones.append(phones[-1].clone())
        for phone in phones:
            made.append(world.pick(phone))
            world.sync(phone)
            made.append(world.pick(phone))
    for phone in phones * 2:
        world.sync(phone)
    assert set(made) <= world.logged
    assert len({phone.epoch for phone in phones}) == len(phones)
    assert all(not phone.unsent for phone in phones)


def test_a_server_restored_from_a_backup_gets_what_it_lost_again(world: World) -> None:
    phone = world.phone()
    world.pick(phone)
    world.sync(phone)
    device = world.ledger.devices[phone.device]
    backup = {epoch: list(chain) for epoch, chain in device.main.items()}
    lost = world.pick(phone)
    world.sync(phone)
    device.main = backup
    del world.ledger.log[1:]
    world.sync(phone)
    assert [entry.hash for entry in phone.unsent] == [lost]
    world.sync(phone)
    assert lost in world.logged
    assert phone.clones_found == 0


def test_a_server_that_lost_a_whole_epoch_gets_it_again(world: World) -> None:
    phone = world.phone()
    lost = world.pick(phone)
    world.sync(phone)
    world.ledger.devices[phone.device].main.clear()
    world.ledger.log.clear()
    world.sync(phone)
    assert [entry.hash for entry in phone.unsent] == [entry.hash for entry in phone.pending] == [lost]
    after = world.pick(phone)
    world.sync(phone)
    assert {lost, after} <= world.logged


def test_an_op_made_while_a_copy_is_found_out_goes_up_after_the_others_of_its_branch(world: World) -> None:
    phone = world.phone()
    world.pick(phone)
    world.sync(phone)
    twin = phone.clone()
    for _ in range(5):
        world.pick(phone)
    world.sync(phone)
    mono = world.now_ms - START_MS
    world.pick(twin)
    request = twin.request(wall_ms=world.now_ms, mono_ms=mono)
    late = world.pick(twin)
    twin.receive(
        world.ledger.sync(request, now_ms=world.now_ms), sent_wall_ms=world.now_ms, sent_mono_ms=mono,
        received_wall_ms=world.now_ms, received_mono_ms=world.now_ms - START_MS,
    )  # fmt: skip
    assert [entry.hash for entry in twin.unsent] == [entry.hash for entry in twin.pending] == [late]
    world.sync(twin)
    assert late in world.logged
    assert twin.unsent == []


def test_settled_ops_may_be_forgotten_once_a_backup_holds_them_and_the_chain_goes_on(world: World) -> None:
    phone = world.phone()
    for _ in range(5):
        world.pick(phone)
    world.sync(phone)
    phone.forget_settled()
    assert len(phone.outbox[phone.epoch].entries) == 5
    world.ledger.is_backed_up = True
    world.sync(phone)
    world.pick(phone)
    phone.forget_settled()
    assert len(phone.outbox[phone.epoch].entries) == 1
    world.sync(phone)
    assert (phone.unsent, phone.clones_found, len(world.ledger.log)) == ([], 0, 6)


def test_what_a_copy_sent_under_the_names_of_an_earlier_epoch_acknowledges_nothing_of_this_phone(
    world: World,
) -> None:
    phone = world.phone()
    world.pick(phone)
    world.sync(phone)
    twin = phone.clone()
    mine = world.pick(phone)
    for _ in range(3):
        world.pick(twin)
    world.sync(twin)
    phone._begin_epoch(mine)  # as it does when the end of its disk is gone
    after = world.pick(phone)
    world.sync(phone)
    world.sync(phone)
    assert {mine, after} <= world.logged
    assert phone.unsent == []
