"""The files of a virtual host that others can change: how `check`, the log and the status say it."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest
from fake_worker import FakeWorker
from real_loop import in_real_time

from ucarpd import cli
from ucarpd.config import exposure, load, path_writers
from ucarpd.linux.file_worker import PATIENCE, FileWorker
from ucarpd.process.exposure_watch import ExposureWatch

BOB = 4321


@pytest.fixture
def web(tmp_path):
    """A configuration file with scripts and a password file, all safe."""
    for name in ("up.sh", "down.sh"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "web.pass").write_text("geheim7\n")
    (tmp_path / "web.pass").chmod(0o600)
    path = tmp_path / "web.conf"
    path.write_text(
        "UCARP_INTERFACE=nosuch0\nUCARP_VHID=1\nUCARP_ADDR=10.0.0.1\n"
        f"UCARP_PASS_FILE={tmp_path}/web.pass\n"
        f"UCARP_UPSCRIPT={tmp_path}/up.sh\nUCARP_DOWNSCRIPT={tmp_path}/down.sh\n"
    )
    path.chmod(0o600)
    return path


@pytest.fixture
def owners(monkeypatch):
    """The owners of paths by our word, since the tests may run as anybody."""
    owners = {}
    real_stat = Path.stat

    def with_owner(path, status):
        if path not in owners:
            return status
        fields = list(status)
        fields[4] = owners[path]
        return os.stat_result(fields)

    monkeypatch.setattr(path_writers, "_status", lambda p: with_owner(Path(p), os.lstat(p)))
    monkeypatch.setattr(exposure, "_status", lambda p: with_owner(p, real_stat(p)))
    return owners


def find(path):
    return exposure.find(load(path))


def told(path):
    return [str(each.problem).removeprefix(f"{path}:").lstrip() for each in find(path)]


def mend(path):
    for each in find(path):
        command = each.problem.text.rpartition("type: ")[2]
        subprocess.run(["sh", "-c", command], check=True)


def test_files_that_only_root_can_change(web):
    assert find(web) == []


def test_the_files_that_a_file_names(web, tmp_path):
    found = load(web).named_files
    assert {key: (given.name, given.line) for key, given in found.items()} == {
        "UCARP_PASSFILE": ("UCARP_PASS_FILE", 4),
        "UCARP_UPSCRIPT": ("UCARP_UPSCRIPT", 5),
        "UCARP_DOWNSCRIPT": ("UCARP_DOWNSCRIPT", 6),
    }
    assert found["UCARP_UPSCRIPT"].meaning == tmp_path / "up.sh"


def test_a_file_that_is_gone_meanwhile(web):
    config = load(web)
    web.unlink()
    assert exposure.find(config) == []


def test_the_files_of_the_configuration_that_runs_count(web, owners):
    """A file that cannot be used any more does not change what root runs."""
    config = load(web)
    web.write_text("UCARP_UPSCRIPT=/nowhere\nrubbish\n")
    owners[web.with_name("up.sh")] = BOB
    (found,) = exposure.find(config)
    assert found.file == web.with_name("up.sh")


def test_a_script_of_another_user(web, owners):
    script = web.with_name("up.sh")
    owners[script] = BOB
    assert told(web) == [
        f"5: UCARP_UPSCRIPT: user {BOB} owns {script}, and so can change what root runs;"
        f" ucarpd 0.3 will refuse that: type: chown root {script}"
    ]


def test_a_directory_that_everybody_can_write(web):
    web.parent.chmod(0o777)
    place = f"every user can write the directory {web.parent}, and so can"
    end = f"; ucarpd 0.3 will refuse that: keep the file in /etc/ucarp, or type: chmod go-w {web.parent}"
    assert told(web) == [
        f"{place} choose what root runs{end}",
        f"4: UCARP_PASS_FILE: {place} change the password{end}",
        f"5: UCARP_UPSCRIPT: {place} change what root runs{end}",
        f"6: UCARP_DOWNSCRIPT: {place} change what root runs{end}",
    ]
    mend(web)
    assert find(web) == []


def test_a_file_that_is_in_the_right_directory_already_stays_there(web, monkeypatch):
    monkeypatch.setattr(exposure, "DIRECTORY", web.parent / "ucarp")
    web.parent.chmod(0o777)
    assert told(web)[0].endswith(f"0.3 will refuse that: type: chmod go-w {web.parent}")


@pytest.mark.parametrize(
    ("name", "effect"),
    [("web.conf", "choose what root runs"), ("web.pass", "change the password")],
)
def test_a_file_that_is_read_and_that_everybody_can_write(web, name, effect):
    web.with_name(name).chmod(0o622)
    (found,) = find(web)
    assert found.is_error
    assert f"can {effect}" in found.problem.text
    mend(web)
    assert find(web) == []


def test_a_script_that_everybody_can_write_is_refused_already(web):
    web.with_name("up.sh").chmod(0o757)
    assert find(web) == []


def test_the_owner_of_the_configuration_file_may_own_its_scripts(web, owners):
    owners |= {web: BOB, web.with_name("up.sh"): BOB}
    (found,) = find(web)
    assert not found.is_error
    assert told(web) == [
        f"user {BOB} owns it, and so can choose what root runs: type: chown root {web}"
    ]


def test_roots_own_group_is_a_warning(web, owners, monkeypatch):
    script = web.with_name("up.sh")
    script.chmod(0o775)
    monkeypatch.setattr(path_writers, "ROOTS_GROUP", script.stat().st_gid)
    (found,) = find(web)
    assert not found.is_error
    assert told(web) == [
        f"5: UCARP_UPSCRIPT: group {script.stat().st_gid} can write {script}, and so can change"
        f" what root runs: type: chmod g-w {script}"
    ]


# -- check -----------------------------------------------------------------------------------------


def test_check_says_error_and_accepts_the_file(web, capsys):
    web.chmod(0o602)
    assert cli.main(["check", str(web)]) == 0
    out, err = capsys.readouterr()
    assert f"{web}: every user can write {web}, and so can choose what root runs;" in err
    assert f"type: chmod o-w {web} (ERROR)\n" in err
    assert out.startswith(f"{web}: OK, ")


def test_check_calls_a_warning_so(web, owners, capsys):
    owners[web] = BOB
    assert cli.main(["check", str(web)]) == 0
    assert f"type: chown root {web} (warning)\n" in capsys.readouterr().err


# -- while it runs ---------------------------------------------------------------------------------


class Log:
    def __init__(self):
        self.lines = []

    def error(self, text):
        self.lines.append(f"ERROR {text}")

    def warning(self, text):
        self.lines.append(f"WARNING {text}")


class Watched:
    """A watch that has looked as often as it was asked to."""

    def __init__(self):
        self.log = Log()
        self.changes = asyncio.Queue()
        self.worker = FakeWorker()
        files = FileWorker(lambda: self.worker)
        self.watch = ExposureWatch(self.log, lambda: self.changes.put_nowait(None), files)

    async def look(self, path):
        self.watch.look(load(path))
        await asyncio.wait_for(self.changes.get(), 30)


@in_real_time
async def test_each_exposure_is_logged_once_and_stays_in_the_status(web, owners):
    watched = Watched()
    await watched.look(web)
    assert (watched.log.lines, watched.watch.trouble) == ([], "")
    owners[web.with_name("up.sh")] = BOB
    before = asyncio.get_running_loop().time()
    await watched.look(web)
    since = watched.watch.since
    assert since >= before
    await watched.look(web)
    assert watched.watch.since == since
    (line,) = watched.log.lines
    assert line.startswith(f"ERROR {web}:5: UCARP_UPSCRIPT: user {BOB} owns")
    assert watched.watch.trouble == f"users other than root can change {web.with_name('up.sh')}"
    owners.clear()
    await watched.look(web)
    assert watched.watch.trouble == ""
    owners[web.with_name("up.sh")] = BOB
    await watched.look(web)
    assert len(watched.log.lines) == 2


@in_real_time
async def test_a_warning_is_logged_and_not_in_the_status(web, owners):
    owners[web] = BOB
    watched = Watched()
    await watched.look(web)
    (line,) = watched.log.lines
    assert line.startswith(f"WARNING {web}: user {BOB} owns it")
    assert watched.watch.trouble == ""


async def test_after_a_look_without_a_thread_there_is_another_one(web, owners):
    owners[web] = BOB
    watched = Watched()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watched.worker, "do", no_thread)
        watched.watch.look(load(web))
        await asyncio.sleep(0.1)
    assert watched.log.lines == []
    await watched.look(web)
    assert len(watched.log.lines) == 1


def no_thread(_job, _done, failed):
    asyncio.get_running_loop().call_soon(failed, BlockingIOError("no thread can be started"))


async def test_a_file_system_that_hangs_is_told_and_gets_one_look(web, owners):
    watched = Watched()
    watched.worker.hangs = True
    for _ in range(3):
        watched.watch.look(load(web))
        await asyncio.sleep(2 * PATIENCE)
    (line,) = watched.log.lines
    assert line.startswith("WARNING cannot look for files that users other than root can change: ")
    assert line.endswith(f" of {web}, or of a file that it names, does not answer")
    assert watched.worker.stuck == 1
    watched.worker.work_again()
    await asyncio.sleep(1)
    assert watched.changes.qsize() == 2, "one more for all that were asked for meanwhile"
    assert len(watched.log.lines) == 1
