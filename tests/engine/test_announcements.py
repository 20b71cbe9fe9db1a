"""A master announces its addresses to the segment."""

import asyncio
import errno
from dataclasses import replace
from ipaddress import ip_address
from types import SimpleNamespace

import pytest
from engine_bench import (
    MAC,
    OWN,
    PARAMS,
    SECOND,
    VIRTUAL,
    Bench,
    master,
    promoted,
    yield_to_a_better_one,
)

from ucarpd.carp.actions import AnnounceAddresses
from ucarpd.carp.neighbours import question
from ucarpd.carp.rank import NEVER
from ucarpd.engine import Outcome
from ucarpd.engine.outgoing import Outgoing

NA_FLAGS = 14 + 40 + 4
"""Where the flags of a neighbour advertisement are in its frame."""


async def test_a_master_announces_again_when_the_segment_is_heard_after_a_silence():
    bench = await master()
    bench.engine.segment_heard()
    assert bench.told() == ["arp", "arp"]


async def test_soon_after_the_burst_a_master_asks_who_else_has_its_addresses():
    bench = await master(params=replace(PARAMS, announce_interval=60.0))
    for error in (None, OSError(errno.ENOBUFS, "No buffer space available")):
        bench.arp_error = error
        await asyncio.sleep(20)
    asked = question(VIRTUAL, ip_address("0.0.0.0"), MAC)
    assert bench.frames.count(asked) == 1, "the second one did not get out"


async def test_a_backup_does_nothing_when_the_segment_is_heard():
    bench = Bench()
    bench.engine.interface_ready((OWN,))
    bench.told()
    bench.engine.segment_heard()
    assert bench.told() == []


async def test_the_first_announcement_goes_out_as_soon_as_the_addresses_are_there():
    bench = await promoted()
    bench.told()
    bench.there()
    assert bench.told() == ["arp", "arp"]
    bench.acquired(True)
    assert bench.told() == []
    await asyncio.sleep(0.1)
    assert bench.told() == ["arp", "arp"]


async def test_an_announcement_that_does_not_get_out_at_once_is_made_by_the_loop():
    bench = await promoted()
    bench.told()
    bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
    bench.there()
    assert bench.told() == []
    bench.send_error = None
    bench.acquired(True)
    assert bench.told() == ["arp", "arp"]


async def test_an_announcement_in_an_earlier_term_does_not_replace_the_one_of_this_term():
    bench = await promoted()
    bench.there()
    yield_to_a_better_one(bench)
    bench.released()
    await asyncio.sleep(7.0)
    bench.told()
    bench.acquired(True)
    assert bench.told() == ["arp", "arp"]


async def test_the_addresses_of_an_overtaken_job_are_not_announced():
    bench = await master()
    bench.engine.demote(NEVER, "a check")
    bench.there()
    assert bench.told() == ["MASTER to BACKUP", "release"]


async def test_only_scripted_addresses_are_announced_when_the_kernel_reports_them():
    for are_scripted, expected in ((True, ["appeared", "arp", "arp"]), (False, [])):
        bench = await master(are_scripted=are_scripted)
        bench.engine.address_added(VIRTUAL)
        assert bench.told() == expected


async def test_of_several_addresses_the_ones_that_are_there_are_announced():
    bench = await promoted(params=replace(PARAMS, addresses=(VIRTUAL, SECOND)))
    bench.told()
    bench.outcome(Outcome((SECOND,), (VIRTUAL,)))
    assert bench.told() == ["arp", "arp"]
    assert SECOND.packed in bench.frames[-1]


@pytest.mark.parametrize("is_router", [False, True])
def test_only_a_router_says_that_it_is_one(is_router):
    frames = []
    wire = SimpleNamespace(mac=MAC, is_router=is_router, send=frames.append)
    log = dict.fromkeys(("send_failed", "sent", "announce_failed", "announced"))
    ipv6 = AnnounceAddresses((ip_address("2001:db8::10"),))
    Outgoing(PARAMS, wire, SimpleNamespace(**log), clock=None, failing=None).announce_quietly(ipv6)
    assert {bool(each[NA_FLAGS] & 0x80) for each in frames} == {is_router}


async def test_a_new_hardware_address_is_announced():
    bench = await master()
    bench.engine.hardware_address_changed()
    assert bench.told() == ["arp", "arp"]
