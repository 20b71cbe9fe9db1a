"""`ucarpctl status --watch`: the same, kept up to date on a terminal."""

import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from ucarpd.control.wire import Message
from ucarpd.ctl import not_running, units
from ucarpd.ctl.failure import Failure
from ucarpd.ctl.naming import names
from ucarpd.ctl.processes import QUIET, Answer, Feed, ask
from ucarpd.ctl.screen import DIM, Screen, has_colour
from ucarpd.ctl.seen import Seen, gather, shown

_TICK = 1.0
"""Seconds after which ages and durations are drawn again; one instance is asked for its figures."""

_AT_MOST = 0.1
"""Seconds between two drawings, however many changes there are."""

_AGAIN = 2.0
"""Seconds after which files and units are looked at again."""

# Another screen without a cursor, which cuts long lines; and back.
_BEGIN, _END = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


def run(name: str | None) -> int:
    """Draw until q or ctrl-C is typed.  Raises Failure if there is nothing to watch."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Failure("--watch needs a terminal; `ucarpctl history --follow --json` does not")
    if _is_in_background(sys.stdin.fileno()):
        raise Failure("--watch needs the foreground: under timeout(1), add its option --foreground")
    view = _View(name)
    view.seen(ask())
    feed = Feed(name, _TICK if name else QUIET)
    feed.settle()
    with _other_screen(feed):
        while True:
            size = os.get_terminal_size()
            screen = Screen(size.columns, has_colour())
            sys.stdout.write(framed(view.text(feed.answers(), screen), screen, size.lines))
            sys.stdout.flush()
            if _is_over(feed):
                return 0
            feed.look()


class _View:
    """The content of the screen; files and units are not read for each drawing."""

    def __init__(self, name: str | None) -> None:
        self._name = name
        self._absent: Sequence[Message] = ()
        self._looked_for: object = None
        self._looked_at = 0.0

    def seen(self, answers: Sequence[Answer]) -> list[Seen]:
        """Return the instances.  Raises Failure if there is none."""
        return gather(answers, lambda: self._not_running(answers), self._name)

    def text(self, answers: Sequence[Answer], screen: Screen) -> str:
        now = time.time()
        try:
            found = self.seen(answers)
        except Failure as failure:
            return str(failure)  # Its process has ended; another one may follow.
        return shown(found, self._name, screen, now, with_headroom=True)

    def _not_running(self, answers: Sequence[Answer]) -> Sequence[Message]:
        now = time.monotonic()
        looked_for = (names(answers), {(answer.label, answer.fault) for answer in answers})
        if looked_for != self._looked_for or now >= self._looked_at + _AGAIN:
            self._absent = not_running.find(answers, units.Question().answer())
            self._looked_for, self._looked_at = looked_for, time.monotonic()
        return self._absent


def framed(text: str, screen: Screen, height: int) -> str:
    """Return what draws the text over the last one, with the keys in the last line."""
    lines = text.split("\n")
    most = height - 1
    if len(lines) > most:
        lines[most - 1 :] = [screen.paint(f"{len(lines) - most + 1} more lines", DIM)]
    lines += [""] * (most - len(lines))
    lines.append(screen.paint(f"{time.strftime('%H:%M:%S')}  q: quit", DIM))
    # After a line that fills the screen, the cursor is still on its last letter: erase before.
    return _HOME + "\n".join(_REST_OF_LINE + line for line in lines) + _REST_OF_SCREEN


def _is_in_background(terminal: int) -> bool:
    """Return whether this process would be stopped as soon as it changes the terminal."""
    try:
        return os.tcgetpgrp(terminal) != os.getpgrp()
    except OSError:
        return False  # It is not the terminal that controls this process.


def _is_over(feed: Feed) -> bool:
    """Wait for a change, a key, or the next second; return whether the user wants to end."""
    time.sleep(_AT_MOST)
    ready, _, _ = select.select([sys.stdin, feed.woken], [], [], _TICK)
    feed.changed(0)
    if sys.stdin not in ready:
        return False
    keys = os.read(sys.stdin.fileno(), 64)
    return not keys or b"q" in keys.lower()


@contextmanager
def _other_screen(feed: Feed) -> Iterator[None]:
    """Prepare the terminal, and restore it at the end, also when this process is terminated."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    handlers = {
        # We may have been started with SIGINT ignored, as a script in the background is.
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGWINCH: signal.signal(signal.SIGWINCH, lambda *_: feed.wake_up()),
        signal.SIGTERM: signal.signal(signal.SIGTERM, _end),
        signal.SIGHUP: signal.signal(signal.SIGHUP, _end),
    }
    try:
        tty.setcbreak(terminal)
        _without_suspending(terminal)
        sys.stdout.write(_BEGIN)
        yield
    finally:
        sys.stdout.write(_END)
        sys.stdout.flush()
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _without_suspending(terminal: int) -> None:
    """Let ctrl-Z do nothing: the shell would get a terminal without a cursor."""
    settings = termios.tcgetattr(terminal)
    settings[6][termios.VSUSP] = b"\0"
    termios.tcsetattr(terminal, termios.TCSADRAIN, settings)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
