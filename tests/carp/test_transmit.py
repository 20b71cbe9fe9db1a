"""From actions to frames."""

from ipaddress import IPv4Address, ip_address

import pytest
from playbook import OURS, SECOND, VIRTUAL, params

from ucarpd.carp import packet
from ucarpd.carp.actions import AnnounceAddresses, SendAdvertisement
from ucarpd.carp.auth import Signer
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.frame import ARP_REPLY, ARP_REQUEST, gratuitous_arp, parse_ipv4
from ucarpd.carp.receive import Receiver
from ucarpd.carp.transmit import Transmitter

MAC = bytes.fromhex("020000000a01")
ACTION = SendAdvertisement(OURS, advbase=1, advskew=100, counter=7)


def test_the_header_says_what_the_action_says():
    wire = Transmitter(params(vhid=10)).advertisement(ACTION, MAC)
    ip = parse_ipv4(wire)
    assert ip.source == OURS
    assert packet.decode(ip.payload) == packet.Advertisement(
        vhid=10,
        advbase=1,
        advskew=100,
        counter=7,
        digest=Signer(b"secret", 10, [VIRTUAL]).sign(7),
        demote=0,  # anything else would make a healthy OpenBSD backup take over
    )


@pytest.mark.parametrize(
    ("changes", "destination_mac", "destination"),
    [
        ({}, "01:00:5e:00:00:12", "224.0.0.18"),
        ({"group": IPv4Address("239.192.7.18")}, "01:00:5e:40:07:12", "239.192.7.18"),
        ({"broadcast": True}, "ff:ff:ff:ff:ff:ff", "224.0.0.18"),  # as ucarp's --nomcast
    ],
)
def test_where_it_goes(changes, destination_mac, destination):
    wire = Transmitter(params(**changes)).advertisement(ACTION, MAC)
    assert wire[:6].hex(":") == destination_mac
    assert wire[6:12] == MAC
    assert str(parse_ipv4(wire).destination) == destination


def test_a_host_with_the_same_configuration_accepts_it():
    wire = Transmitter(params()).advertisement(ACTION, MAC)
    heard = Receiver(params()).check(wire, ip_address("10.0.0.2"), ())
    assert heard == AdvertisementReceived(OURS, 1, 100, 7)


def test_configure_changes_the_signature():
    transmitter = Transmitter(params())
    transmitter.configure(params(key=b"another", broadcast=True))
    wire = transmitter.advertisement(ACTION, MAC)
    assert wire == Transmitter(params(key=b"another", broadcast=True)).advertisement(ACTION, MAC)
    assert wire != Transmitter(params(broadcast=True)).advertisement(ACTION, MAC)


def test_announcements_are_a_request_and_a_reply_for_each_address():
    frames = Transmitter(params()).announcements(AnnounceAddresses((VIRTUAL, SECOND)), MAC)
    assert frames == [
        gratuitous_arp(VIRTUAL, MAC, ARP_REQUEST),
        gratuitous_arp(VIRTUAL, MAC, ARP_REPLY),
        gratuitous_arp(SECOND, MAC, ARP_REQUEST),
        gratuitous_arp(SECOND, MAC, ARP_REPLY),
    ]


def test_an_ipv6_address_has_no_arp():
    action = AnnounceAddresses((ip_address("2001:db8::1"), VIRTUAL))
    frames = Transmitter(params()).announcements(action, MAC)
    assert frames == [gratuitous_arp(VIRTUAL, MAC, op) for op in (ARP_REQUEST, ARP_REPLY)]
