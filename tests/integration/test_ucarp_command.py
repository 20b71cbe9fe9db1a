"""The command `ucarp`, beside the real command of the same name."""

import os
import re
import signal
import socket
import sys
import time
from pathlib import Path

import pytest
from lab import PROJECT, wait_for
from nodes import BACKUP, MASTER, VIP, start_ucarp, wait_for_address, wait_for_no_address

from ucarpd.migrate.background import PATIENCE
from ucarpd.migrate.running import SAY_BEFORE

REAL = "/usr/sbin/ucarp"
RUNS, WAITS = "runs", "waits"
"""Outcomes other than an exit status: it is BACKUP; it stays, and says why it waits."""

BASE = {"-i": "eth0", "-s": "172.16.0.11", "-v": "1", "-p": "x", "-a": VIP}
SCRIPTS = {"-u": "/bin/true", "-d": "/bin/true"}


def line(*more, **replaced):
    """A command line; `replaced` are letters and their values, and None leaves one out."""
    options = {**BASE, **SCRIPTS, **{f"-{letter}": text for letter, text in replaced.items()}}
    return [word for pair in options.items() if pair[1] is not None for word in pair] + [*more]


SAME = [
    ([], 0),
    (["-h"], 0),
    (["--help"], 0),
    (line("--help"), 0),
    (["/"], 1),
    (line(), RUNS),
    (line("word"), RUNS),
    (line("/", "-P"), RUNS),
    (line("--", "-q"), RUNS),
    (line("-Pn"), RUNS),
    (line("--pre", "--ignore", "--no", "--shut", "--neu", "--deb"), RUNS),
    (line("-P", "-n", "-z", "-S", "-M", "-D"), RUNS),
    (line("--preempt", "--neutral", "--shutdown", "--ignoreifstate", "--nomcast"), RUNS),
    (line("--mcast=239.1.1.1"), RUNS),
    (line("--mcastip", "239.1.1.1"), RUNS),
    (line("--mcast=abc"), 1),
    (["-Pieth0", *line(i=None)], RUNS),
    ([f"--{word}" for word in ["interface=eth0", "srcip=172.16.0.11", "vhid=1", "pass=x"]]
     + [f"--{word}" for word in f"addr={VIP} upscript=/bin/true downscript=/bin/true".split()], RUNS),
    (line(i="eth0:0"), RUNS),
    (line(i="eth9"), 2),
    (line(s=None), 1),
    (line(s="abc"), 1),
    (line(s=" 172.16.0.11"), 1),
    (line(v=None), 1),
    (line(v="001"), RUNS),
    (line(v="010"), RUNS),
    (line(v="0x10"), RUNS),
    (line(v="1x"), RUNS),
    (line(v="0"), 1),
    (line(v="256"), 1),
    (line(v="-1"), 1),
    (line(v="abc"), 1),
    (line(v=""), 1),
    (line(p=None), 1),
    (line(p=""), 1),
    (line(p="a" * 19), RUNS),
    (line(p="a" * 20), 2),
    (line(p="p q"), RUNS),
    (line("-o", "/etc/passwd", p=None), 2),
    (line("-o", "/nonexistent", p=None), 1),
    (line("-o", "/dev/null", p=None), 1),
    (line("-o", "/nonexistent"), 1),
    (line(a=None), 1),
    (line(a="abc"), 1),
    (line(a=f"{VIP}/16"), 1),
    (line(a="0.0.0.0"), 1),
    (line(a="::1"), 1),
    (line(u=None), RUNS),
    (line(d=None), RUNS),
    (line(u=None, d=None), RUNS),
    (line("-b", "0"), 1),
    (line("-b", "255"), RUNS),
    (line("-b", "256"), 1),
    (line("-b", "abc"), 1),
    (line("-b", "1.5"), RUNS),
    (line("-k", "254"), RUNS),
    (line("-k", "255"), RUNS),
    (line("-k", "0x10"), RUNS),
    (line("-r", "0"), 1),
    (line("-r", "1"), RUNS),
    (line("-r", "abc"), 1),
    (line("-f", "none"), RUNS),
    (line("-f", "bogus"), RUNS),
    (line("-f", "LOCAL6"), RUNS),
    (line("-x", "param"), RUNS),
    (line("-x", ""), RUNS),
]  # fmt: skip
"""Command lines, and what becomes of them with both programs."""

DIFFERENT = [
    # ucarp prints its help and ends as if nothing were wrong.
    (["--bogus"], 0, 1),
    (["-q"], 0, 1),
    (line("--ad", "1"), 0, 1),
    (line("--n"), 0, 1),
    (line("--preempt=yes"), 0, 1),
    (line("--vhid"), 0, 1),
    # It knows the short option in its help alone.
    (line("-m", "224.0.0.18"), 0, RUNS),
    # It takes another number than the file has.
    (line("-k", "256"), RUNS, 1),
    (line("-k", "abc"), RUNS, 1),
    (line("-k", "-1"), RUNS, 1),
    (line("-b", "-1"), RUNS, 1),
    (line("-r", "300"), RUNS, 1),
    # It would never be heard.
    (line(i="lo", s="127.0.0.1"), RUNS, 1),
    (line(i="lo"), RUNS, 2),
    # It does not run the script, and says nothing.
    (line(u="/nonexistent"), RUNS, WAITS),
    (line(u="nonexistent.sh"), RUNS, WAITS),
    (line(u="/bin/true arg"), RUNS, WAITS),
]
"""Command lines, what becomes of them with ucarp, and with ours."""

ROWS = [*((words, end, end) for words, end in SAME), *DIFFERENT]


@pytest.fixture
def ucarp(tmp_path):
    """The command as it is installed: a script of this name."""
    script = tmp_path / "ucarp"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nfrom ucarpd.migrate.entry import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    return str(script)


def outcome(host, program, words):
    """The outcome of a command line, and its output."""
    process = host.start(program, *words)

    def end():
        if not process.is_running:
            return str(process.popen.returncode)
        if process.lines(BACKUP):
            return RUNS
        return WAITS if process.lines("Waiting: ") else None

    found = wait_for(f"an outcome of {words}", end, 30)
    process.kill()
    return found, process.text()


@pytest.mark.parametrize("part", range(6))
def test_what_becomes_of_a_command_line(a, ucarp, part):
    differences = []
    for words, with_ucarp, with_ours in ROWS[part::6]:
        for program, expected in ((REAL, with_ucarp), (ucarp, with_ours)):
            found, text = outcome(a, program, words)
            if found != str(expected):
                differences.append(f"{program} {words}: {found}, not {expected}: {text[:300]}")
    assert differences == []


def test_a_source_that_no_interface_has(a, ucarp):
    for program in (REAL, ucarp):  # ucarp is BACKUP for a moment before it ends.
        assert a.start(program, *line(s="172.16.0.77")).popen.wait(30) == 2


def test_the_log_words_are_those_of_ucarp(a, ucarp):
    """Scrapers look for them; what follows in parentheses is ours."""
    process = a.start(ucarp, *line("-P", "-z", "-x", "p q"))
    process.wait_for_line(f"[WARNING] {BACKUP}")
    process.wait_for_line(f"[WARNING] Spawning [/bin/true eth0 {VIP} p q]")
    process.wait_for_line(f"[WARNING] {MASTER}")
    process.signal(signal.SIGUSR1)
    process.wait_for_line(f"ucarp[{process.pid}]: [INFO] MASTER on eth0 id 1")
    process.signal(signal.SIGHUP)
    assert process.popen.wait(15) == 0


def test_without_scripts_it_names_no_file_of_its_own(a, ucarp):
    process = a.start(ucarp, *line(u=None, d=None))
    process.wait_for_line(BACKUP)
    assert process.lines("there is no --upscript")
    assert process.lines(".conf") == []


def test_a_warning_names_the_option_instead_of_that_file(a, ucarp):
    process = a.start(ucarp, *line("--advbase=100"))
    process.wait_for_line("[WARNING] --advbase: a backup waits --advbase times --deadratio, 300 s")
    process.wait_for_line(BACKUP)
    assert process.lines(".conf") == []


def test_a_refusal_names_options_alone(a, ucarp):
    process = a.start(ucarp, *line(a="172.16.0.11", s="172.16.0.11"))
    process.wait_for_line("--addr: 172.16.0.11 is --srcip as well")
    assert process.popen.wait(30) == 1


def test_with_eth0_0_the_scripts_get_it(a, ucarp):
    process = a.start(ucarp, *line(i="eth0:0"))
    process.wait_for_line(f"Spawning [/bin/true eth0:0 {VIP}]")


@pytest.mark.parametrize("given", [["-v", "010"], ["-v", "8"]])
def test_they_speak_with_each_other(a, b, ucarp, given):
    scripts = {"u": "/etc/up.sh", "d": "/etc/down.sh"}
    a.write("up.sh", f"#!/bin/sh\nip address replace {VIP}/32 dev eth0\n")
    a.write("down.sh", f"#!/bin/sh\nip address delete {VIP}/32 dev eth0\n")
    ours = a.start(ucarp, *line("-P", "-z", p="geheim", v=None, **scripts), *given)
    wait_for_address(a)
    theirs = start_ucarp(b, skew=50, options=["--vhid=010"])
    theirs.wait_for_line(BACKUP)
    ours.signal(signal.SIGUSR2)
    wait_for_address(b)
    wait_for_no_address(a)


def test_a_long_script_is_not_ended(a, ucarp):
    a.write("up.sh", "#!/bin/sh\ntrap 'echo ended >/etc/ucarp/ended' TERM\nsleep 1\n")
    process = a.start(ucarp, *line(u="/etc/up.sh"))
    process.wait_for_line("[/etc/up.sh eth0", "done in")
    assert process.lines("did not end within") == []


# -- in the background -----------------------------------------------------------------------------


@pytest.fixture
def syslog(a):
    """The lines that the host's /dev/log has got, and the start of the command that makes a /dev/log."""
    path = a.root / "log"
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(path))
    receiver.settimeout(15)
    setting = (
        "mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9 "
        f'&& ln -s {path} /dev/log && exec "$@"'
    )
    yield receiver, ("sh", "-c", setting, "sh")
    receiver.close()


def daemons(host):
    """The processes of the command."""
    found = []
    for pid in host.processes():
        try:
            if Path(f"/proc/{pid}/comm").read_text() == "ucarp\n":
                found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def daemon(host):
    """The process of the command, once the process of its log, a fork of it, has a name of its own."""
    (found,) = wait_for("one daemon", lambda: each if len(each := daemons(host)) == 1 else None)
    return found


def command_line(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode().split("\0")


def test_in_the_background(a, ucarp, syslog):
    receiver, wrap = syslog
    words = line("-P", "-z", "--facility=local3", p=None)
    began = time.monotonic()
    caller = a.start(*wrap, ucarp, *words, "--pass=geheim", "-B")
    assert caller.popen.wait(30) == 0
    said = caller.text()
    # On a busy machine the start may take longer than the caller waits.
    is_slow = time.monotonic() - began > PATIENCE - SAY_BEFORE
    waits = r"ucarp: .*; it keeps trying in the background\n"
    assert said == "" or (is_slow and re.fullmatch(waits, said)), said
    pid = daemon(a)
    # Whoever looks for it finds it, and no password.
    assert command_line(pid) == [ucarp, *words, "--pass=***", "-B"]
    assert b"geheim" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert os.getsid(pid) != os.getsid(0)
    assert Path(f"/proc/{pid}/fd/2").readlink() == Path("/dev/null")
    received = receiver.recv(4096).decode()
    assert received.startswith(f"<156>ucarp[{pid}]: [WARNING] {BACKUP}")
    while MASTER not in receiver.recv(4096).decode():
        pass
    os.kill(pid, signal.SIGTERM)
    wait_for("its end", lambda: a.processes() == [])
    assert not list((a.root / "run/private").glob("ucarp-*.conf"))
    assert not list((a.root / "run/private").glob(f"ucarp-{pid}"))


def test_in_the_background_a_failure_has_its_status_and_its_words(a, ucarp):
    for words, status, said in (
        (line(i="eth9"), 2, "ucarp: --interface: this host has no eth9; it has eth0\n"),
        (line(s="172.16.0.77"), 2, "ucarp: --srcip: no interface of this host has 172.16.0.77\n"),
        (line(v="0"), 1, "ucarp: --vhid must be from 1 to 255 (got '0')\n"),
    ):
        caller = a.start(ucarp, *words, "--daemonize")
        assert (caller.popen.wait(30), caller.text()) == (status, said)
    wait_for("the end of all", lambda: a.processes() == [])


def test_in_the_background_it_says_what_it_waits_for(a, ucarp):
    caller = a.start(ucarp, *line("-B", u="/etc/ucarp/late.sh"))
    assert caller.popen.wait(30) == 0
    pid = daemon(a)
    a.write("ucarp/late.sh", "#!/bin/sh\nip address replace $2/32 dev $1\n")
    wait_for_address(a)
    os.kill(pid, signal.SIGKILL)


# -- one at a time ---------------------------------------------------------------------------------


def test_a_second_one_is_refused(a, ucarp):
    first = a.start(ucarp, *line())
    first.wait_for_line(BACKUP)
    second = a.start(ucarp, *line("-P"))
    assert second.popen.wait(30) == 1
    assert second.lines(f"vhid 1 on eth0 is already run by process {first.pid} ")
    first.signal(signal.SIGUSR1)
    first.wait_for_line("on eth0 id 1")


def test_an_old_ucarp_is_named(a, ucarp):
    old = a.start(REAL, *line())
    old.wait_for_line(BACKUP)
    ours = a.start(ucarp, *line())
    assert ours.popen.wait(30) == 1
    assert ours.lines(f"process {old.pid} is the old ucarp", f"type: kill {old.pid}")
    # A process of another virtual host is welcome.
    other = a.start(ucarp, *line(v="2", a="172.16.0.2"))
    other.wait_for_line(BACKUP)


def test_an_old_ucarp_that_comes_later_is_named(a, ucarp):
    ours = a.start(ucarp, *line())
    ours.wait_for_line(BACKUP)
    old = a.start(REAL, *line())
    ours.wait_for_line(f"process {old.pid} is the old ucarp", f"type: kill {old.pid}", limit=60)


# -- where it runs ---------------------------------------------------------------------------------


def test_without_an_interface_it_takes_that_of_the_source(a, ucarp):
    process = a.start(ucarp, *line(i=None))
    process.wait_for_line("without --interface, using eth0, which has 172.16.0.11")
    process.wait_for_line(f"Spawning [/bin/true eth0 {VIP}]")


def test_the_port_of_a_bridge_stands_for_the_bridge(a, ucarp):
    a.ip("link", "add", "br9", "type", "bridge", "stp_state", "0", "forward_delay", "0")
    a.ip("link", "set", "br9", "up")
    a.ip("address", "delete", "172.16.0.11/16", "dev", "eth0")
    a.ip("link", "set", "eth0", "master", "br9")
    a.ip("address", "add", "172.16.0.11/16", "dev", "br9")
    process = a.start(ucarp, *line())
    process.wait_for_line("advertising on br9, since eth0 is a port of it; the scripts get eth0")
    process.wait_for_line(BACKUP)
    process.wait_for_line(f"Spawning [/bin/true eth0 {VIP}]")


# -- the article -----------------------------------------------------------------------------------

ARTICLE = PROJECT / "tests/article"
START = (ARTICLE / "start.sh").read_text()
"""As it was printed: with / where the shell wants \\."""


def start_as_in_the_article(host, ucarp, text):
    """Run its start.sh to its end; returns the process."""
    for name in ("ucarp-up.sh", "ucarp-down.sh"):
        host.write(f"ucarp/{name}", (ARTICLE / name).read_text())
    conf = (ARTICLE / "ucarp.conf").read_text().replace("172.16.0.11", host.address)
    host.write_conf("ucarp", conf)
    host.write("ucarp/start.sh", text)
    path = {"PATH": f"{Path(ucarp).parent}:{os.environ['PATH']}"}
    process = host.start("bash", "/etc/ucarp/start.sh", environment=path)
    process.popen.wait(30)
    return process


def test_the_articles_start_script_put_right(a, b, ucarp):
    text = START.replace(" /\n", " \\\n")
    assert start_as_in_the_article(a, ucarp, text).popen.returncode == 0
    wait_for_address(a)
    assert start_as_in_the_article(b, ucarp, text).popen.returncode == 0
    a.cable(False)
    wait_for_address(b)
    wait_for_no_address(a)
    a.cable(True)
    pid = daemon(b)
    os.kill(pid, signal.SIGKILL)
    wait_for_address(a)


def test_the_articles_start_script_as_printed(a, ucarp):
    process = start_as_in_the_article(a, ucarp, START)
    process.wait_for_line("ucarp: the only word after ucarp is a slash")
    process.wait_for_line("with a backslash")
    assert daemons(a) == []
