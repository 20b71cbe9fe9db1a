"""The process that writes the log: it outlives the daemon, and is replaced when it dies."""

import os
import signal
import socket
import subprocess
import sys

import pytest
from lab import wait_for
from logging_daemon import Daemon, record, waiting
from up_and_down import process_exists

from ucarpd.log import process as log_process
from ucarpd.log.output import Output


@pytest.mark.parametrize(
    ("started_by", "stderr", "journal", "expected"),
    [
        ("systemd", subprocess.DEVNULL, "gone", "True"),
        ("systemd", subprocess.DEVNULL, "absent", "True"),
        ("systemd", subprocess.DEVNULL, "running", "False"),
        ("systemd", subprocess.DEVNULL, "busy", "False"),
        ("systemd", subprocess.PIPE, "gone", "False"),
        ("a shell", subprocess.DEVNULL, "gone", "False"),
    ],
)
def test_a_start_by_systemd_without_a_journal_for_standard_error(
    tmp_path, started_by, stderr, journal, expected
):
    """As a child of a service, a shell inherits the variable, but not the process id in it."""
    path = tmp_path / "stdout"
    body = f"""
import os
from ucarpd.log import process
process.JOURNAL = {str(path)!r}
os.environ.pop("JOURNAL_STREAM", None)
os.environ["SYSTEMD_EXEC_PID"] = str(os.getpid() if {started_by == "systemd"} else os.getppid())
print(process.stderr_is_the_journal())
"""
    with socket.socket(socket.AF_UNIX) as journald, socket.socket(socket.AF_UNIX) as client:
        if journal != "absent":
            journald.bind(str(path))
        if journal in {"running", "busy"}:
            journald.listen(0)
        if journal == "busy":
            client.connect(str(path))
        command = [sys.executable, "-W", "error", "-c", body]
        result = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
    assert result.stdout == f"{expected}\n"


def test_the_last_line_before_the_end_arrives():
    body = """
for number in range(20):
    web.waiting(str(number))
output.close()
os._exit(0)
"""
    assert waiting(Daemon(body).end()) == [str(number) for number in range(20)]


def test_a_daemon_that_is_killed_has_its_lines_written():
    body = """
for number in range(10):
    web.waiting(str(number))
os.kill(os.getpid(), signal.SIGKILL)
"""
    daemon = Daemon(body)
    # It ends when the log process has also closed its end.
    _, err = daemon.process.communicate(timeout=30)
    assert waiting(err.splitlines()) == [str(number) for number in range(10)]


def test_the_log_process_does_not_outlive_the_daemon():
    """Otherwise systemd kills it, and writes a line about that into the journal."""
    body = """
output.close()
assert not Path(f"/proc/{process.pid}").exists()
"""
    assert Daemon(body, kind="journal").end() == []


def test_a_log_process_that_hangs_ends_after_the_daemon(full_pipe):
    body = """
web.waiting("0")
print(process.pid, flush=True)
input()
"""
    daemon = Daemon(body, stderr=full_pipe[1])
    pid = daemon.line()
    daemon.process.kill()
    wait_for("the end of the log process", lambda: not process_exists(pid))
    daemon.process.communicate()


def test_a_line_that_standard_error_refuses_costs_no_other_line():
    """As /dev/kmsg refuses a long one."""
    body = """
for text in ("0", "x" * 20000, "1"):
    web.waiting(text)
until(is_written)
output.close()
"""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        Daemon(body, stderr=theirs).end()
        lines = [ours.recv(65536).decode().rstrip() for _ in range(3)]
    assert waiting(lines) == ["0", "1"]
    assert "ucarpd: a log line is lost: Message too long" in lines


def test_a_log_process_that_is_killed_is_replaced_and_no_line_is_lost():
    body = """
first = process.pid
os.kill(first, signal.SIGSTOP)
for number in range(10):
    web.waiting(str(number))
os.kill(first, signal.SIGKILL)
until(lambda: output._exchange() or output._process not in (None, process))
web.waiting("10")
until(is_written)
output.close()
print(first, flush=True)
"""
    daemon = Daemon(body)
    first = daemon.line()
    lines = daemon.end()
    assert waiting(lines) == [str(number) for number in range(11)]
    assert f"the log process ({first}) has died: another one writes the log" in lines[10]
    assert not [line for line in lines if "Traceback" in line]


def test_a_log_process_that_dies_again_and_again_is_started_more_seldom(monkeypatch, capfd):
    spawned, spawn = [], log_process.spawn

    def spawn_and_kill(kind):
        spawned.append(process := spawn(kind))
        os.kill(process.pid, signal.SIGKILL)
        return process

    monkeypatch.setattr(log_process, "spawn", spawn_and_kill)
    output = Output("stderr", None)
    try:
        for _ in range(200):
            output.handle(record("a line"))
        wait_for("the second death", lambda: output._exchange() or output._process is None)
    finally:
        output.close()
    assert len(spawned) == 2
    # What no log process has written is written at the end.
    assert capfd.readouterr().err.count("a line") == 200


def test_without_a_log_process_standard_error_gets_what_it_takes(monkeypatch, capfd):
    def refuse(_kind):
        raise BlockingIOError(11, "no more processes")

    monkeypatch.setattr(log_process, "spawn", refuse)
    output = Output("stderr", None)
    output.handle(record("a line"))
    assert capfd.readouterr().err == f"ucarpd[{os.getpid()}]: [INFO] a line\n"
    output.close()


IDENTITY = """
def cmdline(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\\0").decode()

def names(pid):
    return Path(f"/proc/{pid}/comm").read_text().strip(), cmdline(pid).split("\\0")[0]

until(lambda: names(process.pid)[1] == "carp-log")
print(*names(process.pid))
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT):
    os.kill(process.pid, number)
files = [os.readlink(each) for each in Path(f"/proc/{process.pid}/fd").iterdir()]
print(files.count("/dev/null"), sum(each.startswith("socket") for each in files))
web.waiting("0")
output.close()
"""


def test_the_log_process_is_not_taken_for_the_daemon_nor_hit_by_its_signals():
    daemon = Daemon(IDENTITY)
    assert daemon.line() == "carp-log carp-log"
    # Standard input and output; it keeps no file of the daemon, such as the lock of an instance.
    assert daemon.line() == "2 1"
    assert waiting(daemon.end()) == ["0"]


def test_the_replacement_is_not_taken_for_the_daemon_either():
    before = """
os.kill(process.pid, signal.SIGKILL)
until(lambda: output._exchange() or output._process not in (None, process))
process = output._process
# The interpreter before them may be one of a checkout named ucarpd.
arguments = Path(f"/proc/{process.pid}/cmdline").read_text().partition("\\0")[2]
assert "ucarp" not in arguments
"""
    daemon = Daemon(before + IDENTITY)
    assert daemon.line() == "carp-log carp-log"
    assert daemon.line() == "2 1"
    assert waiting(daemon.end()) == ["0"]


def test_a_script_does_not_inherit_the_way_to_the_log_process():
    body = """
import subprocess
files = subprocess.run(["ls", "-l", "/proc/self/fd"], stdout=subprocess.PIPE, text=True)
assert "socket" not in files.stdout, files.stdout
output.close()
"""
    assert Daemon(body).end() == []
