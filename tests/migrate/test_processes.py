"""`ucarpd import --pid`: the command lines of running ucarp."""

import sys

import pytest

from ucarpd import cli
from ucarpd.config import ConfigError
from ucarpd.migrate import finish, importer


def process(tmp_path, pid, *words, user=0):
    (tmp_path / str(pid)).mkdir()
    (tmp_path / str(pid) / "status").write_text(f"Name:\tucarp\nUid:\t{user}\t0\t0\t0\n")
    (tmp_path / str(pid) / "cmdline").write_bytes("".join(f"{word}\0" for word in words).encode())


def test_running_processes(tmp_path):
    for pid, vhid in ((12, "1"), (14, "2")):
        line = ("-i", "eth0", "-v", vhid, "-p", "a b", "-a", f"10.0.0.{vhid}")
        process(tmp_path, pid, "/usr/sbin/ucarp", *line)
    findings = importer.of_processes([12, 14], tmp_path)
    assert [host.text("UCARP_VHID") for host in findings.hosts] == ["1", "2"]
    assert finish.name(findings.hosts[0], set()) == "ucarp"
    assert finish.name(findings.hosts[1], {"ucarp"}) == "ucarp-2"


def test_a_process_of_ours_has_its_password_elsewhere(tmp_path):
    process(tmp_path, 12, "ucarp", "-i", "eth0", "-v", "1", "--pass=***", "-a", "10.0.0.1")
    findings = importer.of_processes([12], tmp_path)
    assert "this ucarp shows no password" in "\n".join(findings.remarks)
    assert "UCARP_PASS is missing: complete the line" in "\n".join(findings.remarks)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("/bin/bash",), "this is not ucarp, but /bin/bash"),
        (("a\x1bb",), r"this is not ucarp, but a\\x1bb$"),
        ((), "a part of the kernel"),
    ],
)
def test_a_process_that_is_no_ucarp(tmp_path, words, said):
    process(tmp_path, 12, *words)
    with pytest.raises(ConfigError, match=said):
        importer.of_processes([12], tmp_path)
    with pytest.raises(ConfigError, match="there is no process 13"):
        importer.of_processes([13], tmp_path)


def test_a_process_of_another_user_is_not_ucarp(tmp_path):
    process(tmp_path, 12, "ucarp", "-i", "eth0", "-v", "1", "-u", "/home/eve/up", user=1000)
    with pytest.raises(ConfigError, match="user 1000 runs it, but only root can run ucarp"):
        importer.of_processes([12], tmp_path)


def test_a_command_line_cannot_upset_a_terminal(capsys, monkeypatch):
    command = ["ucarp", "-i", "eth0", "-x", "a\x1b[2J\nb", "--\x1b[2J"]
    cli.main(["import", "--command", *command])
    out, err = capsys.readouterr()
    assert "\x1b" in out, "a file is as it is"
    assert r"--\x1b[2J is not an option of ucarp" in err
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    cli.main(["import", "--command", *command])
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert out.splitlines()[2] == "UCARP_INTERFACE=eth0"


def test_one_of_file_and_process_is_enough(capsys):
    with pytest.raises(SystemExit):
        cli.main(["import", "--pid", "1", "--command", "ucarp"])
    assert "give either FILE, --pid or --command" in capsys.readouterr().err
