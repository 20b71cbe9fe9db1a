"""Reports of the interface to a virtual host: its sources, and its faults."""

from ipaddress import ip_address

import pytest
from playbook import VIRTUAL, VIRTUAL6
from two_addresses import config_of

from ucarpd.carp.params import Params
from ucarpd.interface.member import Member
from ucarpd.interface.readiness import NotReady, Ready
from ucarpd.interface.sources import Source

V4 = Source(ip_address("10.0.0.1"), "eth0")
OTHER_V4 = Source(ip_address("10.0.0.2"), "eth0")
V6 = Source(ip_address("fe80::1"), "eth0")
ELSEWHERE = Source(ip_address("192.168.5.1"), "lo")


class Bench:
    """The engine, the log and the demotion, all in one story."""

    def __init__(self, tmp_path):
        self.story = []
        self.member = Member(config_of(tmp_path), self, self, self.demote)

    def interface_ready(self, sources):
        self.story.append(f"ready {' '.join(map(str, sources))}")

    def interface_lost(self, reason, can_send, may_return):
        self.story.append(f"lost: {reason}, {can_send=}, {may_return=}")

    def source_changed(self, old, new):
        self.story.append(f"{old} is now {new}")

    def source_elsewhere(self, source, where):
        self.story.append(f"{source} is on {where}")

    def demote(self, reasons, lost):
        self.lost = lost
        each = (f"demoted by {amount}: {reason}" for reason, amount in reasons.items())
        self.story.append(", ".join(each))

    def tell(self, readiness):
        self.member.tell(readiness)
        story, self.story = self.story, []
        return story


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_the_sources_are_told_each_time_and_a_change_is_logged(bench):
    assert bench.tell(Ready((V4, V6))) == ["ready 10.0.0.1 fe80::1"]
    assert bench.member.own == (V4.ip, V6.ip)
    assert bench.tell(Ready((V4, V6))) == ["ready 10.0.0.1 fe80::1"]
    assert bench.tell(Ready((OTHER_V4, V6))) == [
        "10.0.0.1 is now 10.0.0.2",
        "ready 10.0.0.2 fe80::1",
    ]


def test_a_source_on_another_interface_is_logged_once(bench):
    assert bench.tell(Ready((ELSEWHERE,))) == ["192.168.5.1 is on lo", "ready 192.168.5.1"]
    assert bench.tell(Ready((ELSEWHERE,))) == ["ready 192.168.5.1"]


def test_what_keeps_it_from_a_family_makes_it_less_fit_until_it_is_over(bench):
    bench.member.params = Params(vhid=1, addresses=(VIRTUAL, VIRTUAL6), key=b"x")
    assert bench.tell(Ready((V4,), ("no IPv6",))) == ["ready 10.0.0.1", "demoted by 240: no IPv6"]
    assert bench.lost == {6}
    assert bench.tell(Ready((V4,), ("no IPv6",))) == ["ready 10.0.0.1"]
    assert bench.tell(Ready((V4,), ("no route",))) == [
        "ready 10.0.0.1",
        "demoted by 0: no IPv6, demoted by 240: no route",
    ]
    assert bench.tell(Ready((V4, V6))) == ["ready 10.0.0.1 fe80::1", "demoted by 0: no route"]
    assert bench.lost == set()


def test_one_that_cannot_work_at_all_is_not_less_fit_as_well(bench):
    bench.tell(Ready((V4,), ("no IPv6",)))
    assert bench.tell(NotReady("no carrier", may_return=True)) == [
        "lost: no carrier, can_send=False, may_return=True",
        "demoted by 0: no IPv6",
    ]
    assert bench.member.own == ()


def test_a_source_that_comes_back_after_a_loss_is_no_change(bench):
    bench.tell(Ready((V4,)))
    bench.tell(NotReady("down", can_send=True))
    assert bench.tell(Ready((OTHER_V4,))) == ["ready 10.0.0.2"]


def test_a_reload_takes_over_the_configuration(bench, tmp_path):
    bench.member.configure(config_of(tmp_path, "UCARP_ADVBASE=7\n"))
    assert bench.member.config.advbase == 7
    assert bench.member.params.advbase == 7
