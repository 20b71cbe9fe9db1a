"""The destinations of the lines, and that the daemon does not wait until the lines are there."""

import os
import re
import socket
import time
from pathlib import Path

import pytest
from logging_daemon import Daemon, read, record, waiting
from up_and_down import process_exists

from ucarpd.log import form
from ucarpd.log.writer import RECORD_MAX


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
    assert not process_exists(pid)
    assert float(took) < 10
    daemon.go()
    daemon.end()


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
