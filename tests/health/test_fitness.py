"""Faults that make a host less fit, and when they are forgiven."""

import asyncio

import pytest

from ucarpd.health.demotion import Level
from ucarpd.health.fitness import (
    FIRST_ADDRESS_PAUSE,
    FIRST_REMOVAL_PAUSE,
    LONGEST_ADDRESS_PAUSE,
    LONGEST_REMOVAL_PAUSE,
    SENDING_PAUSE,
    Fitness,
)


class Watch:
    def __init__(self):
        self.changes = []
        self.fitness = Fitness(lambda: self.changes.append(self.fitness.demotion.unfitness()))


async def test_sending_fails_and_works_again():
    watch = Watch()
    watch.fitness.sending(True)
    assert watch.fitness.is_mute
    watch.fitness.sending(False)
    assert not watch.fitness.is_mute
    assert watch.changes == [240, 0]


async def test_a_reason_does_not_count_beside_the_one_that_it_follows():
    watch = Watch()
    watch.fitness.set("no IPv6", 100)
    watch.fitness.set_families({"no IPv6": 0, "no route": 120}, ())
    watch.fitness.set_families({"no IPv6": 0, "no route": 120}, ())
    assert watch.changes == [100, 120]


async def test_a_host_that_could_not_send_is_forgiven_after_a_while():
    watch = Watch()
    watch.fitness.sending(True)
    await asyncio.sleep(SENDING_PAUSE - 1)
    watch.fitness.sending(True)
    await asyncio.sleep(SENDING_PAUSE - 1)
    assert watch.changes == [240]
    await asyncio.sleep(2)
    assert watch.changes == [240, 0]


@pytest.mark.parametrize(("missing", "total", "amount"), [(1, 1, 240), (1, 2, 120), (1, 255, 1)])
async def test_each_address_counts_by_its_share(missing, total, amount):
    watch = Watch()
    watch.fitness.unserved([4] * missing, total)
    assert watch.changes == [amount]
    watch.fitness.unserved([], total)
    assert watch.changes == [amount, 0]


async def test_an_address_of_a_lost_family_does_not_count_beside_the_fault():
    watch = Watch()
    watch.fitness.set_families({"no IPv6": 240}, [6])
    watch.fitness.unserved([6], 2)
    assert watch.changes == [240]
    watch.fitness.unserved([4, 6], 4)
    watch.fitness.set_families({"no IPv6": 0}, ())
    watch.fitness.unserved([], 4)
    assert watch.changes == [240, 252, 120, 0]


async def test_a_master_is_not_forgiven_but_one_that_has_left_the_role_is():
    watch = Watch()
    watch.fitness.unserved([4], 1)
    await asyncio.sleep(2 * FIRST_ADDRESS_PAUSE)
    assert watch.changes == [240]
    watch.fitness.role_left()
    watch.fitness.role_left()
    await asyncio.sleep(FIRST_ADDRESS_PAUSE + 1)
    assert watch.changes == [240, 0]


async def test_a_host_that_can_serve_need_not_wait():
    watch = Watch()
    watch.fitness.unserved([4], 1)
    watch.fitness.role_left()
    watch.fitness.can_serve()
    assert watch.changes == [240, 0]
    watch.fitness.set_families({"no IPv6": 0}, ())
    assert watch.changes == [240, 0]
    # The pause has ended with it.
    watch.fitness.unserved([4], 1)
    await asyncio.sleep(2 * FIRST_ADDRESS_PAUSE)
    assert watch.changes == [240, 0, 240]


async def test_a_role_that_comes_back_early_shows_by_itself():
    watch = Watch()
    watch.fitness.unserved([4], 1)
    watch.fitness.role_left()
    watch.fitness.role_taken()
    await asyncio.sleep(2 * FIRST_ADDRESS_PAUSE)
    assert watch.changes == [240]


async def test_only_a_role_that_was_left_for_the_fault_makes_the_pause_longer():
    watch = Watch()
    watch.fitness.role_left()
    for pause in (FIRST_ADDRESS_PAUSE, 2 * FIRST_ADDRESS_PAUSE):
        watch.fitness.unserved([4], 1)
        watch.fitness.role_left()
        watch.fitness.role_left()
        await asyncio.sleep(pause - 1)
        assert watch.changes[-1] == 240
        await asyncio.sleep(2)
        assert watch.changes[-1] == 0


async def test_the_pauses_grow_until_the_addresses_are_served():
    watch = Watch()

    async def pause():
        watch.fitness.unserved([4], 1)
        watch.fitness.role_left()
        began = asyncio.get_running_loop().time()
        while watch.changes[-1]:
            await asyncio.sleep(1)
        return asyncio.get_running_loop().time() - began

    pauses = [await pause() for _ in range(8)]
    assert pauses[:3] == pytest.approx([60, 120, 240], abs=2)
    assert pauses[-1] == pytest.approx(LONGEST_ADDRESS_PAUSE, abs=2)
    watch.fitness.unserved([], 1)
    assert await pause() == pytest.approx(FIRST_ADDRESS_PAUSE, abs=2)


async def test_who_may_have_corrected_the_fault_need_not_wait():
    watch = Watch()
    watch.fitness.try_again(is_master=False)
    watch.fitness.unserved([4], 1)
    watch.fitness.sending(True)
    watch.fitness.try_again(is_master=True)
    assert watch.changes == [240, 252], "a master tries by itself"
    watch.fitness.role_left()
    watch.fitness.try_again(is_master=False)
    watch.fitness.removed_too_often()
    watch.fitness.try_again(is_master=False)
    assert watch.changes == [240, 252, 240, 0, 240, 0]
    watch.fitness.removed_too_often()
    await asyncio.sleep(FIRST_REMOVAL_PAUSE + 1)
    assert watch.changes[-1] == 240, "the pauses grow as before"
    watch.fitness.close()


async def test_a_host_that_has_crashed_again_and_again_has_to_live_for_a_while():
    watch = Watch()
    watch.fitness.crashed(300.0)
    await asyncio.sleep(299)
    assert watch.changes == [240]
    await asyncio.sleep(2)
    assert watch.changes == [240, 0]


async def test_a_host_that_crashes_once_more_has_to_live_for_the_whole_while_again():
    watch = Watch()
    for _ in range(2):
        watch.fitness.crashed(300.0)
        await asyncio.sleep(200)
    assert watch.changes == [240]


async def test_after_the_end_nothing_is_forgiven():
    watch = Watch()
    watch.fitness.sending(True)
    watch.fitness.unserved([4], 1)
    watch.fitness.role_left()
    watch.fitness.close()
    await asyncio.sleep(2 * SENDING_PAUSE)
    assert watch.changes == [240, 252]


async def test_maintenance_begins_and_ends_and_leaves_the_faults_alone():
    watch = Watch()
    watch.fitness.sending(True)
    for level in (Level.MAINTENANCE, Level.NEVER, Level.NEVER, None, None):
        watch.fitness.maintain(level)
    assert watch.changes == [240, 254, 255, 240]
    watch.fitness.close()


async def test_addresses_that_are_removed_too_often_cost_longer_each_time():
    watch = Watch()
    loop = asyncio.get_running_loop()
    pauses = [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    for pause in pauses:
        watch.fitness.removed_too_often()
        begun = loop.time()
        while watch.changes[-1]:
            await asyncio.sleep(1)
        assert loop.time() - begun == pytest.approx(pause, abs=1.5)
        await asyncio.sleep(5)
    assert watch.changes == [240, 0] * len(pauses)
    await asyncio.sleep(LONGEST_REMOVAL_PAUSE)
    watch.fitness.removed_too_often()
    watch.fitness.removed_too_often()
    await asyncio.sleep(2 * FIRST_REMOVAL_PAUSE - 1)
    assert watch.changes[-1] == 240
    await asyncio.sleep(2)
    assert watch.changes == [240, 0] * (len(pauses) + 1)
    watch.fitness.close()
