"""`ucarpctl status`: the state of this host's instances, and their faults."""

import argparse
import os
import sys
import time

from ucarpd.ctl import assessment, not_running, units
from ucarpd.ctl.failure import Failure
from ucarpd.ctl.processes import ask
from ucarpd.ctl.screen import of_standard_output
from ucarpd.ctl.seen import gather, shown
from ucarpd.linux.state_directory import state_directory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="an instance; default: all of this host"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    parser.add_argument(
        "--watch", action="store_true", help="keep the screen up to date; q ends it"
    )
    parser.epilog = """\
exit status:
  0  no problems
  1  degraded: demoted, in maintenance, stopped, or a lasting fault
  2  critical: INIT, failed, MASTER without its address or beside another host that serves it;
     or a check or maintenance keeps this host from serving, and no master is heard
  3  unknown"""


def run(options: argparse.Namespace) -> int:
    if options.watch:
        if options.json:
            raise Failure("--watch is for people; `ucarpctl history --follow --json` is a stream")
        from ucarpd.ctl import watch

        return watch.run(options.name)
    # For all instances systemd is needed anyway, so it is asked at the same time.
    question = None if options.name else units.Question()
    answers = ask()
    for line in _ignored_notes(options.name):
        print(f"ucarpctl: {line}", file=sys.stderr)
    found = gather(
        answers,
        lambda: not_running.find(answers, (question or units.Question()).answer()),
        options.name,
    )
    if options.json:
        import json

        json.dump({"instances": [each.full for each in found]}, sys.stdout, indent=2)
        print()
    else:
        print(shown(found, options.name, of_standard_output(), time.time()))
    return assessment.worst(assessment.level(each.full) for each in found)


def _ignored_notes(name: str | None) -> list[str]:
    """Return a line for each maintenance note of the host, or of this instance, that is ignored."""
    directory = state_directory() / "maintenance"
    try:
        if not os.listdir(directory):  # noqa: PTH208 - only whether there is a name
            return []
    except OSError:
        return []  # It is made with the first note.
    from ucarpd.record import maintenance

    concerned = {str(maintenance.path_of(state_directory(), each)) for each in (None, name)}
    faults = maintenance.read(state_directory()).faults
    return [each for each in faults if name is None or each.partition(": ")[0] in concerned]
