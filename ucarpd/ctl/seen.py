"""The instances of this host, whether they run or not, and the text about them."""

import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from ucarpd import __version__
from ucarpd.control.wire import Message
from ucarpd.control.wording import REFUSED, outdated
from ucarpd.ctl import not_running
from ucarpd.ctl.failure import Failure
from ucarpd.ctl.naming import instances, names, no_such_instance
from ucarpd.ctl.processes import TIMEOUT, Answer
from ucarpd.ctl.screen import Screen
from ucarpd.record.edited import edited

_LOOKING = "looking for edited files"


class Seen(NamedTuple):
    """An instance as it was answered, and its process, empty if none answers for it.

    `faults` are findings with their texts: the process runs an old configuration, or is an old
    ucarpd itself.
    """

    instance: Message
    process: Message
    faults: Sequence[tuple[str, str]] = ()

    @property
    def full(self) -> Message:
        """The instance, with these faults among its findings."""
        if not self.faults:
            return self.instance
        more = [{"finding": finding, "text": text} for finding, text in self.faults]
        return self.instance | {"findings": [*self.instance.get("findings", ()), *more]}


def gather(
    answers: Sequence[Answer], absent_ones: Callable[[], Sequence[Message]], name: str | None
) -> list[Seen]:
    """Return the instances of this host by name, or only one of them; raise Failure if there is none.

    `absent_ones` finds the instances without a process that answers.
    """
    gone = not_running.gone(each["path"] for each in instances(answers))
    changed = _edited(answers, name)
    found = [
        Seen(
            instance,
            answer.reply.get("process", {}),
            [*_faults(answer.reply, instance, gone, changed.get(instance["name"], ""))],
        )
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


def _edited(answers: Iterable[Answer], name: str | None) -> dict[str, str]:
    """Return which file of an instance, or of each, has changed since its process read it, by name."""
    found: dict[str, str] = {}

    def look() -> None:
        for answer in answers:
            for each in instances([answer]):
                # In a container the process has another number.
                if name in {None, each["name"]} and not answer.container:
                    found[each["name"]] = edited(each["name"], answer.pid)

    # The status is shown even if a file system hangs; then `--watch` looks no second time.
    if all(each.name != _LOOKING for each in threading.enumerate()):
        looking = threading.Thread(target=look, name=_LOOKING, daemon=True)
        looking.start()
        looking.join(TIMEOUT)
    return dict(found)


def _faults(
    reply: Message, instance: Message, gone: Collection[str], changed: str
) -> Iterator[tuple[str, str]]:
    """Yield the findings about the instance's file, and about the version of its process."""
    if (path := instance["path"]) in gone:
        yield "gone", f"its file {path} is gone: after a restart, this instance does not run"
    for each in reply.get("refused", ()):
        if each["name"] == instance["name"]:
            problem = not_running.first(each["problems"])
            yield "refused", f"{REFUSED}: {problem}"
            changed = ""
    if changed:
        yield "edited", changed
    version = reply.get("process", {}).get("version", __version__)
    # A process may be newer than this ucarpctl, which may be watching since before an upgrade.
    if _numbers(version) < _numbers(__version__):
        text = outdated(version, __version__)
        yield "outdated", f"{text}: restart it when `ucarpd check {path}` finds no fault"


def _numbers(version: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", version)]


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

        rows = [each.full for each in found]
        text = overview.text(rows, screen, now, with_headroom=with_headroom)
        hidden = f"\nonly root can see what else is in {not_running.DIRECTORY}"
        return text + (hidden if not_running.cannot_look() else "")
    from ucarpd.ctl import detail

    return "\n\n".join(detail.text(each.full, each.process, screen, now) for each in found)


def _nothing(name: str | None, known: Collection[str]) -> Failure:
    directory = not_running.DIRECTORY
    if not_running.cannot_look():
        return Failure(
            f"no ucarpd answers{f' for {name}' if name else ''}, and only root can list {directory}"
        )
    if name is None:
        return Failure(
            f"no instance runs on this host, and there is no file NAME.conf in {directory}"
        )
    return no_such_instance(name, known)
