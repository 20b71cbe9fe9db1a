"""The keys that other hosts and other systems ask for: addresses, keys, peers, MAC addresses."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from config_files import faults, loaded, minimal

from ucarpd.carp.params import DemoteStyle, Params, TieBreak
from ucarpd.config import KEYS, load_all, warnings

NO_ADDRESS = "must be an address such as 172.16.0.1 or 2001:db8::1"
NO_HEX = "a key is 2 to 40 hexadecimal digits, an even number of them: two for each byte"
NO_GROUP = "must be a multicast address such as 224.0.0.18 or ff02::12"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ips(*texts):
    return tuple(map(ip_address, texts))


def spelled(addresses):
    return " ".join(map(str, addresses))


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
        ("HASH_ADDRS=10.0.0.1/8", NO_ADDRESS),
        ("HASH_ADDRS=10.0.0.1,10.0.0.1/8", f"10.0.0.1/8: {NO_ADDRESS}"),
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


# -- virtual addresses and their masks -------------------------------------------------------------


@pytest.mark.parametrize(
    ("addr", "lines", "addresses"),
    [
        ("2001:db8::1", "", "2001:db8::1/128"),
        ("2001:db8::1", "UCARP_MASK=64", "2001:db8::1/64"),
        ("2001:db8::1/64", "UCARP_NETMASK=64", "2001:db8::1/64"),
        ("2001:db8::/127", "", "2001:db8::/127"),
        ("2001:db8::1/1", "", "2001:db8::1/1"),
        ("fe80::1,10.0.0.1", "", "fe80::1/128 10.0.0.1/32"),
        ("fe80::1,10.0.0.1", "UCARP_MASK=255.0.0.0", "fe80::1/128 10.0.0.1/8"),
        ("fe80::1/64,10.0.0.1", "UCARP_MASK=8", "fe80::1/64 10.0.0.1/8"),
        # There is an IPv4 address in the lists, and the mask belongs to it.
        ("fe80::1", "UCARP_EXTRA_ADDRS=10.0.0.1\nUCARP_MASK=8", "fe80::1/128 10.0.0.1/8"),
        ("fe80::1", "UCARP_EXTRA_ADDRS=fe80::2\nUCARP_MASK=64", "fe80::1/64 fe80::2/64"),
        ("10.0.0.1", "UCARP_EXTRA_ADDRS=fe80::2/64", "10.0.0.1/32 fe80::2/64"),
    ],
)
def test_addresses_and_masks(addr, lines, addresses):
    config = loaded(minimal(lines, ADDR=addr))
    assert spelled((*config.addresses, *config.extra_addresses)) == addresses


@pytest.mark.parametrize(
    ("addr", "lines", "fault"),
    [
        (
            "fe80::1,10.0.0.1",
            "UCARP_MASK=64",
            (
                "5: UCARP_MASK: must be a mask such as 255.255.0.0 or a prefix length from 1 to 32"
                " (got '64')"
            ),
        ),
        (
            "fe80::1",
            "UCARP_MASK=255.255.0.0",
            (
                "5: UCARP_MASK: must be a prefix length from 1 to 128, because all the addresses"
                " are IPv6 (got '255.255.0.0')"
            ),
        ),
        (
            "fe80::1/64",
            "UCARP_MASK=48",
            (
                "5: UCARP_MASK: differs from UCARP_ADDR in line 4 about the mask of fe80::1:"
                " /64 or /48? (got '48')"
            ),
        ),
        (
            "10.0.0.1",
            "UCARP_MASK=8\nUCARP_EXTRA_ADDRS=10.0.0.2/9",
            (
                "6: UCARP_EXTRA_ADDRS: differs from UCARP_MASK in line 5 about the mask of"
                " 10.0.0.2: /9 or /8? (got '10.0.0.2/9')"
            ),
        ),
        # The family of the mask is unclear.
        (
            "10.0.0.256",
            "UCARP_MASK=255.0.0.0\nUCARP_EXTRA_ADDRS=fe80::1",
            f"4: UCARP_ADDR: {NO_ADDRESS} (got '10.0.0.256')",
        ),
    ],
)
def test_a_mask_of_another_family(addr, lines, fault):
    assert faults(minimal(lines, ADDR=addr)) == [fault]


@pytest.mark.parametrize(
    ("addr", "mask", "expected"),
    [
        ("10.0.0.1,fe80::1", "8", ("255.0.0.0", "255.0.0.0", "8")),
        ("fe80::1/64,10.0.0.1", "8", ("64", "64", "64")),
        ("fe80::1", "", ("128", "128", "128")),
    ],
)
def test_the_mask_that_scripts_see_is_that_of_the_first_address(addr, mask, expected):
    environment = loaded(minimal(f"UCARP_MASK={mask}", ADDR=addr)).script_environment
    names = ("UCARP_MASK", "UCARP_NETMASK", "UCARP_PREFIXLEN")
    assert tuple(environment[name] for name in names) == expected


VIRTUAL = ("UCARP_ADDR", "UCARP_EXTRA_ADDRS", "UCARP_HASH_ADDRS")


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (VIRTUAL[0], VIRTUAL[1], "keep it in one of them"),
        (VIRTUAL[0], VIRTUAL[2], "keep it in one of them"),
        (VIRTUAL[1], VIRTUAL[2], "keep it in one of them"),
        *((name, "UCARP_SRCIP", "a virtual address cannot be a host's own") for name in VIRTUAL),
        *((name, "UCARP_PEERS", "a peer is a host, not a virtual address") for name in VIRTUAL),
    ],
)
def test_an_address_has_one_role(one, other, why):
    rest = minimal(ADDR=None if one == "UCARP_ADDR" else "10.0.0.9")
    numbers = rest.count("\n") + 1, rest.count("\n") + 2
    for first, second in ((one, other), (other, one)):
        assert faults(rest + f"{first}=10.0.0.1,fe80::1\n{second}=FE80::1\n") == [
            (
                f"{numbers[1]}: {second}: fe80::1 is {first} in line {numbers[0]} as well: {why}"
                " (got 'FE80::1')"
            )
        ]


def written(name, *lines):
    Path(name).write_text("\n".join(["UCARP_PASS=geheim", *lines, ""]))
    return Path(name)


def test_an_extra_address_that_another_file_has():
    one = written(
        "a.conf", "UCARP_INTERFACE=eth0", "UCARP_VHID=1", "UCARP_ADDR=10.0.0.1",
        "UCARP_EXTRA_ADDRS=10.0.0.2",
    )  # fmt: skip
    two = written("b.conf", "UCARP_INTERFACE=eth1", "UCARP_VHID=1", "UCARP_ADDR=10.0.0.2")
    three = written(
        "c.conf", "UCARP_INTERFACE=eth1", "UCARP_VHID=2", "UCARP_ADDR=10.0.0.3",
        "UCARP_EXTRA_ADDRS='10.0.0.4,10.0.0.1'",
    )  # fmt: skip
    configs, problems = load_all([one, two, three], {})
    assert [config.name for config in configs] == ["a"]
    assert list(map(str, problems)) == [
        "b.conf:4: UCARP_ADDR: 10.0.0.2 is already taken by a.conf:5 (got '10.0.0.2')",
        (
            "c.conf:5: UCARP_EXTRA_ADDRS: 10.0.0.1 is already taken by a.conf:4"
            " (got '10.0.0.4,10.0.0.1')"
        ),
    ]


def test_a_link_local_address_is_another_one_on_another_interface():
    files = [
        written(
            f"{name}.conf", f"UCARP_INTERFACE={name}", f"UCARP_VHID={vhid}", "UCARP_ADDR=fe80::1"
        )
        for name, vhid in (("eth0", 1), ("eth1", 1))
    ]
    files.append(
        written("again.conf", "UCARP_INTERFACE=eth0", "UCARP_VHID=2", "UCARP_ADDR=fe80::1")
    )
    configs, problems = load_all(files, {})
    assert [config.name for config in configs] == ["eth0", "eth1"]
    assert list(map(str, problems)) == [
        "again.conf:4: UCARP_ADDR: fe80::1 is already taken by eth0.conf:4 (got 'fe80::1')"
    ]


# -- keys that cannot be used together -------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (
            "UCARP_SRCIP=10.0.0.2,fe80::1\nUCARP_PEERS=10.0.0.2,fe80::1,fe80::2",
            (
                "6: UCARP_PEERS: of IPv4 it names only this host, which then advertises to nobody:"
                " add the other hosts (got '10.0.0.2,fe80::1,fe80::2')"
            ),
        ),
        (
            "UCARP_PEERS=10.0.0.2\nUCARP_BROADCAST=yes",
            (
                "6: UCARP_BROADCAST: cannot be used together with UCARP_PEERS in line 5:"
                " advertisements go to peers or to everybody (got 'yes')"
            ),
        ),
        (
            "UCARP_NOMCAST=yes\nUCARP_PEERS=10.0.0.2",
            (
                "6: UCARP_PEERS: cannot be used together with UCARP_NOMCAST in line 5:"
                " advertisements go to peers or to everybody (got '10.0.0.2')"
            ),
        ),
        (
            "UCARP_IF_ALIAS=eth0:0\nUCARP_VMAC=yes",
            (
                "6: UCARP_VMAC: cannot be used together with UCARP_IF_ALIAS in line 5: a label"
                " belongs to the interface, and the address would be on a macvlan device (got 'yes')"
            ),
        ),
        (
            "UCARP_VMAC=on\nUCARP_UPSCRIPT=/up\nUCARP_IF_ALIAS=web",
            (
                "7: UCARP_IF_ALIAS: cannot be used together with UCARP_VMAC in line 5: a label"
                " belongs to the interface, and the address would be on a macvlan device (got 'web')"
            ),
        ),
    ],
)
def test_two_lines_that_contradict_each_other(lines, fault):
    assert faults(minimal(lines)) == [fault]


# -- keys and passwords ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("00", b"\0"),
        ("0x676568656D", b"gehem"),
        ("0XfF", b"\xff"),
        ("ab" * 20, b"\xab" * 20),
    ],
)
def test_a_key_in_hexadecimal(text, key):
    config = loaded(minimal(f"UCARP_KEY={text}", PASS=None))
    assert (config.key, config.secrets) == (key, ("UCARP_KEY",))


@pytest.mark.parametrize("text", ["geheim", "0x", "abc", "0xabc", "ab" * 21, "ab cd", "ab,cd"])
def test_a_bad_key(text):
    assert faults(minimal(f"UCARP_KEY='{text}'", PASS=None)) == [f"4: UCARP_KEY: {NO_HEX}"]
    assert faults(minimal("UCARP_KEY=''", PASS=None))[0].startswith("UCARP_PASS: missing: add")


def test_a_password_in_two_ways(home):
    (home / "pass").write_text("geheim")
    assert faults(minimal("UCARP_KEY=ab")) == [
        "5: UCARP_KEY: cannot be used together with UCARP_PASS in line 3: keep one"
    ]
    assert faults(f"UCARP_KEY=ab\nUCARP_PASS_FILE={home / 'pass'}\n" + minimal(PASS=None)) == [
        "2: UCARP_PASS_FILE: cannot be used together with UCARP_KEY in line 1: keep one"
    ]
    assert faults(minimal(f"UCARP_KEY=ab\nUCARP_PASSFILE={home / 'pass'}")) == [
        "5: UCARP_KEY: cannot be used together with UCARP_PASS in line 3: keep one",
        "6: UCARP_PASSFILE: cannot be used together with UCARP_PASS in line 3: keep one",
    ]
    # A refused line still counts as present.
    assert faults(minimal("UCARP_KEY=geheim")) == [
        f"5: UCARP_KEY: {NO_HEX}",
        "5: UCARP_KEY: cannot be used together with UCARP_PASS in line 3: keep one",
    ]


def test_a_key_in_the_file_goes_before_a_credential(home):
    (home / "web.pass").write_text("credential\n")
    environ = {"CREDENTIALS_DIRECTORY": str(home)}
    assert loaded(minimal("UCARP_KEY=ab", PASS=None), environ).key == b"\xab"
    config = loaded(minimal(PASS=None), environ)
    assert (config.key, config.secrets) == (b"credential", ("UCARP_PASS",))


@pytest.mark.parametrize(
    ("lines", "old"),
    [
        ("", ()),
        ("UCARP_PASS_OLD=", ()),
        ("UCARP_PASS_OLD='a, b'", (b"a, b",)),
        ("UCARP_KEY_OLD='ab 0xCD,ef'", (b"\xab", b"\xcd", b"\xef")),
        ("UCARP_KEY_OLD=ab\nUCARP_PASS_OLD=a", (b"a", b"\xab")),
        ("UCARP_KEY_OLD=61,62,61,6200\nUCARP_PASS_OLD=a", (b"a", b"b")),
        ("UCARP_PASS_OLD=geheim\nUCARP_KEY_OLD=67656865696d00,ab", (b"\xab",)),
    ],
)
def test_old_keys(lines, old):
    config = loaded(minimal(lines))
    assert config.old_keys == old
    assert config.params().old_keys == old
    assert config.key == b"geheim"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            "UCARP_PASS_OLD=12345678901234567890",
            (
                "UCARP_PASS_OLD: a password has 1 to 19 bytes, this one has 20"
                " (a letter outside ASCII counts as two or more)"
            ),
        ),
        ("UCARP_KEY_OLD=ab,abc", f"UCARP_KEY_OLD: {NO_HEX}"),
        ("UCARP_PASS_ODL=geheim", "UCARP_PASS_ODL: unknown key; did you mean UCARP_PASS_OLD?"),
    ],
)
def test_bad_old_keys(line, fault):
    assert faults(minimal(line)) == [f"5: {fault}"]


def test_scripts_and_representations_have_no_secret():
    config = loaded(
        minimal("UCARP_KEY=676568656d\nUCARP_PASS_OLD=geheimnis\nUCARP_KEY_OLD=abcdef", PASS=None)
    )
    assert config.secrets == ("UCARP_KEY", "UCARP_PASS_OLD", "UCARP_KEY_OLD")
    secrets = {name for key in KEYS if key.secret for name in key.names}
    assert not config.script_environment.keys() & secrets
    for text in (repr(config), repr(config.params()), str(config.script_environment)):
        assert [part for part in ("geh", "676568", "abcdef", r"\xab") if part in text] == []


def test_what_is_secret():
    secret = {key.name for key in KEYS if key.secret}
    assert secret == {"UCARP_PASS", "UCARP_KEY", "UCARP_PASS_OLD", "UCARP_KEY_OLD"}


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
        key=b"geheim",
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


@pytest.mark.parametrize("script", ["UCARP_UPSCRIPT=/up", "UCARP_DOWNSCRIPT=/down"])
def test_scripts_start_again_for_another_list_of_addresses(script):
    old, new = loaded(minimal(script)), loaded(minimal(script, "UCARP_EXTRA_ADDRS=10.0.0.1"))
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


# -- warnings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "warning"),
    [
        (
            "UCARP_PEERS=10.0.0.2\nUCARP_HASH_ADDRS=fe80::1",
            (
                "UCARP_PEERS: IPv6 advertisements still go to the group ff02::12:"
                " add the peers' IPv6 addresses"
            ),
        ),
        (
            "UCARP_PEERS=fe80::2\nUCARP_MCAST=239.1.2.3",
            (
                "UCARP_PEERS: IPv4 advertisements still go to the group 239.1.2.3:"
                " add the peers' IPv4 addresses"
            ),
        ),
        ("UCARP_PEERS=10.0.0.2", None),
        ("UCARP_PEERS=10.0.0.2,fe80::2", None),
        ("UCARP_PEERS=10.0.0.2,fe80::2\nUCARP_HASH_ADDRS=fe80::1", None),
        ("UCARP_PEERS=10.0.0.2\nUCARP_EXTRA_ADDRS=fe80::1", None),
        ("UCARP_HASH_ADDRS=fe80::1,10.0.0.1", None),
        # `load` reports the faults of these.
        ("UCARP_PEERS=10.0.0.2\nUCARP_HASH_ADDRS=fe80", None),
    ],
)
def test_a_family_without_a_peer(lines, warning):
    path = Path("web.conf")
    path.write_text(minimal(lines))
    path.chmod(0o600)
    found = [str(each) for each in warnings(path)]
    assert found == ([f"web.conf:5: {warning}"] if warning else [])


@pytest.mark.parametrize("line", ["UCARP_KEY=ab", "UCARP_PASS_OLD=a", "UCARP_KEY_OLD=ab"])
def test_a_file_whose_secret_others_can_read(line):
    path = Path("web.conf")
    path.write_text(minimal(line, PASS=None))
    path.chmod(0o644)
    assert [str(each) for each in warnings(path)] == [
        "web.conf: others than its owner can read the password in it: chmod 600 web.conf"
    ]


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("UCARP_ADVBASE=85", "UCARP_ADVBASE"),
        ("UCARP_ADVBASE=84", None),
        ("UCARP_DEADRATIO=254", "UCARP_DEADRATIO"),
        ("UCARP_ADVBASE=2\nUCARP_DEADRATIO=127", "UCARP_ADVBASE"),
        ("UCARP_ADVBASE=2\nUCARP_DEADRATIO=126", None),
        ("UCARP_ADVBASE=many\nUCARP_DEADRATIO=254", None),
        ("", None),
    ],
)
def test_a_wait_that_hides_a_bow_out_from_other_systems(lines, key):
    path = Path("web.conf")
    path.write_text(minimal(lines))
    path.chmod(0o600)
    found = [str(each) for each in warnings(path)]
    told = [each for each in found if "hands over" in each]
    assert [each.split(": ")[1] for each in told] == ([key] if key else [])
    assert not told or "a backup waits UCARP_ADVBASE times UCARP_DEADRATIO, 25" in told[0]
