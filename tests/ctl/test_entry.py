"""The command line of `ucarpctl`, up to the verb."""

import argparse
import os
import subprocess

import pytest
from ctl_program import ctl_program
from fake_process import MASTER

from ucarpd import __version__, usage
from ucarpd.ctl import entry
from ucarpd.ctl.failure import EXIT_FAILED, EXIT_UNKNOWN, Failure


class FakeVerb:
    def __init__(self, run):
        self.run = run

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("name", nargs="?")


@pytest.fixture
def verb(monkeypatch):
    def install(run):
        monkeypatch.setattr(entry, "load", lambda name: FakeVerb(run))

    return install


@pytest.mark.parametrize("name", entry.VERBS)
def test_each_verb_has_its_module(name):
    verb = entry.load(name)
    verb.add_arguments(argparse.ArgumentParser())
    assert callable(verb.run)


@pytest.mark.parametrize("name", entry.VERBS)
def test_each_verb_has_help(name, capsys):
    with pytest.raises(SystemExit) as end:
        entry.main([name, "--help"])
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert entry.VERBS[name].lower() in out.lower()
    assert all(len(line) <= 100 for line in out.splitlines())


@pytest.mark.parametrize(
    ("named", "unit"),
    [
        ("web", "ucarpd@web"),
        ("web.conf", "ucarpd@web"),
        ("/etc/ucarp/web.conf", "ucarpd@web"),
        ("/etc/ucarp", "ucarpd"),
    ],
)
def test_what_systemd_does_is_told(capsys, named, unit):
    assert entry.main(["start", named]) == EXIT_UNKNOWN
    assert capsys.readouterr() == ("", f"ucarpctl: type: systemctl start {unit}\n")


def test_what_ucarpd_does_is_told(capsys):
    assert entry.main(["clear", "a b.conf"]) == EXIT_UNKNOWN
    assert capsys.readouterr() == ("", "ucarpctl: type: ucarpd clear 'a b.conf'\n")
    assert usage.OF_OURS["ucarpctl"] == tuple(entry.VERBS)


def test_a_verb_is_run_with_its_options(verb):
    verb(lambda options: 7 if options.name == "web" else 8)
    assert entry.main(["status", "web"]) == 7


def test_a_failure_is_one_message_and_its_status(verb, capsys):
    def run(_options):
        raise Failure("no host took over", EXIT_FAILED)

    verb(run)
    assert entry.main(["step-down"]) == 1
    assert capsys.readouterr() == ("", "ucarpctl: no host took over\n")


def test_ctrl_c_ends_it_without_a_traceback(verb, capsys):
    def run(_options):
        raise KeyboardInterrupt

    verb(run)
    assert entry.main(["status"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("words", [["statu"], ["status", "--no-such"], ["status", "a", "b"]])
def test_wrong_usage_is_unknown_for_a_monitoring_plug_in(words, capsys):
    assert entry.main(words) == EXIT_UNKNOWN
    out, err = capsys.readouterr()
    assert out == ""
    assert words[-1] in err
    assert "usage: ucarpctl" in err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["stauts"], "status"),
        (["stepdown"], "step-down"),
        (["status", "--jsno"], "--json"),
        (["maintenance", "on", "--resaon=disk"], "--reason"),
    ],
)
def test_the_word_that_was_meant_is_named(words, meant, capsys):
    assert entry.main(words) == EXIT_UNKNOWN
    assert capsys.readouterr().err.splitlines()[0].endswith(f"; did you mean {meant}?")


def test_without_a_verb_it_prints_what_there_is(capsys):
    assert entry.main([]) == EXIT_UNKNOWN
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in entry.VERBS)


def test_version(capsys):
    with pytest.raises(SystemExit):
        entry.main(["--version"])
    assert capsys.readouterr().out == f"ucarpctl {__version__}\n"


# -- the process -----------------------------------------------------------------------------------


@pytest.fixture
def command(files):
    return ctl_program(files)


@pytest.fixture
def ucarpctl(command):
    def run(*words, **options):
        return subprocess.run([*command, *words], check=False, **options)

    return run


def test_a_reader_that_has_enough_hears_no_complaint(process, ucarpctl):
    process(MASTER)
    reading, writing = os.pipe()
    os.close(reading)
    done = ucarpctl("status", stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_locale_without_a_letter_loses_only_that_letter(process, ucarpctl):
    process(MASTER | {"reason": "stopped by Zo\u00eb"})
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = ucarpctl("status", "web", env=environment, capture_output=True)
    assert done.returncode == 0
    assert b"stopped by Zo?" in done.stdout


def test_without_standard_output_the_exit_status_still_tells(process, command):
    process(MASTER | {"state": "INIT"})
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *command, "status"]
    assert subprocess.run(command, check=False).returncode == 2


def test_a_disk_that_is_full_is_unknown_and_no_traceback(ucarpctl):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = ucarpctl(stdout=full, stderr=subprocess.PIPE, text=True)
    assert ended.returncode == EXIT_UNKNOWN
    assert ended.stderr == "ucarpctl: [Errno 28] No space left on device\n"


def test_a_defect_is_unknown_and_not_degraded(verb, capsys):
    def run(_options):
        raise AssertionError("a defect")

    verb(run)
    assert entry.main(["status"]) == EXIT_UNKNOWN
    assert "AssertionError: a defect" in capsys.readouterr().err
