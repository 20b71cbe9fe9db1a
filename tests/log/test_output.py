"""Where the lines go, and that the daemon does not wait for them to get there."""

import fcntl
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lab import wait_for

from ucarpd.log import form
from ucarpd.log import process as log_process
from ucarpd.log.output import Output
from ucarpd.log.writer import RECORD_MAX

START = """
import os, signal, sys, time
from pathlib import Path
from ucarpd.log import process as log_process, writer as log_writer
kind, argument = sys.argv[1:]
log_writer.SYSLOG_SOCKET = argument
kept = open("/dev/null")
process = log_process.fork(kind)
from ucarpd.log.messages import Journal
from ucarpd.log.output import Output
output = Output(kind, process, room=20)
web = Journal("web", 1, "eth0", "local3")

def until(condition):
    while not condition():
        time.sleep(0.01)

def is_written():
    output._answered()
    return not output._records
"""


class Daemon:
    """A process that writes lines as the daemon does, and its output."""

    def __init__(self, body, kind="stderr", argument="", stderr=subprocess.PIPE):
        command = [sys.executable, "-W", "error", "-c", START + body, kind, argument]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True
        )

    def line(self):
        """The next line that it prints."""
        line = self.process.stdout.readline().strip()
        assert line, self.process.communicate(timeout=30)
        return line

    def go(self):
        """Let it go on from `input()`."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        """Its lines on standard error, when it and its log process have ended."""
        _, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, err
        return err.splitlines() if err else []


@pytest.fixture
def full_pipe():
    """(reading end, writing end) of a pipe that takes no more."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4095 + b"\n")
    yield reader, writer
    os.close(reader)
    os.close(writer)


def read(descriptor):
    return os.read(descriptor, 100_000).decode()


def waiting(lines):
    return [line.partition("Waiting: ")[2] for line in lines if "Waiting: " in line]


def has_ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_stderr_lines_look_like_those_in_syslog():
    daemon = Daemon('web.spawning("/up.sh eth0 10.0.0.1"); output.close()')
    (line,) = daemon.end()
    pid = daemon.process.pid
    assert line == f"ucarpd[{pid}]: [WARNING] web: Spawning [/up.sh eth0 10.0.0.1]"


SYSLOG_LINE = rf"<{19 * 8 + 4}>ucarpd\[\d+\]: \[WARNING\] web: Waiting: {{}}\0"
"""local3, warning."""


def test_syslog_lines_carry_the_facility_of_the_instance(tmp_path):
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(path)
        receiver.settimeout(20)
        daemon = Daemon('web.waiting("no carrier on eth0"); output.close()', "syslog", path)
        datagram = receiver.recv(1000).decode()
    assert re.fullmatch(SYSLOG_LINE.format("no carrier on eth0"), datagram)
    assert daemon.end() == []


def test_a_syslog_daemon_that_comes_later_gets_the_lines(tmp_path):
    path = str(tmp_path / "log")
    body = """
for number in range(2):
    web.waiting(str(number))
    until(is_written)
    print("written", flush=True)
    input()
output.close()
"""
    daemon = Daemon(body, "syslog", path)
    told = daemon.process.stderr.readline()
    assert (
        told
        == "ucarpd: cannot write to the log (syslog): No such file or directory; trying again\n"
    )
    for number in range(2):
        # The second line meets a syslog daemon that has been started again.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.bind(path)
            receiver.settimeout(20)
            assert f"Waiting: {number}" in receiver.recv(1000).decode()
            assert daemon.line() == "written"
        Path(path).unlink()
        daemon.go()
    daemon.end()


def test_without_a_receiver_the_end_does_not_wait_for_long(tmp_path):
    began = time.monotonic()
    daemon = Daemon('web.waiting("0"); output.close()', "syslog", str(tmp_path / "none"))
    (told,) = daemon.end()
    assert "cannot write to the log (syslog)" in told
    assert time.monotonic() - began < 10


def test_a_receiver_that_is_full_costs_lines_but_no_time(full_pipe):
    reader, writer = full_pipe
    body = """
for number in range(1000):
    web.waiting(str(number))
print("written", flush=True)
input()
until(is_written)
web.waiting("last")
output.close()
"""
    daemon = Daemon(body, stderr=writer)
    assert daemon.line() == "written"
    os.set_blocking(reader, True)
    text = read(reader)
    daemon.go()
    while "Waiting: last" not in text:
        text += read(reader)
    daemon.end()
    lines = text.splitlines()
    (loss,) = (index for index, line in enumerate(lines) if "lost here" in line)
    before, after = waiting(lines[:loss]), waiting(lines[loss:])
    lost = int(
        re.search(r"\[WARNING\] (\d+) lines were lost here: the log took no more", lines[loss])[1]
    )
    assert before == [str(number) for number in range(20)]
    assert lost == 980
    assert after == ["last"]


def test_the_end_does_not_wait_for_a_receiver_that_hangs_and_leaves_no_process(full_pipe):
    body = """
web.waiting("0")
began = time.monotonic()
output.close()
print(process.pid, time.monotonic() - began, flush=True)
input()
"""
    daemon = Daemon(body, stderr=full_pipe[1])
    pid, took = daemon.line().split()
    assert has_ended(pid)
    assert float(took) < 10
    daemon.go()
    daemon.end()


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


def test_a_log_process_that_hangs_ends_after_the_daemon(full_pipe):
    body = """
web.waiting("0")
print(process.pid, flush=True)
input()
"""
    daemon = Daemon(body, stderr=full_pipe[1])
    pid = daemon.line()
    daemon.process.kill()
    wait_for("the end of the log process", lambda: has_ended(pid))
    daemon.process.communicate()


def test_a_log_process_that_is_killed_is_replaced_and_no_line_is_lost():
    body = """
first = process.pid
os.kill(first, signal.SIGSTOP)
for number in range(10):
    web.waiting(str(number))
os.kill(first, signal.SIGKILL)
until(lambda: output._exchange() or output._process not in (None, process))
web.waiting("10")
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

until(lambda: "carp-log" in cmdline(process.pid))
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
assert "ucarp" not in Path(f"/proc/{process.pid}/cmdline").read_text()
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


# -- the form of a line ----------------------------------------------------------------------------


def record(text, **values):
    return logging.makeLogRecord(
        {"name": "ucarpd", "levelno": logging.INFO, "levelname": "INFO", "msg": text, **values}
    )


def test_journal_fields():
    line = record("web: x", fields={"UCARPD_VHID": "1"}, pathname="/a.py", lineno=7, funcName="f")
    assert form.encode("journal", line, "[INFO] web: x").split(b"\0") == [
        b"MESSAGE=[INFO] web: x",
        b"PRIORITY=6",
        b"SYSLOG_IDENTIFIER=ucarpd",
        f"SYSLOG_PID={os.getpid()}".encode(),
        b"LOGGER=ucarpd",
        b"CODE_FILE=/a.py",
        b"CODE_LINE=7",
        b"CODE_FUNC=f",
        b"UCARPD_VHID=1",
    ]


@pytest.mark.parametrize("kind", ["journal", "syslog", "stderr"])
def test_any_text_can_be_sent(kind):
    text = "a\0b\udcff" + "x" * 100_000
    encoded = form.encode(kind, record("", fields={f"F{n}": text for n in range(8)}), text)
    assert len(encoded) < RECORD_MAX
    assert b"a b\\udcffxxx" in encoded
    assert form.plain(encoded).endswith(b"xxx\n")
