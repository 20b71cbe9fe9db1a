"""The sockets for ARP and neighbour discovery on a real kernel: what their filters pass."""

import contextlib
import select
from ipaddress import ip_address

import pytest
from lab import inside
from nodes import mac
from wiretap import open_in

from ucarpd.carp.neighbours import (
    ARP_REPLY,
    Claim,
    gratuitous_arp,
    question,
    unsolicited_neighbour_advertisement,
)
from ucarpd.linux.neighbour_socket import NeighbourSocket

A = {4: ip_address("172.16.0.11"), 6: ip_address("fd00::11")}
B = {4: ip_address("172.16.0.12"), 6: ip_address("fd00::12")}
VIRTUAL = {4: ip_address("172.16.0.1"), 6: ip_address("fd00::1")}
OTHER = {4: ip_address("172.16.0.9"), 6: ip_address("fd00::9")}
STRANGER = bytes.fromhex("020000000055")
MACVLAN = bytes.fromhex("020000000099")


@pytest.fixture(autouse=True)
def two(a, b):
    for host, ip in ((a, A[6]), (b, B[6])):
        host.enable_ipv6(f"{ip}/64")


@contextlib.contextmanager
def listening(host, family):
    with inside(host.namespace):
        opened = NeighbourSocket("eth0", family)
    with contextlib.closing(opened):
        yield opened


def announce(lab, ip, hop_limit=255, to=None, tag=b""):
    if ip.version == 4:
        frame = gratuitous_arp(ip, STRANGER, ARP_REPLY)
        frame = (to or frame[:6]) + frame[6:12] + tag + frame[12:]
    else:
        frame = bytearray(unsolicited_neighbour_advertisement(ip, STRANGER, False))
        frame[21] = hop_limit
    with open_in(lab.switch.namespace, "br0") as mouth:
        mouth.send(frame)


def heard(opened):
    """The next claims."""
    assert select.select([opened], [], [], 10)[0], "nothing came"
    return opened.receive(64)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("others", [0, 300, 1000])
def test_claims_of_some_addresses(lab, a, family, others):
    """With very many addresses the filter passes all, and the receiver tells them apart."""
    with listening(a, family) as opened:
        opened.hear_about([OTHER[family]])
        opened.hear_about([VIRTUAL[family], *(VIRTUAL[family] + 1000 + n for n in range(others))])
        announce(lab, OTHER[family])
        announce(lab, VIRTUAL[family])
        claims = heard(opened)
        if others == 1000 and len(claims) == 1:
            claims += heard(opened)
        assert claims[-1] == Claim(VIRTUAL[family], STRANGER)
        assert (Claim(OTHER[family], STRANGER) in claims) == (others == 1000)


def test_an_advertisement_that_a_router_has_forwarded_is_none(lab, a):
    with listening(a, 6) as opened:
        opened.hear_about([VIRTUAL[6], OTHER[6]])
        announce(lab, OTHER[6], hop_limit=254)
        announce(lab, VIRTUAL[6])
        assert heard(opened) == [Claim(VIRTUAL[6], STRANGER)]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("chosen", [True, False])
def test_the_answer_to_a_question(lab, a, b, family, chosen):
    own = bytes.fromhex(mac(a).replace(":", ""))
    with listening(a, family) as opened, open_in(a.namespace, "eth0") as mouth:
        opened.hear_answers([B[family]] if chosen else None)
        if family == 4:
            announce(lab, B[4])  # is no answer to this host
        mouth.send(question(B[family], A[family], own))
        answer = Claim(B[family], bytes.fromhex(mac(b).replace(":", "")))
        assert heard(opened) == [answer]


def test_what_is_said_to_a_device_on_the_interface_is_not_heard(lab, a):
    """To a macvlan here; the kernel treats frames of a VLAN alike."""
    a.ip(
        *("link", "add", "link", "eth0", "name", "mac1", "address", MACVLAN.hex(":")),
        *("type", "macvlan", "mode", "bridge"),
    )
    a.ip("link", "set", "mac1", "up")
    with listening(a, 4) as opened:
        opened.hear_about([VIRTUAL[4], OTHER[4]])
        announce(lab, OTHER[4], to=MACVLAN)
        announce(lab, VIRTUAL[4])
        assert heard(opened) == [Claim(VIRTUAL[4], STRANGER)]


def test_what_is_said_in_another_vlan_is_not_heard(lab, a):
    """An interface may get the frames of all VLANs, and each may have the same addresses."""
    with listening(a, 4) as opened:
        opened.hear_about([VIRTUAL[4], OTHER[4]])
        announce(lab, OTHER[4], tag=bytes.fromhex("81000007"))
        announce(lab, VIRTUAL[4], tag=bytes.fromhex("8100e000"))  # only a priority
        assert heard(opened) == [Claim(VIRTUAL[4], STRANGER)]


@pytest.mark.parametrize("family", [4, 6])
def test_nothing_is_heard_until_it_is_wanted(lab, a, family):
    with listening(a, family) as opened:
        announce(lab, OTHER[family])
        with listening(a, family) as later:
            later.hear_about([VIRTUAL[family]])
            announce(lab, VIRTUAL[family])
            heard(later)
        assert opened.receive(64) == []
