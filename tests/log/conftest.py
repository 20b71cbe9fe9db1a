"""A journal for one virtual host, its lines, and a full pipe."""

import fcntl
import logging
import os

import pytest

from ucarpd.log import lines
from ucarpd.log.messages import Journal


class Collector(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append((self.format(record), record.fields))


@pytest.fixture
def collected():
    """Call it to get (line, fields) of everything written since the test began."""
    collector = Collector()
    collector.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
    lines.root.setLevel(logging.INFO)
    lines.root.addHandler(collector)
    yield lambda: collector.records
    lines.postpone(None)
    lines.root.removeHandler(collector)


@pytest.fixture
def web():
    return Journal("web", 1, "eth0", "local3")


@pytest.fixture
def full_pipe():
    """(reading end, writing end) of a pipe that takes no more."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4095 + b"\n")
    yield reader, writer
    os.close(reader)
    os.close(writer)
