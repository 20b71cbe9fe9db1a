"""The variables that scripts find in the environment of `ucarp`, and find in the one of ucarpd."""

import pytest
from imported import read, values

from ucarpd.migrate import importer

COMMAND = "ucarp -i eth0 -v 1 -p secret -a 10.0.0.1"


@pytest.fixture
def up(tmp_path):
    """An up-script that reads a few variables."""
    path = tmp_path / "up.sh"
    path.write_text('ip addr add "$2/${CIDR}" dev $UCARP_DEVICE; curl -d "$DB_PASSWORD" x\n')
    return path


def test_a_unit_hands_over_its_variables(tmp_path, up):
    (tmp_path / "env").write_text("CIDR=24\nIFACE=eth0\nUCARP_DEVICE=eth0\nDB_PASSWORD=hush\n")
    unit = f"[Service]\nEnvironmentFile={tmp_path}/env\nEnvironment='GREETING=good day'\n"
    findings = read(tmp_path, f"{unit}ExecStart=/usr/sbin/{COMMAND} -u {up}\n", "ha.service")
    # No script reads IFACE, which is a setting.
    assert findings.hosts[0].for_scripts == {"CIDR": "24", "GREETING": "good day"}
    told = "\n".join(findings.remarks)
    for line, name in ((3, "UCARP_DEVICE"), (4, "DB_PASSWORD")):
        words = (
            f"env:{line}: {name}: ucarpd hands no variable with such a name to scripts, and your"
        )
        assert f"{words} scripts may need it: if so, set it in them" in told
    assert "hush" not in told


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("a&b", "a&b"),
        ("a;b|c(d)<e>f;", "a;b|c(d)<e>f"),
        ("'a&b'", "a&b"),
        ("a&b # c", "a&b"),
        # Here a shell has something to do.
        ("a;export UCARP_PASSWORD", "a"),
        ("a;UCARP_ADVSKEW=3", "a"),
    ],
)
def test_a_value_in_a_file_of_variables_keeps_the_signs_of_a_shell(tmp_path, written, password):
    text = f"UCARP_VHID=1\nUCARP_PASSWORD={written}\nUCARP_VIP=10.0.0.1\n"
    assert values(read(tmp_path, text, "ucarp.env"))["UCARP_PASS"] == password


@pytest.mark.parametrize(
    "lines",
    [
        "export A=1 B\nB='2 3'\nC=4",
        "A=1\nB='2 3'\nC=4\nexport A B",
        "set -a\nA=1\nB='2 3'\nset +a\nC=4",
        "if true; then export A=1; fi\nexport B='2 3'",
    ],
)
def test_a_script_hands_over_what_it_exports(tmp_path, up, lines):
    findings = read(tmp_path, f"{lines}\n{COMMAND} -u {up}\n")
    assert findings.hosts[0].for_scripts == {"A": "1", "B": "2 3"}


def test_a_variable_that_is_computed_is_named_if_a_script_reads_it(tmp_path, up):
    findings = read(tmp_path, f"export CIDR=$(one) OTHER=$(two) UCARP_ADDR=1\n{COMMAND} -u {up}\n")
    assert findings.hosts[0].for_scripts == {}
    about = [
        each
        for each in findings.remarks
        if "your scripts may need it: if so, set it in them" in each
    ]
    assert about == [
        f"{tmp_path}/start.sh:1: CIDR: $(one) is computed when the script runs,"
        " and your scripts may need it: if so, set it in them"
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("start.sh", f"docker run -e CIDR=24 -e UCARP_VHID=1 img {COMMAND} -u /none/up.sh\n"),
        ("Dockerfile", f"FROM x\nENV CIDR=24\nCMD {COMMAND} -u /none/up.sh\n"),
        (
            "compose.yml",
            f"services:\n ha:\n  environment:\n   CIDR: 24\n  command: {COMMAND} -u /none/up.sh\n",
        ),
    ],
)
def test_a_container_hands_over_what_a_script_that_is_not_here_may_read(tmp_path, name, text):
    assert read(tmp_path, text, name).hosts[0].for_scripts == {"CIDR": "24"}


def test_without_scripts_nothing_is_handed_over(tmp_path):
    assert read(tmp_path, f"export A=1\n{COMMAND}\n").hosts[0].for_scripts == {}


def of_process(tmp_path, up, environment):
    """The findings in a running `ucarp` with this up-script."""
    process = tmp_path / "12"
    process.mkdir(exist_ok=True)
    words = f"{COMMAND} -u {up}".replace(" ", "\0")
    (process / "cmdline").write_text(f"{words}\0")
    (process / "status").write_text("Uid:\t0\t0\t0\t0\n")
    (process / "environ").write_text(environment)
    return importer.of_processes([12], tmp_path)


def test_a_process_hands_over_what_its_scripts_read(tmp_path, up):
    environment = "CIDR=24\0LANG=C\0IFACE=eth0\0A(=1\0"
    found = of_process(tmp_path, up, environment)
    assert found.hosts[0].for_scripts == {"CIDR": "24"}
    up.unlink()
    found = of_process(tmp_path, up, environment)
    assert found.hosts[0].for_scripts == {}
    assert any("a script of this ucarp cannot be read here" in each for each in found.remarks)


def test_the_path_of_a_process_is_not_handed_over(tmp_path, up):
    up.write_text("export PATH=$PATH:/sbin; ip addr add $2/$CIDR dev $1\n")
    found = of_process(tmp_path, up, "CIDR=24\0PATH=/home/joe/bin\0")
    assert found.hosts[0].for_scripts == {"CIDR": "24"}
