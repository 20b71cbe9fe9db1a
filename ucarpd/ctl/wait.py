"""`ucarpctl wait`: waits until an instance has a state."""

import argparse
import time
from collections.abc import Sequence
from contextlib import suppress

from ucarpd.ctl.failure import EXIT_FAILED, Failure
from ucarpd.ctl.naming import instances
from ucarpd.ctl.processes import Answer, Feed

_LOOK = 0.1
"""Seconds between two looks for new processes; running ones send their changes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="an instance; default: all that run"
    )
    parser.add_argument(
        "--state",
        choices=("MASTER", "BACKUP", "INIT"),
        type=str.upper,
        required=True,
        help="the state to wait for",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=10.0,
        help="how long to wait; default: %(default)g",
    )
    parser.epilog = """\
exit status:
  0  the state was reached
  1  it was not reached in time
  3  the state is unknown"""


def run(options: argparse.Namespace) -> int:
    deadline = time.monotonic() + options.timeout
    feed = Feed(options.name)
    while not _is_reached(answers := feed.answers(), options.name, options.state):
        left = deadline - time.monotonic()
        if left <= 0:
            if _is_reached(answers := feed.settle(), options.name, options.state):
                break  # There was no time for the first answers.
            said = _instead(answers, options.name, options.state)
            raise Failure(f"{said}, after {options.timeout:g} s", EXIT_FAILED)
        feed.changed(min(left, _LOOK))
        feed.look()
    return 0


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if (seconds := float(text)) >= 0:  # which nan is not
            return seconds
    raise argparse.ArgumentTypeError(f"must be a number of seconds (got '{text}')")


def _is_reached(answers: Sequence[Answer], name: str | None, state: str) -> bool:
    """Return whether the instance has the state, or all do; a silent process may have others."""
    if name is None and any(answer.fault for answer in answers):
        return False
    states = [each["state"] for each in instances(answers) if name in {None, each["name"]}]
    return bool(states) and all(each == state for each in states)


def _instead(answers: Sequence[Answer], name: str | None, state: str) -> str:
    """Return the present states, in words."""
    wrong = [
        f"{each['name']} is {each['state']}, not {state}"
        for each in instances(answers)
        if name in {None, each["name"]} and each["state"] != state
    ]
    silent = [f"process {answer.pid} {answer.fault}" for answer in answers if answer.fault]
    if said := wrong or silent:
        return "; ".join(said)
    return f"no process runs {name}" if name else "no instance runs on this host"
