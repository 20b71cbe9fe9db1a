"""The keys that no file may lack: their values and their faults."""

import pytest
from config_files import faults, loaded, minimal

pytestmark = pytest.mark.usefixtures("home")

# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "lines", "field", "value"),
    [
        ({"VHID": None}, "UCARP_VID=255", "vhid", 255),
        ({"VHID": ""}, "UCARP_VID=7", "vhid", 7),
        ({}, "UCARP_VID=1", "vhid", 1),
        ({"INTERFACE": None}, "UCARP_DEVICE=abcdefghijklmno", "interface", "abcdefghijklmno"),
        ({"PASS": None}, "UCARP_PASSWORD=1234567890123456789", "key", b"1234567890123456789"),
        ({"PASS": None}, "UCARP_PASSWD='пароль'", "key", "пароль".encode()),
        ({"PASS": "geheim7 "}, "", "key", b"geheim7"),
        ({"PASS": "' '"}, "", "key", b" "),
        ({"PASS": "pa$$word"}, "", "key", b"pa$$word"),
    ],
)
def test_a_required_value_is_taken(home, changed, lines, field, value):
    assert getattr(loaded(minimal(lines, **changed)), field) == value


# -- faults of a value -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (
            {"INTERFACE": "eth0:0"},
            (
                "1: UCARP_INTERFACE: must be the interface itself; a label such as eth0:0 is"
                " UCARP_IF_ALIAS, and for scripts UCARP_SCRIPT_INTERFACE (got 'eth0:0')"
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
                "4: UCARP_ADDR: 10.1.0.0 is the network address of 10.1.0.0/16;"
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


@pytest.mark.parametrize(
    ("key", "slip", "value"),
    [("VHID", "VIHD", "7"), ("PASS", "PASWORD", "geheim7"), ("ADDR", "ADR", "10.0.0.1")],
)
def test_a_required_key_with_a_slip_is_one_fault(home, key, slip, value):
    [fault] = faults(minimal(f"UCARP_{slip}={value}", **{key: None}))
    assert fault == f"4: UCARP_{slip}: unknown key; did you mean UCARP_{key}?"


def test_a_required_key_by_a_foreign_name_is_one_fault(home):
    [fault] = faults(minimal("UCARP_NIC=eth0", INTERFACE=None))
    assert fault == "4: UCARP_NIC: unknown key; write UCARP_INTERFACE"
    assert len(faults(minimal("UCARP_NIC=", INTERFACE=None))) == 2


@pytest.mark.parametrize(
    ("changed", "lines", "told"),
    [
        ({"VHID": None}, "# UCARP_VHID = 7", ["4: UCARP_VHID: {}"]),
        ({"PASS": None}, "#UCARP_PASS=a\n##UCARP_PASS=b", ["5: UCARP_PASS: {}"]),
        ({"VHID": None}, "#UCARP_VHID=", ["UCARP_VHID: missing: add UCARP_VHID=… (1 to 255)"]),
    ],
)
def test_a_required_key_in_a_comment(changed, lines, told):
    text = "missing: this line is a comment, because it begins with #"
    assert faults(minimal(lines, **changed)) == [each.format(text) for each in told]
