"""The shared sockets of an interface, tested with socket pairs."""

import asyncio
import errno
import select
import socket
from dataclasses import replace
from ipaddress import ip_address

import pytest

from ucarpd.carp.frame import carp_over_ip, ethernet
from ucarpd.carp.params import Params
from ucarpd.carp.transmit import Datagram
from ucarpd.interface import sockets
from ucarpd.interface.foreign import FIRST, SILENCE
from ucarpd.interface.sockets import (
    FILTER_AGAIN_AFTER,
    FRAMES_AT_ONCE,
    LOOK_AFTER,
    MOST_KNOWN,
    NEXT_FILTER_AFTER,
    Sockets,
)
from ucarpd.linux.netlink import Link

LINK = Link(2, "eth0", bytes(6), is_up=True, has_carrier=True, is_ethernet=True)
V4 = Params(vhid=1, addresses=(ip_address("10.0.0.10"),), key=b"x")
DUAL = Params(vhid=1, addresses=(ip_address("10.0.0.10"), ip_address("2001:db8::10")), key=b"x")
PEER = ip_address("10.0.0.2")
PEER6 = ip_address("fe80::2")
UNICAST = Params(vhid=1, addresses=(ip_address("10.0.0.10"),), key=b"x", peers=(PEER,))


class FakePacketSocket:
    def __init__(self, kernel, index, family):
        if error := kernel.refused.get(family):
            raise error
        self.kernel = kernel
        self.family = family
        self.is_open = True
        self.sent = []
        self.waiting = []
        self.read_until = 0.0
        self.expected, self.all_else = None, None
        self._ours, self._theirs = socket.socketpair()
        kernel.opened.append(self)

    def fileno(self):
        return self._ours.fileno()

    def hear(self, expected, *, all_else):
        if self.kernel.refuses_filter(expected, all_else):
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        self.expected, self.all_else = expected, all_else

    def join(self, group):
        if error := self.kernel.refused.get(group):
            raise error
        self.kernel.groups.add(group)

    def leave_others(self, used):
        self.kernel.groups -= {
            each for each in self.kernel.groups - set(used) if each.version == self.family
        }

    def send(self, frame):
        self.sent.append(frame)

    def arrive(self, *frames):
        now = asyncio.get_running_loop().time()
        self.waiting += [(frame, now) for frame in frames]
        self._theirs.send(b"x")

    def receive(self, limit):
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        if not self.waiting and select.select([self._ours], [], [], 0)[0]:
            self._ours.recv(100)
        self.read_until = taken[-1][1] if len(taken) == limit else asyncio.get_running_loop().time()
        return taken

    def close(self):
        self.is_open = False
        self._ours.close()
        self._theirs.close()


class FakeUnicastSocket:
    def __init__(self, kernel):
        self.kernel = kernel
        kernel.unicast_sockets += 1

    def send(self, packet, destination):
        self.kernel.datagrams.append((packet, destination))

    def close(self):
        self.kernel.unicast_sockets -= 1


class Kernel:
    def __init__(self):
        self.refused = {}
        self.opened = []
        self.groups = set()
        self.datagrams = []
        self.unicast_sockets = 0
        self.refuses_filter = lambda _expected, _all_else: False

    def of(self, family, *, all_else=False):
        (found,) = [
            each
            for each in self.opened
            if each.is_open and (each.family, each.all_else) == (family, all_else)
        ]
        return found


@pytest.fixture
def kernel(monkeypatch):
    kernel = Kernel()
    monkeypatch.setattr(
        sockets,
        "PacketSocket",
        lambda _name, index, family: FakePacketSocket(kernel, index, family),
    )
    monkeypatch.setattr(sockets, "UnicastSocket", lambda _name, _family: FakeUnicastSocket(kernel))
    yield kernel
    for each in kernel.opened:
        each.close()


def frame(source):
    payload = bytes([0x21, 1]) + bytes(34)
    group = ip_address("224.0.0.18" if source.version == 4 else "ff02::12")
    return ethernet(bytes(6), bytes(6), carp_over_ip(source, group, payload))


class Shared(Sockets):
    """A receiver that accepts frames whose source is in `believed`, and records all in `heard`."""

    def __init__(self):
        self.heard = []
        self.believed = set()
        super().__init__(self._take)

    def _take(self, frame, _at):
        self.heard.append(frame)
        source = ip_address(frame[26:30])
        return source if source in self.believed else None


# -- opening ---------------------------------------------------------------------------------------


async def test_each_family_has_two_sockets_and_its_group(kernel):
    shared = Shared()
    assert not shared.can_send
    shared.open(LINK, DUAL)
    shared.open(LINK, DUAL)
    assert [each.family for each in kernel.opened] == [4, 4, 6, 6]
    assert {str(group) for group in kernel.groups} == {"224.0.0.18", "ff02::12"}
    assert shared.can_send
    assert shared.fault(DUAL, 4) is shared.fault(DUAL, 6) is None
    shared.close()
    assert not any(each.is_open for each in kernel.opened)


async def test_one_family_that_fails_leaves_the_other_alone(kernel):
    kernel.refused[6] = OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
    shared = Shared()
    shared.open(LINK, DUAL)
    assert shared.fault(DUAL, 4) is None
    text = "cannot open a packet socket on eth0: Address family not supported by protocol"
    assert shared.fault(DUAL, 6) == text
    kernel.refused.clear()
    shared.open(LINK, DUAL)
    assert shared.fault(DUAL, 6) is None


@pytest.mark.parametrize(
    ("params", "family", "code", "more"),
    [
        (V4, 4, errno.ENOBUFS, ": raise net.ipv4.igmp_max_memberships"),
        (V4, 4, errno.ENODEV, ""),
        (DUAL, 6, errno.ENOBUFS, ""),
    ],
)
async def test_a_group_that_cannot_be_joined(kernel, params, family, code, more):
    group = params.group_of(family)
    kernel.refused[group] = OSError(code, "words of the kernel")
    shared = Shared()
    shared.open(LINK, params)
    words = f"cannot join {group} on eth0: words of the kernel{more}"
    assert shared.fault(params, family) == words
    assert shared.fault(UNICAST, 4) is None, "it needs no group"
    kernel.refused.clear()
    shared.open(LINK, params)
    assert shared.fault(params, family) is None


async def test_a_group_is_left_when_the_last_virtual_host_that_uses_it_has_gone(kernel):
    special = replace(V4, vhid=2, group=ip_address("239.1.2.3"))
    also_special, unicast = replace(special, vhid=3), replace(special, vhid=4, peers=(PEER,))
    all_of_them = [V4, special, also_special, unicast]
    shared = Shared()
    shared.serve(all_of_them)
    for each in all_of_them:
        shared.open(LINK, each)
    both = {V4.group, special.group}
    for left in ([V4, also_special, unicast], [V4, also_special]):
        shared.serve(left)
        await asyncio.sleep(0)
        assert kernel.groups == both
    shared.serve([V4, unicast])
    await asyncio.sleep(0)
    assert kernel.groups == {V4.group}


# -- sending ---------------------------------------------------------------------------------------


async def test_the_socket_for_peers_goes_with_its_last_virtual_host(kernel):
    also_unicast, shared = replace(UNICAST, vhid=9), Shared()
    for left, number in (([V4, UNICAST, also_unicast], 1), ([V4, also_unicast], 1), ([V4], 0)):
        shared.serve(left)
        for each in left:
            shared.open(LINK, each)
        await asyncio.sleep(0)
        assert kernel.unicast_sockets == number
    assert not kernel.of(4).expected.may_be_routed
    shared.close()


async def test_a_frame_goes_out_by_the_socket_of_its_family(kernel):
    shared = Shared()
    with pytest.raises(OSError, match="not open"):
        shared.send(frame(PEER))
    with pytest.raises(OSError, match="not open"):
        shared.send_datagram(Datagram(PEER, b"packet"))
    shared.open(LINK, DUAL)
    v4, v6 = frame(PEER), frame(ip_address("fe80::2"))
    shared.send(v4)
    shared.send(v6)
    assert (kernel.of(4).sent, kernel.of(6).sent) == ([v4], [v6])
    shared.open(LINK, UNICAST)
    shared.send_datagram(Datagram(PEER, b"packet"))
    assert kernel.datagrams == [(b"packet", PEER)]
    shared.close()
    assert kernel.unicast_sockets == 0


# -- receiving -------------------------------------------------------------------------------------


async def test_the_filters_follow_the_vhids_and_the_peers(kernel):
    shared = Shared()
    shared.serve([V4])
    shared.serve([V4, replace(V4, vhid=2)])
    shared.open(LINK, V4)
    await asyncio.sleep(0)
    for all_else in (False, True):
        assert set(kernel.of(4, all_else=all_else).expected.vhids) == {1, 2}
    assert not kernel.of(4).expected.may_be_routed
    shared.open(LINK, UNICAST)
    assert kernel.of(4).expected.may_be_routed


async def test_a_host_that_is_believed_is_known_from_then_on(kernel):
    shared = Shared()
    shared.open(LINK, V4)
    others = kernel.of(4, all_else=True)
    others.arrive(frame(PEER))
    await asyncio.sleep(0.1)
    assert not list(kernel.of(4).expected.sources)
    shared.believed = {PEER}
    others.arrive(frame(PEER), frame(PEER))
    await asyncio.sleep(0.1)
    assert list(kernel.of(4).expected.sources) == [PEER]
    kernel.of(4).arrive(frame(PEER))
    await asyncio.sleep(0.1)
    assert len(shared.heard) == 4
    many = [ip_address(f"10.0.1.{number}") for number in range(MOST_KNOWN)]
    shared.believed.update(many)
    others.arrive(*map(frame, many))
    await asyncio.sleep(0.1)
    assert set(kernel.of(4).expected.sources) == set(many), "the one learnt first gave way"


def foreign_ones(shared, vhids, source=PEER):
    """Let foreign advertisements come so often that the kernel may leave out the later vhids."""
    now = asyncio.get_running_loop().time()
    for vhid in vhids:
        for _ in range(FIRST):
            shared.pass_over(source, vhid, now)


async def test_the_second_socket_leaves_out_what_is_foreign(kernel):
    shared = Shared()
    shared.serve([V4])
    shared.open(LINK, DUAL)
    await asyncio.sleep(0)
    v6 = ip_address("fe80::2")
    foreign_ones(shared, [2])
    foreign_ones(shared, [77])
    foreign_ones(shared, [78], v6)
    assert list(kernel.of(4, all_else=True).expected.foreign) == [], "changes are gathered"
    await asyncio.sleep(NEXT_FILTER_AFTER)
    assert list(kernel.of(4, all_else=True).expected.foreign) == [(PEER, 77)]
    assert list(kernel.of(6, all_else=True).expected.foreign) == [(v6, 78)]
    # A virtual host that begins may own advertisements that were foreign until now.
    shared.serve([V4, replace(V4, vhid=77)])
    await asyncio.sleep(0)
    assert list(kernel.of(4, all_else=True).expected.foreign) == []


async def test_all_is_read_again_when_what_is_always_read_ends(kernel):
    shared = Shared()
    shared.open(LINK, V4)
    foreign_ones(shared, [2, 3])
    await asyncio.sleep(NEXT_FILTER_AFTER)
    assert list(kernel.of(4, all_else=True).expected.foreign) == [(PEER, 3)]
    await asyncio.sleep(SILENCE)
    foreign_ones(shared, [3])
    await asyncio.sleep(NEXT_FILTER_AFTER)
    assert list(kernel.of(4, all_else=True).expected.foreign) == []


async def a_backup_beside_a_foreign_one(kernel):
    shared = Shared()
    shared.open(LINK, V4)
    kernel.of(4).arrive(frame(PEER))
    await asyncio.sleep(0.1)
    foreign_ones(shared, [2])
    await asyncio.sleep(NEXT_FILTER_AFTER)
    return shared


async def test_no_foreign_one_is_always_read_while_our_own_are_heard(kernel):
    await a_backup_beside_a_foreign_one(kernel)
    assert list(kernel.of(4, all_else=True).expected.foreign) == [(PEER, 2)]


@pytest.mark.parametrize("is_heard", [True, False])
async def test_all_is_read_again_when_a_new_master_hears_no_other_any_more(kernel, is_heard):
    """It would take the end of a silence, or miss it, for as long as the kernel leaves out the rest."""
    shared = await a_backup_beside_a_foreign_one(kernel)
    shared.role_changed()
    await asyncio.sleep(0.9)
    kernel.of(4).arrive(frame(PEER))
    await asyncio.sleep(SILENCE - 0.9)
    if is_heard:
        kernel.of(4).arrive(frame(PEER))
    await asyncio.sleep(LOOK_AFTER - SILENCE + 0.1)
    left_out = list(kernel.of(4, all_else=True).expected.foreign)
    assert left_out == ([(PEER, 2)] if is_heard else [])


@pytest.mark.parametrize("all_else", [False, True])
async def test_a_filter_that_the_kernel_refuses_leaves_nothing_unread(kernel, log_lines, all_else):
    shared = Shared()
    shared.serve([V4])
    shared.open(LINK, V4)
    foreign_ones(shared, [2, 77])
    await asyncio.sleep(NEXT_FILTER_AFTER)
    kernel.refuses_filter = lambda expected, is_others: expected.vhids and is_others is all_else
    shared.serve([V4, replace(V4, vhid=77)])
    await asyncio.sleep(FILTER_AGAIN_AFTER * 2.5)
    known, others = kernel.of(4), kernel.of(4, all_else=True)
    wide = set() if all_else else {1}
    assert set(known.expected.vhids) == ({1, 77} if all_else else {1})
    assert (set(others.expected.vhids), list(others.expected.foreign)) == (wide, [])
    (line,) = log_lines.told()
    assert line.startswith("eth0: the kernel refuses a filter for advertisements: Cannot allocate")
    kernel.refuses_filter = lambda _expected, _all_else: False
    await asyncio.sleep(FILTER_AGAIN_AFTER)
    assert set(others.expected.vhids) == {1, 77}


async def test_a_new_peer_is_read_although_the_kernel_refuses_a_filter(kernel, log_lines):
    shared = Shared()
    shared.serve([V4])
    shared.open(LINK, V4)
    await asyncio.sleep(0)
    kernel.refuses_filter = lambda expected, is_others: bool(expected.sources) and not is_others
    shared.believed.add(ip_address("10.0.0.2"))
    kernel.of(4, all_else=True).arrive(frame(PEER))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    known, others = kernel.of(4), kernel.of(4, all_else=True)
    assert set(others.expected.sources) <= set(known.expected.sources)
    assert len(log_lines.told()) == 1


async def test_a_filter_that_is_due_ends_with_the_sockets(kernel):
    shared = Shared()
    shared.open(LINK, V4)
    foreign_ones(shared, [2, 3])
    shared.close()
    shared.open(LINK, V4)
    await asyncio.sleep(NEXT_FILTER_AFTER)
    assert list(kernel.of(4, all_else=True).expected.foreign) == []
    foreign_ones(shared, [2, 3])
    await asyncio.sleep(NEXT_FILTER_AFTER)
    assert list(kernel.of(4, all_else=True).expected.foreign) == [(PEER, 3)]


async def test_a_flood_leaves_the_timers_their_turn(kernel):
    shared = Shared()
    shared.open(LINK, V4)
    kernel.of(4, all_else=True).arrive(*[frame(PEER)] * (2 * FRAMES_AT_ONCE))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(shared.heard) <= FRAMES_AT_ONCE
    await asyncio.sleep(0.1)
    assert len(shared.heard) == 2 * FRAMES_AT_ONCE


@pytest.mark.parametrize("all_else", [False, True])
async def test_what_has_come_until_a_time_is_read_in_parts(kernel, all_else):
    loop = asyncio.get_running_loop()
    shared = Shared()
    shared.believed = {PEER}
    shared.open(LINK, V4)
    assert shared.read_until(loop.time() + 1.0), "nothing has come until now"
    loop.jump(1.0)
    waiting = kernel.of(4, all_else=all_else)
    waiting.arrive(*[frame(PEER)] * FRAMES_AT_ONCE)
    loop.jump(1.0)
    waiting.arrive(*[frame(PEER)] * FRAMES_AT_ONCE)
    came = loop.time()
    assert not shared.read_until(came)
    assert len(shared.heard) == FRAMES_AT_ONCE
    assert shared.read_until(came - 1.0), "that is read already"
    assert len(shared.heard) == FRAMES_AT_ONCE
    assert shared.read_until(came)
    loop.jump(1.0)
    assert shared.read_until(loop.time())
    assert len(shared.heard) == 2 * FRAMES_AT_ONCE
    shared.close()
    assert shared.read_until(loop.time() + 1.0)


async def test_a_flood_of_a_stranger_is_not_waited_for(kernel):
    loop = asyncio.get_running_loop()
    shared = Shared()
    shared.open(LINK, V4)
    loop.jump(1.0)
    kernel.of(4, all_else=True).arrive(*[frame(PEER)] * (2 * FRAMES_AT_ONCE))
    assert shared.read_until(loop.time())
    loop.jump(1.0)
    assert shared.read_until(loop.time())
    assert len(shared.heard) == FRAMES_AT_ONCE


async def test_a_pause_after_a_flood_ends_with_the_sockets(kernel):
    loop, defects = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _loop, defect: defects.append(defect))
    shared = Shared()
    shared.open(LINK, V4)
    kernel.of(4, all_else=True).arrive(*[frame(PEER)] * FRAMES_AT_ONCE)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert shared.heard
    shared.close()
    await asyncio.sleep(1.0)
    assert defects == []


async def test_frames_of_both_families_come_in_order_after_a_sleep(kernel):
    loop = asyncio.get_running_loop()
    shared = Shared()
    shared.open(LINK, DUAL)
    sent = [frame(PEER), frame(PEER6)] * 3
    for number, each in enumerate(sent):
        loop.jump(1.0)
        kernel.of(6 if number % 2 else 4).arrive(each)
    await asyncio.sleep(0.1)
    assert shared.heard == sent


@pytest.mark.parametrize("all_else", [False, True])
async def test_a_frame_may_end_it_all(kernel, all_else):
    shared = Shared()
    shared.open(LINK, V4)
    heard = []

    def close(frame, _at):
        heard.append(frame)
        shared.close()

    shared._deliver = close
    kernel.of(4, all_else=all_else).arrive(frame(PEER), frame(PEER))
    await asyncio.sleep(0.1)
    assert len(heard) == 1


async def test_an_interface_that_goes_down_is_no_frame(kernel):
    shared = Shared()
    shared.open(LINK, V4)
    others = kernel.of(4, all_else=True)
    read = others.receive

    def fail(limit):
        read(limit)
        raise OSError(errno.ENETDOWN, "Network is down")

    others.receive = fail
    others.arrive(frame(PEER))
    await asyncio.sleep(0.1)
    assert shared.heard == []
