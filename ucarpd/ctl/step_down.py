"""`ucarpctl step-down`: offers the role to the other hosts, once."""

import argparse
import time

from ucarpd.control.wire import INTERFACE, SERVICE, Message
from ucarpd.ctl.failure import EXIT_FAILED, EXIT_UNKNOWN, Failure
from ucarpd.ctl.naming import by_name, is_stopping_units, names, no_such_instance
from ucarpd.ctl.processes import NO_SUCH_INSTANCE, Feed, ask

OFFER = 2.0
"""Seconds for which a master offers the role."""

_MARGIN = 0.5
"""Seconds for the news."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="an instance; default: all that run"
    )
    parser.epilog = """\
exit status:
  0  another host has taken over, or this host is not MASTER
  1  no host took over
  3  ucarpd could not be asked"""


def run(options: argparse.Namespace) -> int:
    feed = Feed(options.name)
    known = by_name(feed.settle())
    pending, silent = _offer(options.name)
    if not (known or pending or silent):
        raise Failure("no instance runs on this host")
    for name in sorted(known.keys() - pending):
        print(f"{name} is {known[name]['state']}: there is no role to hand over")
    deadline = time.monotonic() + OFFER + _MARGIN
    while pending:
        now = by_name(feed.answers())
        for name in sorted(pending):
            if name in now and now[name]["state"] != "MASTER":
                print(f"{name} is {now[name]['state']}: {_successor(now[name])}", flush=True)
                pending.remove(name)
        if any(is_stopping_units(now[name]) for name in pending & now.keys()):
            deadline = time.monotonic() + OFFER + _MARGIN
        if (left := deadline - time.monotonic()) <= 0:
            break
        if pending:
            feed.changed(left)
    left_over = [f"no host took over; {name} is still MASTER" for name in sorted(pending)]
    if left_over or silent:
        status = EXIT_FAILED if left_over else EXIT_UNKNOWN
        raise Failure("\n".join(left_over + silent), status)
    return 0


def _offer(name: str | None) -> tuple[set[str], list[str]]:
    """Let the processes offer the role; return the instances that do so, and the silent processes.

    Without a name, a silent process may have a role.  Raises Failure.
    """
    answers = ask(f"{INTERFACE}.StepDown", {"name": name} if name else None)
    offered: set[str] = set()
    silent = []
    for answer in answers:
        if answer.error == f"{SERVICE}.PermissionDenied":
            raise Failure(f"only root may do this: sudo ucarpctl step-down {name or ''}".rstrip())
        if answer.fault and answer.error != NO_SUCH_INSTANCE:
            silent.append(f"process {answer.pid} {answer.fault}")
        offered |= set((answer.reply or {}).get("offered", ()))
    if name and all(answer.reply is None for answer in answers):
        raise Failure("; ".join(silent)) if silent else no_such_instance(name, names(ask()))
    return offered, [] if name else silent


def _successor(instance: Message) -> str:
    last = instance["last_transition"] or {}
    return f"{last['peer']} has taken over" if last.get("peer") else instance["reason"]
