"""The engine gives the role up: on request, at a stop, and after a defect."""

import asyncio

import pytest
from engine_bench import (
    OWN,
    VIRTUAL,
    backup,
    master,
    peer_frame,
    promoted,
    yield_to_a_better_one,
)

from ucarpd.carp.actions import State
from ucarpd.carp.events import InterfaceLost
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.rank import NEVER


def broken(*_arguments):
    """Stand in for a part of ucarpd that has a defect."""
    raise ZeroDivisionError("a defect")


async def test_a_down_script_that_takes_long_holds_the_bow_out_back_for_a_dead_interval():
    bench = await master(are_scripted=True)
    bench.on_interface = (VIRTUAL,)
    bench.engine.stop("stopping")
    await asyncio.sleep(1.0)
    bench.on_interface = ()
    bench.engine.address_removed(VIRTUAL)
    bench.told()
    await asyncio.sleep(2.9)
    assert bench.told() == []
    await asyncio.sleep(0.2)
    assert bench.told() == ["advertisement 255/255"] * 2
    bench.released()
    assert bench.told() == ["finished"]


async def test_step_down_is_offered_and_taken_back_when_nobody_takes_over():
    bench = await master()
    bench.engine.step_down("asked to")
    assert bench.told() == ["advertisement 254/254"]
    await asyncio.sleep(2.1)
    assert [each for each in bench.told() if each != "arp"] == [
        "advertisement 254/254",
        "advertisement 1/0",
        "NOBODY_TOOK_OVER",
    ]
    assert [each.finding.name for each in bench.findings] == ["NOBODY_TOOK_OVER"]
    assert bench.engine.state is State.MASTER


async def test_who_may_never_serve_bows_out_when_the_address_is_off():
    bench = await master()
    bench.engine.demote(NEVER, "a check")
    assert bench.told() == ["MASTER to BACKUP", "release"]


async def test_a_bow_out_waits_until_the_address_is_off():
    bench = await master()
    bench.engine.interface_lost("the source address is gone", True)
    assert bench.told() == ["MASTER to INIT", "release"]
    bench.released()
    assert bench.told() == ["advertisement 255/255"]
    await asyncio.sleep(0.06)
    assert bench.told() == ["advertisement 255/255"]


async def test_stop_finishes_after_the_bow_out_and_then_nothing_more_comes():
    bench = await master()
    bench.engine.stop("stopping")
    bench.released()
    await asyncio.sleep(0.06)
    story = bench.told()
    assert story == [
        "MASTER to INIT",
        "release",
        "advertisement 255/255",
        "advertisement 255/255",
        "finished",
    ]
    bench.engine.interface_ready((OWN,))
    bench.receive(peer_frame())
    bench.engine.interface_lost("no carrier on eth0", False)
    await asyncio.sleep(10.0)
    assert bench.told() == []


async def test_an_event_that_the_last_actions_cause_comes_too_late():
    bench = backup()
    bench.changed = lambda _change: bench.engine.step_down("asked to")
    bench.engine.stop("stopping")
    assert bench.told() == ["BACKUP to INIT", "finished"]


async def test_a_host_whose_addresses_are_elsewhere_does_not_wait_for_the_down_script():
    bench = await master(are_scripted=True)
    bench.engine.stop("stopping")
    await asyncio.sleep(3.2)
    assert bench.told() == [
        "MASTER to INIT",
        "release",
        "advertisement 255/255",
        "advertisement 255/255",
    ]


@pytest.mark.parametrize("was_master", [True, False])
async def test_a_defect_ends_the_engine_and_only_a_master_bows_out(was_master, monkeypatch):
    bench = await master()
    if not was_master:
        yield_to_a_better_one(bench)
        bench.released()
        bench.told()

    def broken(self, event, now):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(VirtualHost, "handle", broken)
    bench.engine.hardware_address_changed()
    assert bench.told() == ["fault: a defect", "release"]
    # ucarpd itself removes the addresses: no other program is to be blamed.
    bench.wanted_there = (VIRTUAL,)
    bench.engine.address_removed(VIRTUAL)
    bench.released()
    bench.read_until = broken
    expected = ["advertisement 255/255", "failed"] if was_master else ["failed"]
    # A backup must not unsettle the others.
    assert bench.told() == expected
    await asyncio.sleep(10.0)
    assert bench.told() == []


@pytest.mark.parametrize("by", ["changed", "acquire"])
async def test_after_a_defect_in_an_event_that_an_action_causes_no_action_follows(by, monkeypatch):
    """A look at the kernel's events on the way to the addresses may bring such an event."""
    bench = backup()
    handle, do = VirtualHost.handle, getattr(bench, by)

    def broken(self, event, now):
        if isinstance(event, InterfaceLost):
            raise ZeroDivisionError("a defect")
        return handle(self, event, now)

    def cause(*arguments):
        bench.engine.interface_lost("no carrier on eth0", False)
        do(*arguments)

    monkeypatch.setattr(VirtualHost, "handle", broken)
    setattr(bench, by, cause)
    await asyncio.sleep(3.0)
    assert bench.told() == [
        "BACKUP to MASTER",
        "advertisement 1/0",
        "acquire",
        "fault: a defect",
        "release",
    ]
    bench.released()
    assert bench.told() == ["advertisement 255/255", "failed"]
    await asyncio.sleep(10.0)
    assert bench.told() == []


async def test_addresses_that_come_after_a_defect_are_neither_announced_nor_served(monkeypatch):
    """The request was under way, and its end comes before that of the release."""
    bench = await promoted()

    monkeypatch.setattr(VirtualHost, "handle", broken)
    bench.engine.hardware_address_changed()
    bench.told()
    bench.there()
    bench.acquired(True)
    assert (bench.told(), bench.served_told) == ([], 0)


async def test_a_defect_when_the_addresses_come_is_not_told_as_success(monkeypatch):
    bench = await promoted()
    monkeypatch.setattr(VirtualHost, "handle", broken)
    bench.acquired(True)
    assert bench.served_told == 0


async def test_a_defect_on_the_way_to_a_deadline_ends_the_engine_too():
    """Otherwise the backup would have no deadline any more, and would never take over."""
    bench = backup()

    def broken(_at):
        raise ZeroDivisionError("a defect")

    bench.read_until = broken
    await asyncio.sleep(3.0)
    assert bench.told() == ["fault: a defect", "release"]
    bench.released()
    assert bench.told() == ["failed"]


async def test_two_defects_at_once_end_the_engine_once(monkeypatch):
    bench = backup()

    def read_until(_at):
        bench.receive(peer_frame())
        broken()

    monkeypatch.setattr(VirtualHost, "handle", broken)
    bench.read_until = read_until
    await asyncio.sleep(3.0)
    assert bench.told() == ["fault: a defect", "release", "fault: a defect"]


async def test_events_that_an_action_causes_wait_for_the_other_actions_and_keep_their_order():
    bench = backup()
    acquire = bench.acquire

    def cause(*arguments):
        bench.engine.interface_lost("no carrier on eth0", False)
        bench.engine.interface_ready((OWN,))
        acquire(*arguments)

    bench.acquire = cause
    await asyncio.sleep(3.0)
    assert bench.told() == [
        "BACKUP to MASTER",
        "advertisement 1/0",
        "acquire",
        "MASTER to INIT",
        "release",
        "INIT to BACKUP",
    ]


async def test_a_defect_on_the_way_out_does_not_keep_the_engine_from_ending():
    bench = await master()

    def broken(*_arguments):
        raise MemoryError

    bench.release = broken
    bench.engine.stop("stopping")
    assert bench.told()[-3:] == ["fault: ", "fault: ", "failed"]


async def test_a_bow_out_that_fails_does_not_keep_the_engine_from_being_started_again(monkeypatch):
    bench = await master()

    monkeypatch.setattr(VirtualHost, "handle", broken)
    bench.engine.hardware_address_changed()
    bench.told()
    bench.send = broken
    bench.released()
    assert bench.told() == ["fault: a defect", "failed"]
    await asyncio.sleep(10.0)
    assert bench.told() == []
