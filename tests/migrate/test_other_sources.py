"""Units, ifupdown, containers, Fedora's files, and command lines."""

import os
import stat

import pytest
from imported import read, values

from ucarpd import cli
from ucarpd.config import ConfigError, load
from ucarpd.migrate import finish, import_command, importer


def told(findings):
    return "\n".join(findings.remarks)


def test_what_a_bsd_kernel_reads_is_named_with_the_page_that_helps(tmp_path):
    text = 'ifconfig_em0_alias0="vhid 1 pass geheim7 alias 10.0.0.1/32"\n'
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, "rc.conf")
    (problem,) = caught.value.problems
    assert problem.line == 1
    assert problem.text.startswith(
        "this is a CARP configuration of a BSD kernel, which ucarpd import does not read: OTHER SYSTEMS"
    )


UNIT = """\
[Service]
EnvironmentFile=-{directory}/env
Environment=ADDR=10.9.9.9 "PASSWORD=a b"
# ExecStart=/usr/sbin/ucarp -v 9
ExecStart=-/usr/sbin/ucarp --interface=${{IF}} \\
   --vhid=%i --pass=${{PASSWORD}} \\
   --addr=${{ADDR}} $OPTS
ExecStop=/usr/bin/killall ucarp
ExecStartPre=/bin/true
"""


def test_a_template_with_a_file_of_variables(tmp_path):
    (tmp_path / "env").write_text('IF=eth3\nOPTS="--preempt -k 3"\n')
    findings = read(tmp_path, UNIT.format(directory=tmp_path), "ha@7.service")
    assert values(findings) == {
        "UCARP_INTERFACE": "eth3",
        "UCARP_VHID": "7",
        "UCARP_PASS": "a b",
        "UCARP_ADDR": "10.9.9.9/32",
        "UCARP_PREEMPT": "yes",
        "UCARP_ADVSKEW": "3",
    }
    assert "systemctl disable --now ha@7.service" in told(findings)
    assert ":9: ExecStartPre=/bin/true: ucarpd does not run it" in told(findings)


def test_a_template_without_its_name_and_file(tmp_path):
    findings = read(tmp_path, UNIT.format(directory=tmp_path), "ha@.service")
    assert "UCARP_VHID" not in values(findings)
    assert "%i is filled in by systemd" in told(findings)
    assert f"$IF comes from {tmp_path}/env" in told(findings)
    assert "ha@.service: this is a template: import the link of each instance" in told(findings)
    assert "type: systemctl disable ha@.service; systemctl stop 'ha@*'" in told(findings)


def test_a_drop_in_replaces_the_command(tmp_path):
    (tmp_path / "ha.service.d").mkdir()
    (tmp_path / "ha.service.d/x.conf").write_text(
        "[Service]\nExecStart=\nExecStart=/usr/sbin/ucarp -i eth1 -v 2 -p x -a 10.0.0.2\n"
    )
    unit = "[Service]\nExecStart=/usr/sbin/ucarp -i eth0 -v 1 -p x -a 10.0.0.1\n"
    findings = read(tmp_path, unit, "ha.service")
    assert len(findings.hosts) == 1
    assert values(findings)["UCARP_VHID"] == "2"


def test_a_unit_that_starts_a_script(tmp_path):
    script = tmp_path / "start.sh"
    unit = f"[Service]\nExecStart=/bin/sh {script}\n"
    assert f"starts {script}: import it too" in told(read(tmp_path, unit, "ha.service"))
    script.write_text("#!/bin/sh\nucarp -i eth0 -v 3 -p x -a 10.0.0.1\n")
    assert values(read(tmp_path, unit, "ha.service"))["UCARP_VHID"] == "3"


def test_a_quadlet(tmp_path):
    text = "[Container]\nImage=x\nEnvironment=UCARP_INTERFACE=eth0 UCARP_VID=4\n"
    findings = read(tmp_path, f"{text}Exec=--preempt -p 'a b'\n", "ha.container")
    assert values(findings) == {
        "UCARP_INTERFACE": "eth0",
        "UCARP_VHID": "4",
        "UCARP_PREEMPT": "yes",
        "UCARP_PASS": "a b",
    }


STANZAS = """\
auto eth0
iface eth0 inet static
  address 10.13.0.2/24
  ucarp-vid1 50
  ucarp-vip1 10.13.0.10
  ucarp-password1 aaa
  ucarp-vid-2 51
  ucarp-vip-2 10.13.0.11
  ucarp-password-2 \\
     bbb
  ucarp-master {master}
  ucarp-facility local3
  ucarp-bogus x
iface eth0:ucarp1 inet static
  address 10.13.0.10/32
iface eth0:ucarp2 inet static
  address 10.13.0.12/32
  up /etc/x.sh
source /etc/network/interfaces.d/*
"""


def test_numbered_options(tmp_path):
    findings = read(tmp_path, STANZAS.format(master="maybe"), "interfaces")
    assert [values(findings, n)["UCARP_VHID"] for n in (0, 1)] == ["50", "51"]
    assert values(findings, 1) == {
        "UCARP_INTERFACE": "eth0",
        "UCARP_SRCIP": "10.13.0.2",
        "UCARP_VHID": "51",
        "UCARP_ADDR": "10.13.0.11/32",
        "UCARP_PASS": "bbb",
        "UCARP_PREEMPT": "yes",
        "UCARP_FACILITY": "local3",
    }
    assert values(findings)["UCARP_IF_ALIAS"] == "eth0:ucarp1"
    for words in (
        ":11: ucarp-master maybe: the hook takes any such word for yes",
        ":13: ucarp-bogus is not known: left out",
        ":16: the stanza of eth0:ucarp2 fits no ucarp-vip",
        ":19: /etc/network/interfaces.d/* is not read",
    ):
        assert words in told(findings)
    assert told(findings).count("fits no ucarp-vip") == 1
    assert "ucarp-vip counts" not in told(findings)


@pytest.mark.parametrize(
    ("word", "meant"),
    [("no", "no"), ("off", "no"), ("none", "no"), ("0", "no"), ("1", "yes"), ("No", "yes")],
)
def test_booleans_as_the_hook_reads_them(tmp_path, word, meant):
    findings = read(tmp_path, STANZAS.format(master=word), "interfaces")
    assert values(findings)["UCARP_PREEMPT"] == meant
    assert ("any such word" in told(findings)) == (word == "No")


def test_a_password_with_a_space_as_the_hook_hands_it_over(tmp_path):
    text = "iface eth0 inet static\n ucarp-vid 1\n ucarp-vip 10.0.0.1\n ucarp-password my secret\n"
    findings = read(tmp_path, text, "interfaces")
    assert values(findings)["UCARP_PASS"] == "my"
    said = ":4: ucarp-password: the hook gives ucarp only the first word, and so does the result"
    assert said in told(findings)


def test_no_alias_is_to_be_removed_where_none_is(tmp_path):
    text = "iface eth0 inet dhcp\n ucarp-vid 1\n ucarp-vip 10.0.0.1\n ucarp-password x\n"
    assert "interfaces, and stop the running ucarp" in told(read(tmp_path, text, "interfaces"))


def test_an_alias_with_another_address_and_commands(tmp_path):
    findings = read(
        tmp_path,
        "iface br0 inet dhcp\n ucarp-vid 1\n ucarp-vip 10.0.0.1\n ucarp-password x\n"
        "iface br0:ucarp inet static\n address 10.0.0.9\n netmask 255.255.0.0\n mtu 1400\n",
        "interfaces",
    )
    assert values(findings)["UCARP_ADDR"] == "10.0.0.1/16"
    assert values(findings)["UCARP_EXTRA_ADDRS"] == "10.0.0.9/16"
    words = "has the address 10.0.0.9, and ucarp-vip is 10.0.0.1: the master has both, the first as"
    assert f"{words} UCARP_EXTRA_ADDRS" in told(findings)
    assert ", and the stanza of br0:ucarp unless your scripts call it, and stop" in told(findings)
    assert ":8: br0:ucarp: mtu 1400: ucarpd does not do it by itself" in told(findings)
    assert "#UCARP_UPSCRIPT=/usr/share/ucarp/vip-up" in finish.text(findings.hosts[0], "")


def test_an_alias_with_another_address_that_no_script_uses(tmp_path):
    findings = read(
        tmp_path,
        "iface br0 inet dhcp\n ucarp-vid 1\n ucarp-vip 10.0.0.1\n ucarp-password x\n"
        " ucarp-upscript /up\niface br0:ucarp inet static\n address 10.0.0.9\n",
        "interfaces",
    )
    assert "UCARP_EXTRA_ADDRS" not in values(findings)
    assert "has the address 10.0.0.9, and ucarp-vip is 10.0.0.1: ucarp-vip counts" in told(findings)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ucarp-password-file", " is not known"),
        ("ucarp", " is not known"),
        ("ucarp-advskew-2", ": there is no ucarp-vid with this number"),
    ],
)
def test_an_option_that_no_virtual_host_takes(tmp_path, name, said):
    text = f"iface br0 inet dhcp\n ucarp-vid 1\n ucarp-vip 10.0.0.1\n {name} 5\n"
    assert f":4: {name}{said}: left out" in told(read(tmp_path, text, "interfaces"))


def test_a_piece_of_a_stanza(tmp_path):
    findings = read(tmp_path, " ucarp-vid 1\n ucarp-vip 10.0.0.1\n ucarp-password x\n", "piece")
    assert values(findings)["UCARP_VHID"] == "1"
    assert "UCARP_INTERFACE is missing" in told(findings)


COMPOSE = """\
version: "3"
services:
  ha:
    image: foo/ucarp
    cap_add:
      - NET_ADMIN
    environment:
      UCARP_INTERFACE: eth0
      UCARP_VID: "12"
      UCARP_VIP: 10.2.2.2
      UCARP_PASSWORD: "se: cret"
  two:
    environment:
      - UCARP_INTERFACE=eth1
      - UCARP_VID=3
      - "UCARP_VIP=10.2.2.3/24"
      - UCARP_PASSWORD=${PW}
    command: ["--preempt", "--advskew=3"]
"""


def test_a_compose_file(tmp_path):
    findings = read(tmp_path, COMPOSE, "compose.yml")
    assert values(findings) == {
        "UCARP_INTERFACE": "eth0",
        "UCARP_VHID": "12",
        "UCARP_ADDR": "10.2.2.2/32",
        "UCARP_PASS": "se: cret",
    }
    assert values(findings, 1) == {
        "UCARP_INTERFACE": "eth1",
        "UCARP_VHID": "3",
        "UCARP_ADDR": "10.2.2.3/24",
        "UCARP_PREEMPT": "yes",
        "UCARP_ADVSKEW": "3",
    }
    assert ":17: UCARP_PASSWORD: ${PW} comes from the environment of Compose" in told(findings)


OPTIONS = "-i eth0 -v 1 -p one -a 10.0.0.1"
OF_OPTIONS = {
    "UCARP_INTERFACE": "eth0",
    "UCARP_VHID": "1",
    "UCARP_PASS": "one",
    "UCARP_ADDR": "10.0.0.1/32",
}


@pytest.mark.parametrize(
    "command",
    [
        f'>\n      sh -c "apk add ucarp &&\n      ucarp {OPTIONS} && true"',
        f"\n      - ucarp\n      - {OPTIONS}",
        f"/usr/sbin/ucarp {OPTIONS}",
    ],
)
def test_the_command_of_a_compose_file(tmp_path, command):
    text = f"services:\n  vip:\n    command: {command}\n    restart: always\n    image: alpine\n"
    findings = read(tmp_path, text, "compose.yml")
    assert (values(findings), told(findings)) == (OF_OPTIONS, "")


def test_what_a_template_fills_in_is_left_out(tmp_path):
    text = "iface eth0 inet static\n  address {{ own }}\n  ucarp-vip <%= @vip %>\n  ucarp-vid 1\n"
    findings = read(tmp_path, text, "interfaces")
    assert values(findings) == {"UCARP_INTERFACE": "eth0", "UCARP_VHID": "1"}
    assert ":3: ucarp-vip: is filled in by a template: UCARP_ADDR left out" in told(findings)


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("x.sh", f"#!/bin/sh\ncat >x.service <<EOF\nExecStart=/bin/ucarp {OPTIONS}\nEOF\n", 3),
        ("Dockerfile", f"FROM debian\nRUN sed -i '4i/bin/ucarp {OPTIONS}' /entry\n", 2),
        ("x.rb", f'# ucarp -i no\nexec_start "/bin/ucarp {OPTIONS}"\n', 2),
        ("rc.conf", f"ucarp_if=eth9\nucarp_vhid=9\n/bin/ucarp {OPTIONS}\n", 3),
        ("x.md", f"Type:\n\n    `ucarp \\\n     {OPTIONS}`\n", 3),
    ],
)
def test_a_command_that_is_not_followed_is_named(tmp_path, name, text, line):
    words = "this ucarp is not imported: give its command line to  ucarpd import --command"
    assert f"{name}:{line}: {words}" in told(read(tmp_path, text, name))


def test_a_command_that_is_only_shown(tmp_path):
    text = f"#!/bin/sh\necho /bin/ucarp {OPTIONS}\n/bin/ucarp {OPTIONS}\n"
    assert "not imported" not in told(read(tmp_path, text))
    text = f"#!/bin/sh\necho /bin/ucarp {OPTIONS} >>/etc/rc.local\n"
    assert ":2: this ucarp is not imported" in told(read(tmp_path, text))


def test_options_that_openwrt_s_script_adds_are_named(tmp_path):
    text = "procd_set_param command /usr/sbin/ucarp -i eth0 -v 1\n"
    text += "[ -n x ] && procd_append_param command --addr=10.0.0.1\nprocd_append_param env A=1\n"
    said = told(read(tmp_path, f"#!/bin/sh /etc/rc.common\n{text}"))
    assert "start.sh:3: these options of a command are not imported: add those of ucarp" in said
    assert "start.sh:4" not in said


def test_lines_of_ifupdown_in_a_script(tmp_path):
    text = "echo 'iface eth0 inet static\n  ucarp-vid 1\n  ucarp-vip 10.0.0.1' >/etc/network/interfaces\n"
    said = told(read(tmp_path, f"#!/bin/sh\n{text}"))
    assert "start.sh:3: this is a line of /etc/network/interfaces: import that file" in said


def test_a_dockerfile(tmp_path):
    findings = read(
        tmp_path,
        'FROM x\nENV UCARP_INTERFACE eth0\nENV UCARP_VID=1 UCARP_PASS="a b" \\\n    UCARP_ADDR=10.3.3.3\n'
        'CMD ["ucarp", "--preempt"]\n',
        "Dockerfile",
    )
    assert values(findings) == {
        "UCARP_INTERFACE": "eth0",
        "UCARP_VHID": "1",
        "UCARP_PASS": "a b",
        "UCARP_ADDR": "10.3.3.3/32",
        "UCARP_PREEMPT": "yes",
    }


def test_all_of_fedora_s_files(tmp_path):
    (tmp_path / "vip-common.conf").write_text("BIND_INTERFACE=eth0\nPASSWORD=love\nOPTIONS=-P\n")
    for number in ("001", "002"):
        (tmp_path / f"vip-{number}.conf").write_text(
            f"ID={number}\nVIP_ADDRESS=10.0.0.{number[2]}\n"
        )
    for path in (tmp_path, tmp_path / "vip-common.conf"):
        findings = importer.of_file(path, tmp_path / "root")
        assert [values(findings, n)["UCARP_VHID"] for n in (0, 1)] == ["1", "2"]
        assert values(findings)["UCARP_PREEMPT"] == "yes"


def test_a_vip_file_that_adds_to_the_common_options(tmp_path):
    (tmp_path / "vip-common.conf").write_text('BIND_INTERFACE=eth0\nOPTIONS="-P -n"\n')
    text = 'ID=3\nVIP_ADDRESS=10.0.0.3\nOPTIONS="$OPTIONS -k 30"\n'
    findings = read(tmp_path, text, "vip-003.conf")
    keys = ("UCARP_PREEMPT", "UCARP_NEUTRAL", "UCARP_ADVSKEW")
    assert [values(findings)[key] for key in keys] == ["yes", "yes", "30"]
    assert "OPTIONS replaces" not in told(findings)


def test_such_files_with_names_instead_of_numbers(tmp_path):
    (tmp_path / "vip-common.conf").write_text("BIND_INTERFACE=eth0\nPASSWORD=love\n")
    (tmp_path / "vip-mail.conf").write_text("VID=7\nVIP_ADDRESS=10.0.0.7\n")
    findings = importer.of_file(tmp_path, tmp_path / "root")
    assert values(findings)["UCARP_VHID"] == "7"
    assert "systemctl disable --now ucarp@mail.service" in told(findings)


@pytest.mark.parametrize(
    ("name", "text", "vhid"),
    [
        ("vip-007.conf", "", "7"),
        ("vip-010.conf", "", "8"),  # As ucarp reads it.
        ("vip-010.conf", "ID=3\n", "3"),
        ("vip-010.conf", "ID=$(number)\n", None),
        ("vip-mail.conf", "", None),
    ],
)
def test_the_number_in_the_name_of_a_vip_file(tmp_path, name, text, vhid):
    findings = read(tmp_path, f"VIP_ADDRESS=10.0.0.1\n{text}", name)
    assert values(findings).get("UCARP_VHID") == vhid
    assert "is not a number" not in told(findings)


def test_a_vip_file_without_the_common_one(tmp_path):
    findings = read(tmp_path, "ID=3\nVIP_ADDRESS=10.0.0.1\n", "vip-003.conf")
    assert "vip-common.conf: is not there" in told(findings)


def test_a_directory_without_such_files(tmp_path):
    with pytest.raises(ConfigError, match="has no vip-NNN.conf in it"):
        importer.of_file(tmp_path)


def test_the_command_line_of_a_process(tmp_path):
    findings = read(
        tmp_path, "/usr/sbin/ucarp\0-i\0eth0\0-v\0001\0-p\0a b\0-a\00010.0.0.1\0", "cmdline"
    )
    assert values(findings)["UCARP_PASS"] == "a b"


RESULT = """\
# /etc/ucarp/web.conf, from --command

UCARP_INTERFACE=eth0
UCARP_VHID=1
UCARP_PASS='a b'
UCARP_ADDR=10.0.0.1/32

"""


def test_a_command_line(capsys):
    words = ["ucarp", "-i", "eth0", "-v", "1", "-p", "a b", "-a", "10.0.0.1"]
    assert cli.main(["import", "--name", "web", "--command", *words]) == 0
    assert capsys.readouterr() == (RESULT, "")


def test_a_password_that_is_not_utf_8(tmp_path, capsys):
    path = tmp_path / "start.sh"
    path.write_bytes(b"# Z\xfcrich\nucarp -i eth0 -v 1 -p p\xe4ss -a 10.0.0.1\n")
    words = ["ucarp", "-i", "eth0", "-v", "1", "-p", "p\udce4ss", "-a", "10.0.0.1"]
    for arguments in ([str(path)], ["--command", *words]):
        assert cli.main(["import", *arguments]) == 0
        out, err = capsys.readouterr()
        assert "UCARP_KEY=70e47373\n" in out
        assert "UCARP_PASS" not in out
        assert "--pass: is not UTF-8: its bytes are UCARP_KEY in the result" in err


def test_a_password_file_with_dos_line_ends(tmp_path, capsys):
    file = tmp_path / "pass"
    words = ["ucarp", "-i", "eth0", "-v", "1", "-o", str(file), "-a", "10.0.0.1"]
    for content, line in (
        (b"abc\r\nd\n", "UCARP_KEY=6162630d"),
        (b"abc\nd\r\n", f"UCARP_PASSFILE={file}"),
    ):
        file.write_bytes(content)
        assert cli.main(["import", "--command", *words]) == 0
        out, err = capsys.readouterr()
        assert line in out.splitlines()
        assert ("ends with a carriage return to ucarp" in err) == line.startswith("UCARP_KEY")


def test_another_value_that_is_not_utf_8(tmp_path, capsys):
    path = tmp_path / "web.env"
    path.write_bytes(
        b"UCARP_INTERFACE=eth0\nUCARP_VHID=1\nUCARP_ADDR=10.0.0.1\nUCARP_PASS=x\nTOWN=Z\xfcrich\n"
        b"RIVER=Aar\xc3\xa9\nUCARP_PASSWORD=/p\xe4ss\n"
    )
    assert cli.main(["import", str(path)]) == 1
    out, _ = capsys.readouterr()
    assert "TOWN='Zürich'\n" in out
    assert "RIVER='Aaré'\n" in out
    assert "#UCARP_PASSFILE=/päss\n" in out


def test_a_command_line_in_one_word(capsys):
    line = "/usr/sbin/ucarp -i eth0 -v1 -p 'a b' --addr 10.0.0.1"
    assert cli.main(["import", "--name", "web", "--command", line]) == 0
    assert capsys.readouterr().out == RESULT.replace("--command", "--command:1")


def test_what_is_missing_fails(capsys):
    assert cli.main(["import", "--command", "ucarp", "-i", "eth0", "-v", "1", "-p", "x"]) == 1
    out, err = capsys.readouterr()
    assert "#UCARP_ADDR=\n" in out
    assert err == "--command: UCARP_ADDR is missing: complete the line in the result\n"


def test_what_ucarpd_refuses_is_told(capsys):
    words = ["-i", "eth0", "-v", "300", "-p", "geheim", "-a", "10.0.0.1"]
    assert cli.main(["import", "--name", "web", "--command", "ucarp", *words]) == 1
    assert capsys.readouterr().err == "web.conf:4: UCARP_VHID: must be from 1 to 255 (got '300')\n"


@pytest.mark.parametrize(
    ("name", "vhid", "address", "in_common"),
    [
        ("new", "1", "10.0.0.9", "vhid 1 on eth0"),
        ("new", "9", "10.0.0.1", "10.0.0.1"),
        ("new", "9", "10.0.0.9", None),
        ("web", "1", "10.0.0.1", None),  # It would take the place of the file.
    ],
)
def test_a_file_that_has_the_virtual_host_already_is_told(
    tmp_path, monkeypatch, capsys, name, vhid, address, in_common
):
    monkeypatch.setattr(import_command, "DIRECTORY", tmp_path)
    (tmp_path / "web.conf").write_text(RESULT)
    words = ["ucarp", "-i", "eth0", "-v", vhid, "-p", "a b", "-a", address]
    status = cli.main(["import", "--name", name, "--command", *words])
    text = f"new.conf: {tmp_path}/web.conf already has {in_common}"
    said = f"{text}: keep one of the two\n" if in_common else ""
    assert (status, capsys.readouterr().err) == (1 if in_common else 0, said)


def test_files_are_written_for_root_only_and_never_over_others(tmp_path, capsys):
    script = tmp_path / "start.sh"
    script.write_text(
        "#!/bin/sh\nucarp -i eth0 -v 1 -p one -a 10.0.0.1\nucarp -i eth0 -v 2 -p two -a 10.0.0.2\n"
    )
    target = tmp_path / "etc"
    target.mkdir()
    before = os.umask(0)
    try:
        assert cli.main(["import", str(script), "--write", str(target)]) == 0
    finally:
        os.umask(before)
    first, second = target / "start.conf", target / "start-2.conf"
    assert stat.S_IMODE(first.stat().st_mode) == stat.S_IMODE(second.stat().st_mode) == 0o600
    assert load(second).key == b"two"
    out, _ = capsys.readouterr()
    assert f"{second}: written; try it with  ucarpd check {second}" in out
    assert "two" not in out
    assert cli.main(["import", str(script), "--write", str(target)]) == 78
    assert f"{first}: File exists; nothing is written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no ucarp found in it"),
        ("#!/bin/sh\necho ucarp -v 1 >>x\n", "nothing of it can be imported"),
        ("#!/usr/bin/perl\n", "this is a program"),
        (None, "does not exist"),
    ],
)
def test_a_file_without_anything_of_ucarp(tmp_path, capsys, content, words):
    path = tmp_path / "web"
    if content is not None:
        path.write_text(content)
    assert cli.main(["import", str(path)]) == 78
    assert words in capsys.readouterr().err


def test_a_name_may_end_with_conf(tmp_path, capsys):
    words = ["ucarp", "-i", "eth0", "-v", "1", "-p", "a b", "-a", "10.0.0.1"]
    arguments = ["import", "--name", "web.conf", "--write", str(tmp_path), "--command", *words]
    assert cli.main(arguments) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["web.conf"]


@pytest.mark.parametrize("name", ["../web", "a b", "wéb", ".conf"])
def test_a_name_that_no_unit_can_have(tmp_path, capsys, name):
    target = tmp_path / "etc"
    target.mkdir()
    with pytest.raises(SystemExit) as ended:
        cli.main(["import", "--name", name, "--write", str(target), "--command", "ucarp -v 1"])
    assert ended.value.code == 2
    assert f"--name: use ASCII letters, digits, - _ . and : only (got '{name}')" in (
        capsys.readouterr().err
    )
    assert list(tmp_path.rglob("*")) == [target]


def test_the_names_of_several_without_a_number(tmp_path, capsys):
    path = tmp_path / "start.sh"
    path.write_text(3 * "ucarp -i eth0 -p x -a 10.0.0.1\n")
    assert cli.main(["import", str(path)]) == 1
    out, _ = capsys.readouterr()
    names = [line.split("/")[3].split(",")[0] for line in out.splitlines() if line.startswith("# ")]
    assert names == ["start.conf", "start-2.conf", "start-3.conf"]


def test_a_file_with_a_long_name(tmp_path, capsys):
    path = tmp_path / ("a" * 255)
    path.write_text("ucarp -i eth0 -v 1 -p x -a 10.0.0.1\n")
    assert cli.main(["import", str(path)]) == 0


@pytest.mark.parametrize("words", [[], ["file", "--command", "ucarp"]])
def test_either_a_file_or_a_command(words):
    with pytest.raises(SystemExit) as ended:
        cli.main(["import", *words])
    assert ended.value.code == 2


def test_the_interface_of_the_default_route(tmp_path):
    table = tmp_path / "route"
    head = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
    table.write_text(
        f"{head}eth1 0000A8C0 00000000 1 0 0 0 00FFFFFF 0 0 0\n"
        "ens18 00000000 0100A8C0 3 0 0 0 00000000 0 0 0\n"
    )
    assert finish.default_interface(table) == "ens18"
    table.write_text(head)
    assert finish.default_interface(table) == ""
    assert finish.default_interface(tmp_path / "none") == ""


def test_more_addresses_without_a_number_of_their_own(tmp_path):
    findings = read(
        tmp_path,
        "iface eth0 inet static\n ucarp-vid 1\n ucarp-vip1 10.0.0.1\n ucarp-vip2 10.0.0.2\n"
        " ucarp-password x\n",
        "interfaces",
    )
    assert values(findings)["UCARP_ADDR"] == "10.0.0.1/32"
    assert values(findings)["UCARP_EXTRA_ADDRS"] == "10.0.0.2/32"
    assert ":4: ucarp-vip2 has no ucarp-vid of its own" in told(findings)


def test_a_vip_file_under_another_name(tmp_path):
    findings = read(
        tmp_path,
        "ID=003\nVIP_ADDRESS=10.0.0.1\nBIND_INTERFACE=eth0\nPASSWORD=/etc/x.pwd\n",
        "web.conf",
    )
    assert values(findings)["UCARP_VHID"] == "3"
    assert "UCARP_PASS" not in values(findings)
    assert "does not guess" in told(findings)


def test_a_health_check_stays_as_it_is(tmp_path):
    findings = read(tmp_path, "UCARP_VHID=1\nUCARP_CHECK_WEB='tcp://a:1 rise=2'\n", "web.conf")
    assert findings.hosts[0].for_scripts == {"UCARP_CHECK_WEB": "tcp://a:1 rise=2"}
    assert not any("UCARP_CHECK" in each for each in findings.remarks)
