"""A file of another kind, or with the keys of another program, is named, with what to type."""

import pytest
from config_files import faults, loaded, minimal, warnings, write

from ucarpd.config import hints, show
from ucarpd.config.foreign_words import meaning, nearest
from ucarpd.config.key_hints import unknown
from ucarpd.config.kinds import Kind, kind_of

pytestmark = pytest.mark.usefixtures("home")

KEEPALIVED = "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n}\n"
STANZA = "auto eth0\niface eth0 inet static\n\tucarp-vid 1\n\tucarp-password geheim7\n"
UNIT = "[Unit]\nDescription=x\n[Service]\nExecStart=/usr/sbin/ucarp --vhid=1 --pass=geheim7\n"
SCRIPT = "#!/bin/sh\nIF=eth0\nucarp -i $IF -v 1 -p geheim7\n"
MANIFEST = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: ucarp\n"
FREEBSD = 'hostname="gw1"\nifconfig_em0_alias0="inet vhid 1 pass geheim7 alias 10.0.0.10/32"'
KERNEL_CARP = "a CARP configuration of a BSD kernel"
NOT_IMPORTED = {
    "a program",
    "a manifest of Kubernetes",
    "the common part of Fedora's",
    KERNEL_CARP,
}
RC_CONF = 'ucarp_enable="YES"\nucarp_pass="geheim7"\n'


@pytest.mark.parametrize(
    ("content", "line", "kind"),
    [
        (KEEPALIVED, 1, "a keepalived.conf"),
        ("# mine\n\n" + KEEPALIVED, 3, "a keepalived.conf"),
        (STANZA, 1, "an ifupdown stanza"),
        ("\tucarp-vid 1\n\tucarp-vip 10.0.0.1\n", 1, "an ifupdown stanza"),
        (UNIT, 1, "a systemd unit"),
        ('Environment="UCARP_VHID=23"\nEnvironment=UCARP_PASS=geheim7\n', 1, "a systemd unit"),
        (SCRIPT, 1, "a script"),
        ("IF=eth0\nucarp -i $IF -p geheim7\n", 2, "a script"),
        ("--vhid=1\n--pass=geheim7\n", 1, "a list of ucarp options"),
        (RC_CONF, 1, "an rc.conf"),
        ("services:\n  ha:\n    environment:\n      - UCARP_VHID=1\n", 1, "a Compose file"),
        ("FROM debian\nENV UCARP_VHID=1\n", 1, "a Dockerfile"),
        ("BIND_INTERFACE=eth0\nPASSWORD=geheim7\n", 1, "the common part of Fedora's"),
        ("ucarp\0-i\0eth0\0", 1, "the command line of a process"),
        ("#!/usr/bin/perl\nprint 1;\n", 1, "a program"),
        (MANIFEST, 1, "a manifest of Kubernetes"),
        ("inet 10.0.0.10 vhid 1 carpdev em0 pass geheim7\n", 1, KERNEL_CARP),
        ("inet 10.0.0.10 balancing ip carpnodes 5:0,6:100 carpdev em0\n", 1, KERNEL_CARP),
        (f"{FREEBSD}\n", 2, KERNEL_CARP),
        ("<?xml version='1.0'?>\n<vip>\n  <vhid>1</vhid>\n", 3, KERNEL_CARP),
    ],
)
def test_a_file_of_another_kind_is_one_fault(content, line, kind):
    [fault] = faults(content)
    assert fault.startswith(f"{line}: this is {kind}")
    assert "geheim7" not in fault
    assert ("ucarpd import web.conf" in fault) == (kind not in NOT_IMPORTED)
    assert hints(write(content), set()) == []


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("network:\n  version: 2\n", 1),
        ('# ours\n{\n  "vhid": 1,\n  "pass": "geheim7"\n}\n', 2),
        ("A=1\nfrontend www\n", 2),
    ],
)
def test_a_file_with_nothing_of_ours_is_one_fault(content, line):
    text = "this is not a configuration of ucarpd: no line sets a key, such as UCARP_VHID=1"
    assert faults(content) == [f"{line}: {text}"]


def test_a_vip_file_of_fedora_is_known_by_its_name():
    content = "ID=001\nVIP_ADDRESS=10.7.0.10\n"
    assert kind_of(content, "vip-001.conf") == (Kind.VIP, 1)
    assert kind_of("ID=001\n", "web.conf") == (Kind.KEYS, 1)
    assert kind_of("", "vip-common.conf") == (Kind.VIP_COMMON, 1)


def test_our_keys_in_lower_case_are_no_rc_conf():
    said = faults('ucarp_interface="eth0"\nucarp_vhid=1\nucarp_pass=geheim7\nucarp_addr=10.0.0.1\n')
    assert len(said) == 4
    assert "1: ucarp_interface: UCARP_INTERFACE is missing" in said[0]
    assert "write UCARP_INTERFACE=…" in said[0]


def test_a_line_of_another_kind_among_our_own_is_a_fault_of_that_line():
    assert faults(minimal("auto eth0")) == ["5: is not KEY=VALUE: there is no ="]
    assert loaded(minimal('ucarp_preempt="YES"')).preempt is False


def test_a_script_that_only_sets_keys_is_a_configuration():
    assert loaded("#!/bin/sh\n" + minimal()).vhid == 1


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("UCARP_HOST_ADDRESS", "UCARP_SRCIP"),
        ("UCARP_IPS", "UCARP_EXTRA_ADDRS"),
        ("UCARP_VIP_ADDRESS", "UCARP_ADDR"),
        ("UCARP_DOWN", "UCARP_DOWNSCRIPT"),
        ("UCARP_UP", "UCARP_UPSCRIPT"),
        ("UCARP_VIRTUAL_IP", "UCARP_ADDR"),
        ("UCARP_VIRTUAL_ID", "UCARP_VHID"),
        ("UCARP_SCRIPT", "UCARP_UPSCRIPT"),
        ("UCARP_ONMASTER", "UCARP_UPSCRIPT"),
        ("UCARP_NOTIFY_MASTER", "UCARP_NOTIFYSCRIPT"),
        ("UCARP_INSTANCE_ID", "UCARP_VHID"),
        ("UCARP_HOST_DEVICE", "UCARP_INTERFACE"),
        ("UCARP_UNICAST_SRC_IP", "UCARP_SRCIP"),
        ("UCARP_UNICAST_PEER", "UCARP_PEERS"),
        ("UCARP_VIRTUAL_MAC", "UCARP_VMAC"),
        ("UCARP_USE_VMAC", "UCARP_VMAC"),
        ("UCARP_TRACK_INTERFACE", "UCARP_CHECK_NAME"),
        ("UCARP_IF", "UCARP_INTERFACE"),
        ("KARP_VIRTUAL_IP", "UCARP_ADDR"),
        ("ucarp_src", "UCARP_SRCIP"),
        ("ADVSKEM", "UCARP_ADVSKEW"),
        ("virtual_pw", "UCARP_PASS"),
    ],
)
def test_a_foreign_word_has_its_key(name, key):
    assert meaning(name).key == key


def test_the_smaller_priority_wins_here():
    assert unknown("UCARP_PRIORITY", "50") == (
        "unknown key; write UCARP_ADVSKEW: the smaller one wins"
    )


def test_options_are_named_as_keys_without_the_password():
    text = unknown("UCARP_OPTS", "--preempt -k 20 -p geheim7 --bogus --shut -Dx $X")
    assert text == (
        "unknown key; ucarpd takes no options here: write UCARP_PREEMPT=yes, UCARP_ADVSKEW=20,"
        " UCARP_PASS=…, UCARP_SHUTDOWN=yes, UCARP_XPARAM=…"
    )


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("UCARP_VIHD", "UCARP_VHID"),
        ("UCARP_HVID", "UCARP_VHID"),
        ("UCARP_PREEMT", "UCARP_PREEMPT"),
        ("UCARP_PASWORD", "UCARP_PASS"),
        ("UCARP_INTERAFCE", "UCARP_INTERFACE"),
        ("UCARP_ADRESS", "UCARP_ADDR"),
        ("UCARP_NOVMAC", None),
        ("UCARP_NOMCATS", "UCARP_NOMCAST"),
        ("UCARP_XYZZY", None),
        ("UCARP_SOURCE_PORT", None),
    ],
)
def test_only_a_slip_of_one_or_two_letters_is_guessed(name, key):
    assert nearest(name) == key


def test_a_foreign_key_is_reported_once():
    content = minimal("UCARP_HOST_DEVICE=eth0", INTERFACE=None)
    assert faults(content) == ["4: UCARP_HOST_DEVICE: unknown key; write UCARP_INTERFACE"]


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("UCARP_NOPREEMPT", "a host preempts only with UCARP_PREEMPT=yes"),
        ("UCARP_STATE", "every host begins as BACKUP"),
        ("UCARP_GARP_TIMEOUT", "a master announces by itself (UCARP_ANNOUNCE_INTERVAL)"),
        ("UCARP_GARP_MASTER_REFRESH", "a master announces by itself (UCARP_ANNOUNCE_INTERVAL)"),
    ],
)
def test_a_word_that_no_key_stands_for(name, because):
    path = write(minimal(f"{name}=yes"))
    assert [str(each) for each in warnings(path)] == [
        f"web.conf:5: {name}: has no meaning here, because {because}: remove the line"
    ]


def test_a_word_without_meaning_here_is_only_a_warning():
    path = write(minimal("UCARP_DAEMONIZE=0", "UCARP_CFGDIR=/etc/ucarp"))
    assert loaded(path.read_text()).vhid == 1
    assert [str(each) for each in warnings(path)] == [
        "web.conf:5: UCARP_DAEMONIZE: has no meaning here, because ucarpd@NAME.service runs it:"
        " remove the line",
        "web.conf:6: UCARP_CFGDIR: has no meaning here, because ucarpd reads /etc/ucarp: remove the"
        " line",
    ]


def test_keys_without_prefix_are_named_where_the_file_does_not_load():
    content = "INTERFACE=eth0\nVHID=1\nPASS=geheim7\nADDR=172.16.0.1\nSKEW=3\n"
    assert faults(f"{content}UCARP_MASK=255.255.255.0\n") == [
        "1: INTERFACE: UCARP_INTERFACE is missing, and this key is unknown: write"
        " UCARP_INTERFACE=…",
        "2: VHID: UCARP_VHID is missing, and this key is unknown: write UCARP_VHID=…",
        "3: PASS: UCARP_PASS is missing, and this key is unknown: write UCARP_PASS=…",
        "4: ADDR: UCARP_ADDR is missing, and this key is unknown: write UCARP_ADDR=…",
    ]
    [hint] = hints(write(content), {1, 2, 3, 4})
    assert str(hint) == (
        "web.conf:5: SKEW: goes to the scripts only, because it does not begin with UCARP_: did you"
        " mean UCARP_ADVSKEW?"
    )


def test_options_without_prefix_are_named():
    [warning] = warnings(write(minimal("OPTIONS='--preempt --pass=geheim7'")))
    assert warning.text.endswith("write UCARP_PREEMPT=yes, UCARP_PASS=…")


def test_a_word_for_scripts_is_not_taken_for_a_key_that_is_given():
    assert (
        warnings(write(minimal("INTERFACE=eth9", "ID=3", "GATEWAY=10.0.0.1", "SERVICE=web"))) == []
    )
    assert "UCARP_ROUTES" in faults(minimal(GATEWAY="10.0.0.1"))[0]


@pytest.mark.parametrize("line", ["CARP_PWD=hush", "OPTIONS='-p hush'"])
def test_a_password_is_not_said_to_go_to_the_scripts(line):
    [warning] = warnings(write(minimal(line)))
    assert warning.text.startswith("is ignored, because it does not begin with UCARP_: ")


def test_a_missing_file_has_no_hints(tmp_path):
    assert hints(tmp_path / "none.conf", set()) == []


@pytest.mark.parametrize(
    "name",
    [
        *("PASS", "PASSWORD", "KEY", "PASSWD", "DB_PASSWORD", "ucarp_pass", "UCARP_PASS"),
        *("PASSPHRASE", "virtual_pw", "SECRET", "AUTH_PASS", "VIRTUALPASS", "Pwd"),
    ],
)
def test_a_password_goes_nowhere_whatever_its_name(name):
    content = minimal(f"{name}=hush") if name != "UCARP_PASS" else minimal(PASS="hush")
    config = loaded(content)
    assert name not in config.script_environment
    assert "hush" not in show(config)
    assert all("hush" not in str(warning) for warning in warnings(write(content)))


@pytest.mark.parametrize("options", ["--preempt --pass=hush", "-z -phush", "-k 5 -p hush"])
def test_nor_do_options_with_a_password(options):
    config = loaded(minimal(f"OPTIONS='{options}'"))
    assert "OPTIONS" not in config.script_environment
    assert "hush" not in show(config)


def test_other_words_go_to_the_scripts():
    content = minimal("BYPASS=1", "SSH_OPTS='-p 2222'", "OPTIONS='--preempt -k 5'")
    environment = loaded(content).script_environment
    assert environment["BYPASS"] == "1"
    assert environment["SSH_OPTS"] == "-p 2222"
    assert environment["OPTIONS"] == "--preempt -k 5"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("UCARP_SHUTDOWN=y", ": write yes (got 'y')"),
        ("UCARP_NEUTRAL=enabled", ": write yes (got 'enabled')"),
        ("UCARP_NOMCAST=--nomcast", ": write yes (got '--nomcast')"),
        ("UCARP_PREEMPT=disabled", ": write no (got 'disabled')"),
        ("UCARP_PREEMPT=maybe", "off, 1, 0) (got 'maybe')"),
        ("UCARP_FACILITY=LOG_LOCAL6", ": write local6 (got 'LOG_LOCAL6')"),
    ],
)
def test_words_of_other_programs_are_told_what_to_write(line, fault):
    [found] = faults(minimal(line))
    assert found.endswith(fault)


def test_a_label_is_looked_at_beside_an_interface_with_a_label():
    found = faults(minimal("UCARP_IF_ALIAS=0", INTERFACE="eth0:0"))
    assert "5: UCARP_IF_ALIAS: must begin with the interface, as eth0:0 does (got '0')" in found
    (found,) = faults(minimal("UCARP_IF_ALIAS=0", INTERFACE=None))
    assert found.startswith("UCARP_INTERFACE: missing")
