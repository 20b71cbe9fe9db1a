"""`ucarpctl maintenance`: takes this host, or one instance, out of service for a while.

The notes are files, which it writes itself, so it needs no running ucarpd.
"""

import argparse
import os
import sys
import time
from collections.abc import Collection, Iterator

from ucarpd.control.wire import INTERFACE, Message
from ucarpd.ctl import not_running, typed_times
from ucarpd.ctl.failure import EXIT_FAILED, Failure
from ucarpd.ctl.naming import by_name, is_stopping_units, names, no_such_instance
from ucarpd.ctl.processes import Answer, Feed, ask
from ucarpd.linux.lock import holders
from ucarpd.linux.run_directory import run_directory
from ucarpd.linux.state_directory import state_directory
from ucarpd.record import maintenance
from ucarpd.record.maintenance import LEVELS, Note, Notes, one_line

HAND_OVER = 1.5
"""Seconds for which it waits until another host has taken over: a master in maintenance says so once a
second.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", metavar="on|off", nargs="?", help="begin or end it; default: show it"
    )
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="an instance; default: all of this host"
    )
    parser.add_argument(
        "--never",
        action="store_true",
        help="do not serve at all; otherwise it serves if no healthy host does",
    )
    parser.add_argument(
        "--for",
        dest="length",
        metavar="DURATION",
        help="end it automatically after 90s, 15m, 2h or 1d",
    )
    parser.add_argument("--reason", metavar="TEXT", default="", help="why; shown everywhere")
    parser.add_argument("--json", action="store_true", help="show it as JSON")
    parser.epilog = """\
exit status:
  0  it is done
  1  it is on the disk, but a process did not answer
  3  it could not be done"""


def run(options: argparse.Namespace) -> int:
    if options.what not in {None, "on", "off"}:
        raise Failure(f"maintenance {options.what}: type on or off, then the name of the instance")
    if options.what != "on" and (options.never or options.length or options.reason):
        raise Failure("--never, --for and --reason go with maintenance on")
    if options.what is None:
        return _show(as_json=options.json)
    feed = Feed()
    _check_name(options.name, feed.settle())
    changed = _write(options) if options.what == "on" else _remove(options.name)
    if not changed:
        print(f"{_whose(options.name)} was not in maintenance")
        return 0
    return _apply(options.name, feed, is_on=options.what == "on")


# -- the notes -----------------------------------------------------------------------------------------


def _write(options: argparse.Namespace) -> bool:
    now = time.time()
    note = Note(
        level=LEVELS[options.never],
        since=now,
        until=typed_times.end_after(options.length, now) if options.length else None,
        by=one_line(_operator()),
        reason=one_line(options.reason),
    )
    try:
        maintenance.write(state_directory(), options.name, note)
    except OSError as error:
        raise _cannot(error) from None
    print(f"maintenance of {_whose(options.name)}: {note}")
    return True


def _remove(name: str | None) -> bool:
    try:
        is_removed = maintenance.remove(state_directory(), name)
        notes = maintenance.read(state_directory()).holding(time.time())
    except OSError as error:
        raise _cannot(error) from None
    if is_removed:
        print(f"maintenance of {_whose(name)} is over")
    for whose, note in _listed(notes):
        if name is None or whose is None:
            print(f"still in maintenance: {_whose(whose)}: {note}")
    return is_removed


def _cannot(error: OSError) -> Failure:
    if isinstance(error, PermissionError):
        return Failure("only root may do this: type sudo before it")
    return Failure(f"cannot change the notes in {state_directory()}: {error.strerror}")


def _operator() -> str:
    """Return the user who types this: with sudo, the one who used it."""
    if sudo_user := os.environ.get("SUDO_USER"):
        return sudo_user
    try:
        return os.getlogin()
    except OSError:
        import pwd

        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return f"uid {os.getuid()}"


def _whose(name: str | None) -> str:
    return "this host" if name is None else name


def _listed(notes: Notes) -> Iterator[tuple[str | None, Note]]:
    if notes.of_host:
        yield None, notes.of_host
    yield from notes.of_instances.items()


def _show(*, as_json: bool) -> int:
    try:
        notes = maintenance.read(state_directory())
    except OSError as error:
        raise Failure(f"cannot read {error.filename}: {error.strerror}") from None
    for fault in notes.faults:
        print(f"ucarpctl: {fault}", file=sys.stderr)
    listed = list(_listed(notes.holding(time.time())))
    if as_json:
        import json

        said = [{"name": name, **note.to_status()} for name, note in listed]
        print(json.dumps({"maintenance": said}, indent=2))
    else:
        for name, note in listed:
            print(f"{_whose(name)}: {note}")
        if not listed:
            print("no maintenance")
    return 0


def _check_name(name: str | None, answers: Collection[Answer]) -> None:
    """Raise Failure if neither a file, nor a process, nor a note has this instance."""
    if name is None:
        return
    known = names(answers) | holders(run_directory()).keys() | not_running.names_of_files()
    if name not in known and not maintenance.path_of(state_directory(), name).exists():
        raise no_such_instance(name, known)


# -- the processes -------------------------------------------------------------------------------------


def _apply(name: str | None, feed: Feed, *, is_on: bool) -> int:
    """Let all processes read the notes, and print the effect on each instance."""
    before = by_name(feed.answers())
    concerned = {one: each for one, each in before.items() if name in {None, one}}
    silent = [answer for answer in ask(f"{INTERFACE}.ApplyMaintenance") if answer.fault]
    now = _settled(feed, concerned) if is_on else by_name(ask())
    for each in sorted(concerned):
        instance = now.get(each, concerned[each])
        print(f"{each} is {_outcome(instance, is_on=is_on)}")
        if is_on and not instance["peers"]:
            # A host that has left the role has none to offer.
            how = "ucarpctl step-down" if instance["state"] == "MASTER" else "ucarpctl status there"
            print(f"{each}: it is not known whether another host can serve: {how} shows it")
    if name is not None and not concerned and not silent:
        print(f"{name} does not run; this takes effect when it starts")
    for answer in silent:
        print(
            f"ucarpctl: process {answer.pid} {answer.fault}: it reads this at its next reload or start",
            file=sys.stderr,
        )
    return EXIT_FAILED if silent else 0


def _settled(feed: Feed, concerned: Collection[str]) -> dict[str, Message]:
    """Return the instances when all affected ones have left the role, or after a while."""
    deadline = time.monotonic() + HAND_OVER
    while True:
        now = by_name(feed.answers())
        if any(is_stopping_units(now[one]) for one in concerned if one in now):
            deadline = time.monotonic() + HAND_OVER
        left = deadline - time.monotonic()
        if left <= 0 or not any(now[one]["state"] == "MASTER" for one in concerned if one in now):
            return now
        feed.changed(left)


def _outcome(instance: Message, *, is_on: bool) -> str:
    if instance["state"] == "MASTER" and is_on:
        return "still MASTER: no healthy host has taken over yet"
    if instance["state"] == "BACKUP" and not is_on:
        return "BACKUP"  # The reason is usually the maintenance, which is over.
    return f"{instance['state']}: {instance['reason']}"
