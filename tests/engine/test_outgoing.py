"""Advertisements that do not get out, and those that go to each peer."""

import asyncio
import errno
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from engine_bench import (
    OWN,
    PARAMS,
    PEER,
    SECOND,
    VIRTUAL,
    backup,
    master,
    peer_frame,
    promoted,
    yield_to_a_better_one,
)


async def test_sending_that_fails_for_a_while_is_told_and_the_timer_goes_on():
    bench = await master()
    bench.send_error = OSError(100, "Network is down")
    await asyncio.sleep(2.5)
    assert bench.told() == [], "it may be a lost link"
    await asyncio.sleep(2.0)
    assert bench.told().count("send failed: Network is down") == 1
    bench.send_error = None
    await asyncio.sleep(1.0)
    assert "advertisement 1/0" in bench.told()


@pytest.mark.parametrize("number", [errno.ENOBUFS, errno.EHOSTUNREACH])
async def test_three_failed_advertisements_in_a_row_are_told_to_the_owner(number):
    bench = await master()
    bench.send_error = OSError(number, "no")
    await asyncio.sleep(2.5)
    assert "sending fails" not in bench.told()
    await asyncio.sleep(1.0)
    assert bench.told()[-1] == "sending fails"


@pytest.mark.parametrize("is_lost", [False, True])
async def test_the_error_that_makes_a_fast_host_less_fit_is_told(is_lost):
    bench = await master(params=replace(PARAMS, advbase=0, advskew=25))
    bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
    await asyncio.sleep(0.5)
    assert set(bench.told()) == {"sending fails"}, "it may be a lost link"
    if is_lost:
        bench.engine.interface_lost("no carrier on eth0", can_send=False)
    for counter in range(20):
        if not is_lost:
            bench.receive(peer_frame(advbase=0, advskew=10, counter=counter))
        await asyncio.sleep(0.1)
    assert ("send failed: No buffer space available" in bench.told()) != is_lost


async def test_a_failure_of_a_fast_host_that_is_over_by_then_is_not_told():
    bench = await master(params=replace(PARAMS, advbase=0, advskew=25))
    bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
    await asyncio.sleep(0.5)
    bench.send_error = None
    await asyncio.sleep(2.0)
    told = bench.told()
    assert "sending works" in told
    assert "send failed: No buffer space available" not in told


async def test_each_further_failure_is_told_because_the_owner_forgets_the_fault():
    """A host that was taken for fit again, and still does not get out, must not stay MASTER."""
    bench = await master()
    bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
    await asyncio.sleep(3.5)
    assert "sent" not in bench.told()
    await asyncio.sleep(2.0)
    assert bench.told().count("sending fails") == 2
    bench.send_error = None
    await asyncio.sleep(1.0)
    assert "sending fails" not in bench.told()


async def test_it_works_again_after_three_that_got_out():
    bench = await master()
    bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
    await asyncio.sleep(3.5)
    bench.send_error = None
    bench.engine.interface_ready((OWN,))
    bench.told()
    await asyncio.sleep(2.0)
    assert "sending works" not in bench.told()
    await asyncio.sleep(1.0)
    assert bench.told()[-3:] == ["advertisement 1/0", "sent", "sending works"]
    assert bench.engine.sent == 4, "the first one, and three after the fault"


async def test_announcements_alone_may_fail():
    bench = await master()
    bench.arp_error = OSError(errno.ENOBUFS, "No buffer space available")
    bench.engine.segment_heard()
    await asyncio.sleep(12.0)
    told = set(bench.told())
    assert told == {"advertisement 1/0", "announce failed: No buffer space available"}
    bench.arp_error = None
    bench.engine.segment_heard()
    assert bench.told() == ["arp", "arp", "announced"]


async def test_announcements_of_one_address_alone_may_fail():
    """The others get out, which does not end the fault."""
    bench = await promoted(params=replace(PARAMS, addresses=(VIRTUAL, SECOND)))
    send = bench.send

    def refuse_one(data):
        if VIRTUAL.packed in data:
            raise OSError(errno.ENOBUFS, "No buffer space available")
        send(data)

    bench.send = refuse_one
    bench.acquired(True)
    await asyncio.sleep(12.0)
    told = bench.told()
    assert "announce failed: No buffer space available" in told
    assert "announced" not in told


async def test_one_of_several_single_failures_is_told():
    """As of a filter that drops a part; the log limits the lines."""
    bench = await master()
    await asyncio.sleep(0.9)
    for is_told in (False, True):
        bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
        await asyncio.sleep(0.2)
        bench.send_error = None
        await asyncio.sleep(4.8)
        told = bench.told()
        assert ("send failed: No buffer space available" in told) == is_told
        assert ("sent" in told) == is_told


async def test_two_failures_that_are_far_apart_are_not_told():
    bench = await master()
    await asyncio.sleep(0.9)
    for _ in range(2):
        bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
        await asyncio.sleep(0.2)
        bench.send_error = None
        await asyncio.sleep(699.8)
    assert set(bench.told()) == {"advertisement 1/0", "arp"}


@pytest.mark.parametrize("can_send", [False, True])
async def test_a_lost_link_and_no_lost_source_explains_what_has_failed(can_send):
    bench = await master()
    bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
    await asyncio.sleep(3.5)
    assert "sending fails" in bench.told()
    bench.engine.interface_lost("eth0 is not ready", can_send)
    await asyncio.sleep(0.0)
    told = bench.told()
    assert (told[-1] == "sending works") != can_send
    assert ("sending works" in told) != can_send


async def test_what_fails_without_a_link_is_not_told():
    bench = await master()
    bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
    bench.engine.segment_heard()
    await asyncio.sleep(12.0)
    assert "announce failed: No buffer space available" in bench.told()
    bench.is_up_script_running = True
    bench.engine.interface_lost("interface eth0 is down", can_send=False)
    await asyncio.sleep(0.0)
    bench.told()
    bench.send_error = OSError(errno.ENETDOWN, "Network is down")
    for _ in range(2):
        bench.engine.segment_heard()
        await asyncio.sleep(4.0)
    assert bench.told() == []
    bench.send_error = None
    bench.engine.interface_ready((OWN,))
    assert bench.told() == ["advertisement 1/0", "arp", "arp"]
    bench.send_error = OSError(errno.ENETDOWN, "Network is down")
    await asyncio.sleep(2.5)
    assert bench.told() == [], "two failures, and those before the loss are forgotten"
    await asyncio.sleep(2.0)
    assert "send failed: Network is down" in bench.told()


async def test_a_backup_that_cannot_ask_for_the_master_takes_over():
    bench = backup()
    bench.receive(peer_frame())
    bench.arp_error = OSError(errno.ENOBUFS, "No buffer space available")
    await asyncio.sleep(4.0)
    assert "BACKUP to MASTER" in bench.told()


async def test_a_fault_that_lasts_is_told_in_each_term():
    """Between the terms the owner has taken this host for fit again."""
    bench = await master()
    bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
    await asyncio.sleep(3.5)
    yield_to_a_better_one(bench)
    bench.released()
    bench.told()
    await asyncio.sleep(7.0)
    assert "sending fails" in bench.told()


PEERS = replace(PARAMS, peers=(OWN, PEER, IPv4Address("10.9.0.3")))


async def test_unicast_goes_to_each_peer_but_this_host():
    bench = await master(params=PEERS)
    await asyncio.sleep(1.0)
    assert [what for what in bench.told() if what != "arp"] == ["to 10.0.0.2", "to 10.9.0.3"]


@pytest.mark.parametrize(
    ("unreachable", "because"),
    [
        ({PEER: errno.EHOSTUNREACH}, "it is dead, which is no fault of ours"),
        ({PEER: errno.EPERM}, "the other one was reached"),
        ({PEER: errno.EHOSTUNREACH, PEERS.peers[2]: errno.ENETUNREACH}, "both are dead"),
        ({PEER: errno.EHOSTDOWN, PEERS.peers[2]: errno.EHOSTDOWN}, "both are dead"),
    ],
)
async def test_a_peer_out_of_reach_is_no_reason_to_step_down(unreachable, because):
    bench = await master(params=PEERS)
    bench.unreachable = {peer: OSError(number, "no") for peer, number in unreachable.items()}
    await asyncio.sleep(9.0)
    assert "sending fails" not in bench.told(), because


async def test_one_peer_that_cannot_be_sent_to_is_told():
    bench = await master(params=PEERS)
    bench.unreachable = {PEER: OSError(errno.EPERM, "not permitted")}
    await asyncio.sleep(5.5)
    assert bench.told().count("send failed: not permitted") == 1
    bench.unreachable = {}
    await asyncio.sleep(1.0)
    assert "sent" in bench.told()


async def test_no_peer_can_be_sent_to():
    bench = await master(params=PEERS)
    bench.unreachable = dict.fromkeys(PEERS.peers, OSError(errno.EPERM, "not permitted"))
    await asyncio.sleep(3.5)
    assert "sending fails" in bench.told()
    bench.unreachable = dict.fromkeys(PEERS.peers, OSError(errno.EHOSTUNREACH, "dead"))
    await asyncio.sleep(2.0)
    assert "sending fails" not in bench.told()
