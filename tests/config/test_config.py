"""A Config serves scripts, the protocol, and a reload."""

from ipaddress import IPv4Address

import pytest
from config_files import loaded, minimal

from ucarpd.carp.params import Params
from ucarpd.config import KEYS
from ucarpd.config.config import Config as SettingsConfig

pytestmark = pytest.mark.usefixtures("home")

# -- values ----------------------------------------------------------------------------------------


def test_scripts_see_the_file_and_canonical_names_but_no_password(home):
    config = loaded(
        "UCARP_DEVICE=eth0\nUCARP_VID=1\nUCARP_PASSWD=geheim7\nUCARP_PASS=geheim7\n"
        "UCARP_VIP=10.0.0.1/8,10.1.0.1/16\nUCARP_SRCIP=\nUCARP_ADDR=\n"
        "UCARP_EXTRA_ADDRS=2001:db8::1\n"
        "UCARP_CHECK_WEB=link:eth1\nUCARP_MASTER=Yes\nFOO=$BAR\nfoo.bar='x y'\nUCARPD=z\nPASSWORD=geheim7\n"
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
        "UCARP_CHECK_WEB": "link:eth1",
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
        key=b"geheim7",
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
    assert fields - of_the_file == {
        *("path", "name", "secrets", "script_environment", "contents"),
        *("named_files", "_params"),
    }
    assert of_the_file <= fields
