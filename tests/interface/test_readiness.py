"""Whether a virtual host can work here, asked of tables and sockets that are written down here."""

from ipaddress import ip_address

import pytest
from fake_sockets import FakeSockets

from ucarpd.config import load
from ucarpd.interface import readiness
from ucarpd.interface.readiness import NotReady, Readiness, Ready
from ucarpd.interface.sources import Source
from ucarpd.linux.netlink import InterfaceAddress, Link

V4 = ip_address("10.0.0.1")
V6 = ip_address("fe80::1")
LINK = Link(2, "eth0", bytes(6), is_up=True, has_carrier=True, is_ethernet=True)


class Place:
    """eth0 with one address of each family, and no other interface."""

    def __init__(self, tmp_path):
        self.path = tmp_path / "web.conf"
        self.there = [V4, V6]
        self.sockets = FakeSockets(None)
        self.readiness = Readiness("eth0", self, self.sockets, lambda _ip: False)
        self.version = object()
        self.looks = 0

    def of(self, link=LINK, **keys):
        keys = {"INTERFACE": "eth0", "VHID": 1, "PASS": "x", "ADDR": "10.0.0.10", **keys}
        self.path.write_text("".join(f"UCARP_{key}={value}\n" for key, value in keys.items()))
        config = load(self.path, {})
        return self.readiness.of(config, config.params(), link)

    # the tables of the kernel
    def links(self, mentioning=""):
        self.looks += 1
        return []

    def addresses(self, interface):
        return [InterfaceAddress(ip, 24) for ip in self.there]

    def where(self, ip):
        return "eth0" if ip in self.there else None

    def duplicates(self, interface):
        return []


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


BOTH = "10.0.0.10,fd00::10"


def test_what_can_be_used(place):
    assert place.of() == Ready((Source(V4, "eth0"),))
    assert place.of(ADDR=BOTH) == Ready((Source(V4, "eth0"), Source(V6, "eth0")))


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (None, NotReady("interface eth0 does not exist")),
        (LINK._replace(is_ethernet=False), NotReady("interface eth0 is not Ethernet")),
        (LINK._replace(is_up=False), NotReady("interface eth0 is down")),
        (LINK._replace(has_carrier=False), NotReady("no carrier on eth0", may_return=True)),
    ],
)
def test_a_link_that_cannot_be_used(place, link, expected):
    assert place.of(link) == expected
    is_there = link is not None and link.is_ethernet
    if is_there:
        assert place.readiness.link_fault(link) == expected.reason
        assert isinstance(place.of(link, IGNOREIFSTATE="yes"), Ready)
    else:
        assert place.of(link, IGNOREIFSTATE="yes") == expected


def test_the_names_of_all_links_are_looked_at_once_for_all_virtual_hosts(place):
    for looks in (1, 2):
        for _ in range(3):
            assert place.of(None) == NotReady("interface eth0 does not exist")
            assert place.readiness.link_fault(None) == "interface eth0 does not exist"
        assert place.looks == looks
        place.version = object()


def test_one_family_of_two_is_enough(place):
    place.sockets.faults[6] = "cannot join ff02::12"
    assert place.of(ADDR=BOTH) == Ready((Source(V4, "eth0"),), ("cannot join ff02::12",))


def test_an_address_that_is_missing_may_return_but_a_refused_socket_does_not(place):
    place.there.clear()
    lost = place.of()
    assert "10.0.0" not in lost.reason
    assert (lost.can_send, lost.may_return) == (True, True)
    place.sockets.faults[4] = "cannot join"
    assert place.of() == NotReady("cannot join", can_send=True)
    assert not place.of(ADDR=BOTH).may_return


def test_an_mtu_that_is_too_small_for_ipv6_is_the_reason(place, monkeypatch):
    monkeypatch.setattr(readiness.sysctl, "lacks_ipv6", lambda _name: True)
    place.there.remove(V6)
    (fault,) = place.of(ADDR=BOTH).faults
    assert fault == "eth0 has no IPv6, because its MTU is below 1280"


def test_a_kernel_without_ipv6_is_the_reason(place, monkeypatch):
    place.sockets.faults = {4: "cannot join", 6: "Address family not supported by protocol"}
    monkeypatch.setattr(readiness.sysctl, "knows_ipv6", lambda: False)
    assert place.of(ADDR=BOTH).reason == "cannot join and this host's kernel has no IPv6"
