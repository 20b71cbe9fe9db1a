"""The engine from event to action: its timers, and what it hears and tells."""

import asyncio
import errno
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from engine_bench import (
    OWN,
    PARAMS,
    PEER,
    PEER_MAC,
    VIRTUAL,
    Bench,
    Log,
    master,
    peer_frame,
    promoted,
    yield_to_a_better_one,
)

from ucarpd.carp.actions import Finding, Report, State
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.frame import parse
from ucarpd.carp.params import Params
from ucarpd.carp.rank import NEVER
from ucarpd.carp.receive import Receiver
from ucarpd.carp.timing import Phase
from ucarpd.engine import WAKE_UP_LEAD, Engine


async def test_start_clears_what_an_earlier_run_left():
    bench = Bench()
    bench.on_interface = (VIRTUAL,)
    bench.engine.interface_ready((OWN,))
    assert bench.told() == ["INIT to BACKUP", "release at start"]
    assert bench.transition.previous is State.INIT
    assert bench.states == [State.BACKUP]


async def test_promotion_advertises_before_it_asks_for_the_address_and_announces_after():
    bench = await promoted()
    assert bench.told() == ["BACKUP to MASTER", "advertisement 1/0", "acquire"]
    assert bench.transition.reason == bench.reason == bench.engine.reason
    bench.acquired(True)
    assert bench.told() == ["arp", "arp"]


async def test_what_another_daemon_of_this_host_sends():
    bench = await master()
    await asyncio.sleep(1.5)
    ours = [each for each in bench.frames if each[12:14] == b"\x08\x00"]
    assert [bench.engine.sent_by_another(each) for each in ours] == [False, False]
    assert bench.engine.sent_by_another(peer_frame())


async def test_master_advertises_every_interval_and_an_advertisement_is_not_delayed_by_others():
    bench = await master()
    await asyncio.sleep(10.0)
    assert bench.told().count("advertisement 1/0") == 10


async def test_a_process_that_was_stopped_for_a_minute_sends_one_advertisement_not_sixty():
    bench = await master()
    asyncio.get_running_loop().jump(60.0)
    await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    assert bench.told().count("advertisement 1/0") == 1


async def test_frames_travel_up_the_ladder_into_the_machine():
    bench = await master()
    bench.receive(peer_frame(advbase=1, advskew=50))
    bench.receive(peer_frame()[:-1])
    assert bench.told() == ["advertisement 1/0", "dropped: badlen"]
    bench.receive(peer_frame(advbase=0, advskew=100))
    assert bench.told() == ["MASTER to BACKUP", "release"]
    bench.released()
    assert bench.told() == ["advertisement 1/0"]  # the parting one, rule M1
    assert bench.engine.receiver.accepted == 2


async def test_what_it_waits_for_is_said_once():
    bench = Bench()
    for _ in range(3):
        bench.engine.interface_lost("no carrier on eth0", False)
    bench.engine.interface_lost("interface eth0 is down", False)
    assert bench.told() == ["waiting: no carrier on eth0", "waiting: interface eth0 is down"]
    assert bench.engine.reason == "interface eth0 is down"


async def test_a_second_loss_for_the_same_reason_ends_the_role_too():
    bench = await master()
    for _ in range(2):
        bench.engine.interface_lost("no carrier on eth0", False)
        bench.released()
        assert "MASTER to INIT" in bench.told()
        bench.engine.interface_ready((OWN,))
        bench.released()
        await asyncio.sleep(7.0)
        assert bench.engine.state is State.MASTER
        bench.acquired(True)
        bench.told()


async def test_a_lost_interface_ends_the_role_and_needs_no_second_line():
    bench = await master()
    bench.engine.interface_lost("no carrier on eth0", False)
    assert bench.told() == ["MASTER to INIT", "release"]
    assert bench.reason == "no carrier on eth0"
    bench.released()
    await asyncio.sleep(1.0)
    assert bench.told() == []


async def test_an_interface_that_stays_ready_is_no_news():
    bench = await master()
    bench.engine.interface_ready((OWN,))
    assert bench.told() == []
    await asyncio.sleep(5.0)  # past the announcements
    bench.engine.interface_ready((IPv4Address("10.0.0.9"),))
    await asyncio.sleep(1.0)
    assert parse(bench.frames[-1]).source == IPv4Address("10.0.0.9")


async def test_a_frame_counts_from_when_it_came_not_from_when_it_was_read():
    bench = Bench(replace(PARAMS, advskew=100))
    bench.engine.interface_ready((OWN,))
    bench.released()
    await asyncio.sleep(1.0)
    bench.receive(peer_frame(), ago=0.05)
    bench.told()
    await asyncio.sleep(3 + 100 / 256 - 0.06)
    assert bench.told() == [f"asks for {PEER}, {VIRTUAL}", "arp", "arp", "probing"]
    await asyncio.sleep(0.02)
    assert bench.told()[0] == "BACKUP to MASTER"


@pytest.mark.parametrize("has_wrong_digest", [False, True])
async def test_a_silent_master_that_answers_is_reported_after_the_takeover(has_wrong_digest):
    """Unless its advertisements arrive, and are dropped for their digest."""
    bench = Bench()
    bench.log.wrong_digests = {PEER} if has_wrong_digest else set()
    bench.engine.interface_ready((OWN,))
    bench.released()
    await asyncio.sleep(1.0)
    bench.receive(peer_frame())
    await asyncio.sleep(2.5)
    for address in (PEER, VIRTUAL):
        bench.answered(address, PEER_MAC)
    assert bench.findings == []
    await asyncio.sleep(1.0)
    report = Report(Finding.MASTER_ANSWERS, PEER, address=VIRTUAL, mac=PEER_MAC)
    assert bench.findings == ([] if has_wrong_digest else [report])
    assert ("MASTER_ANSWERS" in bench.told()) is not has_wrong_digest


async def test_a_backup_wakes_up_a_little_early_and_keeps_its_deadline():
    bench = Bench()
    loop = asyncio.get_running_loop()
    bench.engine.interface_ready((OWN,))
    bench.released()
    due = loop.time() + 3.0
    await asyncio.sleep(due - 2 * WAKE_UP_LEAD - loop.time())
    assert bench.engine.state is State.BACKUP
    await asyncio.sleep(1.5 * WAKE_UP_LEAD)
    assert loop.time() < due
    assert bench.engine.state is State.MASTER
    bench.told()
    # The next advertisement is counted from the deadline.
    await asyncio.sleep(due + 1.0 - WAKE_UP_LEAD - loop.time())
    assert bench.told() == []
    await asyncio.sleep(2 * WAKE_UP_LEAD)
    assert bench.told() == ["advertisement 1/0"]


async def test_a_backup_reads_what_has_come_in_time_before_it_takes_over():
    bench = Bench()
    loop = asyncio.get_running_loop()
    bench.engine.interface_ready((OWN,))
    bench.released()
    began = loop.time()
    bench.unread = [(peer_frame(counter=second), began + second) for second in (1, 2)]
    loop.jump(4.0)
    await asyncio.sleep(0.5)
    assert (bench.engine.state, bench.unread) == (State.BACKUP, [])
    await asyncio.sleep(began + 4.9 - loop.time())
    assert bench.engine.state is State.BACKUP
    await asyncio.sleep(0.2)
    assert bench.engine.state is State.MASTER


async def test_frames_that_do_not_count_delay_a_takeover_only_until_they_are_read():
    bench = Bench()
    loop = asyncio.get_running_loop()
    bench.engine.interface_ready((OWN,))
    bench.released()
    forged = peer_frame(params=Params(vhid=7, addresses=(VIRTUAL,), key=b"another"))
    bench.unread = [(forged, loop.time())] * 3
    loop.jump(3.9)
    await asyncio.sleep(0.01)
    assert bench.unread == []
    assert bench.engine.state is State.MASTER


async def test_a_frame_that_waited_while_the_role_was_taken_does_not_turn_time_back():
    bench = await master()
    bench.receive(peer_frame(advbase=0, advskew=100), ago=0.5)
    assert bench.told() == ["MASTER to BACKUP", "release"]
    await asyncio.sleep(2.9)
    assert bench.engine.state is State.BACKUP
    await asyncio.sleep(0.2)
    assert bench.engine.state is State.MASTER


async def test_frames_that_waited_in_the_socket_are_no_answer_to_what_was_sent_later():
    """A master that was stopped wakes up, and finds what its successor has sent meanwhile."""
    bench = await master()
    asyncio.get_running_loop().jump(5.0)
    for counter, ago in enumerate((4.0, 2.6, 1.2)):
        bench.receive(peer_frame(advskew=100, counter=counter), ago=ago)
    assert Report(Finding.RIVAL_STAYS, PEER) not in bench.findings
    for counter in (4, 5):
        await asyncio.sleep(1.4)
        bench.receive(peer_frame(advskew=100, counter=counter))
    assert Report(Finding.RIVAL_STAYS, PEER) in bench.findings


async def test_another_host_with_our_source_address_is_told():
    bench = await master()
    bench.engine.interface_ready((PEER,))
    bench.receive(peer_frame(advskew=9))
    assert f"source taken: {PEER}" in bench.told()


async def test_the_owner_counts_what_a_master_has_advertised():
    bench = await master()
    await asyncio.sleep(2.5)
    assert bench.advertisements_told == 3
    bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
    await asyncio.sleep(1.0)
    assert bench.advertisements_told == 3
    bench.send_error = None
    bench.engine.demote(NEVER, "a check")
    bench.released()
    await asyncio.sleep(0.1)
    assert bench.advertisements_told == 3


async def test_the_owner_is_told_when_its_record_is_no_longer_true():
    bench = await master()
    assert bench.identities == 1
    bench.engine.interface_ready((OWN,))
    assert bench.identities == 1
    bench.engine.interface_ready((PEER,))
    assert bench.identities == 2
    bench.engine.hardware_address_changed()
    assert bench.identities == 3
    bench.engine.change_params(replace(PARAMS, advskew=9))
    assert bench.identities == 4


async def test_changed_params_reach_the_machine_and_the_wire_without_leaving_the_state():
    bench = await master()
    faster = Params(vhid=7, addresses=(VIRTUAL,), key=b"another", advbase=1, advskew=9)
    bench.engine.change_params(faster)
    assert bench.told() == ["advertisement 1/9"]
    assert isinstance(Receiver(faster).check(bench.frames[-1], (), ()), AdvertisementReceived)
    assert bench.engine.state is State.MASTER
    bench.receive(peer_frame())
    bench.receive(peer_frame(params=faster))
    assert bench.told()[0] == "dropped: badauth"
    assert bench.engine.state is State.BACKUP


async def test_the_second_advertisement_comes_at_the_phase():
    """So that virtual hosts that took over together do not send together for ever."""
    bench = Bench()
    late = []
    bench.engine = Engine(
        *(PARAMS, 1),
        wire=bench,
        addresses=bench,
        log=Log(bench),
        owner=bench,
        phase=Phase(0.25, 4),
        late=lambda seconds, now: late.append(seconds),
    )
    bench.engine.interface_ready((OWN,))
    bench.released()
    await asyncio.sleep(3.0)
    bench.told()
    await asyncio.sleep(0.25)
    assert bench.told() == ["advertisement 1/0"]
    await asyncio.sleep(0.95)
    assert bench.told() == []
    await asyncio.sleep(0.05)
    assert bench.told() == ["advertisement 1/0"]
    assert len(late) == 3


async def test_a_demoted_master_says_so_at_once_and_serves_on():
    bench = await master()
    bench.engine.demote(240, "demoted by 240: eth1 cannot be used")
    assert bench.told() == ["advertisement 254/240"]
    assert bench.engine.state is State.MASTER


async def test_a_link_that_is_back_in_a_moment_costs_nothing():
    bench = await master()
    bench.engine.interface_lost("no carrier on eth0", False, may_return=True)
    await asyncio.sleep(0.28)
    bench.engine.interface_ready((OWN,))
    assert [each for each in bench.told() if each != "arp"] == ["advertisement 1/0"]
    assert bench.engine.state is State.MASTER
    bench.engine.interface_ready((OWN,))
    assert "advertisement 1/0" not in bench.told()


async def test_a_loss_that_was_held_for_the_up_script_counts_when_another_host_has_the_role():
    bench = await promoted(are_scripted=True)
    bench.is_busy = bench.is_up_script_running = True
    bench.engine.interface_lost("eth0 has no IPv4 address of its own", True)
    bench.told()
    yield_to_a_better_one(bench)
    assert bench.engine.is_loss_held
    await asyncio.sleep(0.1)
    assert bench.told() == ["MASTER to BACKUP", "release", "BACKUP to INIT", "loss counts"]


async def test_a_loss_that_goes_on_when_the_up_script_runs_again_still_ends_the_role():
    bench = await master(are_scripted=True)
    for is_running in (False, True):
        bench.is_busy = bench.is_up_script_running = is_running
        bench.engine.interface_lost("no carrier on eth0", False, may_return=True)
    await asyncio.sleep(5.0)
    assert bench.engine.state is State.MASTER
    bench.is_busy = bench.is_up_script_running = False
    bench.acquired(True)
    assert bench.engine.state is State.INIT
    assert bench.engine.reason == "no carrier on eth0"


async def test_a_later_loss_replaces_the_one_that_was_held():
    bench = await promoted(are_scripted=True)
    bench.is_busy = bench.is_up_script_running = True
    bench.engine.interface_lost("no carrier on eth0", False, may_return=True)
    bench.is_up_script_running = False
    bench.told()
    bench.engine.interface_lost("interface eth0 is down", False)
    assert bench.told() == ["MASTER to INIT", "release", "loss counts"]
    bench.released()
    await asyncio.sleep(0.1)
    assert bench.told() == []
    assert bench.engine.reason == "interface eth0 is down"


async def test_gateways_that_fall_silent_with_the_master_hold_up_the_takeover():
    bench = Bench()
    bench.engine.interface_ready((OWN,))
    bench.receive(peer_frame())
    await asyncio.sleep(1.0)
    bench.engine.gateways_silent(asyncio.get_running_loop().time())
    await asyncio.sleep(2.5)
    assert bench.told()[-1] == "CUT_OFF"
    assert bench.engine.state is State.BACKUP
    await asyncio.sleep(3.0)
    assert bench.engine.state is State.MASTER
