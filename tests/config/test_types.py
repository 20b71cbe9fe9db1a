"""Which values the keys take, and the faults of the others."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest
from config_files import faults, loaded, minimal

pytestmark = pytest.mark.usefixtures("home")

# -- values ----------------------------------------------------------------------------------------


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
        ("UCARP_IF_ALIAS=web\nUCARP_DOWNSCRIPT=/down", "label", "web"),
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


# -- faults of a value -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("UCARP_ADVSKEW=300", "5: UCARP_ADVSKEW: must be from 0 to 254 (got '300')"),
        ("UCARP_ADVSKEW=255", "5: UCARP_ADVSKEW: must be from 0 to 254 (got '255')"),
        ("UCARP_ADVSKEW=-1", "5: UCARP_ADVSKEW: must be a whole number from 0 to 254 (got '-1')"),
        *(
            (
                f"UCARP_ADVBASE={value}",
                "5: UCARP_ADVBASE: must be a whole number from 0 to 253: for a part of a second, write"
                f" UCARP_ADVBASE={base} and UCARP_ADVSKEW={skew} (got '{value}')",
            )
            for value, base, skew in (
                ("1.5", 1, 128),
                ("2.0", 2, 0),
                ("0.001", 0, 1),
                ("0.75", 0, 192),
                ("0.999", 0, 254),
                ("250ms", 0, 64),
                ("200 ms", 0, 51),
            )
        ),
        (
            "UCARP_EXTRA_ADDRS=10.0.0.1, \\",
            "5: UCARP_EXTRA_ADDRS: \\: must be an address such as 172.16.0.1 or 2001:db8::1; a value"
            " ends with its line (got '10.0.0.1, \\')",
        ),
        (
            "UCARP_ADVSKEW=1 UCARP_VHID=2",
            "5: UCARP_ADVSKEW: UCARP_VHID=… is on this line too: write each key on a line of its own",
        ),
        (
            "UCARP_ADVSKEW=1 x=2",
            "5: UCARP_ADVSKEW: must be a whole number from 0 to 254 (got '1 x=2')",
        ),
        (
            "UCARP_ADVBASE={{ base }}",
            "5: UCARP_ADVBASE: must be a whole number from 0 to 253; ucarpd expands no variables"
            " (got '{{ base }}')",
        ),
        (
            "UCARP_ADVBASE=$BASE",
            "5: UCARP_ADVBASE: must be a whole number from 0 to 253; ucarpd expands no variables"
            " (got '$BASE')",
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
        *(
            (
                f"UCARP_{key}={ip}",
                f"5: UCARP_{key}: has a leading zero, which some programs take for octal:"
                f" leave it out (got '{ip}')",
            )
            for key, ip in (
                ("SRCIP", "10.0.0.010"),
                ("PEERS", "10.0.0.08"),
                ("MCAST", "224.0.0.018"),
            )
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
            "5: UCARP_SRCIP: must be the address alone: write 10.0.0.1, without the /8 (got '10.0.0.1/8')",
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
            "5: UCARP_UPSCRIPT: must be an absolute path, which starts with / (got 'up.sh')",
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
        ("UCARP_PASSFILE=pass", "5: UCARP_PASSFILE: must be an absolute path, which starts with /"),
    ],
)
def test_one_bad_line(home, line, fault):
    content = minimal(line)
    if line.startswith("UCARP_PASSFILE"):
        content = content.replace("UCARP_PASS=geheim7", "#")
    assert faults(content) == [fault]


def test_a_syslog_facility_that_is_none(home):
    [fault] = faults(minimal("UCARP_FACILITY=kern"))
    assert fault.startswith("5: UCARP_FACILITY: must be a syslog facility: auth, ")
    assert fault.endswith(", local7 (got 'kern')")
