"""What may an advertisement be signed with?"""

from ipaddress import IPv6Address

import pytest
from flawed_frames import DUAL, PEER, PEER6, Flaws, check6, frame
from playbook import params

from ucarpd.carp.auth import Signer
from ucarpd.carp.events import advertisement_received
from ucarpd.carp.params import CARP_GROUP_V4, CARP_GROUP_V6
from ucarpd.carp.receive import DropReason

LINK_LOCAL = IPv6Address("fe80::200:5eff:fe00:10a")


# -- accepted keys and addresses -------------------------------------------------------------------
ADDRESSES = (*DUAL.addresses, LINK_LOCAL)
LLADDR = bytes.fromhex("02aabbccddee")


def signed_with(key=b"secret", *, addresses=ADDRESSES, **how):
    return Signer(key, 10, addresses, **how)


@pytest.mark.parametrize(
    ("changes", "signer", "is_accepted", "because"),
    [
        ({}, signed_with(), True, "ours to the letter"),
        ({}, signed_with(with_link_local=False), True, "as OpenBSD sends it"),
        ({"hash_link_local": False}, signed_with(), True, "as FreeBSD and NetBSD send it"),
        ({"hash_link_local": False}, signed_with(with_link_local=False), True, "as we send it"),
        ({}, signed_with(addresses=ADDRESSES[1:]), False, "other addresses must agree"),
        ({}, signed_with(b"former"), False, "no old key"),
        ({"old_keys": (b"former",)}, signed_with(b"former"), True, "an old key"),
        ({"old_keys": (b"former",)}, signed_with(), True, "and the new one still"),
        (
            {"old_keys": (b"oldest", b"former")},
            signed_with(b"former", with_link_local=False),
            True,
            "an old key, on OpenBSD",
        ),
        ({"old_keys": (b"former",)}, signed_with(b"another"), False, "any other key"),
        ({}, signed_with(lladdr=LLADDR), False, "OpenBSD hashes an lladdr that we do not know"),
        ({"lladdr": LLADDR}, signed_with(lladdr=LLADDR), True, "and one that we do"),
        (
            {"lladdr": LLADDR},
            signed_with(lladdr=LLADDR, with_link_local=False),
            True,
            "in both variants",
        ),
        ({"lladdr": LLADDR}, signed_with(), False, "a peer without it"),
        (
            {"hashed": DUAL.addresses},
            signed_with(addresses=DUAL.addresses),
            True,
            "what is hashed counts, not what is served",
        ),
        ({"hashed": DUAL.addresses}, signed_with(), False, "what is served does not"),
    ],
)
@pytest.mark.parametrize("source", [PEER, PEER6])
def test_what_it_may_be_signed_with(*, changes, signer, is_accepted, because, source):
    group = CARP_GROUP_V4 if source is PEER else CARP_GROUP_V6
    configured = params(vhid=10, addresses=ADDRESSES, **changes)
    result = check6(frame(Flaws(source=source, destination=group), signer), configured)
    if is_accepted:
        assert result == advertisement_received(source, 1, 100, 7), because
    else:
        assert result.reason is DropReason.BAD_DIGEST, because
