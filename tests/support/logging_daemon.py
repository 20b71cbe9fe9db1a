"""A daemon that only writes lines."""

import logging
import os
import subprocess
import sys

START = """
import os, signal, sys, time
from pathlib import Path
from ucarpd.log import process as log_process, writer as log_writer
kind, argument = sys.argv[1:]
log_writer.SYSLOG_SOCKET = argument
kept = open("/dev/null")
process = log_process.fork(kind)
from ucarpd.log import output as log_output
from ucarpd.log.messages import Journal
log_output.ROOM = 20
output = log_output.Output(kind, process)
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


def read(descriptor):
    return os.read(descriptor, 100_000).decode()


def waiting(lines):
    return [line.partition("Waiting: ")[2] for line in lines if "Waiting: " in line]


def record(text, **values):
    return logging.makeLogRecord(
        {"name": "ucarpd", "levelno": logging.INFO, "levelname": "INFO", "msg": text, **values}
    )
