"""How does the log report VRRP on the same segment?"""

import pytest
from flawed_frames import MAC, PEER, check
from playbook import params

from ucarpd.carp.frame import carp_over_ip, ethernet, group_mac
from ucarpd.carp.params import CARP_GROUP_V4
from ucarpd.carp.receive import Dropped, DropReason, Receiver


def vrrp(vhid):
    payload = bytes([0x31, vhid, 100, 1, 0, 100, 0, 0, 10, 9, 0, 10])
    return ethernet(group_mac(CARP_GROUP_V4), MAC, carp_over_ip(PEER, CARP_GROUP_V4, payload))


@pytest.mark.parametrize("peers", [(), (PEER,)])
def test_a_vrrp_router_with_another_id_is_counted_alone(peers):
    receiver = Receiver(params(vhid=10, peers=peers))
    dropped = check(vrrp(11), receiver)
    assert (dropped.reason, dropped.concerns_us) == (DropReason.OTHER_VRRP, False)
    assert receiver.dropped == {DropReason.OTHER_VRRP: 1}


@pytest.mark.parametrize(
    ("configured", "more"),
    [
        ({}, ""),
        ({"virtual_mac": True}, " (both have the MAC address 00:00:5e:00:01:0a)"),
        ({"source_mac_is_virtual": True}, " (both have the MAC address 00:00:5e:00:01:0a)"),
    ],
)
def test_a_vrrp_router_with_our_id_is_told_as_one(configured, more):
    text = f"a VRRP router at 10.0.0.2 uses id 10: change its id, or UCARP_VHID{more}"
    receiver = Receiver(params(vhid=10, **configured))
    assert check(vrrp(10), receiver) == Dropped(DropReason.VRRP, PEER, text)
