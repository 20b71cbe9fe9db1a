"""The engine in virtual time, with a wire, addresses and a log that only record calls."""

import asyncio
from ipaddress import IPv4Address

from storyteller import Storyteller

from ucarpd.carp.actions import SendAdvertisement, State
from ucarpd.carp.frame import ETHERTYPE_ARP, parse
from ucarpd.carp.packet import decode
from ucarpd.carp.params import Params
from ucarpd.carp.transmit import Transmitter
from ucarpd.engine import Engine, Outcome

OWN = IPv4Address("10.0.0.1")
PEER = IPv4Address("10.0.0.2")
VIRTUAL = IPv4Address("10.0.0.100")
SECOND = IPv4Address("10.0.0.101")
MAC = bytes.fromhex("020000000001")
PEER_MAC = bytes.fromhex("020000000002")
PARAMS = Params(vhid=7, addresses=(VIRTUAL,), key=b"geheim")

_OWNER_AND_ADDRESSES = {
    "address_removed": "taken away: {}",
    "appeared": "appeared",
    "can_serve": "can serve",
    "contested": "contested",
    "failed": "failed",
    "finished": "finished",
    "loss_counts": "loss counts",
    "mend": "mend",
    "probing": "probing",
}
_LOG = {
    "found": "{0.finding.name}",
    "waiting": "waiting: {}",
    "loss_held": "loss held: {}",
    "dropped": "dropped: {0.reason.value}",
    "send_failed": "send failed: {0.strerror}",
    "sent": "sent",
    "announce_failed": "announce failed: {0.strerror}",
    "announced": "announced",
    "source_taken": "source taken: {}",
    "address_left_alone": "left alone: {}",
    "address_out_of_place": "out of place: {0} in {1.value}",
    "fault": "fault: {}",
}


class Bench(Storyteller):
    """An engine and everything it is plugged into; `story` is what happened, in order."""

    mac = MAC
    is_router = False

    def __init__(self, params=PARAMS, are_scripted=False):
        super().__init__(_OWNER_AND_ADDRESSES)
        self.states = []
        self.findings = []
        self.advertisements_told = self.served_told = 0
        self.identities = 0
        self.frames = []
        self.are_scripted = are_scripted
        self.is_busy = self.are_settled = False
        self.is_up_script_running = False
        self.on_interface = ()
        self.wanted_there = ()
        self.hosts_own = ()
        self.others = ()
        self.asks_slowly = False
        self.steps_behind = []
        self.send_error = self.arp_error = None
        self.unreachable = {}
        self.unread = []
        self.acquired = self.released = self.not_put_back = None
        self.log = Log(self)
        self.engine = Engine(params, 1, wire=self, addresses=self, log=self.log, owner=self)

    # the wire
    def send(self, data):
        if self.send_error:
            raise self.send_error
        ethertype = int.from_bytes(data[12:14], "big")
        if ethertype == ETHERTYPE_ARP and self.arp_error:
            raise self.arp_error
        self.frames.append(data)
        if ethertype == ETHERTYPE_ARP:
            self.story.append("arp")
        else:
            heard = decode(parse(data).payload)
            self.story.append(f"advertisement {heard.advbase}/{heard.advskew}")

    def send_datagram(self, datagram):
        if error := self.unreachable.get(datagram.destination):
            raise error
        self.story.append(f"to {datagram.destination}")

    def read_until(self, at):
        """Pass on one of the frames in `unread`, like a busy process that reads some at once."""
        if self.unread:
            self.engine.receive(*self.unread.pop(0))
        return not self.unread

    def expect_answers(self, addresses, answered):
        self.story.append(f"asks for {', '.join(map(str, addresses))}")
        self.answered = answered

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

    def unserved_elsewhere(self, ips, done):
        self.others_asked = lambda: done(tuple(ip for ip in ips if ip not in self.others))
        if not self.asks_slowly:
            self.others_asked()

    def step_behind(self, own, failed):
        self.steps_behind.append(own)
        self.not_put_back = failed

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

    # incoming frames
    def receive(self, frame, ago=0.0):
        self.engine.receive(frame, asyncio.get_running_loop().time() - ago)

    # the owner
    def changed(self, change):
        self.states.append(self.engine.state)

    def identity_changed(self):
        self.identities += 1

    def advertised(self, now):
        self.advertisements_told += 1

    def unserved(self, addresses):
        self.story.append(f"unserved: {', '.join(map(str, addresses)) or 'none'}")

    def served(self):
        self.served_told += 1

    def found(self, report):
        self.findings.append(report)

    def sending(self, is_failing):
        self.story.append("sending fails" if is_failing else "sending works")


class Log(Storyteller):
    wrong_digests = frozenset()

    def has_wrong_digest(self, source):
        return source in self.wrong_digests

    def __init__(self, bench):
        super().__init__(_LOG, bench)

    def transition(self, change):
        self._bench.story.append(f"{change.old.value} to {change.new.value}")
        self._bench.reason = change.reason


def backup(**options):
    """A bench whose engine is BACKUP."""
    bench = Bench(**options)
    bench.engine.interface_ready((OWN,))
    bench.released()
    bench.told()
    return bench


async def promoted(**options):
    """The same after the silence of a master: it has just asked for the address."""
    bench = backup(**options)
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
