"""Less usual ways to start ucarp, and files that are looked at on another host."""

import pytest
from imported import read, values

OPTIONS = "-i eth0 -v 1 -p geheim -a 10.0.0.1"
VALUES = {
    "UCARP_INTERFACE": "eth0",
    "UCARP_VHID": "1",
    "UCARP_PASS": "geheim",
    "UCARP_ADDR": "10.0.0.1/32",
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("crontab", f"@reboot root /usr/sbin/ucarp {OPTIONS}\n"),
        ("inittab", f"c1:2345:respawn:/usr/sbin/ucarp {OPTIONS}\n"),
        ("watch.sh", f"#!/bin/sh\nps ax | grep -q '[u]carp' || /usr/sbin/ucarp {OPTIONS} -B\n"),
        ("ha.ini", f"[program:ha]\ncommand=/usr/sbin/ucarp {OPTIONS}\nautostart=true\n"),
        ("wrapped.sh", f"#!/bin/sh\ncgexec -g cpu:x /usr/sbin/ucarp {OPTIONS}\n"),
        ("default", f'DAEMON_OPTS="{OPTIONS}"\n'),
        ("run", f"#!/bin/sh\nexec 2>&1\nexec chpst -u root /usr/sbin/ucarp {OPTIONS}\n"),
    ],
)
def test_the_command_is_found(tmp_path, name, text):
    assert values(read(tmp_path, text, name)) == VALUES


def test_a_message_about_it_is_no_command(tmp_path):
    text = f"#!/bin/sh\necho start it with /usr/sbin/ucarp {OPTIONS}\n"
    assert read(tmp_path, text, "help.sh").hosts == []


def test_the_variables_of_a_role(tmp_path):
    text = (
        "---\nucarp__vid: 1  # unique\nucarp__vip: '10.0.0.1'\nucarp__interface: eth0\n"
        "ucarp__password: '{{ vault }}'\n"
    )
    findings = read(tmp_path, text, "main.yml")
    assert values(findings) == {k: v for k, v in VALUES.items() if k != "UCARP_PASS"}
    assert any("{{ vault }} is computed by the role" in each for each in findings.remarks)


@pytest.mark.parametrize("prefix", ["24", "/24", "10.0.0.0/24", "255.255.255.0"])
def test_the_mask_in_any_form(tmp_path, prefix):
    text = (
        "KARP_INTERFACE=eth0\nKARP_ID=1\nKARP_PASSWORD=geheim\nKARP_VIRTUAL_IP=10.0.0.1\n"
        f"KARP_SUBNET={prefix}\n"
    )
    assert values(read(tmp_path, text, "karp.env")) == VALUES | {"UCARP_ADDR": "10.0.0.1/24"}


def test_a_file_beside_stands_in_for_one_that_is_not_here(tmp_path):
    (tmp_path / "ha.conf").write_text("PASS=geheim\n")
    script = "#!/bin/sh\n. /nowhere/ha.conf\nucarp -i eth0 -v 1 -p $PASS -a 10.0.0.1\n"
    findings = read(tmp_path, script, "start.sh")
    assert values(findings) == VALUES
    assert (
        f"{tmp_path}/start.sh:2: /nowhere/ha.conf is not here; {tmp_path}/ha.conf is read instead"
        in findings.remarks
    )


def test_a_file_of_variables_for_each_instance(tmp_path):
    (tmp_path / "7.env").write_text("PASS=geheim\n")
    unit = (
        "[Service]\nEnvironmentFile=/nowhere/%i.env\n"
        "ExecStart=/usr/sbin/ucarp -i eth0 -v 1 -p $PASS -a 10.0.0.1\n"
    )
    assert values(read(tmp_path, unit, "ha@7.service")) == VALUES


def test_the_wrapper_of_fedora(tmp_path):
    unit = "[Service]\nExecStart=/usr/libexec/ucarp/ucarp-start %i\n"
    findings = read(tmp_path, unit, "ucarp@.service")
    assert any("import /etc/ucarp instead" in each for each in findings.remarks)


def test_more_addresses_of_a_stanza(tmp_path):
    text = (
        "iface eth0 inet static\n ucarp-vid 1\n ucarp-vip 10.0.0.1\n ucarp-password geheim\n"
        " ucarp-mvip 10.0.0.2 10.0.0.3\n"
    )
    found = values(read(tmp_path, text, "interfaces"))
    assert found == VALUES | {"UCARP_EXTRA_ADDRS": "10.0.0.2/32,10.0.0.3/32"}
