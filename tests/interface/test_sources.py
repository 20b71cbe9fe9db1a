"""Which address a virtual host advertises from, asked of tables that are written down here."""

from ipaddress import ip_address

import pytest

from ucarpd.config import load
from ucarpd.interface.sources import NoSource, Source, choose
from ucarpd.linux.netlink import InterfaceAddress

ADD_IT = ": add it to the list on all hosts, or set UCARP_SRCIP"


class Host:
    """`of` has the addresses of each interface; `duplicates` are on one, but not usable."""

    def __init__(self, duplicates=(), **of):
        self.duplicates = lambda _interface: [*map(ip_address, duplicates)]
        self.of = {
            name: [InterfaceAddress(ip_address(ip), 24) for ip in ips.split()]
            for name, ips in of.items()
        }

    def addresses(self, interface):
        return self.of.get(interface, [])

    def where(self, ip):
        found = (name for name, there in self.of.items() if ip in {each.ip for each in there})
        return next(found, None)


@pytest.fixture
def chosen(tmp_path):
    """The choice on a host with these addresses: "ADDRESS on INTERFACE", or the reason for none."""

    def choose_for(host, family=4, virtual="", **keys):
        keys = {"INTERFACE": "eth0", "VHID": 1, "PASS": "x", "ADDR": "10.0.0.10", **keys}
        path = tmp_path / "web.conf"
        path.write_text("".join(f"UCARP_{key}={value}\n" for key, value in keys.items()))
        config = load(path, {})
        moving = {*map(ip_address, virtual.split()), *(each.ip for each in config.addresses)}
        found = choose(config, family, host, lambda ip: ip in moving)
        return f"{found.ip} on {found.interface}" if isinstance(found, Source) else found

    return choose_for


@pytest.mark.parametrize(
    ("there", "virtual", "family", "expected"),
    [
        ("10.0.0.1 10.0.0.2", "", 4, "10.0.0.1"),
        ("10.0.0.10 10.0.0.2", "", 4, "10.0.0.2"),
        ("10.0.0.20 10.0.0.1", "10.0.0.20", 4, "10.0.0.1"),
        ("10.0.0.1 2001:db8::1 fe80::1", "", 6, "fe80::1"),
        ("10.0.0.1 2001:db8::1 fe80::1", "fe80::1", 6, "2001:db8::1"),
    ],
)
def test_the_first_address_of_the_host_itself(chosen, there, virtual, family, expected):
    keys = {"ADDR": "10.0.0.10,2001:db8::10"}
    host = Host(eth0=there, eth1="10.0.0.77 fe80::77")
    assert chosen(host, family, virtual, **keys) == f"{expected} on eth0"


def test_among_thousands_of_addresses_only_the_first_ones_are_looked_at(tmp_path):
    """Each change of an address leads here, and must not delay the timers."""
    path = tmp_path / "web.conf"
    path.write_text("UCARP_INTERFACE=eth0\nUCARP_VHID=1\nUCARP_PASS=x\nUCARP_ADDR=10.0.0.10\n")
    host = Host(eth0=" ".join(f"10.1.{n // 250}.{n % 250}" for n in range(5000)))
    asked = []

    choose(load(path, {}), 4, host, lambda ip: asked.append(ip) or len(asked) < 3)

    assert len(asked) == 3


@pytest.mark.parametrize(
    ("there", "virtual", "reason"),
    [
        ("", "", "eth0 has no IPv4 address of its own"),
        (
            "10.0.0.20",
            "10.0.0.20",
            "eth0 has only 10.0.0.20, which is virtual: give this host an address of its own",
        ),
        (
            "10.0.0.10",
            "",
            "eth0 has only 10.0.0.10, which is UCARP_ADDR: give this host an address of its own",
        ),
    ],
)
def test_none_of_its_own(chosen, there, virtual, reason):
    assert chosen(Host(eth0=there, eth1="10.0.0.77"), virtual=virtual).reason == reason


def test_the_source_that_the_file_names(chosen):
    host = Host(eth0="10.0.0.1 10.0.0.2", lo="192.168.5.1")
    assert chosen(host, SRCIP="10.0.0.2") == "10.0.0.2 on eth0"
    assert chosen(host, SRCIP="192.168.5.1") == "192.168.5.1 on lo"
    assert chosen(host, SRCIP="10.0.0.3").reason == "source address 10.0.0.3 is not on eth0"


def test_one_address_on_two_interfaces_is_that_of_the_interface(chosen):
    assert chosen(Host(lo="10.0.0.1", eth0="10.0.0.1"), SRCIP="10.0.0.1") == "10.0.0.1 on eth0"


def test_a_link_local_address_of_another_link_is_another_address(chosen):
    keys = {"ADDR": "2001:db8::10", "SRCIP": "fe80::1"}
    assert chosen(Host(eth1="fe80::1"), 6, **keys).reason == "source address fe80::1 is not on eth0"


def test_a_duplicate_is_called_one(chosen):
    keys = {"ADDR": "2001:db8::10"}
    host = Host(eth0="", duplicates=["2001:db8::1"])
    words = "2001:db8::1 on eth0 is a duplicate: another host has it"
    assert chosen(host, 6, SRCIP="2001:db8::1", **keys).reason.startswith(words)
    assert chosen(host, 6, PEERS="2001:db8::1 2001:db8::2", **keys).reason.startswith(words)
    assert "no address" in chosen(host, 6, PEERS="2001:db8::2 2001:db8::3", **keys).reason
    assert chosen(host, 6, **keys).reason.startswith(words)
    host = Host(eth0="2001:db8::10", duplicates=["fe80::1"])
    assert chosen(host, 6, **keys).reason.startswith("fe80::1 on eth0 is a duplicate")
    assert "has no IPv4 address" in chosen(host, 4, **keys).reason
    host = Host(eth0="", duplicates=["2001:db8::10"])
    assert "has no IPv6 address" in chosen(host, 6, **keys).reason


# -- with peers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "family", "expected"),
    [
        ("10.0.0.1", 4, "10.0.0.1 on eth0"),
        ("10.0.0.7 10.0.0.1", 4, "10.0.0.1 on eth0"),
        ("10.0.0.2 10.0.0.1", 4, "10.0.0.1 on eth0"),
        ("fe80::1 2001:db8::1", 6, "2001:db8::1 on eth0"),
    ],
)
def test_the_address_that_the_peers_know(chosen, there, family, expected):
    peers = "10.0.0.1 10.0.0.2 10.0.0.3 2001:db8::1 2001:db8::2"
    keys = {"ADDR": "10.0.0.10 2001:db8::10", "PEERS": peers}
    assert chosen(Host(eth0=there), family, **keys) == expected


def test_peers_may_know_the_address_of_another_interface(chosen):
    host = Host(eth0="10.0.0.7", lo="192.168.5.1")
    assert chosen(host, PEERS="192.168.5.1 192.168.5.2") == "192.168.5.1 on lo"


@pytest.mark.parametrize(
    ("family", "there", "listed", "advice"),
    [
        (4, "10.0.0.7 10.0.0.10", "10.0.0.7", ADD_IT),
        (6, "fe80::7 2001:db8::7", "fe80::7, 2001:db8::7", ADD_IT),
        (4, "10.0.0.10", "it has none", None),
        (4, "169.254.3.1", "169.254.3.1", None),
        (6, "fe80::7", "fe80::7", None),
    ],
)
def test_a_host_that_no_peer_knows_waits(chosen, family, there, listed, advice):
    """Its address may only be gone for now, unless it has another one."""
    peers = {4: "10.0.0.1, 10.0.0.2", 6: "2001:db8::1, 2001:db8::2"}
    keys = {"ADDR": "10.0.0.10 2001:db8::10", "PEERS": ", ".join(peers.values())}
    found = chosen(Host(eth0=there), family, **keys)
    text = f"no address of eth0 ({listed}) is in UCARP_PEERS ({peers[family]}){advice or ''}"
    assert found == NoSource(text, "UCARP_PEERS", is_wrong=advice is not None)


def test_a_family_without_peers_is_not_concerned(chosen):
    keys = {"ADDR": "10.0.0.10 2001:db8::10", "PEERS": "10.0.0.1 10.0.0.2"}
    assert chosen(Host(eth0="fe80::5"), 6, **keys) == "fe80::5 on eth0"


@pytest.mark.parametrize("keys", [{}, {"SRCIP": "10.0.0.1"}])
def test_peers_that_are_all_this_host_are_nobody(chosen, keys):
    host = Host(eth0="10.0.0.1", eth1="10.0.1.1")
    found = chosen(host, PEERS="10.0.0.1 10.0.1.1", **keys)
    assert found.is_wrong
    assert found.reason == (
        "UCARP_PEERS names only this host (10.0.0.1, 10.0.1.1), which then has no host to advertise to:"
        " add the other hosts"
    )
