"""From actions to frames."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from playbook import OURS, SECOND, VIRTUAL, params

from ucarpd.carp import packet
from ucarpd.carp.actions import AnnounceAddresses, SendAdvertisement
from ucarpd.carp.auth import Signer
from ucarpd.carp.events import advertisement_received
from ucarpd.carp.frame import parse, pseudo_header, virtual_mac
from ucarpd.carp.neighbours import (
    ARP_REPLY,
    ARP_REQUEST,
    gratuitous_arp,
    question,
    unsolicited_neighbour_advertisement,
)
from ucarpd.carp.receive import Receiver
from ucarpd.carp.transmit import Datagram, Transmitter

MAC = bytes.fromhex("020000000a01")
OURS6, PEER6 = IPv6Address("fe80::1"), IPv6Address("fe80::2")
VIRTUAL6 = IPv6Address("2001:db8::100")
DUAL = (VIRTUAL, VIRTUAL6)
ACTION = SendAdvertisement(OURS, advbase=1, advskew=100, counter=7)
ACTION6 = SendAdvertisement(OURS6, advbase=1, advskew=100, counter=8)


def frame(action=ACTION, **changes):
    """The one frame that goes out to the group."""
    (wire,) = Transmitter(params(**changes)).advertisement(action, MAC)
    assert isinstance(wire, bytes)
    return wire


def test_the_header_says_what_the_action_says():
    ip = parse(frame(vhid=10))
    assert ip.source == OURS
    assert packet.decode(ip.payload) == packet.Advertisement(
        vhid=10,
        advbase=1,
        advskew=100,
        counter=7,
        digest=Signer(b"secret", 10, [VIRTUAL]).sign(7),
        demote=0,  # anything else would make a healthy OpenBSD backup take over
    )


def test_what_repeats_is_made_once_and_anew_after_each_change():
    sender = Transmitter(params(source_mac_is_virtual=True))
    for action in (
        ACTION,
        ACTION._replace(counter=8),
        ACTION._replace(counter=9, demotion=3),
        ACTION._replace(counter=10, advskew=0),
        ACTION._replace(counter=11, is_final=True),
        ACTION._replace(counter=12, source=SECOND),
    ):
        for mac in (MAC, MAC, bytes(6)):
            expected = Transmitter(params(source_mac_is_virtual=True)).advertisement(action, mac)
            assert sender.advertisement(action, mac) == expected


def test_the_demotion_stands_in_byte_4():
    action = SendAdvertisement(OURS, advbase=1, advskew=100, counter=7, demotion=3)
    assert parse(frame(action)).payload[4] == 3
    assert parse(frame()).payload[4] == 0


def test_the_same_in_ipv6():
    ip = parse(frame(ACTION6, vhid=10, addresses=DUAL))
    assert (ip.source, ip.ttl) == (OURS6, 255)
    assert packet.decode(ip.payload) == packet.Advertisement(
        vhid=10,
        advbase=1,
        advskew=100,
        counter=8,
        digest=Signer(b"secret", 10, DUAL).sign(8),
    )
    assert packet.checksum(ip.payload) == 0


def test_netbsds_checksum():
    """Only IPv6 has it, and it also covers the pseudo-header."""
    plain = parse(frame(ACTION6, addresses=DUAL))
    ip = parse(frame(ACTION6, addresses=DUAL, pseudo_checksum=True))
    assert packet.checksum(pseudo_header(ip.source, ip.destination, 36, 112) + ip.payload) == 0
    assert ip.payload[:6] + ip.payload[8:] == plain.payload[:6] + plain.payload[8:]
    assert frame(addresses=DUAL, pseudo_checksum=True) == frame(addresses=DUAL)


@pytest.mark.parametrize(
    ("action", "changes", "destination_mac", "destination"),
    [
        (ACTION, {}, "01:00:5e:00:00:12", "224.0.0.18"),
        (ACTION, {"group": IPv4Address("239.192.7.18")}, "01:00:5e:40:07:12", "239.192.7.18"),
        (ACTION, {"broadcast": True}, "ff:ff:ff:ff:ff:ff", "224.0.0.18"),  # as ucarp's --nomcast
        (ACTION, {"peers": (PEER6,)}, "01:00:5e:00:00:12", "224.0.0.18"),  # no peer in IPv4
        (ACTION6, {}, "33:33:00:00:00:12", "ff02::12"),
        (ACTION6, {"group6": IPv6Address("ff05::34:12")}, "33:33:00:34:00:12", "ff05::34:12"),
        (ACTION6, {"broadcast": True}, "ff:ff:ff:ff:ff:ff", "ff02::12"),
        (ACTION6, {"peers": (OURS,)}, "33:33:00:00:00:12", "ff02::12"),  # no peer in IPv6
    ],
)
def test_where_it_goes(action, changes, destination_mac, destination):
    wire = frame(action, **changes)
    assert wire[:6].hex(":") == destination_mac
    assert wire[6:12] == MAC
    assert str(parse(wire).destination) == destination


@pytest.mark.parametrize("action", [ACTION, ACTION6])
def test_the_virtual_mac_as_the_source(action):
    """As the BSDs have it.  Where the virtual addresses are is another question."""
    wire = frame(action, vhid=10, source_mac_is_virtual=True)
    assert wire[6:12].hex(":") == "00:00:5e:00:01:0a"
    assert wire[:6] + wire[12:] == (plain := frame(action, vhid=10))[:6] + plain[12:]
    assert frame(action, vhid=10, virtual_mac=True) == plain


@pytest.mark.parametrize(
    ("action", "peers", "destinations"),
    [
        (ACTION, "10.0.0.2", ["10.0.0.2"]),
        (ACTION, "10.0.0.2 192.0.2.7", ["10.0.0.2", "192.0.2.7"]),
        (ACTION, "10.0.0.1 10.0.0.2 10.0.0.3", ["10.0.0.2", "10.0.0.3"]),  # not to ourselves
        (ACTION, "10.0.0.1", []),
        (ACTION, "10.0.0.2 fe80::2", ["10.0.0.2"]),
        (ACTION6, "10.0.0.2 fe80::1 fe80::2 2001:db8::2", ["fe80::2", "2001:db8::2"]),
    ],
)
@pytest.mark.parametrize("pseudo_checksum", [False, True])
def test_unicast(action, peers, destinations, pseudo_checksum):
    """The kernel routes the packet, so it has no Ethernet header."""
    configured = params(
        peers=tuple(map(ip_address, peers.split())),
        addresses=DUAL,
        pseudo_checksum=pseudo_checksum,
        source_mac_is_virtual=True,
        broadcast=True,
    )
    sent = Transmitter(configured).advertisement(action, MAC)
    assert all(isinstance(datagram, Datagram) for datagram in sent)
    assert [str(datagram.destination) for datagram in sent] == destinations
    for datagram in sent:
        ethertype = b"\x08\x00" if action.source.version == 4 else b"\x86\xdd"
        ip = parse(bytes(12) + ethertype + datagram.packet)
        assert (ip.source, ip.destination) == (action.source, datagram.destination)
        assert (ip.ttl, ip.header_is_intact) == (255, True)
        pseudo = b""
        if pseudo_checksum and action.source.version == 6:
            pseudo = pseudo_header(ip.source, ip.destination, 36, 112)
        assert packet.checksum(pseudo + ip.payload) == 0


@pytest.mark.parametrize("action", [ACTION, ACTION6])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"pseudo_checksum": True},
        {"hash_link_local": False},
        {"lladdr": bytes.fromhex("02aabbccddee")},
        {"broadcast": True, "source_mac_is_virtual": True},
    ],
)
def test_a_host_with_the_same_configuration_accepts_it(action, changes):
    configured = {"addresses": (*DUAL, ip_address("fe80::100"))} | changes
    heard = Receiver(params(**configured)).check(
        frame(action, **configured), (ip_address("10.0.0.2"), PEER6), ()
    )
    assert heard == advertisement_received(action.source, 1, 100, action.counter)


@pytest.mark.parametrize(
    ("action", "own_sources"), [(ACTION, (ip_address("10.0.0.2"),)), (ACTION6, (PEER6,))]
)
def test_a_peer_with_the_same_list_of_peers_accepts_it(action, own_sources):
    configured = params(addresses=DUAL, peers=(OURS, OURS6, ip_address("10.0.0.2"), PEER6))
    (datagram,) = Transmitter(configured).advertisement(action, MAC)
    ethertype = b"\x08\x00" if action.source.version == 4 else b"\x86\xdd"
    heard = Receiver(configured).check(bytes(12) + ethertype + datagram.packet, own_sources, ())
    assert heard == advertisement_received(action.source, 1, 100, action.counter)


def test_configure_changes_the_signature():
    transmitter = Transmitter(params())
    transmitter.configure(params(key=b"another", broadcast=True))
    (wire,) = transmitter.advertisement(ACTION, MAC)
    assert wire == frame(key=b"another", broadcast=True)
    assert wire != frame(broadcast=True)


def test_configure_changes_the_virtual_mac():
    transmitter = Transmitter(params(vhid=1))
    transmitter.configure(params(vhid=2, source_mac_is_virtual=True))
    (wire,) = transmitter.advertisement(ACTION, MAC)
    assert wire[6:12] == virtual_mac(2)


@pytest.mark.parametrize("source_mac_is_virtual", [False, True])
def test_a_frame_is_the_same_whatever_was_sent_before(source_mac_is_virtual):
    def changed(**changes):
        return params(addresses=DUAL, source_mac_is_virtual=source_mac_is_virtual, **changes)

    other = IPv4Address("10.0.0.77")
    actions = (
        ACTION,
        ACTION._replace(counter=8, advskew=240, demotion=1),
        ACTION6,
        ACTION._replace(source=other),
        ACTION._replace(is_final=True),
        ACTION6._replace(is_final=True),
        ACTION,
    )
    used = Transmitter(changed())
    for configured in (changed(), changed(vhid=9), changed(broadcast=True), changed(key=b"new")):
        used.configure(configured)
        for mac in (MAC, virtual_mac(1)):
            for action in actions:
                fresh = Transmitter(configured).advertisement(action, mac)
                assert used.advertisement(action, mac) == fresh


def test_an_old_key_signs_nothing():
    assert frame(old_keys=(b"former",)) == frame()


def announced(*addresses, router=False, **changes):
    return Transmitter(params(**changes)).announcements(AnnounceAddresses(addresses), MAC, router)


def test_announcements_are_a_request_and_a_reply_for_each_address():
    assert announced(VIRTUAL, SECOND) == [
        gratuitous_arp(VIRTUAL, MAC, ARP_REQUEST),
        gratuitous_arp(VIRTUAL, MAC, ARP_REPLY),
        gratuitous_arp(SECOND, MAC, ARP_REQUEST),
        gratuitous_arp(SECOND, MAC, ARP_REPLY),
    ]


@pytest.mark.parametrize("router", [False, True])
def test_an_ipv6_address_has_no_arp(router):
    """But an unsolicited neighbour advertisement, which says truly whether this is a router."""
    assert announced(VIRTUAL6, VIRTUAL, router=router) == [
        unsolicited_neighbour_advertisement(VIRTUAL6, MAC, router),
        *(gratuitous_arp(VIRTUAL, MAC, op) for op in (ARP_REQUEST, ARP_REPLY)),
    ]


def test_announcements_at_the_virtual_mac():
    at = virtual_mac(10)
    assert announced(VIRTUAL, VIRTUAL6, vhid=10, virtual_mac=True) == [
        *(gratuitous_arp(VIRTUAL, at, op) for op in (ARP_REQUEST, ARP_REPLY)),
        unsolicited_neighbour_advertisement(VIRTUAL6, at, router=False),
    ]
    # The source of the advertisements is another question.
    assert announced(VIRTUAL, source_mac_is_virtual=True) == announced(VIRTUAL)


def test_who_has_given_up_the_role_sends_nothing_from_the_virtual_mac():
    """It would draw that back to our switch port, from the port of whoever serves."""
    virtual = {"vhid": 10, "virtual_mac": True, "source_mac_is_virtual": True}
    final = ACTION._replace(is_final=True)
    assert frame(ACTION, **virtual)[6:12] == virtual_mac(10)
    assert frame(final, **virtual)[6:12] == MAC


@pytest.mark.parametrize("virtual", [False, True])
def test_where_the_successor_is_is_told_from_our_own_mac(virtual):
    at = virtual_mac(10)
    action = AnnounceAddresses((VIRTUAL, VIRTUAL6), at_successor=True)
    transmitter = Transmitter(params(vhid=10, virtual_mac=virtual))
    frames = transmitter.announcements(action, MAC, False)
    assert frames == [
        *(gratuitous_arp(VIRTUAL, at, op, MAC) for op in (ARP_REQUEST, ARP_REPLY)),
        unsolicited_neighbour_advertisement(VIRTUAL6, at, False, MAC),
    ]
    assert {each[6:12] for each in frames} == {MAC}
    assert all(at in each[14:] for each in frames)


@pytest.mark.parametrize(
    ("sources", "peers", "asked"),
    [
        ((OURS, OURS6), (), [(VIRTUAL, "0.0.0.0"), (VIRTUAL6, "fe80::1")]),
        ((OURS,), (), [(VIRTUAL, "0.0.0.0")]),
        ((OURS, OURS6), ("10.0.0.2",), [(VIRTUAL6, "fe80::1")]),
    ],
    ids=["both families", "no source in IPv6", "the network of a cloud answers for every address"],
)
def test_the_question_who_else_has_the_addresses(sources, peers, asked):
    transmitter = Transmitter(params(addresses=DUAL, peers=tuple(map(ip_address, peers))))
    frames = [question(ip, ip_address(source), MAC) for ip, source in asked]
    assert transmitter.questions(DUAL, sources, MAC) == frames
