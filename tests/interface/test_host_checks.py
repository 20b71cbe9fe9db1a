"""What `ucarpd check` finds on a host that is written down here."""

from ipaddress import ip_address

import pytest

from ucarpd.config import load
from ucarpd.interface import host_checks
from ucarpd.linux.netlink import InterfaceAddress, Link

ELSEWHERE = "if the network configuration adds it, delete it there first"


class Machine:
    """eth0 with these addresses, and whatever else a test adds."""

    def __init__(self):
        self.linked = {}
        self.routes = {}
        self.taken_ones = ()
        self.on = {"eth0": []}
        self.promotes_secondaries = "0"
        self.lacks_ipv6 = self.has_ipv6_off = False
        self.knows_ipv6 = True
        self.add_link("lo", is_ethernet=False)
        self.add_link("eth0")

    def add_link(self, name, **more):
        more = {"is_up": True, "has_carrier": True, "is_ethernet": True, **more}
        self.linked[name] = Link(len(self.linked) + 1, name, bytes(6), **more)

    def has(self, *addresses):
        pairs = (each.split("/") for each in addresses)
        self.on["eth0"] = [InterfaceAddress(ip_address(ip), int(size)) for ip, size in pairs]

    def links(self, mentioning=""):
        return tuple(self.linked.values())

    def link(self, name):
        return self.linked.get(name)

    def link_of_index(self, index):
        return next((each for each in self.links() if each.index == index), None)

    def addresses(self, name):
        return self.on.get(name, [])

    def where(self, ip):
        return next((name for name, there in self.on.items() if ip in {a.ip for a in there}), None)

    def duplicates(self, interface):
        return []

    def taken(self, routes):
        return [each for each in routes if str(each) in self.taken_ones]

    def destinations(self, interface, source):
        return self.routes.get((interface, str(source)), ())


@pytest.fixture
def machine(monkeypatch, tmp_path):
    machine = Machine()
    interfaces = tmp_path / "interfaces"
    interfaces.touch()
    monkeypatch.setattr(host_checks, "Snapshot", lambda: machine)
    monkeypatch.setattr(host_checks, "IFUPDOWN", interfaces)
    monkeypatch.setattr(host_checks.sysctl, "get", lambda *_arguments: machine.promotes_secondaries)
    monkeypatch.setattr(host_checks.sysctl, "lacks_ipv6", lambda _name: machine.lacks_ipv6)
    monkeypatch.setattr(host_checks.sysctl, "knows_ipv6", lambda: machine.knows_ipv6)
    monkeypatch.setattr(host_checks.sysctl, "has_ipv6_off", lambda _name: machine.has_ipv6_off)
    return machine


@pytest.fixture
def found(tmp_path):
    """The findings as text, an error with `!` in front.

    `reloads` are the keys with which the instance runs whose file this is.
    """

    def loaded(name, changes):
        defaults = {"INTERFACE": "eth0", "VHID": 1, "PASS": "x", "ADDR": "10.0.0.10"}
        given = defaults | changes
        path = tmp_path / f"{name}.conf"
        path.write_text("".join(f"UCARP_{key}={value}\n" for key, value in given.items()))
        return load(path, {})

    def find(*, running=(), held=(), others=(), reloads=None, **keys):
        now = dict.fromkeys(running)
        if reloads is not None:
            now["web"] = loaded("web", reloads)
        configs = [loaded(name, changes) for name, changes in [("web", keys), *others]]
        findings = host_checks.find(configs, now, frozenset(map(ip_address, held)))
        return [
            f"{'!' if each.is_error else ''}{each.problem.key}: {each.problem.text}"
            for each in findings
            if each.problem.path == configs[0].path
        ]

    return find


def test_a_host_on_which_all_is_well(machine, found):
    machine.has("10.0.0.1/24", "fe80::1/64")
    assert found(MASK=24) == []
    assert found() == []


def test_a_machine_that_does_not_tell(monkeypatch, found):
    def refuse():
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(host_checks, "Snapshot", refuse)
    assert found() == []


# -- the interface ---------------------------------------------------------------------------------


def test_a_missing_interface_may_come(machine, found):
    assert found(INTERFACE="hots0") == ["UCARP_INTERFACE: this host has no hots0 now (it has eth0)"]
    for number in range(1, 9):
        machine.add_link(f"eth{number}")
    (text,) = found(INTERFACE="hots0")
    assert text.endswith("(it has eth0, eth1, eth2, eth3, eth4, eth5, eth6, eth7, …)")
    machine.linked.clear()
    assert found(INTERFACE="hots0") == ["UCARP_INTERFACE: this host has no hots0 now"]


def test_a_link_of_a_check_that_is_missing(machine, found):
    machine.has("10.0.0.1/24", "fe80::1/64")
    assert found(CHECK_UP="link:eth0") == []
    assert found(CHECK_UP="link:eht1") == [
        "UCARP_CHECK_UP: link:eht1: this host has no eht1 now (it has lo, eth0), so the check fails"
    ]
    assert len(found(CHECK_UP="link:eht1", INTERFACE="eth7")) == 2


def test_an_interface_of_the_scripts_that_is_missing(machine, found):
    machine.has("10.0.0.1/24", "fe80::1/64")
    machine.add_link("eth1", altnames=("enp2s0",))
    for there in ("eth0", "eth1", "enp2s0", "eth0:0"):
        assert found(SCRIPT_INTERFACE=there) == []
    for missing in ("eht1", "eht1:0"):
        assert found(SCRIPT_INTERFACE=missing) == [
            "UCARP_SCRIPT_INTERFACE: this host has no eht1 now (it has lo, eth0, eth1)"
        ]


def test_the_interface_that_was_meant(machine, found):
    machine.has("10.0.0.1/24", "fe80::1/64")
    there = (
        "UCARP_INTERFACE: this host has no ens18 now (it has eth0): did you mean UCARP_INTERFACE="
    )
    assert found(INTERFACE="ens18") == [f"{there}eth0?"]
    assert found(INTERFACE="ens18", ADDR="10.7.0.1", SRCIP="10.0.0.1") == [f"{there}eth0?"]
    assert found(INTERFACE="ens18", ADDR="10.7.0.1") == [there.partition(": did")[0]]
    machine.add_link("eth1")
    machine.on["eth1"] = machine.on["eth0"]
    assert "did you mean" not in found(INTERFACE="ens18")[0]


def test_an_address_for_an_interface(machine, found):
    machine.has("10.0.0.1/24")
    text = "UCARP_INTERFACE: this host has no 10.0.0.1 now (it has eth0)"
    assert found(INTERFACE="10.0.0.1") == [
        f"{text}: this is an address, write UCARP_INTERFACE=eth0"
    ]


def test_the_loopback_interface(machine, found):
    machine.on["lo"] = [InterfaceAddress(ip_address("127.0.0.1"), 8)]
    text = "lo is not Ethernet, and CARP needs Ethernet: this host has eth0"
    assert found(INTERFACE="lo") == [f"!UCARP_INTERFACE: {text}"]


def test_another_name_never_comes(machine, found):
    machine.add_link("eth1", altnames=("enp1s0",))
    text = "enp1s0 is another name of eth1: write UCARP_INTERFACE=eth1"
    assert found(INTERFACE="enp1s0") == [f"!UCARP_INTERFACE: {text}"]


def test_a_port_hears_nothing(machine, found):
    machine.add_link("br-lan")
    machine.add_link("eth0", slave_kind="bridge", master=3)
    machine.has("10.0.0.1/24")
    text = "eth0 is a port of br-lan and receives nothing itself: UCARP_INTERFACE=br-lan"
    assert found() == [f"!UCARP_INTERFACE: {text}"]


def test_a_macvlan_under_another_one(machine, found):
    machine.has("10.0.0.1/24")
    assert found(VMAC="yes") == []
    machine.linked["eth0"] = machine.link("eth0")._replace(kind="macvlan")
    assert found() == found(VMAC="yes", SRCMAC="real") == found(SRCMAC="virtual") == []
    (warning,) = found(VMAC="yes")
    assert warning.startswith("UCARP_VMAC: eth0 is a macvlan: while this host has")
    assert "UCARP_SRCMAC=real" in warning


def test_not_ethernet(machine, found):
    machine.add_link("eth0", is_ethernet=False)
    machine.has("10.0.0.1/24")
    assert found() == ["!UCARP_INTERFACE: eth0 is not Ethernet, and CARP needs Ethernet"]


def test_an_mtu_that_is_too_small_for_ipv6(machine, found):
    machine.has("10.0.0.1/24")
    machine.lacks_ipv6 = True
    assert found(MASK=24) == []
    text = "eth0 has no IPv6, because its MTU is below 1280"
    assert found(MASK=24, ADDR="10.0.0.10,2001:db8::10") == [f"None: {text}"]


@pytest.mark.parametrize(
    ("lack", "text"),
    [
        ({"has_carrier": False}, "no carrier on eth0"),
        ({"is_up": False, "has_carrier": False}, "interface eth0 is down"),
    ],
)
def test_a_link_that_carries_nothing(machine, found, lack, text):
    machine.has("10.0.0.1/24")
    machine.add_link("eth0", **lack)
    waits = "ucarpd waits for it, unless UCARP_IGNOREIFSTATE=yes"
    assert found() == [f"UCARP_INTERFACE: {text}: {waits}"]
    assert found(IGNOREIFSTATE="yes") == []


# -- what a reload would end -----------------------------------------------------------------------

UNABLE = [
    ({}, {"INTERFACE": "eth7"}, "UCARP_INTERFACE: this host has no eth7 now"),
    ({}, {"INTERFACE": "eth1"}, "UCARP_INTERFACE: no carrier on eth1"),
    ({}, {"INTERFACE": "eth2"}, "UCARP_INTERFACE: eth2 has no IPv4 address of its own"),
    ({}, {"SRCIP": "10.0.0.3"}, "UCARP_SRCIP: source address 10.0.0.3 is not on eth0"),
    ({}, {"VMAC": "yes"}, "UCARP_VMAC: eth0-v1 is not a macvlan but bridge, and the device of the"),
    ({}, {"SCRIPT_INTERFACE": "eth7"}, "UCARP_SCRIPT_INTERFACE: this host has no eth7 now"),
    ({}, {"ADDR": "10.0.0.10,fd00::10"}, "UCARP_ADDR: eth0 has no IPv6 address of its own"),
    # What is missing already does not excuse it.
    (
        {"ADDR": "10.0.0.10,fd00::10"},
        {"INTERFACE": "eth7"},
        "UCARP_INTERFACE: this host has no eth7",
    ),
]
WITHOUT_HARM = [{"ADVSKEW": 7}, {"CHECK_UP": "link:eth7"}, {"ADDR": "10.0.0.11"}]


@pytest.fixture
def reloading(machine, found):
    """The findings about an edited file, while the instance runs that it is for."""
    machine.has("10.0.0.1/24", "10.0.0.10/24")
    machine.add_link("eth1", has_carrier=False)
    machine.on["eth1"] = [InterfaceAddress(ip_address("10.0.0.2"), 24)]
    machine.add_link("eth2")
    machine.add_link("eth0-v1", kind="bridge")

    def find(now, edit):
        return found(reloads=now, held=["10.0.0.10"], **(now | edit))

    return find


@pytest.mark.parametrize(("now", "edit", "text"), UNABLE)
def test_a_reload_refuses_what_this_host_cannot_serve_with(reloading, now, edit, text):
    (error,) = [each for each in reloading(now, edit) if each.startswith("!")]
    assert error.startswith(f"!{text}")
    assert error.endswith(" (this host could not serve with it: only a restart takes it over)")


@pytest.mark.parametrize(("now", "edit", "text"), UNABLE)
def test_a_host_that_waits_has_nothing_to_lose(machine, reloading, now, edit, text):
    del machine.linked["eth0"]
    assert not any(each.startswith("!") for each in reloading(now, edit)), text
    assert reloading(edit, edit), "only warned of: the file runs already"
    assert not any(each.startswith("!") for each in reloading(edit, edit))


@pytest.mark.parametrize("edit", WITHOUT_HARM)
@pytest.mark.parametrize("address", ["10.0.0.10", "10.0.0.10,fd00::10"])
def test_a_reload_takes_what_this_host_can_serve_with(reloading, address, edit):
    """Also if it cannot serve all, with either file."""
    assert not any(each.startswith("!") for each in reloading({"ADDR": address}, edit))


# -- the addresses ---------------------------------------------------------------------------------


def test_the_only_address_of_the_host_is_no_virtual_one(machine, found):
    machine.has("10.0.0.10/24")
    text = "eth0 has only 10.0.0.10, which is UCARP_ADDR: give this host an address of its own"
    assert found() == [f"!UCARP_ADDR: {text}"]
    no_ipv6 = "None: eth0 has no IPv6 address of its own"
    assert found(ADDR="10.0.0.10,2001:db8::10") == [f"!UCARP_ADDR: {text}", no_ipv6]
    assert found(running=["web"]) == [], "it has put it there itself"
    assert found(running=["web"], held=["10.0.0.10"]) == []


def test_a_master_is_not_reloaded_with_the_own_address_of_the_host(machine, found):
    """The address that the master serves now is none of the host's own."""
    machine.has("10.0.0.10/24", "10.0.0.20/24")
    text = "eth0 has only 10.0.0.10, 10.0.0.20, which are virtual: give this host an address"
    expected = [f"!UCARP_ADDR: {text} of its own"]
    assert found(running=["web"], held=["10.0.0.20"]) == expected


def test_an_own_address_beside_a_served_one_is_named_by_its_key(machine, found):
    machine.has("10.0.0.1/24", "10.0.0.10/24")
    (error,) = found(running=["web"], held=["10.0.0.10"], EXTRA_ADDRS="10.0.0.1/24")
    assert error.startswith(
        "!UCARP_EXTRA_ADDRS: eth0 has only 10.0.0.1, 10.0.0.10, which are virtual"
    )


def test_an_address_that_is_there_already(machine, found):
    machine.has("10.0.0.1/24", "10.0.0.10/24", "2001:db8::10/64", "2001:db8::1/64")
    host_checks.IFUPDOWN.write_text("iface eth0 inet static\n    address 10.0.0.10/24\n")
    assert found(MASK=24, EXTRA_ADDRS="2001:db8::10/64") == [
        f"UCARP_ADDR: 10.0.0.10 is on eth0 now: remove it from {host_checks.IFUPDOWN} first",
        f"UCARP_EXTRA_ADDRS: 2001:db8::10 is on eth0 now: {ELSEWHERE}",
    ]
    assert found(MASK=24, EXTRA_ADDRS="2001:db8::10/64", running=["web"]) == []


def test_an_address_of_the_host_in_the_edited_file_of_a_running_instance(machine, found):
    """A reload would take it for one that was left behind, and remove it."""
    machine.has("10.0.0.1/24", "10.0.0.10/24", "10.0.0.20/24")
    host_checks.IFUPDOWN.unlink()
    words = f"UCARP_ADDR: 10.0.0.10 is on eth0 now: {ELSEWHERE}"
    assert found(MASK=24, running=["web"], held=["10.0.0.20"]) == [words]
    assert found(MASK=24, running=["web"]) == [], "not root"


def test_an_address_that_another_instance_serves(machine, found):
    machine.has("10.0.0.1/24", "10.0.0.10/24")
    text = "UCARP_ADDR: 10.0.0.10 is on eth0 now, for another instance of ucarpd: stop that one, or"
    assert found(MASK=24, held=["10.0.0.10"]) == [f"{text} choose another address"]


def test_an_address_of_another_interface(machine, found):
    machine.has("10.0.0.1/24")
    machine.on |= {"eth1": [InterfaceAddress(ip_address("10.0.0.10"), 24)]}
    text = "UCARP_ADDR: 10.0.0.10 is on eth1 now: remove it there, or choose another"
    assert found(MASK=24) == [text]
    assert found(MASK=24, running=["web"]) == []
    machine.on = {}
    machine.has("10.0.0.1/24", "10.0.0.10/24")
    assert found(MASK=24, VMAC="yes") == [text.replace("eth1", "eth0")], "it has another device"


def test_what_the_kernel_would_take_along(machine, found):
    """A virtual address of another file is looked after by its own instance."""
    machine.has("10.0.0.10/24", "10.0.0.1/24", "10.0.0.20/24", "10.0.1.1/24")
    others = [("mail", {"VHID": 2, "ADDR": "10.0.0.20"})]
    host_checks.IFUPDOWN.unlink()
    words = f"UCARP_ADDR: 10.0.0.10 is on eth0 now: {ELSEWHERE}"
    assert found(MASK=24, others=others) == [f"{words} (the kernel removes 10.0.0.1 with it)"]
    machine.promotes_secondaries = "1"
    assert found(MASK=24, others=others) == [words]
    machine.routes["eth0", "10.0.0.10"] = ["default", "10.9.0.0/16"]
    along = "the route default, the route 10.9.0.0/16"
    assert found(MASK=24, others=others) == [f"{words} (the kernel removes {along} with it)"]


def test_no_own_address_in_the_list_of_peers(machine, found):
    machine.has("10.0.0.7/24")
    (text,) = found(PEERS="10.0.0.1,10.0.0.2")
    assert text.startswith(
        "!UCARP_PEERS: no address of eth0 (10.0.0.7) is in UCARP_PEERS (10.0.0.1, 10.0.0.2)"
    )


def test_a_listed_address_that_is_gone_for_now(machine, found):
    """As while the link is down: a reload takes the file."""
    machine.has()
    (text,) = found(PEERS="10.0.0.1,10.0.0.2")
    assert text.startswith("UCARP_PEERS: no address of eth0 (it has none) is in UCARP_PEERS")


def test_a_list_of_peers_with_nobody_else(machine, found):
    machine.has("10.0.0.7/24", "10.0.0.10/24")
    text, another = found(PEERS="10.0.0.7", MASK=24)
    assert text.startswith("!UCARP_PEERS: UCARP_PEERS names only this host (10.0.0.7)")
    assert another.startswith("UCARP_ADDR: 10.0.0.10 is on eth0 now")


def test_a_source_that_is_not_the_listed_one(machine, found):
    machine.has("10.0.0.1/24", "10.0.0.7/24", "2001:db8::1/64")
    peers = "10.0.0.7,10.0.0.8,2001:db8::1,2001:db8::2"
    assert found(SRCIP="10.0.0.1", PEERS=peers) == [
        "UCARP_SRCIP: 10.0.0.1 is not in UCARP_PEERS, but 10.0.0.7 of this host is: peers with this"
        " list ignore it; set it to 10.0.0.7"
    ]
    assert found(SRCIP="10.0.0.7", PEERS=peers) == []
    assert found(SRCIP="10.0.0.1", PEERS="10.0.0.8,2001:db8::1") == [], "the others have their own"


def test_an_address_in_no_network_of_the_interface(machine, found):
    machine.has("10.0.0.1/24", "10.0.1.1/24", "2001:db8:1::1/64", "fe80::1/64")
    words = "a typing error? Otherwise, clients need a route to it"
    assert found(ADDR="10.1.0.10,2001:db8:2::1,fe80::7", EXTRA_ADDRS="10.0.2.1,10.0.1.7") == [
        f"UCARP_ADDR: 10.1.0.10 is in no network of eth0 (10.0.0.0/24, 10.0.1.0/24): {words}",
        f"UCARP_ADDR: 2001:db8:2::1 is in no network of eth0 (2001:db8:1::/64): {words}",
        f"UCARP_EXTRA_ADDRS: 10.0.2.1 is in no network of eth0 (10.0.0.0/24, 10.0.1.0/24): {words}",
    ]
    assert found(ADDR="10.1.0.10", PEERS="10.0.0.1,10.0.0.2") == []
    machine.has("10.0.0.1/24", "10.1.0.20/16")
    others = [("mail", {"VHID": 2, "ADDR": "10.1.0.20"})]
    told = f"UCARP_ADDR: 10.1.0.10 is in no network of eth0 (10.0.0.0/24): {words}"
    assert found(ADDR="10.1.0.10", others=others) == [told]
    machine.has("fe80::1/64", "2001:db8:2::7/128")
    assert found(ADDR="2001:db8:2::1") == [], "DHCPv6 tells no network"
    machine.has("fe80::1/64")
    assert found(ADDR="2001:db8:2::1") == [], "hosts may have no other IPv6 address"


def test_ipv6_that_is_switched_off(machine, found):
    machine.has("10.0.0.1/24")
    machine.has_ipv6_off = True
    assert found() == []
    (text,) = found(ADDR="10.0.0.10,2001:db8::10")
    assert text == (
        "UCARP_ADDR: IPv6 is off on eth0, and 2001:db8::10 cannot be served: type:"
        " sysctl -w net/ipv6/conf/eth0/disable_ipv6=0"
    )
    machine.has("10.0.0.1/24", "10.0.0.10/24")
    _, another = found(ADDR="10.0.0.10,2001:db8::10", MASK=24)
    assert another.startswith("UCARP_ADDR: 10.0.0.10 is on eth0 now")
    machine.has("10.0.0.1/24")
    machine.knows_ipv6 = False
    (text,) = found(ADDR="10.0.0.10,2001:db8::10")
    assert text == ("UCARP_ADDR: this host's kernel has no IPv6: 2001:db8::10 cannot be served")


def test_a_source_that_is_not_there_may_come(machine, found):
    machine.has("10.0.0.1/24")
    assert found(SRCIP="10.0.0.3") == [
        "UCARP_SRCIP: source address 10.0.0.3 is not on eth0: write UCARP_SRCIP=10.0.0.1, or leave"
        " the key out"
    ]
    machine.has("10.0.0.1/24", "10.0.0.2/24", "10.0.0.10/24")
    assert "UCARP_SRCIP: source address 10.0.0.3 is not on eth0 (it has 10.0.0.1, 10.0.0.2)" in (
        found(SRCIP="10.0.0.3")
    )
    machine.has()
    assert found(SRCIP="10.0.0.3") == ["UCARP_SRCIP: source address 10.0.0.3 is not on eth0"]


@pytest.mark.parametrize(
    "keys", [{"MASK": 8}, {"MASK": 24, "UPSCRIPT": "/bin/true"}, {"MASK": 24, "VMAC": "yes"}]
)
def test_a_mask_that_differs_from_the_hosts(machine, found, keys):
    machine.has("10.0.0.1/16", "192.168.0.1/24")
    assert found(**keys) == [
        f"UCARP_MASK: 10.0.0.10/{keys['MASK']} has a different mask from this host's 10.0.0.1/16, so the"
        " master would use the virtual address for connections of its own: write /16"
    ]


@pytest.mark.parametrize("size", [16, 24, 32])
def test_a_mask_that_does_no_harm(machine, found, size):
    """ucarpd adds an address in a wider network of the host's without a route."""
    machine.has("10.0.0.1/16")
    assert found(MASK=size) == []
    machine.has("10.0.0.1/16", "10.0.0.2/30", "10.0.0.3/28")
    assert found(MASK=size) == []


def test_an_ipv6_prefix_that_would_take_other_networks_along(machine, found):
    machine.has("10.0.0.1/24", "2001:db8::1/64", "fe80::1/64")
    assert found(ADDR="2001:db8::10", MASK=24) == [
        "UCARP_MASK: 2001:db8::10/24 has a shorter prefix than this host's 2001:db8::1/64, so the master"
        " would look for all of 2001:d00::/24 on eth0: write /64"
    ]
    for size in (64, 128):
        assert found(ADDR="2001:db8::10", MASK=size) == []
    assert found(ADDR="fe80::10", MASK=64) == []


# -- other hosts that the file names ------------------------------------------------------------------


def test_peers_that_are_no_hosts(machine, found):
    machine.has("10.0.0.1/24", "10.1.0.1/31", "2001:db8::1/64")
    words = "is no host's address in 10.0.0.0/24: list each host"
    assert found(PEERS="10.0.0.1,10.0.0.255,10.0.0.0") == [
        f"UCARP_PEERS: 10.0.0.255 {words}",
        f"UCARP_PEERS: 10.0.0.0 {words}",
    ]
    assert found(PEERS="10.1.0.1,10.1.0.0") == []


def test_a_neighbour_that_is_none(machine, found):
    machine.has("10.0.0.1/24")
    assert found(CHECK_gw="arp:10.0.0.254", CHECK_far="arp:192.0.2.1", CHECK_x="tcp://h:1") == [
        "UCARP_CHECK_far: 192.0.2.1 is in no network of eth0 (10.0.0.0/24), so it is not a neighbour, and"
        " does not answer"
    ]
    assert found(CHECK_gw="arp:2001:db8::1") == [], "its address may come later"
    assert found(CHECK_gw="arp:fe80::1") == []
    machine.has("10.0.0.1/24", "2001:db8::7/128")
    assert found(CHECK_gw="arp:2001:db8::1") == [], "DHCPv6 tells no network"


def test_routes_that_the_kernel_refuses(machine, found):
    machine.has("10.0.0.1/24")
    machine.add_link("eth1")
    machine.on["eth1"] = [InterfaceAddress(ip_address("10.1.0.1"), 24)]
    reason = "a typing error? The kernel refuses a gateway that is not a neighbour"
    assert found(
        EXTRA_ADDRS="10.2.0.10/24",
        ROUTES="'10.9.0.0/16 via 10.0.0.3 src 10.0.0.10; 10.10.0.0/16 via 10.1.0.3;"
        " 10.11.0.0/16 via 10.2.0.3; 10.12.0.0/16 via 10.3.0.3; 10.13.0.0/16 via 10.1.0.3 dev eth0;"
        " 10.14.0.0/16 via 10.0.0.3 dev eth9; 10.15.0.0/16 via 10.0.0.3 src 10.0.0.99;"
        " 10.16.0.0/16 dev eth1; 2001:db8::/32 via fe80::1 dev eth1; 10.17.0.0/16 via 10.0.0.3 src"
        " 10.1.0.1'",
    )[1:] == [
        f"UCARP_ROUTES: 10.12.0.0/16 via 10.3.0.3: 10.3.0.3 is in no network of this host: {reason}",
        "UCARP_ROUTES: 10.13.0.0/16 via 10.1.0.3 dev eth0: 10.1.0.3 is in no network of eth0:"
        f" {reason}",
        "UCARP_ROUTES: 10.14.0.0/16 via 10.0.0.3 dev eth9: this host has no eth9 now (it has lo, eth0,"
        " eth1)",
        "UCARP_ROUTES: 10.15.0.0/16 via 10.0.0.3 src 10.0.0.99: this host has no address 10.0.0.99",
    ]


def test_a_route_that_this_host_has_already(machine, found):
    machine.has("10.0.0.1/24")
    machine.taken_ones = ["default via 10.0.0.3"]
    assert found(MASK=24, ROUTES="'default via 10.0.0.3; 10.9.0.0/16 via 10.0.0.3'") == [
        "UCARP_ROUTES: default via 10.0.0.3: this host has another route to the same destination:"
        " remove that one, or give this one another metric"
    ]


# -- several files ---------------------------------------------------------------------------------


def add_ports(machine, *names, kind="bridge"):
    """Ports of br0, with an address on each."""
    machine.add_link("br0", kind="bridge")
    bridge = machine.linked["br0"].index
    for number, name in enumerate(names, 1):
        machine.add_link(name, slave_kind=kind, master=bridge)
        machine.on[name] = [InterfaceAddress(ip_address(f"10.0.0.{number}"), 24)]


def test_two_files_on_ports_of_one_bridge(machine, tmp_path):
    add_ports(machine, "p1", "p2", "p3")
    machine.add_link("v0", kind="veth", parent=machine.linked["p3"].index)
    machine.add_link("vlan0", kind="vlan", parent=machine.linked["p3"].index)
    machine.on["v0"] = machine.on["vlan0"] = [InterfaceAddress(ip_address("10.0.0.7"), 24)]
    machine.on["br0"] = [InterfaceAddress(ip_address("10.0.0.8"), 24)]

    def said(*files):
        configs = []
        for number, (interface, vhid) in enumerate(files):
            path = tmp_path / f"f{number}.conf"
            path.write_text(
                f"UCARP_INTERFACE={interface}\nUCARP_VHID={vhid}\nUCARP_PASS=x\n"
                f"UCARP_ADDR=10.0.0.{30 + number}\n"
            )
            configs.append(load(path, {}))
        findings = host_checks.find(configs, {})
        texts = [(f.problem.path.name, f.is_error, f.problem.text) for f in findings]
        return [each for each in texts if "joined by br0" in each[2]]

    first = tmp_path / "f0.conf"
    meet = f"and p1 of {first} are joined by br0, so two virtual hosts with vhid 7 would meet"
    advice = ": give each its own number"
    assert said(("p1", 7), ("p2", 7)) == [("f1.conf", False, f"p2 {meet}{advice}")]
    assert said(("p1", 7), ("v0", 7)) == [("f1.conf", False, f"v0 {meet}{advice}")]
    assert said(("p1", 7), ("br0", 7)) == [("f1.conf", False, f"br0 {meet}{advice}")]
    one = f"p2 and p1 of {first} are joined by br0: both files are for one network"
    assert said(("p1", 7), ("p2", 8)) == [("f1.conf", False, one)]
    assert said(("p1", 7), ("v0", 8)) == []
    assert said(("p1", 7), ("vlan0", 7)) == []
    assert said(("p1", 7), ("p1", 8)) == []
    assert said(("eth0", 7), ("p1", 7), ("hots0", 7)) == []
    add_ports(machine, "m1", "m2", kind="vrf")
    assert said(("m1", 7), ("m2", 7)) == []
