"""Specifiers, dollar signs and variables of units and their files mean what systemd makes of them."""

import pytest
from imported import read, values

REST = "-v 1 -a 10.0.0.1"


@pytest.mark.parametrize("letter", ["i", "I"])
def test_the_name_of_the_instance_in_a_variable(tmp_path, letter):
    unit = f"[Service]\nEnvironment=CARD=%{letter}\nExecStart=/usr/sbin/ucarp -i $CARD {REST}\n"
    assert values(read(tmp_path, unit, "ha@eth3.service"))["UCARP_INTERFACE"] == "eth3"
    findings = read(tmp_path, unit, "ha@.service")
    assert "UCARP_INTERFACE" not in values(findings)
    told = f"{tmp_path}/ha@.service:3: --interface: %{letter} is filled in by systemd: left out"
    assert any(each.startswith(told) for each in findings.remarks)


@pytest.mark.parametrize(
    ("lines", "password"),
    [
        ("Environment=PW=a$b\nExecStart=ucarp -p ${PW}", "a$b"),
        ("Environment='PW=a b' X=1\nExecStart=ucarp -p ${PW}", "a b"),
        ("Environment=PW=a%%b\nExecStart=ucarp -p ${PW}", "a%b"),
        ("ExecStart=ucarp -p a%%sb", "a%sb"),
        ("ExecStart=ucarp -p a$$b", "a$b"),
        ('ExecStart=ucarp -p "a$$b"', "a$b"),
        ("ExecStart=ucarp -p 'a$$b'", "a$b"),
        # Signs of a shell are none here.
        ("ExecStart=ucarp -p a&b", "a&b"),
        ("ExecStart=ucarp --pass=a<b;c|d(e)`f`$(g)#", "a<b;c|d(e)`f`$(g)#"),
        (r"ExecStart=ucarp -p a\x40b\s\100\u00fc", "a@b @ü"),
        (r"ExecStart=ucarp '--pass=a\'b' -b 1", "a'b"),
        (r"ExecStart=ucarp -p a\db", r"a\db"),
        ("Environment=PW=a\\\\\nExecStart=ucarp -p ${PW}", "a\\"),
        (r"Environment='PW=a\x40b'" + "\nExecStart=ucarp -p ${PW}", "a@b"),
        ("Environment=PW=a&b\nExecStart=ucarp --pass=$PW", "a&b"),
        ("""Environment="OPTIONS=-p 'a b' -k 3"\nExecStart=ucarp $OPTIONS""", "a b"),
        ("""Environment="OPTIONS=-p 'a b'"\nExecStart=ucarp $OPTIONS -x ${OPTIONS}""", "a b"),
    ],
)
def test_a_password_with_signs_of_systemd(tmp_path, lines, password):
    findings = read(tmp_path, f"[Service]\n{lines} {REST}\n", "ha.service")
    assert values(findings)["UCARP_PASS"] == password


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("a&b;c|d(e)<f #g", "a&b;c|d(e)<f #g"),
        ("a$b`c`", "a$b`c`"),
        (r"a\&b \\ ", "a&b \\"),
        ("a'b'c", "a'b'c"),
        (r"'a\b'", r"a\b"),
        (r'"a\"b\$\d"', r'a"b$\d'),
        ('"a \\\nb"', "a b"),
        ("a\\\nb", "ab"),
        ("""'it'"'"'s' here""", "it'shere"),
        ("", None),
    ],
)
def test_a_password_in_a_file_of_variables(tmp_path, written, password):
    (tmp_path / "env").write_text(f"# PW=no\nUCARP_ADVSKEW=3\nPW={written}\n")
    unit = f"[Service]\nEnvironmentFile=env\nExecStart=ucarp -p ${{PW}} {REST}\n"
    findings = read(tmp_path, unit, "ha.service")
    assert values(findings).get("UCARP_PASS") == password


def test_a_quote_that_is_not_closed_is_told(tmp_path):
    unit = f"[Service]\nEnvironment='PW=a\nExecStart=ucarp -p ${{PW}} {REST}\n"
    findings = read(tmp_path, unit, "ha.service")
    told = f"{tmp_path}/ha.service:2: Environment has a quote that is not closed: left out"
    assert told in findings.remarks


def test_a_variable_in_the_options_of_a_file(tmp_path):
    text = "UCARP_VHID=1\nUCARP_OPTS='-k $SKEW -x $NONE'\nSKEW=4\n"
    findings = read(tmp_path, text, "ucarp.env")
    assert values(findings) == {"UCARP_VHID": "1", "UCARP_ADVSKEW": "4"}
    told = f"{tmp_path}/ucarp.env:2: --xparam: $NONE is not set in ucarp.env: left out"
    assert any(each.startswith(told) for each in findings.remarks)


def test_a_password_of_bytes_that_are_not_utf_8(tmp_path):
    unit = f"[Service]\nExecStart=ucarp -p a\\xfcb {REST}\n"
    assert values(read(tmp_path, unit, "ha.service"))["UCARP_KEY"] == "61fc62"
