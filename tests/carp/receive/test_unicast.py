"""Which unicast advertisements are accepted?"""

from ipaddress import IPv4Address, IPv6Address

import pytest
from flawed_frames import DUAL, DUAL_SIGNER, OURS6, PEER, PEER6, RUNGS, Flaws, check6, frame
from playbook import OURS, params

from ucarpd.carp.events import advertisement_received
from ucarpd.carp.params import CARP_GROUP_V6
from ucarpd.carp.receive import Dropped, DropReason

THIRD, THIRD6 = IPv4Address("10.0.0.3"), IPv6Address("fe80::3")
LINK_LOCAL = IPv4Address("169.254.0.2")
ONE_PEER = (OURS, PEER)
BOTH = (OURS, PEER, OURS6, PEER6)
TO_US = {"destination": OURS}
TO_US6 = {"source": PEER6, "destination": OURS6}
FROM_THE_GROUP6 = {"source": PEER6, "destination": CARP_GROUP_V6}
NOT_TO_US = "this host expects unicast from its peers"
NO_PEER = "its source is not one of UCARP_PEERS"


@pytest.mark.parametrize(
    ("peers", "flaws", "reason", "words"),
    [
        (ONE_PEER, TO_US, None, ""),
        (ONE_PEER, TO_US | {"ttl": 3}, None, "routers may lie in between"),
        (
            ONE_PEER,
            {},
            DropReason.BAD_DESTINATION,
            f"sent to 224.0.0.18, {NOT_TO_US}",
        ),
        (
            ONE_PEER,
            {"destination": THIRD},
            DropReason.BAD_DESTINATION,
            "sent to 10.0.0.3, which is not the source address of this host",
        ),
        (ONE_PEER, TO_US | {"source": THIRD}, DropReason.BAD_PEER, NO_PEER),
        (ONE_PEER, TO_US | {"source": LINK_LOCAL}, DropReason.BAD_PEER, NO_PEER),
        (
            ONE_PEER,
            {"source": THIRD},
            DropReason.BAD_DESTINATION,
            f"sent to 224.0.0.18, {NOT_TO_US}",
        ),
        (
            ONE_PEER,
            TO_US | {"source": THIRD, "version": 1},
            DropReason.BAD_VERSION,
            "version 1, CARP is 2",
        ),
        (ONE_PEER, TO_US | {"version": 1}, DropReason.BAD_VERSION, "version 1, CARP is 2"),
        (ONE_PEER, TO_US | {"source": OURS}, DropReason.OWN_PACKET, None),
        (ONE_PEER, FROM_THE_GROUP6, None, "IPv6 has no peer and keeps its group"),
        (ONE_PEER, FROM_THE_GROUP6 | {"ttl": 3}, DropReason.BAD_TTL, "TTL 3, must be 255"),
        (
            ONE_PEER,
            TO_US6,
            DropReason.BAD_DESTINATION,
            "sent to fe80::1, this host listens on ff02::12",
        ),
        (BOTH, TO_US, None, ""),
        (BOTH, TO_US6, None, ""),
        (BOTH, TO_US6 | {"ttl": 3}, None, "routers may lie in between"),
        (
            BOTH,
            FROM_THE_GROUP6,
            DropReason.BAD_DESTINATION,
            f"sent to ff02::12, {NOT_TO_US}",
        ),
        (BOTH, TO_US6 | {"source": THIRD6}, DropReason.BAD_PEER, NO_PEER),
        ((PEER6,), {}, None, "IPv4 has no peer and keeps its group"),
        (
            (PEER6,),
            TO_US,
            DropReason.BAD_DESTINATION,
            "sent to 10.0.0.1, this host listens on 224.0.0.18",
        ),
    ],
)
def test_the_rungs_of_unicast(peers, flaws, reason, words):
    configured = params(vhid=10, addresses=DUAL.addresses, peers=peers)
    flaws = Flaws(**flaws)
    result = check6(frame(flaws, DUAL_SIGNER), configured)
    if reason is None:
        assert result == advertisement_received(flaws.source, 1, 100, 7), words
    else:
        assert result == Dropped(reason, flaws.source, words or RUNGS[-1][2])


def test_a_link_local_stranger_may_be_a_host_that_is_listed_by_its_global_address():
    configured = params(vhid=10, addresses=DUAL.addresses, peers=(IPv6Address("2001:db8::2"),))
    flaws = Flaws(**TO_US6 | {"source": PEER6})
    dropped = check6(frame(flaws, DUAL_SIGNER), configured)
    assert dropped.reason is DropReason.BAD_PEER
    assert dropped.detail.startswith(f"{NO_PEER}: some systems (FreeBSD) advertise from it")
