"""What the operator reads: the wording, level and fields of every line, and how often it may come.

Levels: ERROR is for what keeps an address from being served or a script from its work; WARNING for
every transition and for whatever needs a look; INFO for the normal course; DEBUG for the rest.

Where the lines go is the business of `output`.
"""

import errno
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from ucarpd.carp.actions import State, StateChanged
from ucarpd.carp.detective import Evidence
from ucarpd.carp.params import IPAddress
from ucarpd.carp.receive import WRONG_DIGEST, Dropped, DropReason

MESSAGE_ID_TRANSITION = "c16b51abdff6440ebf0dc60eca69d764"
MESSAGE_ID_SCRIPT_FAILED = "726799f05a8f4513b25d9e6f250a4e29"
MESSAGE_ID_CONFIG_PROBLEM = "fd40c3a03da44a9089659c5b78da6825"
MESSAGE_ID_PACKET_DROPPED = "21b931e90a9a4bc4819ee6fd1efa1cac"
MESSAGE_ID_WAITING = "808ec373121b4c17ae77f31d5a166eda"

REPEAT_AFTER = 60.0
"""Seconds for which a dropped packet of one source and reason is not reported again."""

SELDOM = 3600.0
"""The same for another vhid, since a second pair of hosts on the segment is no fault, and for what
does not go away by itself.
"""

LINES_PER_MINUTE = 10
"""Lines about dropped packets at most, whatever number of sources a forger invents."""

AFTER_THE_WORK = 0.005
"""Seconds by which a line is written later: to write "MASTER" at once would take the time from
putting the address there.
"""

root = logging.getLogger("ucarpd")
"""All lines pass it; its name is the program's."""


class Inquiry(Protocol):
    """Finds out why a digest is wrong, and tells what the operator shall read."""

    def look_into(self, evidence: Evidence, done: Callable[[str], None]) -> None: ...


class Journal:
    """The lines of one virtual host."""

    def __init__(self, name: str, vhid: int, interface: str, facility: str) -> None:
        self._name = name
        self._interface = interface
        self._vhid = vhid
        self.facility = facility
        self.inquiry: Inquiry | None = None
        """Who finds out why a digest is wrong; None: nobody."""
        self._fields = {
            "UCARPD_INSTANCE": name,
            "UCARPD_VHID": str(vhid),
            "UCARPD_INTERFACE": interface,
        }
        self._drops = DropLimiter()
        self._send_failing = False
        self._source_taken_at = float("-inf")
        self._another_daemon_at = float("-inf")
        self._is_same_mac_told = False

    # -- the course of things ------------------------------------------------------------------------

    def transition(self, change: StateChanged) -> None:
        self._write(
            logging.WARNING,
            f"Switching to state: {change.new.value} ({change.reason})",
            MESSAGE_ID=MESSAGE_ID_TRANSITION,
            UCARPD_STATE=change.new.value,
            UCARPD_PREVIOUS_STATE=change.old.value,
            UCARPD_REASON=change.reason,
            UCARPD_PEER=str(change.peer) if change.peer else "",
        )

    def waiting(self, reason: str) -> None:
        self._write(
            logging.WARNING,
            f"Waiting: {reason}",
            MESSAGE_ID=MESSAGE_ID_WAITING,
            UCARPD_STATE="INIT",
            UCARPD_REASON=reason,
        )

    def status(self, state: str, detail: str) -> None:
        self._write(
            logging.INFO,
            f"{state} on {self._interface} id {self._vhid} ({detail})",
            UCARPD_STATE=state,
        )

    def info(self, text: str) -> None:
        self._write(logging.INFO, text)

    def warning(self, text: str) -> None:
        self._write(logging.WARNING, text)

    def error(self, text: str) -> None:
        self._write(logging.ERROR, text)

    def fault(self, error: BaseException) -> None:
        """A defect of ours, with the traceback that its author needs."""
        self._write(
            logging.CRITICAL,
            f"internal error, giving up the role and starting again: {error!r}",
            error=error,
        )

    def restarting(self, pause: float) -> None:
        self.error(f"starting again in {pause:g} s")

    def reconfigured(self, restarted: bool) -> None:
        how = "starting anew with it" if restarted else "taken over while running"
        self.info(f"new configuration, {how}")

    def demoted(self, demotion: int, reasons: str) -> None:
        if demotion:
            self.warning(f"demoted by {demotion}: {reasons}")
        else:
            self.info("no longer demoted")

    def flag_day(self) -> None:
        self.warning(
            "the addresses in the digest have changed: give the other hosts the same now; until "
            "then they and this host drop each other's advertisements, and both become MASTER"
        )

    # -- addresses -------------------------------------------------------------------------------------

    def address_left_over(self, ips: str) -> None:
        self.warning(f"{ips} was left on {self._interface} by an earlier run; removed")

    def address_not_removed_by_script(self, ips: str) -> None:
        self.warning(f"{ips} was still on {self._interface} after the down-script; removed")

    def address_not_added_by_script(self, ips: str) -> None:
        self.warning(f"the up-script has ended, but {ips} is not on {self._interface}")

    def address_taken_away(self, ip: IPAddress) -> None:
        self.warning(f"{ip} was removed from {self._interface} by somebody else; putting it back")

    def address_out_of_place(self, ip: IPAddress, state: State) -> None:
        self.warning(f"{ip} came up on {self._interface} in state {state.value}; removing it")

    def source_taken(self, source: IPAddress) -> None:
        """Once an hour at most: it comes with every advertisement of the other host."""
        now = time.monotonic()
        if now - self._source_taken_at >= SELDOM:
            self._source_taken_at = now
            self.warning(
                f"another host advertises from {source}, the address of this one: "
                "give each host an address (UCARP_SRCIP) of its own"
            )

    def source_changed(self, old: IPAddress, new: IPAddress) -> None:
        self.info(f"the source address is now {new}; it was {old}")

    def source_elsewhere(self, source: IPAddress, where: str) -> None:
        self.info(
            f"source address {source} is on {where}, not on {self._interface}; "
            "advertising from it nevertheless"
        )

    def another_daemon(self) -> None:
        """Once an hour at most: it comes with every advertisement of the other one."""
        now = time.monotonic()
        if now - self._another_daemon_at >= SELDOM:
            self._another_daemon_at = now
            self.error(
                f"another CARP daemon on this host advertises vhid {self._vhid} on "
                f"{self._interface} (ucarp, or a second ucarpd?): stop one of them"
            )

    def same_mac(self, source: IPAddress) -> None:
        """Once: it comes with every advertisement of the other host."""
        if not self._is_same_mac_told:
            self._is_same_mac_told = True
            self.warning(
                f"{source} has the MAC address of this host: a cloned machine? "
                f"Give {self._interface} there another MAC address"
            )

    def address_refused(self, command: str, error: OSError) -> None:
        self.error(f"cannot {command} the address on {self._interface}: {error.strerror or error}")

    def device_refused(self, device: str, error: OSError) -> None:
        text = f"virtual MAC address, device {device}: {error.strerror or error}"
        if error.errno in {errno.EINVAL, errno.EBUSY}:
            text += (
                f": {self._interface} takes no other device beside it (is it a macvlan of mode "
                "passthru, or a port of a bridge?); UCARP_VMAC=no works without one"
            )
        self.error(text)

    # -- scripts ---------------------------------------------------------------------------------------

    def spawning(self, hook: str) -> None:
        self._write(logging.WARNING, f"Spawning [{hook}]")

    def script_ended(self, hook: str, status: int, seconds: float) -> None:
        if status == 0:
            self.info(f"[{hook}] done in {seconds:.2f} s, exit status 0")
        else:
            self._script_failed(
                f"[{hook}] failed after {seconds:.2f} s, exit status {status}", status
            )

    def script_not_run(self, hook: str, status: int, why: str) -> None:
        self._script_failed(f"cannot run [{hook}]: {why}; exit status {status}", status)

    def script_overtaken(self, hook: str) -> None:
        self.warning(f"[{hook}] was ended early, since the role has changed again")

    def script_timed_out(self, hook: str, timeout: float) -> None:
        self._script_failed(f"[{hook}] did not end within {timeout:g} s; terminating it", -1)

    def _script_failed(self, text: str, status: int) -> None:
        self._write(
            logging.ERROR,
            text,
            MESSAGE_ID=MESSAGE_ID_SCRIPT_FAILED,
            UCARPD_EXIT_STATUS=str(status),
        )

    # -- packets ---------------------------------------------------------------------------------------

    def dropped(self, dropped: Dropped) -> None:
        if dropped.reason is DropReason.OTHER_VRRP:
            return
        passed_over = self._drops.admit(dropped, time.monotonic())
        if passed_over is None:
            return
        if dropped.evidence is None or self.inquiry is None:
            self._write_drop(dropped, dropped.detail, passed_over)
            return

        def found(text: str) -> None:
            self._write_drop(dropped, f"{WRONG_DIGEST}: {text}", passed_over)

        self.inquiry.look_into(dropped.evidence, found)

    def _write_drop(self, dropped: Dropped, detail: str, passed_over: int) -> None:
        more = f" ({passed_over} more since the last such line)" if passed_over else ""
        is_foreign = dropped.reason is DropReason.BAD_VHID
        source = dropped.source or "an unknown source"
        is_vrrp = dropped.reason is DropReason.VRRP
        self._write(
            logging.INFO if is_foreign else logging.WARNING,
            f"{'' if is_vrrp else f'dropped a packet from {source}: '}{detail}{more}",
            MESSAGE_ID=MESSAGE_ID_PACKET_DROPPED,
            UCARPD_PEER=str(dropped.source or ""),
            UCARPD_REASON=dropped.reason.value,
        )

    def send_failed(self, error: OSError) -> None:
        """The first of a row of failures is worth a line, and the end of it."""
        if not self._send_failing:
            self._send_failing = True
            self.error(f"cannot send on {self._interface}: {error.strerror}")

    def sent(self) -> None:
        if self._send_failing:
            self._send_failing = False
            self.info(f"sending on {self._interface} works again")

    def _write(
        self, level: int, text: str, *, error: BaseException | None = None, **fields: str
    ) -> None:
        write(level, f"{self._name}: {text}", {**self._fields, **fields}, self.facility, error)


_postponed: deque[Callable[[], None]] = deque()
_call_later: Callable[[float, Callable[[], None]], object] | None = None


def postpone(call_later: Callable[[float, Callable[[], None]], object] | None) -> None:
    """From now on write lines `AFTER_THE_WORK`, by the event loop's `call_later`; None: at once."""
    global _call_later  # noqa: PLW0603 - there is one log, as there is one root
    _flush()
    _call_later = call_later


def _flush() -> None:
    """Write what is postponed."""
    while _postponed:
        _postponed.popleft()()


def write(
    level: int,
    text: str,
    fields: Mapping[str, str] | None = None,
    facility: str = "daemon",
    error: BaseException | None = None,
) -> None:
    """One line; those that belong to one virtual host are written by its Journal."""
    extra = {"fields": fields or {}, "facility": facility}
    line = partial(root.log, level, "%s", text, extra=extra, exc_info=error)
    if _call_later is None:
        line()
        return
    if not _postponed:
        _call_later(AFTER_THE_WORK, _flush)
    _postponed.append(line)


def write_problem(text: str) -> None:
    """A fault in a configuration file, already worded `FILE:LINE: KEY: …`."""
    write(logging.ERROR, text, {"MESSAGE_ID": MESSAGE_ID_CONFIG_PROBLEM})


class DropLimiter:
    """Decides which dropped packets are reported.  Its memory does not grow with a flood."""

    def __init__(self) -> None:
        self._reported: dict[tuple[IPAddress | None, DropReason], tuple[float, int]] = {}
        self._minute_began = float("-inf")
        self._lines_left = 0

    def admit(self, dropped: Dropped, now: float) -> int | None:
        """None: say nothing.  Otherwise how many of its kind were passed over in between."""
        if now - self._minute_began >= REPEAT_AFTER:
            self._minute_began = now
            self._lines_left = LINES_PER_MINUTE
            self._forget(now)
        kind = dropped.source, dropped.reason
        known = self._reported.get(kind)
        if known is not None and now - known[0] < _repeat_after(dropped.reason):
            self._reported[kind] = (known[0], known[1] + 1)
            return None
        if not self._lines_left:
            return None
        self._lines_left -= 1
        self._reported[kind] = (now, 0)
        return known[1] if known else 0

    def _forget(self, now: float) -> None:
        """Drop what is old; kept twice as long as it is silenced, so that a count is not lost."""
        self._reported = {
            kind: known
            for kind, known in self._reported.items()
            if now - known[0] < 2 * _repeat_after(kind[1])
        }


def _repeat_after(reason: DropReason) -> float:
    return SELDOM if reason in {DropReason.BAD_VHID, DropReason.VRRP} else REPEAT_AFTER
