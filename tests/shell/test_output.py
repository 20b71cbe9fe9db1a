"""Where the lines go, and that nobody waits for them to get there."""

import logging
import re
import socket
import threading

import pytest

from ucarpd import output as output_module
from ucarpd.journal import Journal
from ucarpd.output import Output, StderrHandler, SyslogHandler


@pytest.fixture
def web():
    return Journal("web", 1, "eth0", "local3")


class Collector(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


def test_stderr_lines_look_like_those_in_syslog(capsys, web):
    output = Output(StderrHandler())
    web.spawning("/up.sh eth0 10.0.0.1")
    output.close()
    assert re.fullmatch(
        r"ucarpd\[\d+\]: \[WARNING\] web: Spawning \[/up.sh eth0 10.0.0.1\]\n",
        capsys.readouterr().err,
    )


def test_syslog_lines_carry_the_facility_of_the_instance(tmp_path, web):
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(path)
        daemon.settimeout(10)
        handler = SyslogHandler(path)
        output = Output(handler)
        web.waiting("no carrier on eth0")
        datagram = daemon.recv(1000)
        output.close()
        handler.close()
    local3_warning = 19 * 8 + 4
    assert re.fullmatch(
        rf"<{local3_warning}>ucarpd\[\d+\]: \[WARNING\] web: Waiting: no carrier on eth0\0",
        datagram.decode(),
    )


def test_a_log_daemon_that_hangs_costs_lines_but_no_time(web, monkeypatch):
    monkeypatch.setattr(output_module, "_QUEUE_SIZE", 3)
    hangs, freed = threading.Event(), threading.Event()

    class Hanging(Collector):
        def emit(self, record):
            hangs.set()
            freed.wait()
            super().emit(record)

    collector = Hanging()
    output = Output(collector)
    web.waiting("0")
    assert hangs.wait(10)
    for number in range(1, 10):
        web.waiting(str(number))
    freed.set()
    while len(collector.lines) < 4:
        pass
    web.waiting("last")
    output.close()
    lines = [line.partition("Waiting: ")[2] for line in collector.lines]
    assert lines == ["0", "1", "2", "3", "last (6 lines before this one were lost)"]
