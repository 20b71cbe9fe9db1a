"""The keys that other hosts and other systems ask for, and which of them need a restart."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from config_files import NO_ADDRESS, faults, loaded, minimal

from ucarpd.carp.params import DemoteStyle, Params, TieBreak

ALONE = "must be the address alone: write 10.0.0.1, without the /8"
NO_GROUP = "must be a multicast address such as 224.0.0.18 or ff02::12"

pytestmark = pytest.mark.usefixtures("home")


def ips(*texts):
    return tuple(map(ip_address, texts))


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("UCARP_SRCIP=10.0.0.1,", "sources", ips("10.0.0.1")),
        ("UCARP_SRCIP=fe80::11", "sources", ips("fe80::11")),
        ("UCARP_SRCIP=10.0.0.1,2001:db8::11", "sources", ips("10.0.0.1", "2001:db8::11")),
        ("UCARP_SOURCEADDRESS='fe80::11 10.0.0.1'", "sources", ips("10.0.0.1", "fe80::11")),
        ("UCARP_HASH_ADDRS=10.0.0.1,FE80::1", "hash_addresses", ips("10.0.0.1", "fe80::1")),
        ("UCARP_HASH_ADDRS=", "hash_addresses", ()),
        ("UCARP_HASH_LINKLOCAL=no", "hash_link_local", False),
        ("UCARP_LLADDR=02:00:00:AB:cd:ef", "lladdr", b"\x02\0\0\xab\xcd\xef"),
        ("UCARP_TIEBREAK=numeric", "tiebreak", TieBreak.NUMERIC),
        ("UCARP_TIEBREAK=Yield", "tiebreak", TieBreak.YIELD),
        ("UCARP_DEMOTE_STYLE=openbsd", "demote_style", DemoteStyle.OPENBSD),
        ("UCARP_IFDOWN_DEMOTION=0", "ifdown_demotion", 0),
        ("UCARP_IFDOWN_DEMOTION=254", "ifdown_demotion", 254),
        ("UCARP_MCAST=239.1.2.3", "group6", IPv6Address("ff02::12")),
        ("UCARP_MCAST=ff05::1", "group6", IPv6Address("ff05::1")),
        ("UCARP_MCAST=ff05::1", "group", IPv4Address("224.0.0.18")),
        ("UCARP_MCAST='ff05::1, 239.1.2.3'", "group", IPv4Address("239.1.2.3")),
        (
            "UCARP_PEERS='10.0.0.2 10.0.0.3,fe80::2'",
            "peers",
            ips("10.0.0.2", "10.0.0.3", "fe80::2"),
        ),
        ("UCARP_PEERS=10.0.0.2\nUCARP_NOMCAST=no", "peers", ips("10.0.0.2")),
        # All hosts may have the same list.
        (
            "UCARP_PEERS=10.0.0.2,10.0.0.3\nUCARP_SRCIP=10.0.0.2",
            "peers",
            ips("10.0.0.2", "10.0.0.3"),
        ),
        ("UCARP_PEERS=10.0.0.2\nUCARP_SRCIP=fe80::1", "peers", ips("10.0.0.2")),
        ("UCARP_VMAC=yes", "virtual_mac", True),
        ("UCARP_VMAC=no\nUCARP_IF_ALIAS=eth0:0", "virtual_mac", False),
        ("UCARP_SRCMAC=real", "source_mac", "real"),
        ("UCARP_SRCMAC=virtual", "source_mac", "virtual"),
        ("UCARP_CHECKSUM6=plain", "pseudo_checksum", False),
        ("UCARP_CHECKSUM6=pseudo", "pseudo_checksum", True),
    ],
)
def test_a_value_is_taken(line, field, value):
    taken = getattr(loaded(minimal(line)), field)
    assert (taken, type(taken)) == (value, type(value))


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("SRCIP=10.0.0.1 10.0.0.2", "has 10.0.0.1 and 10.0.0.2: give one address of each family at most"),
        ("SRCIP=fe80::1,fe80::1", "has fe80::1 and fe80::1: give one address of each family at most"),
        ("SRCIP=::", "must be an address that a host can have, not an unspecified address"),
        ("SRCIP=fe80::1%eth0", "leave out %eth0: the interface is UCARP_INTERFACE"),
        ("HASH_ADDRS=10.0.0.1/8", ALONE),
        ("HASH_ADDRS=10.0.0.1,10.0.0.1/8", f"10.0.0.1/8: {ALONE}"),
        ("HASH_ADDRS=::1,10.0.0.1,::1", "::1: must be an address that a host can have, not a loopback address"),
        ("HASH_ADDRS=10.0.0.1,10.0.0.1", "has 10.0.0.1 twice"),
        ("HASH_LINKLOCAL=maybe", "must be yes or no (or true, false, on, off, 1, 0)"),
        ("EXTRA_ADDRS=2001:db8::1,2001:DB8:0::1/64", "has 2001:db8::1 twice"),
        ("EXTRA_ADDRS=::ffff:10.0.0.1", "is an IPv4 address in the form of an IPv6 one: write 10.0.0.1"),
        ("EXTRA_ADDRS=ff02::1", "must be an address that a host can have, not a multicast address"),
        ("EXTRA_ADDRS=fe80::1%eth0/64", "leave out %eth0: the interface is UCARP_INTERFACE"),
        ("EXTRA_ADDRS=10.0.0.1%eth0", NO_ADDRESS),
        ("EXTRA_ADDRS=2001:db8::1/129", "must be a prefix length from 1 to 128"),
        ("EXTRA_ADDRS=2001:db8::1/255.255.0.0", "must be a prefix length from 1 to 128"),
        ("EXTRA_ADDRS=2001:db8::1/0", "must be a prefix length from 1 to 128"),
        ("EXTRA_ADDRS=2001:db8::/64", "2001:db8:: is the anycast address of the routers in 2001:db8::/64;"
         " no host can have it"),
        ("EXTRA_ADDRS=10.1.255.255/16", "10.1.255.255 is the broadcast address of 10.1.0.0/16;"
         " no host can have it"),
        ("LLADDR=02-00-00-ab-cd-ef", "must be a MAC address such as 02:00:00:ab:cd:ef"),
        ("LLADDR=02:00:00:ab:cd", "must be a MAC address such as 02:00:00:ab:cd:ef"),
        ("TIEBREAK=lowest", "must be reversed, numeric or yield"),
        ("DEMOTE_STYLE=freebsd", "must be skew or openbsd"),
        ("IFDOWN_DEMOTION=255", "must be from 0 to 254"),
        ("MCAST=ff02::12%eth0", "leave out %eth0: the interface is UCARP_INTERFACE"),
        ("MCAST=2001:db8::1", NO_GROUP),
        ("MCAST=224.0.0.18,10.0.0.1", f"10.0.0.1: {NO_GROUP}"),
        ("MCAST=224.0.0.18,239.1.2.3", "has 224.0.0.18 and 239.1.2.3: give one address of each family at most"),
        ("PEERS=10.0.0.2,eth0", f"eth0: {NO_ADDRESS}"),
        ("PEERS=224.0.0.18", "must be an address that a host can have, not a multicast address"),
        ("PEERS=10.0.0.2 10.0.0.2", "has 10.0.0.2 twice"),
        ("VMAC=macvlan", "must be yes or no (or true, false, on, off, 1, 0)"),
        ("SRCMAC=yes", "must be real or virtual"),
        ("CHECKSUM6=none", "must be plain or pseudo"),
    ],
)  # fmt: skip
def test_a_bad_value(line, fault):
    name, _, value = line.partition("=")
    content = minimal(f"UCARP_{name}='{value}'")
    assert faults(content) == [f"5: UCARP_{name}: {fault} (got '{value}')"]


# -- uses of a Config ------------------------------------------------------------------------------


def test_params():
    config = loaded(
        minimal(
            "UCARP_EXTRA_ADDRS=10.0.0.2\nUCARP_HASH_ADDRS=fe80::3\nUCARP_PASS_OLD=alt",
            "UCARP_HASH_LINKLOCAL=no\nUCARP_LLADDR=02:00:00:00:00:01\nUCARP_TIEBREAK=yield",
            "UCARP_DEMOTE_STYLE=openbsd\nUCARP_MCAST=ff05::1\nUCARP_PEERS=fe80::9",
            "UCARP_VMAC=yes\nUCARP_CHECKSUM6=pseudo",
            ADDR="10.0.0.1,2001:db8::1/64",
        )
    )
    assert config.params() == Params(
        vhid=1,
        addresses=ips("10.0.0.1", "2001:db8::1", "10.0.0.2"),
        hashed=ips("10.0.0.1", "2001:db8::1", "fe80::3"),
        key=b"geheim7",
        old_keys=(b"alt",),
        announce_interval=60.0,
        tiebreak=TieBreak.YIELD,
        demote_style=DemoteStyle.OPENBSD,
        group6=IPv6Address("ff05::1"),
        peers=ips("fe80::9"),
        virtual_mac=True,
        source_mac_is_virtual=True,
        hash_link_local=False,
        lladdr=b"\x02\0\0\0\0\x01",
        pseudo_checksum=True,
    )


@pytest.mark.parametrize(
    ("lines", "is_virtual"),
    [
        ("", False),
        ("UCARP_VMAC=yes", True),
        ("UCARP_VMAC=yes\nUCARP_SRCMAC=real", False),
        ("UCARP_SRCMAC=virtual", True),
    ],
)
def test_where_advertisements_come_from(lines, is_virtual):
    assert loaded(minimal(lines)).params().source_mac_is_virtual is is_virtual


@pytest.mark.parametrize(
    ("line", "restart"),
    [
        ("UCARP_SRCIP=fe80::1", True),
        ("UCARP_HASH_ADDRS=10.0.0.1", True),
        ("UCARP_HASH_LINKLOCAL=no", True),
        ("UCARP_LLADDR=02:00:00:00:00:01", True),
        ("UCARP_MCAST=239.1.2.3", True),
        ("UCARP_MCAST=ff05::1", True),
        ("UCARP_PEERS=10.0.0.1", True),
        ("UCARP_VMAC=yes", True),
        ("UCARP_SRCMAC=real", True),
        ("UCARP_CHECKSUM6=pseudo", True),
        ("UCARP_EXTRA_ADDRS=10.0.0.1", False),
        ("UCARP_PASS_OLD=a", False),
        ("UCARP_KEY_OLD=ab", False),
        ("UCARP_TIEBREAK=yield", False),
        ("UCARP_DEMOTE_STYLE=openbsd", False),
        ("UCARP_IFDOWN_DEMOTION=0", False),
    ],
)
def test_what_needs_a_restart(line, restart):
    assert loaded(minimal()).needs_restart(loaded(minimal(line))) is restart


@pytest.mark.parametrize("line", ["UCARP_EXTRA_ADDRS=10.0.0.1", "EIP=eip-2"])
@pytest.mark.parametrize("script", ["UCARP_UPSCRIPT=/up", "UCARP_DOWNSCRIPT=/down"])
def test_scripts_start_again_for_other_addresses_and_variables(script, line):
    old, new = loaded(minimal(script)), loaded(minimal(script, line))
    assert old.needs_restart(new)
    assert new.needs_restart(old)
    assert not new.needs_restart(new)


def test_a_password_that_becomes_a_key_needs_no_restart():
    old, new = loaded(minimal()), loaded(minimal("UCARP_KEY=ab", PASS=None))
    assert not old.needs_restart(new)


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        ("", "", False),
        ("", "UCARP_EXTRA_ADDRS=10.0.0.1", False),
        ("", "UCARP_PASS_OLD=a\nUCARP_ADVSKEW=7\nUCARP_VID=1", False),
        ("", "UCARP_ADDR=172.16.0.1/16", False),
        ("", "UCARP_HASH_ADDRS=10.0.0.1", True),
        ("", "UCARP_ADDR=172.16.0.2", True),
        ("", "UCARP_LLADDR=02:00:00:00:00:01", True),
        # Served by one file, hashed only by the other: the same digest.
        ("UCARP_ADDR=172.16.0.1,10.0.0.1", "UCARP_HASH_ADDRS=10.0.0.1", False),
        ("UCARP_ADDR=10.0.0.1,172.16.0.1", "UCARP_ADDR=172.16.0.1,10.0.0.1", False),
        ("", "UCARP_HASH_LINKLOCAL=no", False),
        ("UCARP_HASH_ADDRS=fe80::1", "UCARP_HASH_ADDRS=fe80::1\nUCARP_HASH_LINKLOCAL=no", True),
        ("", "UCARP_HASH_ADDRS=fe80::1\nUCARP_HASH_LINKLOCAL=no", False),
        # Link-local in IPv4 is an address like any other.
        ("", "UCARP_HASH_ADDRS=169.254.0.1\nUCARP_HASH_LINKLOCAL=no", True),
    ],
)
def test_whether_the_digest_covers_something_else(old, new, differs):
    one, other = loaded(minimal(old)), loaded(minimal(new))
    assert one.hashed_set_differs(other) is differs
    assert other.hashed_set_differs(one) is differs
