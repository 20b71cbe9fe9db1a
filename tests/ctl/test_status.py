"""`ucarpctl status`, from the words on the command line to the exit status."""

import json
import os
import subprocess

import pytest
from ctl_program import ctl_program
from fake_process import BACKUP, IN_TROUBLE, MASTER
from other_user import as_nobody

from ucarpd.ctl import not_running, seen
from ucarpd.ctl.entry import main


def test_all_instances_of_all_processes(process, capsys):
    process(BACKUP, pid=1)
    process(MASTER)
    assert main(["status"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "mail", "web"]


def test_one_instance(process, capsys):
    process(BACKUP, MASTER)
    assert main(["status", "web"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("web: MASTER since ")
    assert "mail" not in out


def test_a_process_that_hangs_hides_no_other(process, capsys):
    process(pid=1, hangs=True)
    process(IN_TROUBLE)
    assert main(["status"]) == 2
    out = capsys.readouterr().out
    assert "process 1 does not answer" in out
    assert "MASTER without 192.0.2.30" in out


def test_not_known_is_worse_than_degraded(process, capsys):
    process(pid=1, hangs=True)
    process(BACKUP | {"demotion": IN_TROUBLE["demotion"]})
    assert main(["status"]) == 3
    assert main(["status", "mail"]) == 1


def test_json_has_the_instances_as_they_were_answered(process, files, capsys):
    (files / "ftp.conf").write_text("UCARP_VHID=300")
    process(MASTER, BACKUP)
    assert main(["status", "--json"]) == 2
    ftp, mail, web = json.loads(capsys.readouterr().out)["instances"]
    assert (mail, web) == (BACKUP, MASTER)
    assert ftp.keys() == {"name", "path", "state", "reason"}
    assert ftp["state"] == "failed"
    assert main(["status", "web", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"instances": [MASTER]}


def in_json(capsys):
    """The findings of the only instance in the output."""
    (instance,) = json.loads(capsys.readouterr().out)["instances"]
    return instance["findings"]


def test_a_refused_file_whose_old_configuration_runs_is_a_lasting_fault(process, capsys):
    problems = ["web.conf:2: UCARP_VHID: must be from 1 to 255 (got '300')", "web.conf:3: no"]
    refused = [{"name": "web", "path": "/etc/ucarp/web.conf", "problems": problems}]
    process(MASTER, BACKUP, refused=refused)
    text = f"the file was refused, the old configuration runs: {problems[0]} (and 1 more: ucarpd check)"
    assert main(["status"]) == 1
    assert text in capsys.readouterr().out
    assert main(["status", "web"]) == 1
    assert f"findings     {text}\n" in capsys.readouterr().out
    assert main(["status", "web", "--json"]) == 1
    assert in_json(capsys) == [{"finding": "refused", "text": text}]
    assert main(["status", "mail"]) == 0


def test_a_file_that_the_process_has_not_read_again_is_a_lasting_fault(
    process, run_directory, files, capsys
):
    file = files / "web.conf"
    file.write_text("UCARP_VHID=1\n")
    (run_directory / "private").mkdir()
    said = {"contents": {str(file): file.read_bytes().hex()}}
    (run_directory / "private/web.good").write_text(json.dumps(said))
    process(MASTER, BACKUP)
    assert main(["status"]) == 0
    capsys.readouterr()
    file.write_text("UCARP_VHID=2\n")
    assert main(["status", "mail"]) == 0
    capsys.readouterr()
    assert main(["status", "web", "--json"]) == 1
    text = f"{file} has changed since the process read it: kill -HUP {os.getpid()}"
    assert in_json(capsys) == [{"finding": "edited", "text": text}]


def test_a_refused_file_is_not_told_twice(process, run_directory, files, capsys):
    (run_directory / "private").mkdir()
    (files / "web.conf").touch()
    said = {"contents": {f"{files}/web.conf": b"UCARP_VHID=1".hex()}}
    (run_directory / "private/web.good").write_text(json.dumps(said))
    refused = [{"name": "web", "path": f"{files}/web.conf", "problems": ["no"]}]
    process(MASTER, refused=refused)
    assert main(["status", "web", "--json"]) == 1
    assert [each["finding"] for each in in_json(capsys)] == ["refused"]


def test_a_process_of_an_older_version_than_the_installed_one_is_a_lasting_fault(
    process, monkeypatch, capsys
):
    process(MASTER, BACKUP)
    text = "still runs ucarpd 0.3.0, but 0.10.0 is installed"
    advice = "restart it when `ucarpd check /etc/ucarp/web.conf` finds no fault"
    monkeypatch.setattr(seen, "__version__", "0.10.0")
    assert main(["status"]) == 1
    assert f"{text}: {advice}\n" in capsys.readouterr().out
    assert main(["status", "web"]) == 1
    assert f"findings     {text}: {advice}\n" in capsys.readouterr().out
    assert main(["status", "web", "--json"]) == 1
    assert in_json(capsys) == [{"finding": "outdated", "text": f"{text}: {advice}"}]


@pytest.mark.parametrize("installed", ["0.3.0", "0.2.10"])
def test_a_process_of_a_newer_version_than_a_running_watch_is_no_fault(
    process, monkeypatch, installed
):
    process(MASTER)
    monkeypatch.setattr(seen, "__version__", installed)
    assert main(["status"]) == 0


def test_an_instance_that_runs_although_its_file_is_gone(process, files, capsys):
    web = MASTER | {"path": f"{files}/web.conf"}
    process(web, BACKUP)
    text = f"its file {files}/web.conf is gone: after a restart, this instance does not run"
    assert main(["status"]) == 1
    assert text in capsys.readouterr().out
    assert main(["status", "web"]) == 1
    assert f"findings     {text}\n" in capsys.readouterr().out
    assert main(["status", "web", "--json"]) == 1
    assert in_json(capsys) == [{"finding": "gone", "text": text}]
    assert main(["status", "mail"]) == 0, "its file is elsewhere"
    (files / "web.conf").touch()
    assert main(["status", "web"]) == 0
    files.chmod(0)
    with as_nobody():
        assert not_running.gone([web["path"]]) == set()


def test_an_instance_that_does_not_exist(process, capsys):
    process(MASTER, BACKUP)
    assert main(["status", "wbe"]) == 3
    assert capsys.readouterr() == (
        "",
        "ucarpctl: there is no instance wbe (this host has mail, web); did you mean web?\n",
    )


def test_a_maintenance_note_that_is_ignored(process, tmp_path, monkeypatch, capsys):
    """Its operator takes the host for one in maintenance."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    notes = tmp_path / "maintenance"
    notes.mkdir()
    process(MASTER, BACKUP)
    assert main(["status"]) == 0
    assert capsys.readouterr().err == ""
    (notes / "host.json").write_text("{")
    (notes / "web.instance.json").write_text("[]")
    text = "this maintenance note is ignored: it is damaged"
    host, web = (f"ucarpctl: {notes}/{each}.json: {text}\n" for each in ("host", "web.instance"))
    for words, lines in ([], host + web), (["web"], host + web), (["mail", "--json"], host):
        assert main(["status", *words]) == 0
        assert capsys.readouterr().err == lines


def test_a_host_without_ucarpd(files, capsys):
    assert main(["status"]) == 3
    assert (
        "no instance runs on this host, and there is no file NAME.conf in"
        in capsys.readouterr().err
    )
    assert main(["status", "web"]) == 3
    assert "there is no instance web: no instance runs on this host" in capsys.readouterr().err


def test_a_process_without_instances(process, files, capsys):
    """ucarpd.service, which waits for a first file."""
    process()
    assert main(["status"]) == 3
    assert "ucarpctl: no instance runs on this host" in capsys.readouterr().err


def test_another_user_is_told_what_only_root_can_see(process, files, capsys):
    files.chmod(0)
    with as_nobody():
        assert main(["status"]) == 3
        assert "no ucarpd answers" in capsys.readouterr().err
    socket = process(MASTER).path
    socket.parent.chmod(0o755)
    socket.chmod(0o666)
    with as_nobody():
        assert main(["status"]) == 0
        assert capsys.readouterr().out.endswith(f"only root can see what else is in {files}\n")
        assert main(["status", "mail"]) == 3
        assert (
            f"no ucarpd answers for mail, and only root can list {files}" in capsys.readouterr().err
        )


def test_a_process_with_fewer_fields_is_shown_too(process, capsys):
    fields = ("name", "path", "state", "since", "reason", "interface", "vhid")
    process({field: MASTER[field] for field in fields})
    assert main(["status"]) == 0
    assert main(["status", "web"]) == 0


@pytest.mark.parametrize("words", [["--watch"], ["--watch", "--json"]])
def test_watching_needs_a_terminal(words, capsys):
    assert main(["status", *words]) == 3
    assert "ucarpctl history --follow --json" in capsys.readouterr().err


def test_what_is_not_used_is_not_loaded(process, files):
    process(MASTER)
    code = "main(['status']); main(['status', 'web']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(ctl_program(files, code), capture_output=True, text=True, check=True)
    assert "web: MASTER" in done.stdout
    loaded = set(done.stderr.split())
    assert "ucarpd.ctl.detail" in loaded
    rooms = {name.split(".")[1] for name in loaded if name.startswith("ucarpd.")}
    assert rooms == {"configuration_directory", "ctl", "control", "linux", "record", "usage"}
    assert {name for name in loaded if name.startswith("ucarpd.record.")} == {
        "ucarpd.record.edited"
    }
    heavy = {"asyncio", "dataclasses", "dotenv", "inspect", "logging", "pyroute2", "rich", "ssl"}
    assert loaded & heavy == set()
