"""One file: which values it gives, and how every fault is named."""

import os
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from config_files import faults, loaded, minimal, write

from ucarpd.carp.params import DemoteStyle, Params, TieBreak
from ucarpd.config import KEYS, Config, ConfigError, VirtualAddress, load
from ucarpd.config.config import Config as SettingsConfig

ARTICLE = """\
# Сетевой интерфейс, на котором работает CARP
UCARP_INTERFACE=eth0
# Псевдоним интерфейса
UCARP_IF_ALIAS=eth0:0
# Реальный адрес этого узла
UCARP_SRCIP=172.16.0.11
# Номер виртуального узла
UCARP_VHID=1
UCARP_ADVBASE=1
# Пароль
UCARP_PASS=geheim
# Виртуальный адрес и маска
UCARP_ADDR=172.16.0.1
UCARP_MASK=255.255.0.0
UCARP_UPSCRIPT=/etc/ucarp/ucarp-up.sh
UCARP_DOWNSCRIPT=/etc/ucarp/ucarp-down.sh
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, which makes the names in messages short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# -- values ----------------------------------------------------------------------------------------


def test_the_articles_file_loads_unchanged(home):
    config = loaded(ARTICLE)
    assert config == Config(
        path=Path("web.conf"),
        name="web",
        interface="eth0",
        sources=(IPv4Address("172.16.0.11"),),
        vhid=1,
        key=b"geheim",
        old_keys=(),
        addresses=(VirtualAddress(IPv4Address("172.16.0.1"), 16),),
        extra_addresses=(),
        hash_addresses=(),
        hash_link_local=True,
        lladdr=None,
        label="eth0:0",
        advbase=1,
        advskew=0,
        deadratio=3,
        announce_interval=60.0,
        preempt=False,
        tiebreak=TieBreak.REVERSED,
        demote_style=DemoteStyle.SKEW,
        ifdown_demotion=240,
        neutral=False,
        shutdown=True,
        ignore_carrier=False,
        up_script=Path("/etc/ucarp/ucarp-up.sh"),
        down_script=Path("/etc/ucarp/ucarp-down.sh"),
        script_timeout=30.0,
        rerun_up_script=True,
        xparam=None,
        group=IPv4Address("224.0.0.18"),
        group6=IPv6Address("ff02::12"),
        broadcast=False,
        peers=(),
        virtual_mac=False,
        source_mac=None,
        pseudo_checksum=False,
        facility="daemon",
        secrets=("UCARP_PASS",),
        script_environment={
            "UCARP_INTERFACE": "eth0",
            "UCARP_IF_ALIAS": "eth0:0",
            "UCARP_SRCIP": "172.16.0.11",
            "UCARP_VHID": "1",
            "UCARP_ADVBASE": "1",
            "UCARP_ADDR": "172.16.0.1",
            "UCARP_MASK": "255.255.0.0",
            "UCARP_NETMASK": "255.255.0.0",
            "UCARP_PREFIXLEN": "16",
            "UCARP_ADDRESSES": "172.16.0.1/16",
            "UCARP_INSTANCE": "web",
            "UCARP_UPSCRIPT": "/etc/ucarp/ucarp-up.sh",
            "UCARP_DOWNSCRIPT": "/etc/ucarp/ucarp-down.sh",
        },
    )
    assert "geheim" not in repr(config)


def test_the_defaults_are_those_of_the_table(home):
    config = loaded(minimal())
    for key in KEYS:
        if key.default is not None and key.name != "UCARP_MASK":
            held = [getattr(config, name) for name in key.fields]
            meaning = key.parse(key.default)
            assert held == (list(meaning) if len(held) > 1 else [meaning]), key.name
    assert config.addresses == (VirtualAddress(IPv4Address("172.16.0.1"), 32),)
    assert (config.sources, config.label, config.xparam) == ((), None, None)
    assert (config.up_script, config.down_script) == (None, None)


@pytest.mark.parametrize(
    ("lines", "field", "value"),
    [
        ("UCARP_ADVBASE=0", "advbase", 0),
        ("UCARP_ADVBASE=253", "advbase", 253),
        ("UCARP_ADVSKEW=254", "advskew", 254),
        ("UCARP_ADVSKEW=", "advskew", 0),
        ("UCARP_ADVSKEW=''", "advskew", 0),
        ("UCARP_ADVSKEW= # none", "advskew", 0),
        ("UCARP_ADVSKEW=7 # seven", "advskew", 7),
        ("export UCARP_ADVSKEW=7", "advskew", 7),
        ("  UCARP_ADVSKEW = 7  ", "advskew", 7),
        ("UCARP_ADVSKEW=7\nUCARP_ADVSKEW=8", "advskew", 8),
        ("UCARP_DEADRATIO=2", "deadratio", 2),
        ("UCARP_DEADRATIO=255", "deadratio", 255),
        ("UCARP_PREEMPT=yes", "preempt", True),
        ("UCARP_PREEMPT=TRUE", "preempt", True),
        ("UCARP_PREEMPT=On", "preempt", True),
        ("UCARP_PREEMPT=1", "preempt", True),
        ("UCARP_MASTER=yes", "preempt", True),
        ("UCARP_SHUTDOWN=no", "shutdown", False),
        ("UCARP_SHUTDOWN=False", "shutdown", False),
        ("UCARP_SHUTDOWN=off", "shutdown", False),
        ("UCARP_SHUTDOWN=0", "shutdown", False),
        ("UCARP_NEUTRAL=yes", "neutral", True),
        ("UCARP_IGNOREIFSTATE=yes", "ignore_carrier", True),
        ("UCARP_BROADCAST=yes", "broadcast", True),
        ("UCARP_NOMCAST=yes", "broadcast", True),
        ("UCARP_MCAST=239.1.2.3", "group", IPv4Address("239.1.2.3")),
        ("UCARP_FACILITY=LOCAL7", "facility", "local7"),
        ("UCARP_SRCIP=172.16.0.11", "sources", (IPv4Address("172.16.0.11"),)),
        ("UCARP_SOURCEADDRESS=172.16.0.11", "sources", (IPv4Address("172.16.0.11"),)),
        ("UCARP_SRCIP=", "sources", ()),
        ("UCARP_IF_ALIAS=eth0", "label", "eth0"),
        ("UCARP_IF_ALIAS=eth0:12345678ab", "label", "eth0:12345678ab"),
        # The scripts own the address: its label is their business.
        ("UCARP_IF_ALIAS=web\nUCARP_UPSCRIPT=/up", "label", "web"),
        ("UCARP_DOWNSCRIPT='/a b/down'", "down_script", Path("/a b/down")),
        ("UCARP_SCRIPT_TIMEOUT=3600", "script_timeout", 3600.0),
        ("UCARP_SCRIPT_TIMEOUT=0", "script_timeout", 0.0),
        ("UCARP_XPARAM='a b'", "xparam", "a b"),
        ("UCARP_XPARAM=${UCARP_PASS}", "xparam", "${UCARP_PASS}"),
        ("UCARP_XPARAM='\tя'", "xparam", "\tя"),
    ],
)
def test_a_value_is_taken(home, lines, field, value):
    taken = getattr(loaded(minimal(lines)), field)
    assert (taken, type(taken)) == (value, type(value))


@pytest.mark.parametrize(
    ("changed", "lines", "field", "value"),
    [
        ({"VHID": None}, "UCARP_VID=255", "vhid", 255),
        ({"VHID": ""}, "UCARP_VID=7", "vhid", 7),
        ({}, "UCARP_VID=1", "vhid", 1),
        ({"INTERFACE": None}, "UCARP_DEVICE=abcdefghijklmno", "interface", "abcdefghijklmno"),
        ({"PASS": None}, "UCARP_PASSWORD=1234567890123456789", "key", b"1234567890123456789"),
        ({"PASS": None}, "UCARP_PASSWD='пароль'", "key", "пароль".encode()),
        ({"PASS": "geheim "}, "", "key", b"geheim"),
        ({"PASS": "' '"}, "", "key", b" "),
        ({"PASS": "pa$$word"}, "", "key", b"pa$$word"),
    ],
)
def test_a_required_value_is_taken(home, changed, lines, field, value):
    assert getattr(loaded(minimal(lines, **changed)), field) == value


@pytest.mark.parametrize(
    ("changed", "lines", "addresses"),
    [
        ({}, "UCARP_MASK=16", "172.16.0.1/16"),
        ({}, "UCARP_NETMASK=255.255.255.0", "172.16.0.1/24"),
        ({}, "UCARP_MASKLEN=1", "172.16.0.1/1"),
        ({}, "UCARP_VIRTUALPREFIX=255.255.255.255", "172.16.0.1/32"),
        ({}, "UCARP_MASK=16\nUCARP_NETMASK=255.255.0.0", "172.16.0.1/16"),
        ({"ADDR": "172.16.0.1/24"}, "", "172.16.0.1/24"),
        ({"ADDR": "172.16.0.1/255.255.0.0"}, "", "172.16.0.1/16"),
        ({"ADDR": "172.16.0.1/16"}, "UCARP_MASK=255.255.0.0", "172.16.0.1/16"),
        ({"ADDR": "10.0.0.0/31,10.0.0.1/31"}, "", "10.0.0.0/31 10.0.0.1/31"),
        ({"ADDR": "10.0.0.1,10.0.0.2"}, "UCARP_MASK=8", "10.0.0.1/8 10.0.0.2/8"),
        ({"ADDR": "'10.0.0.1/8 , 10.0.0.2  10.0.0.3'"}, "", "10.0.0.1/8 10.0.0.2/32 10.0.0.3/32"),
        ({"ADDR": None}, "UCARP_VIP=10.0.0.1", "10.0.0.1/32"),
        ({"ADDR": None}, "UCARP_VIRTUALADDRESS=10.0.0.1", "10.0.0.1/32"),
    ],
)
def test_addresses_and_masks(home, changed, lines, addresses):
    config = loaded(minimal(lines, **changed))
    assert " ".join(f"{each.ip}/{each.prefixlen}" for each in config.addresses) == addresses


def test_scripts_see_the_file_and_canonical_names_but_no_password(home):
    config = loaded(
        "UCARP_DEVICE=eth0\nUCARP_VID=1\nUCARP_PASSWD=geheim\nUCARP_PASS=geheim\n"
        "UCARP_VIP=10.0.0.1/8,10.1.0.1/16\nUCARP_SRCIP=\nUCARP_ADDR=\n"
        "UCARP_EXTRA_ADDRS=2001:db8::1\n"
        "UCARP_MASTER=Yes\nFOO=$BAR\nfoo.bar='x y'\nUCARPD=z\nPASSWORD=geheim\n"
    )
    assert config.script_environment == {
        "UCARP_DEVICE": "eth0",
        "UCARP_INTERFACE": "eth0",
        "UCARP_VID": "1",
        "UCARP_VHID": "1",
        "UCARP_VIP": "10.0.0.1/8,10.1.0.1/16",
        "UCARP_ADDR": "10.0.0.1/8,10.1.0.1/16",
        "UCARP_MASK": "255.0.0.0",
        "UCARP_NETMASK": "255.0.0.0",
        "UCARP_PREFIXLEN": "8",
        "UCARP_EXTRA_ADDRS": "2001:db8::1",
        "UCARP_ADDRESSES": "10.0.0.1/8 10.1.0.1/16 2001:db8::1/128",
        "UCARP_SRCIP": "",
        "UCARP_MASTER": "Yes",
        "UCARP_PREEMPT": "Yes",
        "UCARP_INSTANCE": "web",
        "FOO": "$BAR",
        "foo.bar": "x y",
        "UCARPD": "z",
    }
    with pytest.raises(TypeError):
        config.script_environment["FOO"] = "another"


@pytest.mark.parametrize(
    ("lines", "xparam"),
    [
        ("UCARP_VIRTUALPREFIX=16", "16"),
        ("UCARP_MASKLEN=255.255.0.0", "255.255.0.0"),
        ("UCARP_MASKLEN=16\nUCARP_XPARAM=x", "x"),
        ("UCARP_VIRTUALPREFIX=", None),
        ("UCARP_MASK=16", None),
        ("UCARP_NETMASK=16", None),
    ],
)
def test_scripts_get_the_prefix_length_as_third_argument_where_wrappers_pass_it(lines, xparam):
    assert loaded(minimal(lines)).xparam == xparam


# -- faults of a value -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("UCARP_ADVSKEW=300", "5: UCARP_ADVSKEW: must be from 0 to 254 (got '300')"),
        ("UCARP_ADVSKEW=255", "5: UCARP_ADVSKEW: must be from 0 to 254 (got '255')"),
        (
            "UCARP_ADVSKEW=-1",
            "5: UCARP_ADVSKEW: must be a whole number from 0 to 254 (got '-1')",
        ),
        (
            "UCARP_ADVBASE=1.5",
            "5: UCARP_ADVBASE: must be a whole number from 0 to 253 (got '1.5')",
        ),
        (
            "UCARP_ADVBASE=0x10",
            "5: UCARP_ADVBASE: must be a whole number from 0 to 253 (got '0x10')",
        ),
        (
            "UCARP_ADVBASE=\u0661",
            "5: UCARP_ADVBASE: must be a whole number from 0 to 253 (got '\u0661')",
        ),
        (
            "UCARP_ADVBASE=010",
            (
                "5: UCARP_ADVBASE: has a leading zero, which some programs take for octal:"
                " leave it out (got '010')"
            ),
        ),
        (
            "UCARP_ADVBASE=" + "9" * 5000,
            "5: UCARP_ADVBASE: must be from 0 to 253 (got '" + "9" * 60 + "…')",
        ),
        (
            "UCARP_DEADRATIO=1",
            (
                "5: UCARP_DEADRATIO: must be from 2 to 255: with 1 a single late or lost advertisement"
                " makes a second master (got '1')"
            ),
        ),
        ("UCARP_DEADRATIO=0", "5: UCARP_DEADRATIO: must be from 2 to 255 (got '0')"),
        (
            "UCARP_SCRIPT_TIMEOUT=3601",
            "5: UCARP_SCRIPT_TIMEOUT: must be from 0 to 3600 (got '3601')",
        ),
        (
            "UCARP_PREEMPT=maybe",
            "5: UCARP_PREEMPT: must be yes or no (or true, false, on, off, 1, 0) (got 'maybe')",
        ),
        (
            "UCARP_MASTER=maybe",
            "5: UCARP_MASTER: must be yes or no (or true, false, on, off, 1, 0) (got 'maybe')",
        ),
        *(
            (
                f"UCARP_MASK={mask}",
                (
                    "5: UCARP_MASK: must be a mask such as 255.255.0.0 or a prefix length from 1 to 32"
                    f"{also} (got '{mask}')"
                ),
            )
            for mask, also in (
                ("33", ""),
                ("128", ""),
                *(
                    (mask, " (IPv6: to 128)")
                    for mask in ("0", "129", "255.0.255.0", "0.0.255.255", "0.0.0.0", "a.b", "/16")
                ),
            )
        ),
        (
            "UCARP_SRCIP=eth0",
            "5: UCARP_SRCIP: must be an address such as 172.16.0.1 or 2001:db8::1 (got 'eth0')",
        ),
        (
            "UCARP_SRCIP=10.0.0.1/8",
            "5: UCARP_SRCIP: must be an address such as 172.16.0.1 or 2001:db8::1 (got '10.0.0.1/8')",
        ),
        (
            "UCARP_SRCIP=fe80::1%eth0",
            (
                "5: UCARP_SRCIP: leave out %eth0: the interface is UCARP_INTERFACE"
                " (got 'fe80::1%eth0')"
            ),
        ),
        (
            "UCARP_SRCIP=1:2",
            "5: UCARP_SRCIP: must be an address such as 172.16.0.1 or 2001:db8::1 (got '1:2')",
        ),
        (
            "UCARP_SRCIP=172.16.0.1",
            (
                "5: UCARP_SRCIP: 172.16.0.1 is UCARP_ADDR in line 4 as well: a virtual address cannot"
                " be a host's own (got '172.16.0.1')"
            ),
        ),
        (
            "UCARP_IF_ALIAS=eth1:0",
            "5: UCARP_IF_ALIAS: must begin with the interface, as eth0:0 does (got 'eth1:0')",
        ),
        (
            "UCARP_IF_ALIAS=eth01",
            "5: UCARP_IF_ALIAS: must begin with the interface, as eth0:0 does (got 'eth01')",
        ),
        (
            "UCARP_IF_ALIAS=eth0:1234567890a",
            "5: UCARP_IF_ALIAS: must be at most 15 bytes long, this has 16 (got 'eth0:1234567890a')",
        ),
        (
            "UCARP_MCAST=10.0.0.1",
            (
                "5: UCARP_MCAST: must be a multicast address such as 224.0.0.18 or ff02::12"
                " (got '10.0.0.1')"
            ),
        ),
        (
            "UCARP_UPSCRIPT=up.sh",
            "5: UCARP_UPSCRIPT: must be an absolute path, one that starts with / (got 'up.sh')",
        ),
        (
            r'UCARP_XPARAM="a\nb"',
            r"5: UCARP_XPARAM: must not contain control characters (got 'a\nb')",
        ),
        ("UCARP_XPARAM=\x7f", r"5: UCARP_XPARAM: must not contain control characters (got '\x7f')"),
        ("UCARP_PREEMT=yes", "5: UCARP_PREEMT: unknown key; did you mean UCARP_PREEMPT?"),
        ("UCARP_PASWORD=secret", "5: UCARP_PASWORD: unknown key; did you mean UCARP_PASS?"),
        ("UCARP_VIHD=1", "5: UCARP_VIHD: unknown key; did you mean UCARP_VHID?"),
        ("UCARP_NETMSK=24", "5: UCARP_NETMSK: unknown key; did you mean UCARP_MASK?"),
        ("UCARP_vhid=1", "5: UCARP_vhid: unknown key; did you mean UCARP_VHID?"),
        ("UCARP_XYZZY=secret", "5: UCARP_XYZZY: unknown key"),
        (
            "UCARP_PASSWD=secret",
            (
                "5: UCARP_PASSWD: differs from UCARP_PASS in line 3, which means the same:"
                " keep one of them"
            ),
        ),
        (
            "UCARP_VID=2",
            (
                "5: UCARP_VID: differs from UCARP_VHID in line 2, which means the same:"
                " keep one of them (got '2')"
            ),
        ),
        (
            "UCARP_PASSFILE=pass",
            "5: UCARP_PASSFILE: must be an absolute path, one that starts with / (got 'pass')",
        ),
    ],
)
def test_one_bad_line(home, line, fault):
    content = minimal(line)
    if line.startswith("UCARP_PASSFILE"):
        content = content.replace("UCARP_PASS=geheim", "#")
    assert faults(content) == [fault]


def test_a_syslog_facility_that_is_none(home):
    [fault] = faults(minimal("UCARP_FACILITY=kern"))
    assert fault.startswith("5: UCARP_FACILITY: must be a syslog facility: auth, ")
    assert fault.endswith(", local7 (got 'kern')")


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (
            {"INTERFACE": "eth0:0"},
            (
                "1: UCARP_INTERFACE: must be the interface itself; a label such as eth0:0 is"
                " UCARP_IF_ALIAS (got 'eth0:0')"
            ),
        ),
        (
            {"INTERFACE": "a/b"},
            "1: UCARP_INTERFACE: cannot be the name of an interface (got 'a/b')",
        ),
        ({"INTERFACE": ".."}, "1: UCARP_INTERFACE: cannot be the name of an interface (got '..')"),
        ({"INTERFACE": "'a b'"}, "1: UCARP_INTERFACE: must not contain spaces (got 'a b')"),
        (
            {"INTERFACE": "сеть-сеть"},
            "1: UCARP_INTERFACE: must be at most 15 bytes long, this has 17 (got 'сеть-сеть')",
        ),
        ({"VHID": "0"}, "2: UCARP_VHID: must be from 1 to 255 (got '0')"),
        ({"VHID": "256"}, "2: UCARP_VHID: must be from 1 to 255 (got '256')"),
        ({"VHID": "300"}, "2: UCARP_VHID: must be from 1 to 255 (got '300')"),
        (
            {"PASS": "12345678901234567890"},
            (
                "3: UCARP_PASS: a password has 1 to 19 bytes, this one has 20"
                " (a letter outside ASCII counts as two or more)"
            ),
        ),
        (
            {"PASS": "'парольпаро'"},
            (
                "3: UCARP_PASS: a password has 1 to 19 bytes, this one has 20"
                " (a letter outside ASCII counts as two or more)"
            ),
        ),
        ({"PASS": r'"a\tb\nc"'}, "3: UCARP_PASS: must not contain control characters"),
        *(
            (
                {"ADDR": address},
                (
                    f"4: UCARP_ADDR: must be an address that a host can have, not {kind}"
                    f" (got '{address}')"
                ),
            )
            for address, kind in (
                ("0.0.0.0", "an unspecified address"),
                ("127.0.0.1", "a loopback address"),
                ("224.0.0.18", "a multicast address"),
                ("255.255.255.255", "the broadcast address"),
            )
        ),
        (
            {"ADDR": "10.0.0.1,10.0.0.256"},
            (
                "4: UCARP_ADDR: 10.0.0.256: must be an address such as 172.16.0.1 or 2001:db8::1"
                " (got '10.0.0.1,10.0.0.256')"
            ),
        ),
        (
            {"ADDR": "10.0.0.1/33"},
            (
                "4: UCARP_ADDR: must be a mask such as 255.255.0.0 or a prefix length from 1 to 32"
                " (got '10.0.0.1/33')"
            ),
        ),
        (
            {"ADDR": "10.0.0.1/"},
            (
                "4: UCARP_ADDR: must be a mask such as 255.255.0.0 or a prefix length from 1 to 32"
                " (got '10.0.0.1/')"
            ),
        ),
        (
            {"ADDR": ","},
            "4: UCARP_ADDR: must be an address such as 172.16.0.1 or 2001:db8::1 (got ',')",
        ),
        (
            {"ADDR": "10.0.0.1,10.0.0.2,10.0.0.1"},
            "4: UCARP_ADDR: has 10.0.0.1 twice (got '10.0.0.1,10.0.0.2,10.0.0.1')",
        ),
        (
            {"ADDR": "10.1.0.0/16"},
            (
                "4: UCARP_ADDR: 10.1.0.0 is the name of the network 10.1.0.0/16 itself;"
                " no host can have it (got '10.1.0.0/16')"
            ),
        ),
        (
            {"ADDR": "10.1.255.255/16"},
            (
                "4: UCARP_ADDR: 10.1.255.255 is the broadcast address of 10.1.0.0/16;"
                " no host can have it (got '10.1.255.255/16')"
            ),
        ),
        ({"VHID": ""}, "2: UCARP_VHID: missing: it has no value (1 to 255)"),
        ({"PASS": "''"}, "3: UCARP_PASS: missing: it has no value (1 to 19 bytes)"),
        ({"VHID": None}, "UCARP_VHID: missing: add UCARP_VHID=… (1 to 255)"),
        ({"PASS": None}, "UCARP_PASS: missing: add UCARP_PASS=… (1 to 19 bytes)"),
    ],
)
def test_one_bad_required_value(home, changed, fault):
    assert faults(minimal(**changed)) == [fault]


def test_prefix_and_mask_that_disagree_blame_the_later_line(home):
    assert faults(minimal("UCARP_NETMASK=24", ADDR="10.0.0.1/8")) == [
        (
            "5: UCARP_NETMASK: differs from UCARP_ADDR in line 4 about the mask of 10.0.0.1:"
            " /8 or /24? (got '24')"
        )
    ]
    assert faults("UCARP_MASK=24\n" + minimal(ADDR="10.0.0.1/8")) == [
        (
            "5: UCARP_ADDR: differs from UCARP_MASK in line 1 about the mask of 10.0.0.1:"
            " /8 or /24? (got '10.0.0.1/8')"
        )
    ]


def test_everything_wrong_is_said_at_once_in_the_order_of_the_lines(home):
    content = """\
UCARP_ADVSKEW=300
UCARP_XPARAM="not closed
UCARP_MASK=255.0.255.0
UCARP_PASS 'geheim'

UCARP_PASS:geheim=1
geheim
UCARP_PASSFILE=/nowhere/pass
UCARP_NEUTRAL='no' geheim
UCARP_VHID=1
UCARP_XYZZY=10.0.0.2
UCARP_VID=2
'UCARP_SHUTDOWN'=yes
UCARP_SHUTDOWN
"""
    assert faults(content) == [
        "1: UCARP_ADVSKEW: must be from 0 to 254 (got '300')",
        "2: UCARP_XPARAM: has a quote that is not closed on the same line",
        (
            "3: UCARP_MASK: must be a mask such as 255.255.0.0 or a prefix length from 1 to 32"
            " (IPv6: to 128) (got '255.0.255.0')"
        ),
        "4: UCARP_PASS: is not KEY=VALUE",
        "6: UCARP_PASS: is not KEY=VALUE",
        "7: is not KEY=VALUE: there is no =",
        "8: UCARP_PASSFILE: /nowhere/pass does not exist",
        "9: UCARP_NEUTRAL: has text after the closing quote",
        "11: UCARP_XYZZY: unknown key",
        (
            "12: UCARP_VID: differs from UCARP_VHID in line 10, which means the same:"
            " keep one of them (got '2')"
        ),
        "13: is not KEY=VALUE",
        "14: UCARP_SHUTDOWN: is not KEY=VALUE: there is no =",
        "UCARP_INTERFACE: missing: add UCARP_INTERFACE=… (interface name)",
        (
            "UCARP_ADDR: missing: add UCARP_ADDR=… (address, ADDRESS/PREFIX, or a list with commas"
            " or spaces)"
        ),
    ]


@pytest.mark.parametrize("key", [key for key in KEYS if key.secret], ids=lambda key: key.name)
@pytest.mark.parametrize(
    "line",
    [
        "{}=geheim-geheim-geheim-geheim",
        "{}='geheim",
        '{}="geheim" geheim',
        "{} geheim",
        "{}:geheim",
        "{}_=geheim",
        "{}='geheim\\\\' 'geheim'",
        '{}="geheim\\n"',
        "{}=geheim\x01",
        "{}=geheim\0",
        "{}=geheim\rgeheim",
    ],
)
def test_no_message_shows_a_secret(home, key, line):
    for name in key.names:
        shown = faults(minimal(line.format(name)))
        assert shown[0].startswith("5: ")
        assert "geheim" not in " ".join(shown)


# -- faults of the file ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            b"# \xd0\xaf\n# \xd1\n" + minimal().encode() + b"# \xe4\n",
            [
                (
                    "2: is not UTF-8: byte 3 of the line is 0xD1 (the first of 2 such lines);"
                    " convert the file with  iconv -f ITS_ENCODING -t UTF-8"
                )
            ],
        ),
        (
            # A key on an unreadable line is not also reported as missing; other faults are.
            minimal("UCARP_ADVSKEW=300").encode().replace(b"=geheim", b"=\xff"),
            [
                (
                    "3: is not UTF-8: byte 12 of the line is 0xFF; convert the file with"
                    "  iconv -f ITS_ENCODING -t UTF-8"
                ),
                "5: UCARP_ADVSKEW: must be from 0 to 254 (got '300')",
            ],
        ),
        (
            ("# one\n" + minimal("UCARP_ADVSKEW=300")).replace("\n", "\r\n").replace("\r", "", 1),
            [
                (
                    "2: has DOS line ends (CRLF), and bash would read a carriage return into each"
                    r" value: convert it with  sed -i 's/\r$//' web.conf"
                ),
                "6: UCARP_ADVSKEW: must be from 0 to 254 (got '300')",
            ],
        ),
        (
            "\ufeff" + minimal("UCARP_ADVSKEW=300"),
            [
                (
                    "1: begins with a byte order mark (BOM), which bash takes for part of the first"
                    r" line: remove it with  sed -i '1s/^\xEF\xBB\xBF//' web.conf"
                ),
                "5: UCARP_ADVSKEW: must be from 0 to 254 (got '300')",
            ],
        ),
        (minimal("A=\0"), ["5: contains a NUL byte"]),
        (minimal("A=b\rUCARP_VHID=300"), ["5: contains a carriage return"]),
        (minimal("\ufeffA=b"), ["5: begins with an invisible character (U+FEFF)"]),
        ("#" * (1 << 20) + "\n", ["is larger than 1048576 bytes"]),
    ],
    ids=["bad UTF-8", "bad UTF-8 in a key", "CRLF", "BOM", "NUL", "CR", "U+FEFF", "large"],
)
def test_a_bad_file(home, content, expected):
    assert faults(content) == expected


def test_an_empty_file_lacks_all_that_is_required(home):
    assert [fault.split(":")[0] for fault in faults("")] == [
        key.name for key in KEYS if key.required and not key.secret
    ] + ["UCARP_PASS"]


def test_a_file_that_cannot_be_read(home, monkeypatch):
    Path("dir.conf").mkdir()
    os.mkfifo("pipe.conf")
    Path("loop.conf").symlink_to("loop.conf")
    for name, words in (
        ("none.conf", "does not exist"),
        ("dir.conf", "is a directory, not a file"),
        ("pipe.conf", "is not a regular file"),
        ("loop.conf", "Too many levels of symbolic links"),
    ):
        with pytest.raises(ConfigError) as caught:
            load(Path(name))
        assert str(caught.value) == f"{name}: {words}"

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    # Root may read everything, and the tests may run as root.
    path = write(minimal())
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ConfigError, match=r"^web\.conf: may not be read \(permission denied\)$"):
        load(path)


@pytest.mark.parametrize("name", ["my web.conf", ".conf", "a\nb.conf", os.fsdecode(b"\xff.conf")])
def test_a_file_whose_name_cannot_name_an_instance(home, name):
    with pytest.raises(ConfigError) as caught:
        load(write(minimal(), name), {})
    [problem] = caught.value.problems
    assert problem.text.startswith("the name of the file is the name of the instance")
    assert str(problem).isprintable()
    assert str(problem).encode()


# -- passwords in other files ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"geheim", b"geheim"),
        (b"geheim\r\nmore\n", b"geheim"),
        (b" a b \n", b" a b "),
        # Other programs do not ask which encoding the password is in.
        (b"\xe4\xf6\n", b"\xe4\xf6"),
    ],
)
def test_a_password_file(home, content, key):
    file = home / "pass"
    file.write_bytes(content)
    config = loaded(minimal(f"UCARP_PASS_FILE={file}", PASS=None))
    assert config.key == key
    assert config.script_environment["UCARP_PASSFILE"] == str(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", " has no password in its first line"),
        (b"\r\ngeheim\n", " has no password in its first line"),
        (b"12345678901234567890", ": a password has 1 to 19 bytes, this one has 20"),
        (b"ge\0heim", ": a password cannot contain a NUL byte"),
        (None, " does not exist"),
    ],
)
def test_a_bad_password_file(home, content, words):
    file = home / "pass"
    if content is not None:
        file.write_bytes(content)
    [fault] = faults(minimal(f"UCARP_PASSFILE={file}", PASS=None))
    assert fault.startswith(f"4: UCARP_PASSFILE: {file}{words}")
    assert "geheim" not in fault


def test_a_directory_is_no_password_file(home):
    assert faults(minimal(f"UCARP_PASSFILE={home}", PASS=None)) == [
        f"4: UCARP_PASSFILE: {home} is a directory, not a file"
    ]


def test_a_password_and_a_password_file(home):
    (home / "pass").write_text("geheim")
    assert faults(minimal(f"UCARP_PASS_FILE={home / 'pass'}")) == [
        "5: UCARP_PASS_FILE: cannot be used together with UCARP_PASS in line 3: keep one"
    ]
    assert faults(f"UCARP_PASSFILE={home / 'pass'}\n" + minimal()) == [
        "4: UCARP_PASS: cannot be used together with UCARP_PASSFILE in line 1: keep one"
    ]


def test_a_systemd_credential_serves_when_the_file_has_no_password(home):
    environ = {"CREDENTIALS_DIRECTORY": str(home)}
    (home / "web.pass").write_text("credential\n")
    assert loaded(minimal(PASS=None), environ).key == b"credential"
    assert loaded(minimal(PASS=""), environ).key == b"credential"
    assert loaded(minimal(), environ).key == b"geheim"
    (home / "web.pass").write_text("")
    assert faults(minimal(PASS=None), environ) == [
        f"UCARP_PASS: {home}/web.pass has no password in its first line"
    ]
    (home / "web.pass").unlink()
    assert faults(minimal(PASS=None), environ) == [
        "UCARP_PASS: missing: add UCARP_PASS=… (1 to 19 bytes)"
    ]


# -- uses of a Config ------------------------------------------------------------------------------


def test_params(home):
    config = loaded(
        minimal(
            "UCARP_ADVBASE=2\nUCARP_ADVSKEW=3\nUCARP_DEADRATIO=4\nUCARP_PREEMPT=yes",
            "UCARP_SHUTDOWN=no\nUCARP_MCAST=239.1.2.3\nUCARP_NOMCAST=yes",
            ADDR="10.0.0.2,10.0.0.1",
            VHID="9",
        )
    )
    assert config.params() == Params(
        vhid=9,
        addresses=(IPv4Address("10.0.0.2"), IPv4Address("10.0.0.1")),
        key=b"geheim",
        advbase=2,
        advskew=3,
        deadratio=4,
        announce_interval=60.0,
        preempt=True,
        release_on_stop=False,
        group=IPv4Address("239.1.2.3"),
        broadcast=True,
    )


@pytest.mark.parametrize(
    ("changed", "line", "restart"),
    [
        ({"INTERFACE": "eth1"}, "", True),
        ({"VHID": "2"}, "", True),
        ({"ADDR": "172.16.0.2"}, "", True),
        ({}, "UCARP_MASK=16", True),
        ({}, "UCARP_SRCIP=172.16.0.11", True),
        ({}, "UCARP_IF_ALIAS=eth0:0", True),
        ({}, "UCARP_UPSCRIPT=/up", True),
        ({}, "UCARP_NOMCAST=yes", True),
        ({"PASS": "another"}, "", False),
        ({}, "UCARP_ADVBASE=2", False),
        ({}, "UCARP_ADVSKEW=2", False),
        ({}, "UCARP_DEADRATIO=2", False),
        ({}, "UCARP_PREEMPT=yes", False),
        ({}, "UCARP_SHUTDOWN=no", False),
        ({}, "UCARP_SCRIPT_TIMEOUT=2", False),
        ({}, "FOO=bar", False),
        ({}, "UCARP_MASK=32", False),
    ],
)
def test_what_needs_a_restart(home, changed, line, restart):
    assert loaded(minimal()).needs_restart(loaded(minimal(line, **changed))) is restart


def test_the_table_covers_every_field_of_a_config():
    of_the_file = {name for key in KEYS for name in key.fields}
    fields = set(SettingsConfig.__dataclass_fields__)
    assert fields - of_the_file == {*("path", "name", "secrets", "script_environment", "contents")}
    assert of_the_file <= fields
