"""`ucarpctl status`: the state of this host's instances, and their faults."""

import argparse
import sys
import time
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from ucarpd.control.wire import Message
from ucarpd.ctl import assessment, not_running, units
from ucarpd.ctl.failure import Failure
from ucarpd.ctl.naming import names, no_such_instance
from ucarpd.ctl.processes import Answer, ask
from ucarpd.ctl.screen import Screen, of_standard_output


class Seen(NamedTuple):
    """An instance as it was answered, and its process, empty if none answers for it.

    `refused` is the problem of its file if the process still runs the former configuration.
    """

    instance: Message
    process: Message
    refused: str = ""

    @property
    def full(self) -> Message:
        """The instance, with the refused file among its findings."""
        if not self.refused:
            return self.instance
        text = f"the file was refused, the old configuration runs: {self.refused}"
        findings = [*self.instance.get("findings", ()), {"finding": "refused", "text": text}]
        return self.instance | {"findings": findings}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="an instance; default: all of this host"
    )
    parser.add_argument("--json", action="store_true", help="print the replies of the processes")
    parser.add_argument(
        "--watch", action="store_true", help="keep the screen up to date; q ends it"
    )
    parser.epilog = (
        "exit status: 0 no problems, 1 degraded (demoted, in maintenance, a lasting fault, "
        "stopped), 2 critical (INIT, failed, or MASTER without its address), 3 not known"
    )


def run(options: argparse.Namespace) -> int:
    if options.watch:
        if options.json:
            raise Failure("--watch is for people; `ucarpctl history --follow --json` is a stream")
        from ucarpd.ctl import watch

        return watch.run(options.name)
    # For all instances systemd is needed anyway, so it is asked at the same time.
    question = None if options.name else units.Question()
    answers = ask()
    found = gather(
        answers,
        lambda: not_running.find(answers, (question or units.Question()).answer()),
        options.name,
    )
    if options.json:
        import json

        json.dump({"instances": [each.instance for each in found]}, sys.stdout, indent=2)
        print()
    else:
        print(shown(found, options.name, of_standard_output(), time.time()))
    return assessment.worst(assessment.level(each.full) for each in found)


def gather(
    answers: Sequence[Answer], absent_ones: Callable[[], Sequence[Message]], name: str | None
) -> list[Seen]:
    """Return the instances of this host by name, or only one of them; raise Failure if there is none.

    `absent_ones` finds the instances without a process that answers.
    """
    found = [
        Seen(instance, answer.reply.get("process", {}), _refused(answer.reply, instance["name"]))
        for answer in answers
        if answer.reply
        for instance in answer.reply["instances"]
        if name in {None, instance["name"]}
    ]
    if name is None or not found:
        absent = absent_ones()
        known = {each["name"] for each in absent if each["name"]} | names(answers)
        found += [Seen(each, {}) for each in absent if name in {None, each["name"]}]
        if not found:
            raise _nothing(name, known)
    return sorted(found, key=lambda each: (each.instance["name"] is None, each.instance["name"]))


def _refused(reply: Message, name: str) -> str:
    """Return the first problem of the instance's file, empty if its process has not refused it."""
    for each in reply.get("refused", ()):
        if each["name"] == name:
            return not_running.first(each["problems"])
    return ""


def shown(
    found: Sequence[Seen],
    name: str | None,
    screen: Screen,
    now: float,
    *,
    with_headroom: bool = False,
) -> str:
    """Return the text about all instances, or about the named one."""
    if name is None:
        from ucarpd.ctl import overview

        instances = [each.full for each in found]
        text = overview.text(instances, screen, now, with_headroom=with_headroom)
        hidden = f"\nonly root can see what else is in {not_running.DIRECTORY}"
        return text + (hidden if not_running.cannot_look() else "")
    from ucarpd.ctl import detail

    return "\n\n".join(detail.text(each.full, each.process, screen, now) for each in found)


def _nothing(name: str | None, known: Collection[str]) -> Failure:
    directory = not_running.DIRECTORY
    if not_running.cannot_look():
        return Failure(
            f"no ucarpd answers{f' for {name}' if name else ''}, and {directory} needs root"
        )
    if name is None:
        return Failure(
            f"no ucarpd runs on this host, and there is no file NAME.conf in {directory}"
        )
    return no_such_instance(name, known)
