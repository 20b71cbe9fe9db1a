"""The command line, up to the point where the daemon itself would start."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from command_line import commands

from ucarpd import __version__, cli, usage
from ucarpd.commands import arguments, check
from ucarpd.config import Problem, load
from ucarpd.exit_status import EXIT_NOT_RELOADED, EXIT_USAGE
from ucarpd.interface import host_checks
from ucarpd.interface.host_checks import Difference
from ucarpd.linux.lock import virtual_host
from ucarpd.log import process as log_process
from ucarpd.process import refusals
from ucarpd.record.last_good import LastGood

GOOD = """\
UCARP_INTERFACE=eth0
UCARP_VHID=1
UCARP_PASS=geheim7
UCARP_ADDR=10.0.0.1
"""

FAULTY = [("bad", 300), ("unfit", 2)]


@pytest.fixture(autouse=True)
def findings(monkeypatch):
    """The findings of the host, as (path, is_error); none until a test adds one."""
    found = []

    def find(configs, _running, _held):
        return [
            Difference(Problem(each.path, None, "UCARP_ADDR", "does not fit"), is_error)
            for each in configs
            for path, is_error in found
            if str(each.path) == path
        ]

    monkeypatch.setattr(host_checks, "find", find)
    return found


@pytest.fixture
def conf(tmp_path):
    def write(text, name="web"):
        path = tmp_path / f"{name}.conf"
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    return write


def test_check_says_that_a_good_file_is_good(conf, capsys):
    path = conf(GOOD)
    assert cli.main(["check", path]) == 0
    assert capsys.readouterr() == (f"{path}: OK, virtual host 1 on eth0\n", "")


def test_check_names_every_fault_and_the_good_files_too(conf, tmp_path, capsys):
    good, bad = conf(GOOD), conf(GOOD.replace("=1\n", "=300\n"), "mail")
    assert cli.main(["check", str(tmp_path)]) == cli.EXIT_CONFIG
    out, err = capsys.readouterr()
    assert out == f"{good}: OK, virtual host 1 on eth0\n"
    assert f"{bad}:2: UCARP_VHID: " in err
    assert "(got '300')" in err


def test_a_warning_is_no_fault(conf, capsys):
    path = conf(GOOD.replace("geheim7", "'ge heim'").replace("UCARP_VHID", "export UCARP_VHID"))
    assert cli.main(["check", path]) == 0
    err = capsys.readouterr().err
    assert f"{path}:2: UCARP_VHID: " in err
    assert err.endswith("(warning)\n")


def test_a_line_with_a_fault_gets_no_warning_too(conf, tmp_path, capsys):
    script = tmp_path / "up.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    path = conf(f"{GOOD}UCARP_UPSCRIPT={script} web\nUCARP_DOWNSCRIPT={script}\n")
    assert cli.main(["check", path]) == cli.EXIT_CONFIG
    out, err = capsys.readouterr()
    assert out == ""
    said = [line for line in err.splitlines() if "UCARP_UPSCRIPT" in line]
    assert len(said) == 1
    assert said[0].endswith(f"; {script} does: its arguments go into UCARP_XPARAM")


def test_a_file_that_does_not_fit_the_host_is_not_good(conf, findings, tmp_path, capsys):
    good, bad = conf(GOOD), conf(GOOD.replace("1\n", "2\n"), "mail")
    findings += [(good, False), (bad, True)]
    assert cli.main(["check", str(tmp_path)]) == cli.EXIT_CONFIG
    assert capsys.readouterr() == (
        f"{good}: OK, virtual host 1 on eth0\n",
        f"{bad}:4: UCARP_ADDR: does not fit\n{good}:4: UCARP_ADDR: does not fit (warning)\n",
    )
    assert cli.main(["check", good]) == 0


def test_check_names_a_unit_in_two_files(conf, tmp_path, capsys):
    text = f"{GOOD}UCARP_UNITS=a.service\n"
    conf(text)
    mail = conf(text.replace("VHID=1", "VHID=2").replace("0.0.1", "0.0.2"), "mail")
    assert cli.main(["check", str(tmp_path)]) == cli.EXIT_CONFIG, "there is no such unit"
    web = f"{tmp_path}/web.conf:5: UCARP_UNITS: a.service is in {mail} too"
    assert web in capsys.readouterr().err


@pytest.mark.parametrize("processes", [check.MANY_PROCESSES - 1, check.MANY_PROCESSES])
def test_check_says_from_when_on_one_process_is_meant(
    conf, tmp_path, monkeypatch, capsys, processes
):
    found = {}
    for number in range(processes):
        text = GOOD.replace("VHID=1", f"VHID={number + 1}").replace("0.0.1", f"0.1.{number + 1}")
        path = Path(conf(text, f"web{number}"))
        found[path.stem] = (number, path)
    found["other"] = (4000, Path("/etc/ucarp/other.conf"))
    locks = {".lock": found, ".vhid": {}}
    monkeypatch.setattr(check, "holders", lambda _directory, suffix=".lock": locks[suffix])
    assert cli.main(["check", str(tmp_path)]) == 0
    is_told = (
        "32 processes run these files, and every takeover wakes them all" in capsys.readouterr().err
    )
    assert is_told == (processes == 32)


def test_check_names_the_process_that_runs_the_virtual_host_of_a_file(conf, monkeypatch, capsys):
    path, of_web, copy = conf(GOOD), {}, Path("/etc/ucarp/copy.conf")
    locks = {".lock": of_web, ".vhid": {virtual_host("eth0", 1): (7, copy)}}
    monkeypatch.setattr(check, "holders", lambda _directory, suffix=".lock": locks[suffix])
    text = f"{path}:2: UCARP_VHID: vhid 1 on eth0 is already run by process 7 ({copy})"
    assert cli.main(["check", path]) == 0
    assert capsys.readouterr().err == f"{text} (warning)\n"
    of_web["web"] = (8, Path(path))
    assert cli.main(["check", path]) == cli.EXIT_CONFIG, "a reload would end what runs"
    assert capsys.readouterr() == ("", f"{text}\n")
    of_web["web"] = (7, Path(path))
    assert cli.main(["check", path]) == 0, "two files of one process may exchange their numbers"
    assert capsys.readouterr().err == ""


def test_a_file_that_was_renamed_takes_over_the_virtual_host(conf, reloaded, monkeypatch, capsys):
    path = conf(GOOD, "www")
    of_vhid = {virtual_host("eth0", 1): (7, Path("/etc/ucarp/web.conf"))}
    locks = {".lock": {}, ".vhid": of_vhid}
    monkeypatch.setattr(check, "holders", lambda _directory, suffix=".lock": locks[suffix])
    assert cli.main(["check", "--reload", "7", path]) == 0
    assert capsys.readouterr().err == ""
    assert cli.main(["check", path]) == 0
    assert "is already run by process 7" in capsys.readouterr().err


# -- check before a reload -------------------------------------------------------------------------


@pytest.fixture
def reloaded(tmp_path, monkeypatch):
    """The processes that were asked to reload, each with its list of refused files."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    asked = []

    def kill(pid, number):
        if pid == 404:
            raise ProcessLookupError(3, "No such process")
        assert number == signal.SIGHUP
        asked.append((pid, sorted(map(str, refusals.take(pid, tmp_path / "run")))))

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(check, "_runs_files", lambda _pid: True)
    return asked


def test_check_lets_a_process_reload_good_files(conf, reloaded):
    assert cli.main(["check", "--reload", "4", conf(GOOD)]) == 0
    assert reloaded == [(4, [])]


def test_check_names_the_bad_files_to_the_process_and_fails(
    conf, findings, reloaded, tmp_path, monkeypatch, capsys
):
    conf(GOOD.replace("10.0.0.1", "10.0.0.2"))
    bad, unfit = (conf(GOOD.replace("=1\n", f"={vhid}\n"), name) for name, vhid in FAULTY)
    findings.append((unfit, True))
    monkeypatch.chdir(tmp_path)
    assert cli.main(["check", "--reload", "4", "."]) == cli.EXIT_CONFIG
    assert reloaded == [(4, [bad, unfit])]
    assert f"{bad}:2: UCARP_VHID: " in capsys.readouterr().err


def test_check_refuses_what_collides_with_a_configuration_that_stays(
    conf, reloaded, tmp_path, monkeypatch, capsys
):
    web = conf(GOOD)
    LastGood("web", tmp_path / "run").keep(load(Path(web)))
    locks = {".lock": {"web": (4, Path(web))}, ".vhid": {}}
    monkeypatch.setattr(check, "holders", lambda _directory, suffix=".lock": locks[suffix])
    conf(GOOD.replace("VHID=1", "VHID=300"))
    mail = conf(GOOD.replace("10.0.0.1", "10.0.0.2"), "mail")
    assert cli.main(["check", "--reload", "4", mail, web]) == cli.EXIT_CONFIG
    told = capsys.readouterr()
    taken = f"vhid 1 on eth0 is already taken by the running configuration of {web}"
    assert f"{mail}:2: UCARP_VHID: {taken}: " in told.err
    assert told.out == ""
    # Another process would take it: it does not run the refused file.
    assert cli.main(["check", "--reload", "5", mail, web]) == cli.EXIT_CONFIG
    assert capsys.readouterr().out == f"{mail}: OK, virtual host 1 on eth0\n"
    assert reloaded == [(4, [mail, web]), (5, [web])]


def test_check_compares_what_runs_with_this_host(conf, reloaded, tmp_path, monkeypatch):
    """Also without a reload: an upgrade restarts what `check` accepts."""
    web = conf(GOOD)
    old = load(Path(web))
    kept = LastGood("web", tmp_path / "run")
    kept.keep(old)
    locks = {".lock": {"web": (4, Path(web))}, ".vhid": {}}
    monkeypatch.setattr(check, "holders", lambda _directory, suffix=".lock": locks[suffix])
    monkeypatch.setattr(check, "held", lambda _names, _directory: {"web"})
    asked = []
    monkeypatch.setattr(
        host_checks, "find", lambda _configs, running, _held: asked.append(running) or []
    )
    conf(GOOD.replace("eth0", "eth7"))
    assert cli.main(["check", "--reload", "4", web]) == 0
    assert cli.main(["check", web]) == 0
    kept.forget()
    assert cli.main(["check", web]) == 0
    assert asked == [{"web": old}, {"web": old}, {"web": None}]


def test_when_the_last_file_is_gone_the_process_reloads(reloaded, tmp_path):
    assert cli.main(["check", "--reload", "4", str(tmp_path)]) == 0
    assert reloaded == [(4, [])]


def test_ctrl_c_ends_a_command_without_a_traceback(conf, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(host_checks, "find", interrupt)
    assert cli.main(["check", str(conf)]) == 130
    assert capsys.readouterr() == ("", "")


def test_check_says_when_there_is_no_such_process(conf, reloaded, capsys):
    assert cli.main(["check", "--reload", "404", conf(GOOD)]) == EXIT_NOT_RELOADED
    assert "process 404 could not be asked to reload: No such process" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "is_asked"),
    [
        (["-m", "ucarpd", "run", "/etc/ucarp"], True),
        (["/usr/bin/ucarpd", "run", "--stay", "/etc/ucarp"], True),
        (["/usr/sbin/ucarp", "-i", "eth0"], False),  # SIGHUP ends it.
        (["/usr/bin/ucarpd", "clear", "/etc/ucarp"], False),
        (["/usr/bin/vim", "/etc/ucarp/run"], False),
    ],
)
def test_no_other_program_gets_the_signal(conf, tmp_path, monkeypatch, capsys, words, is_asked):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    with subprocess.Popen(["sh", "-c", "echo; read line", *words], **pipes) as process:
        process.stdout.read(1)  # Now the kernel shows its command line.
        status = cli.main(["check", "--reload", str(process.pid), conf(GOOD)])
    assert (process.returncode == -signal.SIGHUP) is is_asked
    assert status == (0 if is_asked else EXIT_NOT_RELOADED)
    error = f"process {process.pid} is not `ucarpd run`, so it is not asked to reload\n"
    assert (error in capsys.readouterr().err) is not is_asked


@pytest.mark.parametrize("option", [["check", "--reload"], ["import", "--pid"]])
@pytest.mark.parametrize("word", ["-1", "0", "x", "", "99999999999"])
def test_no_word_stands_for_many_processes(option, word, capsys):
    """Only the parser is asked: with -1 the signal would go to every process."""
    with pytest.raises(SystemExit) as ended:
        arguments.parser().parse_args([*option, word])
    assert ended.value.code == EXIT_USAGE
    assert f"must be the number of a process (got '{word}')" in capsys.readouterr().err


def test_without_room_for_the_list_good_files_are_reloaded_and_bad_ones_are_not(
    conf, reloaded, tmp_path, capsys
):
    (tmp_path / "run").touch()
    assert cli.main(["check", "--reload", "4", conf(GOOD)]) == 0
    bad = conf(GOOD.replace("=1\n", "=300\n"))
    assert cli.main(["check", "--reload", "4", bad]) == EXIT_NOT_RELOADED
    assert reloaded == [(4, [])]
    assert "process 4 could not be asked to reload: " in capsys.readouterr().err


def test_the_password_may_be_a_credential_of_the_process(conf, reloaded, tmp_path):
    (tmp_path / "web.pass").write_text("credential\n")
    path = conf(GOOD.replace("UCARP_PASS=geheim7\n", ""))
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path), "PATH": os.environ["PATH"]}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    with subprocess.Popen(["cat"], **pipes, env=environment) as process:
        # The kernel shows its environment a little later than subprocess knows that it runs.
        process.stdin.write(b".")
        process.stdout.read(1)
        assert cli.main(["check", "--reload", str(process.pid), path]) == 0
    with subprocess.Popen(["cat"], **pipes, env={"PATH": os.defpath}) as process:
        assert cli.main(["check", "--reload", str(process.pid), path]) == cli.EXIT_CONFIG
    assert [refused for _, refused in reloaded] == [[], [path]]


def test_in_the_journal_each_line_has_its_priority(conf, reloaded, monkeypatch, capsys):
    monkeypatch.setattr(log_process, "stderr_is_the_journal", lambda: True)
    path = conf(GOOD.replace("=1\n", "=300\n"))
    assert cli.main(["check", "--reload", "4", path]) == cli.EXIT_CONFIG
    assert capsys.readouterr().err.startswith(f"<3>{path}:2: UCARP_VHID: ")


def test_check_of_an_empty_directory_finds_nothing_to_run(tmp_path, capsys):
    assert cli.main(["check", str(tmp_path)]) == cli.EXIT_CONFIG
    assert "no configuration file" in capsys.readouterr().err


def test_show_config_prints_defaults_and_no_password(conf, capsys):
    assert cli.main(["show-config", conf(GOOD)]) == 0
    out = capsys.readouterr().out
    assert "UCARP_ADVBASE=1" in out
    assert "geheim7" not in out


def test_show_config_of_a_bad_file_tells_what_is_wrong(conf, capsys):
    path = conf("UCARP_VHID=0\n")
    assert cli.main(["show-config", path]) == cli.EXIT_CONFIG
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{path}:1: UCARP_VHID: " in err


@pytest.mark.parametrize("command", ["check", "show-config"])
def test_without_a_path_it_looks_where_the_units_do(conf, tmp_path, monkeypatch, capsys, command):
    monkeypatch.setattr("ucarpd.commands.arguments.DIRECTORY", tmp_path)
    assert cli.main([command]) == cli.EXIT_CONFIG
    assert capsys.readouterr().err == f"{tmp_path}: no configuration file (NAME.conf) in it\n"
    conf(GOOD)
    assert cli.main([command]) == 0
    assert "eth0" in capsys.readouterr().out


def test_fingerprint_takes_names_files_and_directories(conf, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("ucarpd.configuration_directory.DIRECTORY", tmp_path)
    monkeypatch.setattr("ucarpd.diagnosis.fingerprint._COST", 2)
    monkeypatch.chdir(tmp_path)
    for names in ([], [f"{tmp_path}/"]):
        assert cli.main(["fingerprint", *names]) == cli.EXIT_CONFIG
        assert capsys.readouterr().err == f"{tmp_path}: no configuration file (NAME.conf) in it\n"
    path, printed = conf(GOOD), set()
    for names in ([], ["web"], ["web.conf"], [path], [f"{tmp_path}/"]):
        assert cli.main(["fingerprint", *names]) == 0
        printed.add(capsys.readouterr())
    ((out, err),) = printed
    assert out.startswith("web: vhid 1")
    assert err == ""
    assert cli.main(["fingerprint", "mail"]) == cli.EXIT_CONFIG
    assert capsys.readouterr().err.count("mail.conf") == 1


def test_show_config_of_several_files_names_each(conf, tmp_path, capsys):
    first, second = conf(GOOD, "a"), conf(GOOD.replace("=1\n", "=2\n").replace("0.1", "0.2"), "b")
    bad = conf("UCARP_VHID=0\n", "c")
    assert cli.main(["show-config", str(tmp_path)]) == cli.EXIT_CONFIG
    out, err = capsys.readouterr()
    assert [line for line in out.splitlines() if ".conf" in line] == [f"# {first}", f"# {second}"]
    assert bad in err


def test_what_systemd_does_is_told(capsys):
    assert cli.main(["restart", "web"]) == 2
    assert cli.main(["status"]) == 2
    assert capsys.readouterr().err == (
        "ucarpd: type: systemctl restart ucarpd@web\nucarpd: type: systemctl status ucarpd@NAME\n"
    )


def test_what_ucarpctl_does_is_told(capsys):
    assert cli.main(["maintenance", "on", "web"]) == 2
    assert capsys.readouterr().err == "ucarpd: type: ucarpctl maintenance on web\n"
    assert usage.OF_OURS["ucarpd"] == tuple(cli._COMMANDS)


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"ucarpd {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["run"], ["clear"], ["fly", "x"]])
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    assert "usage: ucarpd" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["chekc"], "there is no command 'chekc'; use one of {}; did you mean check?"),
        (["fly"], "there is no command 'fly'; use one of {}"),
        (["run", "--staay", "x"], "unrecognized arguments: --staay; did you mean --stay?"),
        (
            ["check", "x", "--relaod=1"],
            "unrecognized arguments: --relaod=1; did you mean --reload?",
        ),
        (["check", "--bogus"], "unrecognized arguments: --bogus"),
    ],
)
def test_the_word_that_was_meant_is_named(words, meant, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(words)
    meant = meant.format("run, clear, check, fingerprint, show-config, import")
    assert capsys.readouterr().err.endswith(f" error: {meant}\n")


def test_help_names_every_signal_and_exit_status(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    out = capsys.readouterr().out
    for word in ("run", "check", "show-config", "TERM", "HUP", "USR1", "USR2", "77", "78"):
        assert word in out
    assert all(len(line) <= 100 for line in out.splitlines())


@pytest.mark.parametrize("name", commands())
def test_the_help_of_a_command_says_what_it_does(name, capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main([name, "--help"])
    text, _ = arguments._COMMANDS[name]
    assert text.lower() in " ".join(capsys.readouterr().out.lower().split())


def test_check_gives_hints_for_a_file_that_does_not_load(conf, tmp_path, capsys):
    path = tmp_path / "web.conf"
    path.write_text(GOOD.replace("UCARP_VHID", "VHID") + "PREEMPT=yes\n")
    path.chmod(0o600)
    bad = conf(f"{GOOD}UCARP_ADVBASE=x\n", "mail")
    assert cli.main(["check", str(path), bad]) == 78
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if not line.startswith(f"{bad}:5: ")] == [
        f"{path}:2: VHID: UCARP_VHID is missing, and this key is unknown: write UCARP_VHID=…",
        f"{path}:5: PREEMPT: goes to the scripts only, because it does not begin with UCARP_: did"
        " you mean UCARP_PREEMPT? (warning)",
    ]
