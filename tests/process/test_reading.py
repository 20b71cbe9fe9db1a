"""Accepted and refused files at a start and at a reload."""

import os
import threading
from pathlib import Path

import pytest

from ucarpd import config
from ucarpd.config import directory
from ucarpd.config.problems import ConfigError, Problem
from ucarpd.interface.host_checks import Difference
from ucarpd.linux.lock import virtual_host
from ucarpd.process import patience, reading, refusals
from ucarpd.process.patience import Patience
from ucarpd.record.last_good import LastGood

HOSTS = (("web", 1), ("mail", 2), ("dns", 3))


def at_start(paths, waiting=None):
    return reading.at_start(paths, Patience(), waiting)


def at_reload(paths, *running):
    return reading.at_reload(paths, Patience(), running)


def text(vhid, address="10.0.0.1"):
    return f"UCARP_INTERFACE=eth0\nUCARP_VHID={vhid}\nUCARP_PASS=wortlos\nUCARP_ADDR={address}\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    directory = tmp_path / "run"
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(directory))
    return directory


@pytest.fixture(autouse=True)
def any_host(monkeypatch):
    """The addresses and links of the machine that runs the tests are no reason to refuse a file."""
    monkeypatch.setattr(reading.host_checks, "find", lambda *_arguments: [])


@pytest.fixture
def etc(tmp_path):
    directory = tmp_path / "etc"
    directory.mkdir()
    return directory


def write(etc, name, content):
    path = etc / f"{name}.conf"
    path.write_text(content)
    path.chmod(0o600)
    return path


def crashed(etc, run, name, content):
    """An instance ran with this, and its process has died."""
    path = write(etc, name, content)
    LastGood(name, run).keep(config.load(path))
    return path


def vhids(found):
    return {each.name: each.vhid for each in found.configs}


def test_sound_files_are_run(etc, run):
    write(etc, "web", text(1))
    found = at_start([etc])
    assert vhids(found) == {"web": 1}
    assert (found.lines, found.refused_names([])) == ((), [])


def test_a_bad_file_is_refused_and_named(etc, run):
    path = write(etc, "web", text(300))
    found = at_start([path])
    assert found.configs == ()
    assert found.refused_names([]) == ["web"]
    assert found.is_refused(path)
    (line,) = found.lines
    assert line.startswith(f"{path}:2: UCARP_VHID: ")
    assert line.endswith("(got '300')")


def test_beside_a_good_file_the_consequence_of_a_bad_one_is_named(etc, run):
    write(etc, "mail", text(1))
    path = write(etc, "web", text(300))
    found = at_start([etc])
    assert vhids(found) == {"mail": 1}
    (line,) = found.lines
    assert line.startswith(f"{path}:2: UCARP_VHID: ")
    assert line.endswith("(got '300'); left out: this process does not serve its addresses")


@pytest.mark.parametrize("given", ["file", "directory"])
def test_after_a_crash_the_last_good_configuration_stands_in_for_a_bad_file(etc, run, given):
    path = crashed(etc, run, "web", text(7))
    write(etc, "web", text(300))
    found = at_start([path if given == "file" else etc])
    assert vhids(found) == {"web": 7}
    assert found.is_refused(path)
    (line,) = found.lines
    assert line.startswith(f"{path}:2: UCARP_VHID: ")
    assert "; the last good configuration, in use since 2" in line
    assert line.endswith(", keeps running")


def test_it_stands_in_for_a_file_that_is_missing_for_a_moment(etc, run):
    path = crashed(etc, run, "web", text(7))
    path.unlink()
    assert vhids(at_start([path])) == {"web": 7}
    # In a directory, a file that is missing was removed.
    assert vhids(at_start([etc])) == {}


def test_it_stands_in_for_all_files_of_a_directory_that_cannot_be_read(etc, run):
    crashed(etc, run, "web", text(7))
    etc.rename(etc.with_name("elsewhere"))
    found = at_start([etc])
    assert vhids(found) == {"web": 7}
    assert found.is_refused(etc / "web.conf")
    assert found.refused_names([]) == ["etc"]
    assert found.refused_names([etc / "web.conf", Path("/elsewhere/mail.conf")]) == ["web"]


def test_a_good_file_is_taken_as_it_is(etc, run):
    crashed(etc, run, "web", text(7))
    write(etc, "web", text(8))
    assert vhids(at_start([etc])) == {"web": 8}


def test_a_good_file_comes_before_the_last_good_configuration_of_another(etc, run):
    crashed(etc, run, "a", text(7))
    write(etc, "a", text(300))
    write(etc, "b", text(7, "10.0.0.2"))
    assert vhids(at_start([etc])) == {"b": 7}


def test_a_reload_uses_nothing_but_the_files(etc, run):
    path = crashed(etc, run, "web", text(7))
    was = config.load(path)
    write(etc, "web", text(300))
    found = at_reload([etc], was)
    assert found.configs == ()
    assert found.is_refused(path)
    assert found.lines[0].endswith("; the running configuration stays")


def test_a_reload_says_that_nothing_runs_of_a_refused_new_file(etc, run):
    web = write(etc, "web", text(1))
    write(etc, "mail", text(300))
    found = at_reload([etc], config.load(web))
    assert vhids(found) == {"web": 1}
    (line,) = found.lines
    assert line.startswith(f"{etc}/mail.conf:2: UCARP_VHID: ")
    assert line.endswith("(got '300'); left out: this process does not serve its addresses")


def test_a_reload_refuses_what_collides_with_a_configuration_that_stays(etc, run):
    running = [
        config.load(write(etc, name, text(vhid, f"10.0.0.{vhid}")))
        for vhid, name in enumerate(("web", "mail", "dns"), 1)
    ]
    write(etc, "web", text(300))
    write(etc, "mail", text(2, "10.0.0.1"))
    write(etc, "new", text(9, "10.0.0.2"))
    found = at_reload([etc], *running)
    assert vhids(found) == {"dns": 3}
    assert found.refused_names(each.path for each in running) == ["mail", "new", "web"]
    assert found.lines[1:] == (
        f"{etc}/mail.conf:4: UCARP_ADDR: 10.0.0.1 is already taken by"
        f" the running configuration of {etc}/web.conf (got '10.0.0.1'); the running configuration stays",
        f"{etc}/new.conf:4: UCARP_ADDR: 10.0.0.2 is already taken by"
        f" the running configuration of {etc}/mail.conf (got '10.0.0.2'); left out: this process does not serve its addresses",
    )


def test_a_reload_refuses_the_virtual_host_of_another_process_for_one_that_runs(
    etc, run, monkeypatch
):
    taken = {virtual_host("eth0", vhid): (7, Path("/x/copy.conf")) for vhid in (2, 3)}
    taken[virtual_host("eth0", 4)] = (os.getpid(), etc / "dns.conf")
    monkeypatch.setattr(reading, "holders", lambda _directory, _suffix: taken)
    running = [
        config.load(write(etc, name, text(vhid, f"10.0.0.{vhid}")))
        for vhid, name in ((1, "web"), (4, "dns"), (5, "mail"))
    ]
    write(etc, "web", text(2))
    write(etc, "mail", text(4, "10.0.0.5"))
    write(etc, "dns", text(5, "10.0.0.4"))
    write(etc, "new", text(3, "10.0.0.3"))
    found = at_reload([etc], *running)
    assert vhids(found) == {"dns": 5, "mail": 4, "new": 3}
    assert found.lines == (
        f"{etc}/web.conf:2: UCARP_VHID: vhid 2 on eth0 is already run by process 7 (/x/copy.conf);"
        " the running configuration stays",
    )


@pytest.mark.parametrize(
    ("is_meant", "content"),
    [
        (True, text(1, "10.0.0.9") + "UCARP_ADVSKEW=300\n"),
        (True, text(300)),
        (False, text(2, "10.0.0.9") + "UCARP_ADVSKEW=300\n"),
        (False, "what is this?\n"),
    ],
)
def test_a_file_that_was_renamed_and_edited_badly_ends_nothing(etc, run, is_meant, content):
    was = config.load(path := write(etc, "web", text(1)))
    path.unlink()
    write(etc, "www", content)
    found = at_reload([etc], was)
    assert found.configs == ()
    assert found.is_refused(path) == is_meant
    assert (
        f"{path}: is gone, and {etc}/www.conf, which resembles it, is refused;"
        " the running configuration stays" in found.lines
    ) == is_meant


def test_a_file_that_is_gone_beside_a_bad_one_of_another_virtual_host_ends(etc, run):
    gone, mail = (
        config.load(write(etc, name, text(vhid, f"10.0.0.{vhid}")))
        for vhid, name in enumerate(("web", "mail"), 1)
    )
    gone.path.unlink()
    write(etc, "mail", text(300))  # With the address of the other one.
    assert not at_reload([etc], gone, mail).is_refused(gone.path)


def test_a_file_of_a_directory_that_cannot_be_listed_does_not_collide_with_itself(
    etc, run, monkeypatch
):
    def find(path):
        if path == etc:
            raise ConfigError([Problem(etc, None, None, "cannot be read")])
        return [path]

    was = config.load(path := write(etc, "web", text(1)))
    write(etc, "web", text(1, "10.0.0.9"))
    monkeypatch.setattr(directory, "find_files", find)
    found = at_reload([etc, path], was)
    assert (vhids(found), found.refused) == ({"web": 1}, {etc})


def test_what_check_has_refused_stays_too(etc, run):
    was = config.load(write(etc, "web", text(1)))
    path = write(etc, "web", text(2))
    new = write(etc, "new", text(1, "10.0.0.9"))
    refusals.leave(os.getpid(), {path}, run)
    assert at_reload([etc], was).refused == {path, new}


def test_what_check_has_refused_is_refused_once_and_without_a_word(etc, run):
    sound, bad, silent = (
        write(etc, name, text(vhid, f"10.0.0.{number}"))
        for number, (name, vhid) in enumerate({"a": 1, "b": 300, "c": 301}.items())
    )
    refusals.leave(os.getpid(), {sound, silent}, run)
    found = at_reload([etc])
    assert found.configs == ()
    assert found.refused_names([]) == ["a", "b", "c"]
    assert [line.partition(":")[0] for line in found.lines] == [str(bad)]
    assert vhids(at_reload([etc])) == {"a": 1}


def test_a_list_of_refusals_is_for_one_process(run):
    refusals.leave(1, {Path("/x/web.conf")}, run)
    assert refusals.take(2, run) == set()
    assert refusals.take(1, run) == {Path("/x/web.conf")}
    assert refusals.take(1, run) == set()


def test_a_later_check_without_faults_takes_the_list_back(run):
    refusals.leave(1, {Path("/x/web.conf")}, run)
    refusals.leave(1, set(), run)
    assert refusals.take(1, run) == set()


def test_a_damaged_list_refuses_nothing(run):
    refusals.leave(1, {Path("/x/web.conf")}, run)
    (left,) = (run / "private").iterdir()
    left.write_text("[")
    assert refusals.take(1, run) == set()


def test_warnings_about_files_that_run(etc, run):
    write(etc, "web", text(1) + "UCARP_DAEMONIZE=0\n")
    write(etc, "bad", text(300) + "UCARP_DAEMONIZE=0\n")
    told = (
        f"{etc}/web.conf:5: UCARP_DAEMONIZE: has no meaning here, because ucarpd@NAME.service"
        " runs it: remove the line",
    )
    assert at_start([etc]).warnings == told
    assert at_reload([etc]).warnings == told


def test_a_stand_in_is_not_warned_of(etc, run):
    crashed(etc, run, "web", text(1))
    write(etc, "web", text(300) + "UCARP_DAEMONIZE=0\n")
    assert at_start([etc]).warnings == ()


# -- files that hang ----------------------------------------------------------------------------------


@pytest.fixture
def hanging(monkeypatch):
    """The names of the files that hang, and the function that lets them answer."""
    names, may_answer = set(), threading.Event()

    def load_slowly(path, environ):
        if path.name in names:
            may_answer.wait()
        return config.load_with_lines(path, environ)

    monkeypatch.setattr(directory, "load_with_lines", load_slowly)
    monkeypatch.setattr(patience, "PATIENCE", 0.2)
    monkeypatch.setattr(patience, "LITTLE_PATIENCE", 0.2)
    yield names, may_answer.set
    may_answer.set()


def test_a_reload_leaves_out_all_files_while_the_run_directory_hangs(etc, run, monkeypatch):
    may_answer = threading.Event()
    monkeypatch.setattr(refusals, "take", lambda *_: may_answer.wait(10))
    monkeypatch.setattr(patience, "PATIENCE", 0.2)
    path = write(etc, "web", text(1))
    found = at_reload([etc])
    may_answer.set()
    assert found.configs == ()
    assert found.is_refused(path)
    assert found.refused_names([path]) == ["web"]
    assert [each.path for each in found.problems] == [etc]
    (line,) = found.lines
    assert line.startswith(f"{run}: its file system")
    assert line.endswith("; the running configuration stays; reload when it answers again")


def test_a_reload_leaves_out_the_files_that_hang(etc, run, hanging):
    running = [
        config.load(write(etc, f"web{number}", text(number, f"10.0.0.{number}")))
        for number in range(1, 5)
    ]
    names, _ = hanging
    names |= {"web2.conf", "web3.conf"}
    found = at_reload([etc], *running)
    assert vhids(found) == {"web1": 1, "web4": 4}
    assert found.lines == tuple(
        f"{etc}/web{number}.conf: its file system, or that of a file that it names, does not answer;"
        " the running configuration stays; reload when it answers again"
        for number in (2, 3)
    )
    assert found.refused_names([etc / "web2.conf"]) == ["web2", "web3"]


def test_a_start_waits_for_a_file_that_hangs(etc, run, hanging):
    write(etc, "web", text(1))
    names, answer = hanging
    names.add("web.conf")
    waited_for = []

    def waiting(path):
        waited_for.append(path)
        answer()

    assert vhids(at_start([etc], waiting)) == {"web": 1}
    assert waited_for == [etc / "web.conf"]


def test_after_a_crash_a_start_waits_for_no_file_that_has_run(etc, run, hanging):
    crashed(etc, run, "web", text(1))
    names, _ = hanging
    names.add("web.conf")
    found = at_start([etc])
    assert vhids(found) == {"web": 1}
    assert "does not answer; the last good configuration, in use since" in found.lines[0]
    assert found.lines[0].endswith(" keeps running; reload when it answers again")


def test_a_reload_refuses_changes_that_cannot_work_on_this_host(etc, run, monkeypatch):
    running = [config.load(write(etc, name, text(vhid, f"10.0.0.{vhid}"))) for name, vhid in HOSTS]
    write(etc, "web", text(1, "10.0.0.9"))
    write(etc, "mail", text(2, "10.0.0.2") + "UCARP_UPSCRIPT=/nowhere/up.sh\n")
    write(etc, "new", text(9, "10.0.0.4"))
    fault = "10.0.0.9 is the only address of eth0"

    def find(configs, names, held):
        assert {str(ip) for ip in held} == {"10.0.0.1", "10.0.0.2", "10.0.0.3"}
        assert names == {each.name: each for each in running}
        for each in configs:
            problem = Problem(each.path, None, "UCARP_ADDR", fault)
            yield Difference(problem, is_error=each.name != "mail")

    monkeypatch.setattr(reading.host_checks, "find", find)
    found = at_reload([etc], *running)
    assert vhids(found) == {"dns": 3, "new": 9}
    assert found.lines == (
        f"{etc}/web.conf:4: UCARP_ADDR: {fault}; the running configuration stays",
        f"{etc}/mail.conf:5: UCARP_UPSCRIPT: /nowhere/up.sh cannot be run: it does not exist;"
        " the running configuration stays",
    )
