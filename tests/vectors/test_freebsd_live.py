"""Frames captured from a running FreeBSD kernel."""

from ipaddress import ip_address

from vector_rows import (
    IP_CHECKSUM,
    IP_TOS,
    IPV6_TRAFFIC_CLASS,
    OUR_MAC,
    key,
    load,
    masked,
    params,
    rows,
)

from ucarpd.carp.actions import SendAdvertisement
from ucarpd.carp.events import advertisement_received
from ucarpd.carp.params import (
    KEY_SIZE,
)
from ucarpd.carp.receive import Dropped, DropReason, Receiver
from ucarpd.carp.transmit import Transmitter

FREEBSD_LIVE = load("freebsd-live.json")["frames"]


# -- captured from a running FreeBSD kernel --------------------------------------------------------


def live_params(vector):
    """A FreeBSD kernel ignores a key whose first byte is 0, and signs with an empty one."""
    used = bytes(KEY_SIZE) if vector.get("zero_key_ok") else key(vector)
    return params(vector, key=used)


def live_source(vector):
    frame = bytes.fromhex(vector["ethernet_frame_hex"])
    is_ipv6 = frame[12:14] == b"\x86\xdd"
    return ip_address(frame[22:38] if is_ipv6 else frame[26:30])


def test_no_frame_of_the_running_freebsd_is_left_out():
    assert len(FREEBSD_LIVE) == 15
    assert [live_source(vector).version for vector in FREEBSD_LIVE].count(6) == 3
    assert sum(vector.get("zero_key_ok") or False for vector in FREEBSD_LIVE) == 2


@rows(FREEBSD_LIVE)
def test_an_advertisement_of_the_running_freebsd_is_accepted(vector):
    frame = bytes.fromhex(vector["ethernet_frame_hex"])
    heard = Receiver(live_params(vector)).check(frame, (), ())
    counter = int(vector["counter"], 16)
    expected = advertisement_received(
        live_source(vector), vector["advbase"], vector["advskew"], counter
    )
    assert heard == expected
    assert heard.statement.from_virtual_mac


@rows(FREEBSD_LIVE)
def test_an_advertisement_of_the_running_freebsd_is_the_one_that_we_would_send(vector):
    """But for the type of service, and the traffic class in IPv6."""
    theirs = bytes.fromhex(vector["ethernet_frame_hex"])
    counter = int(vector["counter"], 16)
    action = SendAdvertisement(live_source(vector), vector["advbase"], vector["advskew"], counter)
    (ours,) = Transmitter(live_params(vector)).advertisement(action, OUR_MAC)
    is_ipv6 = action.source.version == 6
    differs = (IPV6_TRAFFIC_CLASS,) if is_ipv6 else (IP_TOS, IP_CHECKSUM)
    assert masked(ours, *differs) == masked(theirs, *differs)


@rows([vector for vector in FREEBSD_LIVE if vector.get("zero_key_ok")])
def test_the_key_that_the_running_freebsd_ignored_does_not_open_its_advertisements(vector):
    frame = bytes.fromhex(vector["ethernet_frame_hex"])
    dropped = Receiver(params(vector)).check(frame, (), ())
    assert isinstance(dropped, Dropped)
    assert dropped.reason is DropReason.BAD_DIGEST
