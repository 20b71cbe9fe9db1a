"""Who claims the addresses of a master, and who answers a question, tested with socket pairs."""

import asyncio
import socket
from collections import Counter
from ipaddress import ip_address
from types import SimpleNamespace

import pytest

from ucarpd.carp.actions import State
from ucarpd.carp.frame import virtual_mac
from ucarpd.carp.neighbours import Claim
from ucarpd.carp.probe import ANSWERS_WITHIN
from ucarpd.interface import neighbours
from ucarpd.interface.neighbours import CHANGES_AFTER, MOST_ANSWERS, PAUSE, Neighbours
from ucarpd.interface.refused_filter import FILTER_AGAIN_AFTER

IP, IP6 = ip_address("10.0.0.100"), ip_address("2001:db8::100")
PEER = ip_address("10.0.0.2")
STRANGER = bytes.fromhex("020000000009")
OUR_BRIDGE_PORT = bytes.fromhex("020000000001")


class FakeNeighbourSocket:
    def __init__(self, kernel, family):
        if family in kernel.refused:
            raise OSError(97, "no such family")
        self.kernel, self.family = kernel, family
        self.waiting, self.about, self.answers = [], None, None
        self.error = None
        self._ours, self._theirs = socket.socketpair()
        kernel.opened.append(self)

    def fileno(self):
        return self._ours.fileno()

    def hear_about(self, addresses):
        self.about = self._taken(addresses)

    def hear_answers(self, addresses):
        self.answers = self._taken(addresses)

    def _taken(self, addresses):
        if self.kernel.refuses_filter(addresses):
            raise OSError(12, "Cannot allocate memory")
        return addresses

    def arrive(self, *claims):
        self.waiting += claims
        self._theirs.send(b"x")

    def receive(self, limit):
        self._ours.recv(100)
        if self.error:
            raise self.error
        taken, self.waiting = self.waiting[:limit], []
        return taken

    def close(self):
        self._ours.close()
        self._theirs.close()


class Kernel:
    """The opened sockets; `guard` and `answers` are the sockets of IPv4."""

    def __init__(self):
        self.refused = set()
        self.refuses_filter = lambda addresses: False
        self.opened = []

    def macs(self):
        return {OUR_BRIDGE_PORT}

    @property
    def guard(self):
        return self.opened[0]

    @property
    def answers(self):
        return self.opened[1]


class Member:
    """A virtual host that serves two addresses."""

    def __init__(self):
        self.engine = self
        self.state = State.MASTER
        self.config = SimpleNamespace(vhid=7)
        self.params = SimpleNamespace(addresses=(IP, IP6))
        self.told = []

    def address_claimed(self, ip, mac):
        self.told.append((str(ip), mac))


@pytest.fixture
def kernel(monkeypatch):
    kernel = Kernel()
    monkeypatch.setattr(
        neighbours, "NeighbourSocket", lambda _name, family: FakeNeighbourSocket(kernel, family)
    )
    yield kernel
    for each in kernel.opened:
        each.close()


async def opened(kernel, *members):
    ears = Neighbours("eth0", kernel, lambda: members)
    ears.open((4, 6))
    ears.open((4, 6))
    ears.change()
    ears.change()
    await asyncio.sleep(CHANGES_AFTER + 0.01)
    return ears


async def test_the_addresses_of_masters_are_guarded(kernel):
    member = Member()
    ears = await opened(kernel, member)
    assert Counter(each.family for each in kernel.opened) == {4: 2, 6: 2}
    assert [each.about for each in kernel.opened] == [[IP], None, [IP6], None]
    member.state = State.BACKUP
    ears.change()
    await asyncio.sleep(CHANGES_AFTER + 0.01)
    assert [each.about for each in kernel.opened] == [[], None, [], None]


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        (Claim(IP, STRANGER), [("10.0.0.100", STRANGER)]),
        (Claim(PEER, STRANGER), []),
        (Claim(IP, OUR_BRIDGE_PORT), []),
        (Claim(IP, virtual_mac(7)), []),
        (Claim(IP, virtual_mac(8)), [("10.0.0.100", virtual_mac(8))]),
        (Claim(IP, STRANGER, is_echo=True), []),
    ],
    ids=["a stranger", "not ours", "our own device", "a BSD", "another BSD", "a FreeBSD backup"],
)
async def test_who_is_another_host(kernel, claim, told):
    member = Member()
    await opened(kernel, member)
    kernel.guard.arrive(claim)
    await asyncio.sleep(0.01)
    assert member.told == told


async def test_a_flood_is_read_with_pauses_and_each_claim_once(kernel):
    member = Member()
    await opened(kernel, member)
    kernel.guard.arrive(*[Claim(IP, STRANGER)] * 50)
    await asyncio.sleep(0.01)
    kernel.guard.arrive(Claim(IP, STRANGER))
    await asyncio.sleep(PAUSE / 2)
    assert len(member.told) == 1
    await asyncio.sleep(PAUSE)
    assert len(member.told) == 2


async def test_an_answer_is_passed_on_once_to_all_who_have_asked(kernel):
    ears = await opened(kernel)
    first, second = [], []
    ears.expect((PEER, IP), lambda *answer: first.append(answer))
    ears.expect((PEER,), lambda *answer: second.append(answer))
    assert sorted(kernel.answers.answers) == [PEER, IP]
    kernel.answers.arrive(Claim(PEER, STRANGER), Claim(PEER, STRANGER))
    await asyncio.sleep(0.01)
    assert first == second == [(PEER, STRANGER)]


async def test_an_answer_that_comes_too_late_is_not_heard(kernel):
    ears = await opened(kernel)
    told = []
    ears.expect((PEER,), lambda *answer: told.append(answer))
    await asyncio.sleep(ANSWERS_WITHIN + 0.1)
    assert kernel.answers.answers == []
    kernel.answers.arrive(Claim(PEER, STRANGER))
    await asyncio.sleep(0.01)
    assert told == []


async def test_each_question_has_its_end(kernel):
    ears = await opened(kernel)
    for _ in range(2):
        ears.expect((PEER,), print)
        assert kernel.answers.answers == [PEER]
        await asyncio.sleep(ANSWERS_WITHIN + 0.1)
        assert kernel.answers.answers == []


async def test_the_latest_question_has_its_whole_time(kernel):
    ears = await opened(kernel)
    told = []
    ears.expect((PEER,), print)
    await asyncio.sleep(ANSWERS_WITHIN / 2)
    ears.expect((IP,), lambda *answer: told.append(answer))
    await asyncio.sleep(ANSWERS_WITHIN - 0.1)
    kernel.answers.arrive(Claim(IP, STRANGER))
    await asyncio.sleep(0.01)
    assert told == [(IP, STRANGER)]
    await asyncio.sleep(0.2)
    assert kernel.answers.answers == [], "nothing is expected any longer"


async def test_many_questions_make_one_filter(kernel):
    ears = await opened(kernel)
    for number in range(MOST_ANSWERS + 1):
        ears.expect((IP + number,), print)
    assert kernel.answers.answers is None
    ears.expect((PEER,), print)
    assert kernel.answers.answers is None


async def test_a_filter_that_the_kernel_refuses_leaves_nothing_unread(kernel, log_lines):
    member = Member()
    ears = await opened(kernel)
    kernel.refuses_filter = bool
    ears._members = lambda: [member]
    ears.change()
    ears.expect((PEER,), print)
    await asyncio.sleep(CHANGES_AFTER + 0.01)
    assert (kernel.guard.about, kernel.answers.answers) == (None, None)
    await asyncio.sleep(2.5 * FILTER_AGAIN_AFTER)
    (line,) = log_lines.told()
    assert line.startswith(
        "eth0: the kernel refuses a filter for ARP and neighbour advertisements:"
    )
    kernel.guard.arrive(Claim(IP, STRANGER))
    await asyncio.sleep(0.01)
    assert member.told == [(str(IP), STRANGER)]
    kernel.refuses_filter = lambda _addresses: False
    await asyncio.sleep(FILTER_AGAIN_AFTER)
    assert kernel.guard.about == [IP]
    kernel.refuses_filter = bool
    ears.change()
    await asyncio.sleep(CHANGES_AFTER + 0.01)
    assert len(log_lines.told()) == 1, "a new fault"


async def test_a_kernel_that_refuses_every_filter(kernel, log_lines):
    ears = await opened(kernel, Member())
    kernel.refuses_filter = lambda _addresses: True
    ears.change()
    await asyncio.sleep(CHANGES_AFTER + 0.01)
    assert kernel.guard.about == [IP], "the old one stays"
    assert len(log_lines.told()) == 1
    ears.close()
    await asyncio.sleep(2 * FILTER_AGAIN_AFTER)
    assert log_lines.told() == []


async def test_an_interface_that_comes_back_is_heard_like_the_first_one(kernel):
    member = Member()
    ears = await opened(kernel, member)
    ears.change()
    ears.expect((PEER,), print)
    ears.close()
    assert all(each.fileno() == -1 for each in kernel.opened)
    kernel.opened.clear()
    ears.open((4, 6))
    ears.change()
    ears.expect((PEER,), print)
    assert kernel.answers.answers == [PEER]
    await asyncio.sleep(ANSWERS_WITHIN + 0.1)
    assert (kernel.guard.about, kernel.answers.answers) == ([IP], [])


async def test_an_interface_that_goes_or_lacks_a_family(kernel):
    kernel.refused.add(6)
    member = Member()
    ears = await opened(kernel, member)
    assert [each.family for each in kernel.opened] == [4, 4]
    kernel.guard.error = OSError(100, "the network is down")
    kernel.guard.arrive(Claim(IP, STRANGER))
    await asyncio.sleep(0.01)
    assert member.told == []
    ears.change()
    ears.expect((PEER,), print)
    ears.close()
