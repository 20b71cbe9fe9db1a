"""The engine in virtual time, with a wire, addresses and a log that only write down what came."""

import asyncio
import errno
from dataclasses import replace
from functools import wraps
from ipaddress import IPv4Address

import pytest
import virtual_loop

from ucarpd.carp.actions import SendAdvertisement, State
from ucarpd.carp.frame import ETHERTYPE_ARP, parse
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.packet import decode
from ucarpd.carp.params import Params
from ucarpd.carp.rank import NEVER
from ucarpd.carp.transmit import Transmitter
from ucarpd.engine import WAKE_UP_LEAD, Engine, Outcome

OWN = IPv4Address("10.0.0.1")
PEER = IPv4Address("10.0.0.2")
VIRTUAL = IPv4Address("10.0.0.100")
SECOND = IPv4Address("10.0.0.101")
MAC = bytes.fromhex("020000000001")
PEER_MAC = bytes.fromhex("020000000002")
PARAMS = Params(vhid=7, addresses=(VIRTUAL,), key=b"geheim")


class Bench:
    """An engine and everything it is plugged into; `story` is what happened, in order."""

    mac = MAC
    is_router = False

    def __init__(self, params=PARAMS, are_scripted=False):
        self.story = []
        self.states = []
        self.findings = []
        self.advertisements_told = 0
        self.identities = 0
        self.frames = []
        self.are_scripted = are_scripted
        self.is_busy = False
        self.is_up_script_running = False
        self.on_interface = ()
        self.wanted_there = ()
        self.hosts_own = ()
        self.send_error = None
        self.unreachable = {}
        self.acquired = self.released = None
        self.engine = Engine(params, 1, wire=self, addresses=self, log=Log(self), owner=self)

    # the wire
    def send(self, data):
        if self.send_error:
            raise self.send_error
        self.frames.append(data)
        ethertype = int.from_bytes(data[12:14], "big")
        if ethertype == ETHERTYPE_ARP:
            self.story.append("arp")
        else:
            heard = decode(parse(data).payload)
            self.story.append(f"advertisement {heard.advbase}/{heard.advskew}")

    def send_datagram(self, datagram):
        if error := self.unreachable.get(datagram.destination):
            raise error
        self.story.append(f"to {datagram.destination}")

    # the addresses
    def acquire(self, transition, there, done):
        self.story.append("acquire")
        self.transition = transition
        addresses = self.engine._machine.params.addresses
        self.there = lambda: there(addresses)
        self.outcome = done
        self.acquired = lambda success: done(
            Outcome(addresses) if success else Outcome((), addresses)
        )

    def reassert(self, transition, done):
        self.story.append("reassert")
        self.transition = transition
        self.outcome = done

    def appeared(self):
        self.story.append("appeared")

    def mend(self):
        self.story.append("mend")

    def is_hosts_own(self, ip):
        return ip in self.hosts_own

    def present(self):
        return self.on_interface

    def missing(self):
        return tuple(ip for ip in self.wanted_there if ip not in self.on_interface)

    def release(self, transition, at_start, done):
        self.story.append("release at start" if at_start else "release")
        self.transition = transition
        self.released = done

    # what comes in
    def receive(self, frame, ago=0.0):
        self.engine.receive(frame, asyncio.get_running_loop().time() - ago)

    # the owner
    def changed(self):
        self.states.append(self.engine.state)

    def identity_changed(self):
        self.identities += 1

    def advertised(self):
        self.advertisements_told += 1

    def unserved(self, addresses):
        self.story.append(f"unserved: {', '.join(map(str, addresses)) or 'none'}")

    def found(self, report):
        self.findings.append(report)

    def loss_counts(self):
        self.story.append("loss counts")

    def sending(self, is_failing):
        self.story.append("sending fails" if is_failing else "sending works")

    def finished(self):
        self.story.append("finished")

    def failed(self):
        self.story.append("failed")

    def told(self):
        """What happened since the last call."""
        story, self.story = self.story, []
        return story


class Log:
    def __init__(self, bench):
        self._bench = bench

    def transition(self, change):
        self._bench.story.append(f"{change.old.value} to {change.new.value}")
        self._bench.reason = change.reason

    def found(self, report):
        self._bench.story.append(report.finding.name)

    def waiting(self, reason):
        self._bench.story.append(f"waiting: {reason}")

    def loss_held(self, reason):
        self._bench.story.append(f"loss held: {reason}")

    def dropped(self, dropped):
        self._bench.story.append(f"dropped: {dropped.reason.value}")

    def send_failed(self, error):
        self._bench.story.append(f"send failed: {error.strerror}")

    def sent(self):
        self._bench.story.append("sent")

    def source_taken(self, source):
        self._bench.story.append(f"source taken: {source}")

    def address_left_alone(self, ip):
        self._bench.story.append(f"left alone: {ip}")

    def address_out_of_place(self, ip, state):
        self._bench.story.append(f"out of place: {ip} in {state.value}")

    def address_taken_away(self, ip):
        self._bench.story.append(f"taken away: {ip}")

    def fault(self, error):
        self._bench.story.append(f"fault: {error}")


async def promoted(**options):
    """A bench whose engine has just become MASTER, and asked for the address."""
    bench = Bench(**options)
    bench.engine.interface_ready((OWN,))
    bench.released()
    bench.told()
    await asyncio.sleep(3.0)
    return bench


def yield_to_a_better_one(bench):
    bench.receive(peer_frame(advbase=0, advskew=100))


async def master(**options):
    """The same with the address in place."""
    bench = await promoted(**options)
    bench.acquired(True)
    assert bench.engine.state is State.MASTER
    bench.told()
    return bench


def peer_frame(advbase=1, advskew=0, counter=99, params=PARAMS):
    action = SendAdvertisement(PEER, advbase, advskew, counter)
    (frame,) = Transmitter(params).advertisement(action, PEER_MAC)
    return frame


def in_virtual_time(test):
    @wraps(test)
    def wrapper(**arguments):
        virtual_loop.run(test(**arguments))

    return wrapper


@in_virtual_time
async def test_start_clears_what_an_earlier_run_left():
    bench = Bench()
    bench.engine.interface_ready((OWN,))
    assert bench.told() == ["INIT to BACKUP", "release at start"]
    assert bench.transition.previous is State.INIT
    assert bench.states == [State.BACKUP]


@in_virtual_time
async def test_promotion_advertises_before_it_asks_for_the_address_and_announces_after():
    bench = await promoted()
    assert bench.told() == ["BACKUP to MASTER", "advertisement 1/0", "acquire"]
    assert bench.transition.reason == bench.reason == bench.engine.reason
    bench.acquired(True)
    assert bench.told() == ["arp", "arp"]


@in_virtual_time
async def test_a_master_announces_again_when_the_segment_is_heard_after_a_silence():
    bench = await master()
    bench.engine.segment_heard()
    assert bench.told() == ["arp", "arp"]


@in_virtual_time
async def test_a_backup_does_nothing_when_the_segment_is_heard():
    bench = Bench()
    bench.engine.interface_ready((OWN,))
    bench.told()
    bench.engine.segment_heard()
    assert bench.told() == []


@in_virtual_time
async def test_what_another_daemon_of_this_host_sends():
    bench = await master()
    await asyncio.sleep(1.5)
    ours = [each for each in bench.frames if each[12:14] == b"\x08\x00"]
    assert [bench.engine.sent_by_another(each) for each in ours] == [False, False]
    assert bench.engine.sent_by_another(peer_frame())
    assert not bench.engine.sent_by_another(peer_frame(255, 255)), "our predecessor's bow-out"
    assert not bench.engine.sent_by_another(peer_frame()[:60])
    assert not bench.engine.sent_by_another(b"")


@in_virtual_time
async def test_the_first_announcement_goes_out_as_soon_as_the_addresses_are_there():
    bench = await promoted()
    bench.told()
    bench.there()
    assert bench.told() == ["arp", "arp"]
    bench.acquired(True)
    assert bench.told() == []
    await asyncio.sleep(0.1)
    assert bench.told() == ["arp", "arp"]


@in_virtual_time
async def test_an_announcement_that_does_not_get_out_at_once_is_made_by_the_loop():
    bench = await promoted()
    bench.told()
    bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
    bench.there()
    assert bench.told() == []
    bench.send_error = None
    bench.acquired(True)
    assert bench.told() == ["arp", "arp"]


@in_virtual_time
async def test_the_addresses_of_an_overtaken_job_are_not_announced():
    bench = await master()
    bench.engine.demote(NEVER, "a check")
    bench.there()
    assert bench.told() == ["MASTER to BACKUP", "release"]


@in_virtual_time
async def test_master_advertises_every_interval_and_an_advertisement_is_not_delayed_by_others():
    bench = await master()
    await asyncio.sleep(10.0)
    assert bench.told().count("advertisement 1/0") == 10


@in_virtual_time
async def test_a_process_that_was_stopped_for_a_minute_sends_one_advertisement_not_sixty():
    bench = await master()
    asyncio.get_running_loop().jump(60.0)
    await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    assert bench.told().count("advertisement 1/0") == 1


@in_virtual_time
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


@in_virtual_time
async def test_a_failing_send_is_told_and_the_timer_goes_on():
    bench = await master()
    bench.send_error = OSError(100, "Network is down")
    await asyncio.sleep(1.0)
    assert "send failed: Network is down" in bench.told()
    bench.send_error = None
    await asyncio.sleep(1.0)
    assert "advertisement 1/0" in bench.told()


@in_virtual_time
async def test_what_it_waits_for_is_said_once():
    bench = Bench()
    for _ in range(3):
        bench.engine.interface_lost("no carrier on eth0", False)
    bench.engine.interface_lost("interface eth0 is down", False)
    assert bench.told() == ["waiting: no carrier on eth0", "waiting: interface eth0 is down"]
    assert bench.engine.reason == "interface eth0 is down"


@in_virtual_time
async def test_a_lost_interface_ends_the_role_and_needs_no_second_line():
    bench = await master()
    bench.engine.interface_lost("no carrier on eth0", False)
    assert bench.told() == ["MASTER to INIT", "release"]
    assert bench.reason == "no carrier on eth0"
    bench.released()
    await asyncio.sleep(1.0)
    assert bench.told() == []


@in_virtual_time
async def test_an_interface_that_stays_ready_is_no_news():
    bench = await master()
    bench.engine.interface_ready((OWN,))
    assert bench.told() == []
    await asyncio.sleep(5.0)  # past the announcements
    bench.engine.interface_ready((IPv4Address("10.0.0.9"),))
    await asyncio.sleep(1.0)
    assert parse(bench.frames[-1]).source == IPv4Address("10.0.0.9")


@in_virtual_time
async def test_only_scripted_addresses_are_announced_when_the_kernel_reports_them():
    for are_scripted, expected in ((True, ["appeared", "arp", "arp"]), (False, [])):
        bench = await master(are_scripted=are_scripted)
        bench.engine.address_added(VIRTUAL)
        assert bench.told() == expected


@in_virtual_time
async def test_an_address_that_a_backup_should_not_have_is_removed():
    bench = Bench()
    bench.engine.interface_ready((OWN,))
    bench.engine.address_added(VIRTUAL)  # what the release at start is about to remove
    bench.released()
    bench.told()
    bench.engine.address_added(VIRTUAL)
    assert bench.told() == [f"out of place: {VIRTUAL} in BACKUP", "release"]


@in_virtual_time
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
    # With an address of its own the host does without: it must not answer beside the master.
    bench.hosts_own = ()
    bench.engine.interface_ready((OWN,))
    assert bench.told() == ["INIT to BACKUP", f"out of place: {VIRTUAL} in BACKUP", "release"]


@in_virtual_time
async def test_a_frame_counts_from_when_it_came_not_from_when_it_was_read():
    bench = Bench(replace(PARAMS, advskew=100))
    bench.engine.interface_ready((OWN,))
    bench.released()
    await asyncio.sleep(1.0)
    bench.receive(peer_frame(), ago=0.05)
    bench.told()
    await asyncio.sleep(3 + 100 / 256 - 0.06)
    assert bench.told() == []
    await asyncio.sleep(0.02)
    assert bench.told()[0] == "BACKUP to MASTER"


@in_virtual_time
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


@in_virtual_time
async def test_a_frame_that_waited_while_the_role_was_taken_does_not_turn_time_back():
    bench = await master()
    bench.receive(peer_frame(advbase=0, advskew=100), ago=0.5)
    assert bench.told() == ["MASTER to BACKUP", "release"]
    await asyncio.sleep(2.9)
    assert bench.engine.state is State.BACKUP
    await asyncio.sleep(0.2)
    assert bench.engine.state is State.MASTER


@in_virtual_time
async def test_another_host_with_our_source_address_is_told():
    bench = await master()
    bench.engine.interface_ready((PEER,))
    bench.receive(peer_frame(advskew=9))
    assert f"source taken: {PEER}" in bench.told()


@in_virtual_time
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


@in_virtual_time
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


@in_virtual_time
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


@in_virtual_time
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


@in_virtual_time
async def test_of_several_addresses_the_ones_that_are_there_are_announced():
    bench = await promoted(params=replace(PARAMS, addresses=(VIRTUAL, SECOND)))
    bench.told()
    bench.outcome(Outcome((SECOND,), (VIRTUAL,)))
    assert bench.told() == ["arp", "arp"]
    assert SECOND.packed in bench.frames[-1]


@in_virtual_time
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


@in_virtual_time
async def test_a_master_looks_at_each_advertisement_whether_the_addresses_are_there():
    bench = await master()
    await asyncio.sleep(5.0)
    bench.wanted_there = (VIRTUAL,)
    bench.told()
    await asyncio.sleep(1.0)
    assert bench.told() == ["advertisement 1/0", f"taken away: {VIRTUAL}", "acquire"]


@in_virtual_time
async def test_a_loss_of_the_link_waits_for_the_end_of_our_up_script():
    bench = await promoted(are_scripted=True)
    bench.told()
    bench.is_busy = bench.is_up_script_running = True
    bench.engine.interface_lost("interface eth0 is down", False)
    bench.engine.interface_lost("no carrier on eth0", False)
    assert bench.told() == ["loss held: interface eth0 is down"]
    assert bench.engine.is_loss_held
    # What it cannot send meanwhile says nothing about this host.
    bench.send_error = OSError(errno.ENETDOWN, "Network is down")
    await asyncio.sleep(3.5)
    assert "sending fails" not in bench.told()
    bench.send_error = None
    bench.engine.interface_ready((OWN,))
    bench.is_busy = bench.is_up_script_running = False
    bench.acquired(True)
    assert bench.told() == ["arp", "arp"]
    assert bench.engine.state is State.MASTER


@in_virtual_time
async def test_a_loss_of_the_link_that_outlasts_the_up_script_ends_the_role():
    bench = await promoted(are_scripted=True)
    bench.told()
    bench.is_busy = bench.is_up_script_running = True
    bench.engine.interface_lost("no carrier on eth0", False)
    bench.is_busy = bench.is_up_script_running = False
    bench.acquired(True)
    assert bench.told()[-3:] == ["MASTER to INIT", "release", "loss counts"]
    assert bench.reason == "no carrier on eth0"


@in_virtual_time
async def test_an_address_that_a_script_adds_too_late_is_kept_off():
    bench = await promoted(are_scripted=True)
    bench.engine.demote(NEVER, "a check")
    bench.told()
    bench.engine.address_added(VIRTUAL)
    assert bench.told() == ["appeared"]


@in_virtual_time
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


@in_virtual_time
async def test_an_address_that_cannot_be_taken_off_is_tried_again():
    bench = Bench()
    bench.engine.interface_ready((OWN,))
    bench.on_interface = (VIRTUAL,)
    bench.told()
    for pause in (0.2, 0.4, 0.8):
        bench.released()
        await asyncio.sleep(pause - 0.01)
        assert bench.told() == []
        await asyncio.sleep(0.02)
        assert bench.told() == ["release"]
    bench.on_interface = ()
    bench.released()
    await asyncio.sleep(1.0)
    assert bench.told() == []


@in_virtual_time
async def test_a_rival_that_is_gone_makes_scripts_run_again():
    for are_scripted in (True, False):
        bench = await master(params=replace(PARAMS, reassert=True), are_scripted=are_scripted)
        await asyncio.sleep(1.5)
        bench.receive(peer_frame(advskew=50))
        await asyncio.sleep(3.1)
        assert ("reassert" in bench.told()) is are_scripted
    bench = await master(params=replace(PARAMS, reassert=True), are_scripted=True)
    await asyncio.sleep(1.5)
    bench.receive(peer_frame(advskew=50))
    await asyncio.sleep(3.1)
    assert (bench.transition.state, bench.transition.reason) == (State.MASTER, "contested")
    bench.outcome(Outcome((VIRTUAL,)))
    assert "arp" in bench.told()


@in_virtual_time
async def test_a_segment_that_is_heard_again_is_told_where_the_address_is():
    bench = await master()
    bench.engine.segment_heard()
    assert bench.told() == ["arp", "arp"]


@in_virtual_time
async def test_the_owner_counts_what_a_master_has_advertised():
    bench = await master()
    await asyncio.sleep(2.5)
    assert bench.advertisements_told == 3
    bench.engine.demote(NEVER, "a check")
    bench.released()
    await asyncio.sleep(0.1)
    assert bench.advertisements_told == 3


@in_virtual_time
async def test_a_new_hardware_address_is_announced():
    bench = await master()
    bench.engine.hardware_address_changed()
    assert bench.told() == ["arp", "arp"]


@in_virtual_time
async def test_changed_params_reach_the_machine_and_the_wire_without_leaving_the_state():
    bench = await master()
    faster = Params(vhid=7, addresses=(VIRTUAL,), key=b"another", advbase=1, advskew=9)
    bench.engine.change_params(faster)
    assert bench.told() == ["advertisement 1/9"]
    assert bench.engine.state is State.MASTER
    bench.receive(peer_frame())
    bench.receive(peer_frame(params=faster))
    assert bench.told()[0] == "dropped: badauth"
    assert bench.engine.state is State.BACKUP


@in_virtual_time
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


@in_virtual_time
async def test_who_may_never_serve_bows_out_when_the_address_is_off():
    bench = await master()
    bench.engine.demote(NEVER, "a check")
    assert bench.told() == ["MASTER to BACKUP", "release"]


@in_virtual_time
async def test_a_bow_out_waits_until_the_address_is_off():
    bench = await master()
    bench.engine.interface_lost("the source address is gone", True)
    assert bench.told() == ["MASTER to INIT", "release"]
    bench.released()
    assert bench.told() == ["advertisement 255/255"]
    await asyncio.sleep(0.06)
    assert bench.told() == ["advertisement 255/255"]


@in_virtual_time
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
    await asyncio.sleep(10.0)
    assert bench.told() == []


@pytest.mark.parametrize("was_master", [True, False])
def test_a_defect_ends_the_engine_and_only_a_master_bows_out(was_master, monkeypatch):
    async def scenario():
        if was_master:
            bench = await master()
        else:
            bench = Bench()
            bench.engine.interface_ready((OWN,))
            bench.told()

        def broken(self, event, now):
            raise ZeroDivisionError("a defect")

        monkeypatch.setattr(VirtualHost, "handle", broken)
        bench.engine.hardware_address_changed()
        assert bench.told() == ["fault: a defect", "release"]
        bench.released()
        expected = ["advertisement 255/255", "failed"] if was_master else ["failed"]
        # A backup has sent nothing yet, and must not unsettle the others.
        assert bench.told() == expected
        await asyncio.sleep(10.0)
        assert bench.told() == []

    virtual_loop.run(scenario())


@in_virtual_time
async def test_a_defect_on_the_way_out_does_not_keep_the_engine_from_ending():
    bench = await master()

    def broken(*_arguments):
        raise MemoryError

    bench.release = broken
    bench.engine.stop("stopping")
    assert bench.told()[-3:] == ["fault: ", "fault: ", "failed"]


@in_virtual_time
async def test_a_bow_out_that_fails_does_not_keep_the_engine_from_being_started_again(monkeypatch):
    bench = await master()

    def broken(*_arguments):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(VirtualHost, "handle", broken)
    bench.engine.hardware_address_changed()
    bench.told()
    bench.send = broken
    bench.released()
    assert bench.told() == ["fault: a defect", "failed"]
    await asyncio.sleep(10.0)
    assert bench.told() == []


# -- advertisements that do not get out ----------------------------------------------------------------


@in_virtual_time
async def test_three_failed_advertisements_in_a_row_are_told_to_the_owner():
    bench = await master()
    bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
    await asyncio.sleep(2.5)
    assert "sending fails" not in bench.told()
    await asyncio.sleep(1.0)
    assert bench.told()[-1] == "sending fails"


@in_virtual_time
async def test_it_works_again_after_three_that_got_out():
    bench = await master()
    bench.send_error = OSError(errno.ENOBUFS, "No buffer space available")
    await asyncio.sleep(3.5)
    bench.send_error = None
    bench.told()
    await asyncio.sleep(2.0)
    assert "sending works" not in bench.told()
    await asyncio.sleep(1.0)
    assert bench.told()[-3:] == ["advertisement 1/0", "sent", "sending works"]


PEERS = replace(PARAMS, peers=(OWN, PEER, IPv4Address("10.9.0.3")))


@in_virtual_time
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
    ],
)
@in_virtual_time
async def test_a_peer_out_of_reach_is_no_reason_to_step_down(unreachable, because):
    bench = await master(params=PEERS)
    bench.unreachable = {peer: OSError(number, "no") for peer, number in unreachable.items()}
    await asyncio.sleep(9.0)
    assert "sending fails" not in bench.told(), because


@in_virtual_time
async def test_no_peer_can_be_sent_to():
    bench = await master(params=PEERS)
    bench.unreachable = dict.fromkeys(PEERS.peers, OSError(errno.EPERM, "not permitted"))
    await asyncio.sleep(3.5)
    assert "sending fails" in bench.told()


@in_virtual_time
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
        phase=0.25,
        late=late.append,
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


@in_virtual_time
async def test_a_demoted_master_says_so_at_once_and_serves_on():
    bench = await master()
    bench.engine.demote(240, "demoted by 240: eth1 cannot be used")
    assert bench.told() == ["advertisement 254/240"]
    assert bench.engine.state is State.MASTER


@in_virtual_time
async def test_a_link_that_is_back_in_a_moment_costs_nothing():
    bench = await master()
    bench.engine.interface_lost("no carrier on eth0", False, may_return=True)
    await asyncio.sleep(0.28)
    bench.engine.interface_ready((OWN,))
    assert [each for each in bench.told() if each != "arp"] == ["advertisement 1/0"]
    assert bench.engine.state is State.MASTER
    bench.engine.interface_ready((OWN,))
    assert "advertisement 1/0" not in bench.told()
