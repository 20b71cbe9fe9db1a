"""One file: its values, and how its faults are named."""

import os
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from config_files import faults, loaded, minimal, write

from ucarpd.carp.params import DemoteStyle, TieBreak
from ucarpd.config import KEYS, Config, ConfigError, Problem, VirtualAddress, load, load_with_lines

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
UCARP_PASS=geheim7
# Виртуальный адрес и маска
UCARP_ADDR=172.16.0.1
UCARP_MASK=255.255.0.0
UCARP_UPSCRIPT=/etc/ucarp/ucarp-up.sh
UCARP_DOWNSCRIPT=/etc/ucarp/ucarp-down.sh
"""

pytestmark = pytest.mark.usefixtures("home")

# -- values ----------------------------------------------------------------------------------------


def test_the_articles_file_loads_unchanged(home):
    config = loaded(ARTICLE)
    assert config == Config(
        path=Path("web.conf"),
        name="web",
        interface="eth0",
        sources=(IPv4Address("172.16.0.11"),),
        vhid=1,
        key=b"geheim7",
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
        preempt_delay=0,
        checks=(),
        tiebreak=TieBreak.REVERSED,
        demote_style=DemoteStyle.SKEW,
        ifdown_demotion=240,
        neutral=False,
        shutdown=True,
        ignore_carrier=False,
        up_script=Path("/etc/ucarp/ucarp-up.sh"),
        down_script=Path("/etc/ucarp/ucarp-down.sh"),
        notify_script=None,
        units=(),
        routes=(),
        script_timeout=30.0,
        rerun_up_script=True,
        xparam=None,
        script_interface=None,
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
    assert "geheim7" not in repr(config)


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


# -- faults of a value -----------------------------------------------------------------------------


def test_an_address_that_several_files_have_is_kept_once_but_no_password(home):
    one, other = loaded(minimal()), loaded(minimal())
    assert one.addresses[0].ip is other.addresses[0].ip
    assert one.key == other.key
    assert one.key is not other.key


def test_everything_wrong_is_said_at_once_in_the_order_of_the_lines(home):
    content = """\
UCARP_ADVSKEW=300
UCARP_XPARAM="not closed
UCARP_MASK=255.0.255.0
UCARP_PASS 'geheim7'

UCARP_PASS:geheim7=1
geheim7
UCARP_PASSFILE=/nowhere/pass
UCARP_NEUTRAL='no' geheim7
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
        "4: UCARP_PASS: is not KEY=VALUE: write UCARP_PASS=…",
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
        "{}=geheim7-geheim7-geheim7-geheim7",
        "{}='geheim7",
        '{}="geheim7" geheim7',
        "{} geheim7",
        "{}:geheim7",
        "{}_=geheim7",
        "{}='geheim7\\\\' 'geheim7'",
        '{}="geheim7\\n"',
        "{}=geheim7\x01",
        "{}=geheim7\0",
        "{}=geheim7\rgeheim7",
    ],
)
def test_no_message_shows_a_secret(home, key, line):
    for name in key.names:
        shown = faults(minimal(line.format(name)))
        assert shown[0].startswith("5: ")
        assert "geheim7" not in " ".join(shown)


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
            # A key on an unreadable line is not also missing; other faults are still reported.
            minimal("UCARP_ADVSKEW=300").encode().replace(b"=geheim7", b"=\xff"),
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
            minimal("UCARP_ADVSKEW=300").replace("\n", "\r"),
            [
                (
                    "1: has CR line ends, and to bash it is one line: convert it with"
                    r"  sed -i 's/\r/\n/g' web.conf"
                ),
                "5: UCARP_ADVSKEW: must be from 0 to 254 (got '300')",
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
    ids=["UTF-8", "UTF-8 in a key", "CRLF", "CR only", "BOM", "NUL", "CR", "U+FEFF", "large"],
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
    with pytest.raises(
        ConfigError, match=r"^web\.conf: cannot be read: permission denied \(are you root\?\)$"
    ):
        load(path)


@pytest.mark.parametrize("name", ["my web.conf", ".conf", "a\nb.conf", os.fsdecode(b"\xff.conf")])
def test_a_file_whose_name_cannot_name_an_instance(home, name):
    with pytest.raises(ConfigError) as caught:
        load(write(minimal(), name), {})
    [problem] = caught.value.problems
    assert problem.text.startswith("the name of the file is the name of the instance")
    assert str(problem).isprintable()
    assert str(problem).encode()


def test_the_line_of_a_fault_that_was_found_without_it(home):
    path = write(minimal("UCARP_VIP=172.16.0.1", ADDR=None))
    found = load_with_lines(path, {})
    fault = Problem(path, None, "UCARP_ADDR", "is in no network")
    placed = fault._replace(line=4, key="UCARP_VIP")
    assert found.in_its_line(fault) == found.in_its_line(placed) == placed
    check = load_with_lines(write(minimal("UCARP_CHECK_UP=link:eth0")), {})
    missing = Problem(path, None, "UCARP_CHECK_UP", "is missing")
    assert check.in_its_line(missing).line == 5
    for key in ("UCARP_SRCIP", None):
        unplaced = fault._replace(key=key)
        assert found.in_its_line(unplaced) == unplaced
