"""The parameters of a virtual host."""

from ipaddress import IPv6Address, ip_address

import pytest
from playbook import VIRTUAL, params

from ucarpd.carp.params import CARP_GROUP_V4, CARP_GROUP_V6, DemoteStyle, Params, TieBreak

VIRTUAL6 = IPv6Address("2001:db8::100")


def test_defaults():
    default = Params(vhid=1, addresses=(VIRTUAL,), key=b"secret")
    assert (default.advbase, default.advskew, default.deadratio) == (1, 0, 3)
    assert not default.preempt
    assert default.release_on_stop
    assert default.group == CARP_GROUP_V4
    assert not default.broadcast
    assert default.group6 == CARP_GROUP_V6
    assert default.hashed == default.addresses
    assert default.old_keys == ()
    assert default.peers == ()
    assert default.tiebreak is TieBreak.REVERSED
    assert default.demote_style is DemoteStyle.SKEW
    assert not default.virtual_mac
    assert not default.source_mac_is_virtual
    assert default.hash_link_local
    assert default.lladdr is None
    assert not default.pseudo_checksum


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("vhid", 1, 255), ("advbase", 0, 253), ("advskew", 0, 254), ("deadratio", 2, 255)],
)
def test_ranges(name, low, high):
    for good in (low, high):
        assert getattr(params(**{name: good}), name) == good
    for bad in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"^{name} must be {low} to {high}, not {bad}$"):
            params(**{name: bad})


def test_the_key_has_1_to_20_bytes():
    assert params(key=b"x").key == b"x"
    assert params(key=b"x" * 20).key == b"x" * 20
    for bad in (b"", b"x" * 21):
        with pytest.raises(ValueError, match=r"^length of key must be 1 to 20"):
            params(key=bad)


def test_each_old_key_has_1_to_20_bytes_too():
    assert params(old_keys=(b"x", b"y" * 20)).old_keys == (b"x", b"y" * 20)
    for bad in (b"", b"x" * 21):
        with pytest.raises(ValueError, match=r"^length of key must be 1 to 20"):
            params(old_keys=(b"good", bad))


def test_an_lladdr_has_6_bytes():
    assert params(lladdr=b"\x02" + bytes(5)).lladdr == b"\x02" + bytes(5)
    for bad in (b"", bytes(5), bytes(7)):
        with pytest.raises(ValueError, match=r"^length of lladdr must be 6 to 6"):
            params(lladdr=bad)


def test_there_is_an_address():
    with pytest.raises(ValueError, match="at least one virtual address"):
        params(addresses=())


def test_the_key_is_not_shown():
    assert "secret" not in repr(params(key=b"secret"))
    assert "former" not in repr(params(old_keys=(b"former",)))


@pytest.mark.parametrize(
    ("addresses", "hashed", "families", "because"),
    [
        ((VIRTUAL,), (), (4,), "IPv4"),
        ((VIRTUAL6,), (), (6,), "IPv6"),
        ((VIRTUAL6, VIRTUAL), (), (4, 6), "IPv4 comes first"),
        ((VIRTUAL,), (VIRTUAL, VIRTUAL6), (4, 6), "the peers wait for what is hashed"),
        ((VIRTUAL, VIRTUAL6), (VIRTUAL,), (4,), "and for no more than that"),
    ],
)
def test_families(addresses, hashed, families, because):
    configured = params(addresses=addresses, hashed=hashed)
    assert configured.families == families, because
    assert configured.hashed == (hashed or addresses)


def test_peers_of_one_family():
    peers = tuple(map(ip_address, ("10.0.0.2", "fe80::2", "10.0.0.3")))
    configured = params(peers=peers)
    assert configured.peers_of(4) == (peers[0], peers[2])
    assert configured.peers_of(6) == (peers[1],)
    assert params().peers_of(4) == params().peers_of(6) == ()


def test_the_group_of_one_family():
    configured = params(group6=IPv6Address("ff05::12"))
    assert configured.group_of(4) == CARP_GROUP_V4
    assert configured.group_of(6) == IPv6Address("ff05::12")
