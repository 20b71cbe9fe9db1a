"""Writing log lines: all go to one root logger, a moment later if there is work to do.

`output` sends the lines to their destination.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ucarpd.linux.scarcity import scarcity
from ucarpd.log.message_ids import MESSAGE_ID_CONFIG_PROBLEM

AFTER_THE_WORK = 0.005
"""Seconds by which lines are delayed: writing "MASTER" at once would delay the virtual address."""

root = logging.getLogger("ucarpd")
"""The logger of all lines; its name is the program's name."""

LINES_AT_ONCE = 16
"""Lines written before the loop's next turn: each takes some 0.1 ms."""

_postponed: deque[Callable[[], None]] = deque()
_call_later: Callable[[float, Callable[[], None]], object] | None = None


def postpone(call_later: Callable[[float, Callable[[], None]], object] | None) -> None:
    """Delay lines by `AFTER_THE_WORK`, by the event loop's `call_later`; None: write at once."""
    global _call_later  # noqa: PLW0603 - there is one log, as there is one root
    while _postponed:
        _postponed.popleft()()
    _call_later = call_later


def _write_some() -> None:
    """Write postponed lines; if more are left, write those in the loop's next turn."""
    for _ in range(min(LINES_AT_ONCE, len(_postponed))):
        _postponed.popleft()()
    if _postponed and _call_later is not None:
        _call_later(0, _write_some)


def write(
    level: int,
    text: str,
    fields: Mapping[str, str] | None = None,
    facility: str = "daemon",
    error: BaseException | None = None,
) -> None:
    """Write one line of the process; the Journal of a virtual host writes that host's lines."""
    extra = {"fields": fields or {}, "facility": facility}
    line = partial(root.log, level, "%s", text, extra=extra, exc_info=error)
    if _call_later is None:
        line()
        return
    if not _postponed:
        _call_later(AFTER_THE_WORK, _write_some)
    _postponed.append(line)


def write_reloaded(counts: Mapping[str, int], refused: Sequence[str]) -> None:
    """Write the result of a reload.

    `counts` are the numbers of virtual hosts "changed", "started" and so on; `refused` are the
    names of the instances whose files were refused.
    """
    told = [f"{n} {what}" for what, n in counts.items() if n or what == "changed"]
    if refused:
        told.append(f"{len(refused)} refused ({', '.join(refused)})")
    write(logging.WARNING if refused else logging.INFO, f"reloaded: {', '.join(told)}")


def write_failure(what: str, error: Exception) -> None:
    """Write why `what` happens: something is lacking, or a defect of ours."""
    if lacking := scarcity(error):
        write(logging.CRITICAL, f"{what}: {lacking}")
    else:
        write(logging.CRITICAL, f"{what}: internal error: {error!r}", error=error)


def write_problem(text: str) -> None:
    """Write a fault of a configuration file; `text` has the form `FILE:LINE: KEY: …`."""
    write(logging.ERROR, text, {"MESSAGE_ID": MESSAGE_ID_CONFIG_PROBLEM})
