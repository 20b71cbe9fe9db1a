"""Addresses that are taken away, refused, left behind or given by a script, as the engine sees them."""

import asyncio
import errno
from dataclasses import replace
from ipaddress import IPv6Address

from engine_bench import (
    OWN,
    PARAMS,
    VIRTUAL,
    Bench,
    backup,
    master,
    peer_frame,
    promoted,
    yield_to_a_better_one,
)

from ucarpd.carp.actions import State
from ucarpd.carp.rank import NEVER
from ucarpd.engine import Outcome


async def test_an_address_that_a_backup_should_not_have_is_removed():
    bench = Bench()
    bench.engine.interface_ready((OWN,))
    bench.engine.address_added(VIRTUAL)  # addresses that the release at start is about to remove
    bench.released()
    bench.told()
    bench.engine.address_added(VIRTUAL)
    assert bench.told() == [f"out of place: {VIRTUAL} in BACKUP", "release"]


async def test_an_address_that_the_release_at_start_removes_is_not_out_of_place():
    bench = Bench()
    bench.asks_slowly = True
    bench.on_interface = (VIRTUAL,)
    bench.engine.interface_ready((OWN,))
    assert bench.told() == ["INIT to BACKUP", "release at start"]
    assert not hasattr(bench, "others_asked")


async def test_an_address_that_another_process_serves_is_not_removed():
    bench = backup()
    bench.others = bench.on_interface = (VIRTUAL,)
    bench.engine.address_added(VIRTUAL)
    assert bench.told() == []


async def test_an_address_of_which_it_was_not_known_whose_it_is_stays_if_the_role_has_come():
    bench = Bench()
    bench.asks_slowly = True
    bench.engine.interface_ready((OWN,))
    bench.released()
    bench.engine.address_added(VIRTUAL)
    await asyncio.sleep(10.0)
    assert bench.engine.state is State.MASTER
    bench.told()
    bench.others_asked()
    assert bench.told() == []


async def test_an_address_that_is_gone_from_a_backup_was_not_taken_away():
    bench = backup()
    bench.engine.address_removed(VIRTUAL)
    assert bench.told() == []


async def test_the_only_address_of_the_host_is_left_alone_while_there_is_no_other():
    """Networking was restarted with the virtual address as the host's own, by mistake."""
    bench = Bench()
    bench.engine.interface_ready((OWN,))
    bench.released()
    bench.engine.interface_lost("eth0 has no IPv4 address of its own", True)
    bench.told()
    bench.hosts_own = bench.on_interface = (VIRTUAL,)
    bench.engine.address_added(VIRTUAL)
    assert bench.told() == [f"left alone: {VIRTUAL}"]
    bench.hosts_own = ()
    bench.engine.address_added(VIRTUAL)
    assert bench.told() == [f"out of place: {VIRTUAL} in INIT", "release"]
    bench.released()
    # With an address of its own the host does without: it must not answer beside the master.
    bench.engine.interface_ready((OWN,))
    assert bench.told() == ["INIT to BACKUP", f"out of place: {VIRTUAL} in BACKUP", "release"]


async def test_an_address_taken_away_is_put_back_unless_a_script_is_at_work():
    bench = await master(are_scripted=True)
    await asyncio.sleep(5.0)
    bench.told()
    bench.is_busy = True
    bench.engine.address_removed(VIRTUAL)
    assert bench.told() == []
    bench.is_busy = False
    bench.engine.address_removed(VIRTUAL)
    assert bench.told() == [f"taken away: {VIRTUAL}", "acquire"]


async def test_an_overtaken_job_says_nothing():
    bench = await master()
    bench.engine.demote(NEVER, "a check")
    overtaken = bench.released
    bench.engine.demote(0, "the check is good again")
    await asyncio.sleep(6.0)
    bench.engine.demote(NEVER, "the check again")
    bench.told()
    overtaken()
    assert bench.told() == []
    bench.released()
    assert bench.told() == ["advertisement 255/255"]


async def test_a_refusal_that_a_newer_attempt_has_overtaken_does_not_count():
    bench = await master(params=replace(PARAMS, reassert=True), are_scripted=True)
    overtaken = []
    for _ in range(2):
        bench.engine.address_removed(VIRTUAL)
        await asyncio.sleep(1.5)
        assert "acquire" in bench.told()
        overtaken.append(bench.acquired)
    bench.acquired(True)
    overtaken[0](False)
    await asyncio.sleep(0.25)
    assert "acquire" not in bench.told()
    bench.receive(peer_frame(advskew=50))
    await asyncio.sleep(3.1)
    assert "reassert" in bench.told()
    for late in overtaken:
        late(False)
        await asyncio.sleep(0.25)
        assert "acquire" not in bench.told()


async def test_a_refused_address_is_tried_again_and_then_told_until_it_is_served():
    bench = await promoted()
    bench.told()
    bench.acquired(False)
    await asyncio.sleep(0.2)
    assert bench.told() == ["acquire"]
    bench.acquired(False)
    await asyncio.sleep(0)
    assert bench.told() == [f"unserved: {VIRTUAL}"]
    await asyncio.sleep(1.0)
    assert "acquire" in bench.told()
    bench.acquired(True)
    await asyncio.sleep(0)
    assert bench.told() == ["arp", "arp", "unserved: none"]


async def test_a_fault_that_outlives_the_role_ends_with_the_first_success():
    bench = await promoted()
    for _ in range(2):
        bench.acquired(False)
        await asyncio.sleep(0.2)
    yield_to_a_better_one(bench)
    bench.released()
    await asyncio.sleep(7.0)
    assert bench.engine.state is State.MASTER
    bench.told()
    bench.acquired(True)
    await asyncio.sleep(0)
    assert bench.told() == ["arp", "arp", "unserved: none"]


async def test_an_attempt_that_succeeds_when_the_role_is_lost_ends_the_fault():
    bench = await promoted()
    for _ in range(2):
        bench.acquired(False)
        await asyncio.sleep(1.1)
    overtaken = bench.acquired
    yield_to_a_better_one(bench)
    bench.told()
    overtaken(False)
    assert bench.told() == []
    overtaken(True)
    assert bench.told() == ["can serve"]
    # The attempt of the next term tells more.
    await asyncio.sleep(7.0)
    assert bench.engine.state is State.MASTER
    bench.told()
    overtaken(True)
    assert bench.told() == []
    bench.engine.stop("a test")
    bench.released()
    await asyncio.sleep(7.0)
    assert "finished" in bench.told()
    overtaken(True)
    assert bench.told() == []


async def test_an_address_removed_while_it_is_put_back_is_put_back_again():
    """The kernel's table decides when the job is done, not the order of the events."""
    bench = await master()
    await asyncio.sleep(5.0)
    bench.engine.address_removed(VIRTUAL)
    bench.is_busy = True
    bench.engine.address_removed(VIRTUAL)
    bench.is_busy = False
    bench.told()
    bench.outcome(Outcome(()))
    assert bench.told() == [f"taken away: {VIRTUAL}"]
    await asyncio.sleep(1.0)
    assert "acquire" in bench.told()


async def test_addresses_of_both_families_may_be_gone():
    addresses = (VIRTUAL, IPv6Address("fd00::100"))
    bench = await promoted(params=replace(PARAMS, addresses=addresses))
    bench.told()
    bench.outcome(Outcome(()))
    assert bench.told()[:2] == [f"taken away: {each}" for each in addresses]


async def test_a_master_looks_at_each_advertisement_whether_the_addresses_are_there():
    bench = await master()
    await asyncio.sleep(5.0)
    bench.wanted_there = (VIRTUAL,)
    bench.told()
    await asyncio.sleep(1.0)
    assert bench.told() == ["advertisement 1/0", f"taken away: {VIRTUAL}", "acquire"]


async def test_one_removal_is_told_once_however_often_it_is_noticed():
    bench = await master()
    taken_away = f"taken away: {VIRTUAL}"
    await asyncio.sleep(4.9)
    bench.told()
    bench.engine.address_removed(VIRTUAL)
    assert bench.told() == [taken_away, "acquire"]
    # Removed again before the job is done: the kernel's report may come before its result.
    bench.engine.address_removed(VIRTUAL)
    bench.outcome(Outcome(()))
    assert bench.told() == [taken_away]
    # It is put back a second time after 0.2 s; an advertisement before that finds it missing.
    bench.wanted_there = (VIRTUAL,)
    await asyncio.sleep(0.15)
    assert bench.told() == ["advertisement 1/0"]
    await asyncio.sleep(0.1)
    assert bench.told() == ["acquire"]


async def test_each_advertisement_leaves_the_host_its_own_source_unless_an_address_is_missing():
    bench = await master()
    bench.steps_behind.clear()
    bench.wanted_there = (VIRTUAL,)
    await asyncio.sleep(1.0)
    assert bench.steps_behind == []
    bench.on_interface = (VIRTUAL,)
    await asyncio.sleep(1.0)
    assert bench.steps_behind == [bench.engine.sources]


async def test_an_advertisement_looks_at_no_address_while_all_are_settled():
    bench = await master()
    bench.steps_behind.clear()
    bench.are_settled = True
    await asyncio.sleep(3.0)
    assert bench.steps_behind == []
    bench.are_settled = False
    await asyncio.sleep(1.0)
    assert bench.steps_behind == [bench.engine.sources]


async def test_an_address_refused_on_its_way_behind_the_hosts_own_was_removed_by_no_other_program():
    bench = await master()
    await asyncio.sleep(5.0)
    bench.wanted_there = (VIRTUAL,)
    bench.told()
    bench.not_put_back(Outcome((), (VIRTUAL,)))
    await asyncio.sleep(1.1)
    assert bench.told() == ["acquire", "advertisement 1/0"]


async def test_a_refusal_of_an_earlier_term_does_not_count_in_the_next_one():
    bench = await master()
    await asyncio.sleep(1.0)
    overtaken = bench.not_put_back
    bench.engine.demote(NEVER, "a check")
    bench.released()
    bench.engine.demote(0, "the check is good again")
    await asyncio.sleep(5.0)
    assert bench.engine.state is State.MASTER
    bench.acquired(True)
    bench.told()
    overtaken(Outcome((), (VIRTUAL,)))
    await asyncio.sleep(0.25)
    assert "acquire" not in bench.told()


async def test_each_removal_of_an_address_that_was_put_back_is_told():
    bench = await master()
    bench.engine.address_removed(VIRTUAL)
    bench.engine.address_added(VIRTUAL)
    bench.engine.address_removed(VIRTUAL)
    assert bench.told() == [f"taken away: {VIRTUAL}"] * 2
    await asyncio.sleep(1.0)
    assert "acquire" in bench.told()
    bench.outcome(Outcome(()))
    assert bench.told() == [f"taken away: {VIRTUAL}"]


async def test_a_loss_of_the_link_waits_for_the_end_of_our_up_script():
    bench = await promoted(are_scripted=True)
    bench.told()
    bench.is_busy = bench.is_up_script_running = True
    bench.engine.interface_lost("interface eth0 is down", False)
    bench.engine.interface_lost("no carrier on eth0", False)
    assert bench.told() == ["loss held: interface eth0 is down"]
    assert bench.engine.is_loss_held
    # It does not even try to send.
    bench.send_error = OSError(errno.ENETDOWN, "Network is down")
    await asyncio.sleep(3.5)
    assert bench.told() == []
    bench.send_error = None
    bench.engine.interface_ready((OWN,))
    bench.is_busy = bench.is_up_script_running = False
    bench.acquired(True)
    assert bench.told() == ["advertisement 1/0", "mend", "arp", "arp"]
    assert bench.engine.state is State.MASTER


async def test_a_loss_of_the_link_that_outlasts_the_up_script_ends_the_role():
    bench = await promoted(are_scripted=True)
    bench.told()
    bench.is_busy = bench.is_up_script_running = True
    bench.engine.interface_lost("no carrier on eth0", False)
    bench.is_busy = bench.is_up_script_running = False
    bench.acquired(True)
    assert bench.told()[-3:] == ["MASTER to INIT", "release", "loss counts"]
    assert bench.reason == "no carrier on eth0"


async def test_an_address_that_a_script_adds_too_late_is_kept_off():
    bench = await promoted(are_scripted=True)
    bench.engine.demote(NEVER, "a check")
    bench.told()
    bench.engine.address_added(VIRTUAL)
    assert bench.told() == ["appeared"]


async def test_an_address_that_cannot_be_taken_off_is_tried_again():
    bench = Bench()
    bench.engine.interface_ready((OWN,))
    bench.on_interface = (VIRTUAL,)
    bench.told()
    for pause in (0.2, 0.4):
        bench.released()
        await asyncio.sleep(pause - 0.01)
        assert bench.told() == []
        await asyncio.sleep(0.02)
        assert bench.told() == ["release"]
    bench.released()
    bench.on_interface = ()
    await asyncio.sleep(1.0)
    assert bench.told() == []


async def test_an_address_that_stayed_is_not_taken_for_put_back_in_the_next_term():
    bench = await master(are_scripted=True)
    bench.on_interface = (VIRTUAL,)
    yield_to_a_better_one(bench)
    bench.released()
    bench.receive(peer_frame(advbase=255, advskew=255))
    assert bench.engine.state is State.MASTER
    bench.told()
    await asyncio.sleep(0.25)
    assert "arp" not in bench.told()


async def test_the_pause_before_an_address_is_taken_off_again_is_short_after_a_success():
    bench = await master()
    for _ in range(2):
        bench.on_interface = (VIRTUAL,)
        bench.engine.demote(NEVER, "a check")
        bench.told()
        bench.released()
        await asyncio.sleep(0.25)
        assert "release" in bench.told()
        bench.on_interface = ()
        bench.released()
        bench.engine.demote(0, "the check is good again")
        await asyncio.sleep(7.0)
        assert bench.engine.state is State.MASTER


async def test_a_rival_that_is_gone_makes_scripts_run_again():
    for are_scripted in (True, False):
        bench = await master(params=replace(PARAMS, reassert=True), are_scripted=are_scripted)
        await asyncio.sleep(1.5)
        bench.receive(peer_frame(advskew=50))
        await asyncio.sleep(3.1)
        story = bench.told()
        assert ("reassert" in story) is are_scripted
        assert story.count("contested") == 1
    bench = await master(params=replace(PARAMS, reassert=True), are_scripted=True)
    await asyncio.sleep(1.5)
    bench.receive(peer_frame(advskew=50))
    await asyncio.sleep(3.1)
    assert (bench.transition.state, bench.transition.reason) == (State.MASTER, "contested")
    bench.outcome(Outcome((VIRTUAL,)))
    assert "arp" in bench.told()


async def test_a_fault_that_lasts_is_told_in_each_term_and_before_its_end():
    """Between the terms the owner has taken this host for fit again."""
    bench = await promoted()
    for _ in range(2):
        bench.told()
        bench.acquired(False)
        await asyncio.sleep(0.3)
        bench.acquired(False)
        yield_to_a_better_one(bench)
        story = bench.told()
        assert story.index(f"unserved: {VIRTUAL}") < story.index("MASTER to BACKUP")
        bench.released()
        await asyncio.sleep(6.7)
        assert bench.engine.state is State.MASTER
