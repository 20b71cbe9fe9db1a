"""`ucarpctl status --watch` on a terminal of its own."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
from ctl_program import ctl_program
from fake_process import BACKUP, MASTER

from ucarpd.ctl import watch
from ucarpd.ctl.screen import Screen


class Terminal:
    """A terminal, and the command that runs on it."""

    def __init__(self, files, *words, wrapper=(), width=80, height=24):
        self.output = b""
        self.descriptor, other = os.openpty()
        self.resize(width, height)
        # `setsid --ctty` makes it the terminal of the command, for ctrl-C and changes of its size.
        self.command = subprocess.Popen(
            ["setsid", "--ctty", *wrapper, *ctl_program(files), *words],
            stdin=other,
            stdout=other,
            stderr=other,
        )
        os.close(other)

    def resize(self, width, height):
        size = struct.pack("HHHH", height, width, 0, 0)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, size)

    def type(self, keys):
        os.write(self.descriptor, keys)

    def until(self, pattern):
        """Read until the pattern is on the screen; return the text."""
        deadline = time.monotonic() + 20
        while not re.search(pattern, self.output, re.DOTALL):
            assert time.monotonic() < deadline, self.output
            assert self.read(), self.output
        seen, self.output = self.output, b""
        return seen

    def read(self):
        """Read all that is ready; False at the end."""
        if select.select([self.descriptor], [], [], 1)[0]:
            try:
                self.output += os.read(self.descriptor, 65536)
            except OSError:
                return False
        return True

    def end(self):
        """Return the exit status and the rest of the output."""
        deadline = time.monotonic() + 20
        while self.read():
            assert time.monotonic() < deadline, self.output
        settings = termios.tcgetattr(self.descriptor)
        os.close(self.descriptor)
        return self.command.wait(), self.output, settings


@pytest.fixture
def on_terminal(files):
    terminals = []

    def start(*words, **options):
        terminals.append(Terminal(files, *words, **options))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.command.kill()
        terminal.command.wait()


def test_it_draws_each_change_and_ends_with_q(process, on_terminal):
    web = process(MASTER, BACKUP)
    terminal = on_terminal("status", "--watch")
    assert terminal.until(rb"mail.*q: quit").startswith(b"\x1b[?1049h")
    web.change("mail", recent_gap=0.9)
    terminal.until(rb"90 %")
    web.close()
    terminal.until(rb"no instance runs")
    process(MASTER)
    terminal.until(rb"web.*192\.0\.2\.10")
    terminal.type(b"q")
    status, output, settings = terminal.end()
    assert status == 0
    assert output.endswith(b"\x1b[?1049l")
    assert settings[3] & termios.ECHO


def test_one_instance_with_all_about_it(process, on_terminal):
    process(MASTER, BACKUP)
    terminal = on_terminal("status", "mail", "--watch")
    assert b"web" not in terminal.until(rb"mail: .*BACKUP since.*\[####.*q: quit")
    terminal.type(b"\x03")
    status, output, _ = terminal.end()
    assert status == 130
    assert output.endswith(b"\x1b[?1049l")


def test_ctrl_c_ends_it_also_if_its_parent_ignores_that(process, on_terminal):
    """A shell without job control starts a script in the background with SIGINT ignored."""
    process(MASTER)
    terminal = on_terminal("status", "--watch", wrapper=["env", "--ignore-signal=INT"])
    terminal.until(rb"q: quit")
    terminal.type(b"\x03")
    status, output, _ = terminal.end()
    assert status == 130
    assert output.endswith(b"\x1b[?1049l")


def test_it_follows_the_size_of_the_terminal(process, on_terminal):
    process(MASTER)
    terminal = on_terminal("status", "web", "--watch")
    terminal.until(rb"timers")
    terminal.resize(40, 5)
    drawn = terminal.until(rb"[0-9]+ more lines.*q: quit")
    assert b"timers" not in drawn.rpartition(b"\x1b[H")[2]
    terminal.command.terminate()
    status, output, _ = terminal.end()
    assert status == 128 + signal.SIGTERM
    assert output.endswith(b"\x1b[?1049l")


def test_in_the_background_it_says_so(process, on_terminal):
    """A terminal stops each background process that changes its settings; timeout(1) makes one."""
    process(MASTER)
    # With a shell above it, as on a real terminal: an orphan is not stopped.
    wrapper = ("sh", "-c", 'timeout --signal=KILL 10 "$@"; exit $?', "sh")
    status, output, _ = on_terminal("status", "--watch", wrapper=wrapper).end()
    assert status == 3
    assert b"--foreground" in output


def test_an_instance_that_does_not_exist_leaves_the_screen_alone(process, on_terminal):
    process(MASTER)
    status, output, _ = on_terminal("status", "wbe", "--watch").end()
    assert status == 3
    assert (
        output == b"ucarpctl: there is no instance wbe (this host has web); did you mean web?\r\n"
    )


def test_what_does_not_fit_is_counted():
    drawn = watch.framed("\n".join("abcdefgh"), Screen(80), 5)
    lines = drawn.replace("\x1b[K", "").split("\n")
    assert lines[:4] == ["\x1b[Ha", "b", "c", "5 more lines"]
    assert len(lines) == 5


def test_a_line_as_wide_as_the_screen_keeps_its_last_letter():
    """The cursor stays on that letter, and erasing the rest of the line would also erase it."""
    drawn = watch.framed("x" * 20, Screen(20), 5)
    assert drawn.startswith("\x1b[H\x1b[K" + "x" * 20 + "\n")
