"""What the operator reads: the wording, level and fields of every line, and how often it may come.

Levels: ERROR is for what keeps an address from being served or a script from its work; WARNING for
every transition and for whatever needs a look; INFO for the normal course; DEBUG for the rest.

Where the lines go is the business of `output`.
"""

import errno
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from ucarpd.carp.actions import Finding, Report, State, StateChanged
from ucarpd.carp.params import IPAddress
from ucarpd.carp.receive import WRONG_DIGEST, Dropped, DropReason, Evidence
from ucarpd.log.limits import SELDOM, DropLimiter, LastingFaults
from ucarpd.log.lines import write

MESSAGE_ID_TRANSITION = "c16b51abdff6440ebf0dc60eca69d764"
MESSAGE_ID_SCRIPT_FAILED = "726799f05a8f4513b25d9e6f250a4e29"
MESSAGE_ID_PACKET_DROPPED = "21b931e90a9a4bc4819ee6fd1efa1cac"
MESSAGE_ID_WAITING = "808ec373121b4c17ae77f31d5a166eda"
MESSAGE_ID_UNSERVED = "3b1f0c9c5a4e4d0c9f6b7d8f5e2a4c17"
MESSAGE_ID_TWO_MASTERS = "9d7c2b6e0f1a4f53b8c4a1e6d2f3907b"
MESSAGE_ID_DEMOTED = "5e8a41d3c7b94b2f8f60e3a9d1c2b754"

_STILL_HEARD = 10.0
"""Seconds without a packet after which a host is no longer taken for a master."""


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
        self._faults = LastingFaults()
        self._said_elsewhere = False
        self._send_failing = False
        self._source_taken_at = float("-inf")
        self._another_daemon_at = float("-inf")
        self._is_same_mac_told = False
        self._without_ipv6: frozenset[object] = frozenset()
        """Addresses that were refused because the interface has no IPv6."""
        self._wrong_digest: tuple[IPAddress | None, float] = (None, float("-inf"))

    # -- the course of things ------------------------------------------------------------------------

    def transition(self, change: StateChanged) -> None:
        reason, other = change.reason, self.wrong_digest_from
        if change.new is State.MASTER and other is not None:
            reason += f"; {other} advertises too, but with a wrong digest"
        self._write(
            logging.WARNING,
            f"Switching to state: {change.new.value} ({reason})",
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
        how = ": restarting this instance" if restarted else ", taken over while running"
        self.info(f"new configuration{how}")

    def demoted(self, demotion: int, reasons: str) -> None:
        if demotion:
            self._write(
                logging.WARNING,
                f"demoted by {demotion}: {reasons}",
                MESSAGE_ID=MESSAGE_ID_DEMOTED,
                UCARPD_REASON=reasons,
            )
        else:
            self.info("no longer demoted")

    def found(self, report: Report) -> None:
        """What the protocol has noticed, although no role changed; each comes once, and its end."""
        level, text = _FINDINGS[report.finding]
        text = text.format(peer=report.peer, family=report.family)
        peer = str(report.peer or "")
        if report.finding in {Finding.RIVAL_STAYS, Finding.RIVAL_STAYS_TIED}:
            self._write(level, text, MESSAGE_ID=MESSAGE_ID_TWO_MASTERS, UCARPD_PEER=peer)
        else:
            self._write(level, text, UCARPD_PEER=peer)

    def flag_day(self) -> None:
        self.warning(
            "the list of addresses has changed: change it on the other hosts now; until then, each "
            "host ignores the other, and both are MASTER"
        )

    # -- addresses -------------------------------------------------------------------------------------

    def address_left_over(self, ips: Sequence[object]) -> None:
        self.warning(f"{_list(ips)} was left on {self._interface} by an earlier run; removed")

    def bowed_out_for_the_dead(self) -> None:
        self.info("bowed out for the process that died, so that a peer serves at once")

    def record_fault(self, error: OSError) -> None:
        self._fault(
            logging.ERROR,
            "record",
            f"serving without a record of the addresses: after a crash, `ucarpd clear` cannot remove "
            f"them ({error.strerror or error})",
        )

    def record_renewed(self) -> None:
        self._faults.end("record")
        self.warning(
            "the record of the addresses had been removed from the run directory: made again"
        )

    def configuration_not_kept(self, error: OSError) -> None:
        self._fault(
            logging.ERROR,
            "last good",
            "serving without a copy of the configuration: if the file is bad after a crash, this host"
            f" does not serve ({error.strerror or error})",
        )

    def address_not_removed_by_script(self, ips: Sequence[object]) -> None:
        self.warning(f"{_list(ips)} was still on {self._interface} after the down-script; removed")

    def address_taken_off_early(self, ips: Sequence[object]) -> None:
        self.warning(
            f"removing {_list(ips)} from {self._interface}: "
            "the down-script has to wait for the up-script, which is still running"
        )

    def served_elsewhere(self, ips: Sequence[object]) -> None:
        text = f"the up-script succeeded, but {_list(ips)} is not on {self._interface}"
        if not self._said_elsewhere:
            self._said_elsewhere = True
            self.info(f"{text}: ucarpd trusts the script, and does not say so again")

    def script_failed_but_serves(self, ips: Sequence[object]) -> None:
        self.warning(f"the up-script failed, but {_list(ips)} is on this host: it goes on serving")

    def unserved(self, ips: Sequence[object]) -> None:
        if ips:
            # That the interface has no IPv6 is the operator's doing, and has its own line.
            level = logging.WARNING if self._without_ipv6.issuperset(ips) else logging.ERROR
            self._write(
                level,
                f"this host cannot serve {_list(ips)}: another host should take over",
                MESSAGE_ID=MESSAGE_ID_UNSERVED,
            )
        else:
            self.info("all addresses are served again")

    def address_taken_away(self, ip: IPAddress) -> None:
        self._fault(
            logging.WARNING,
            f"taken away {ip}",
            f"{ip} was removed from {self._interface} by somebody else; putting it back",
        )

    def address_left_alone(self, ip: IPAddress) -> None:
        self._fault(
            logging.WARNING,
            f"left alone {ip}",
            f"{ip} is virtual, but the only address of {self._interface}: left alone; give this host an "
            "address of its own",
        )

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

    def addresses_refused(self, refused: Mapping[IPAddress, OSError]) -> None:
        """What came of an attempt to add the addresses: the ones that failed."""
        without = {ip for ip, error in refused.items() if error.errno == errno.EAFNOSUPPORT}
        self._without_ipv6 = frozenset(without)
        for ip, error in refused.items():
            level = logging.WARNING if ip in without else logging.ERROR
            text = f"cannot add the address on {self._interface}: {error.strerror or error}"
            self._fault(level, f"add {ip}", text)
        if not refused and self._faults.end("add "):
            self.info(f"the addresses can be added on {self._interface} again")

    def address_not_removed(self, error: OSError) -> None:
        text = f"cannot remove the address on {self._interface}: {error.strerror or error}"
        self._fault(logging.ERROR, "remove", text)

    def device_refused(self, device: str, error: OSError) -> None:
        text = f"virtual MAC address, device {device}: {error.strerror or error}"
        if error.errno in {errno.EINVAL, errno.EBUSY}:
            text += (
                f": {self._interface} takes no other device beside it (is it a macvlan of mode "
                "passthru, or a port of a bridge?); UCARP_VMAC=no works without one"
            )
        self._fault(logging.ERROR, "device", text)

    def loss_held(self, reason: str) -> None:
        self.warning(
            f"{reason} while the up-script is running: does the script do that? "
            "ucarpd waits until it ends"
        )

    # -- scripts ---------------------------------------------------------------------------------------

    def spawning(self, hook: str) -> None:
        self._write(logging.WARNING, f"Spawning [{hook}]")

    def script_ended(self, hook: str, status: int, seconds: float, excused: bool) -> None:
        """`excused`: its work is done although it has failed."""
        if status == 0 or excused:
            self.info(f"[{hook}] done in {seconds:.2f} s, exit status {status}")
        else:
            self._script_failed(
                f"[{hook}] failed after {seconds:.2f} s, exit status {status}", status
            )

    def script_not_run(self, hook: str, status: int, why: str) -> None:
        self._script_failed(f"cannot run [{hook}]: {why}; exit status {status}", status)

    def script_hit(self, hook: str, signal_name: str) -> None:
        self.warning(
            f"[{hook}] was ended by {signal_name}, which ucarpd did not send; running it again (to "
            "signal ucarpd and not its scripts: systemctl kill --kill-whom=main, on Debian 12 "
            "--kill-who=main)"
        )

    def script_harmful(self, harm: str, skipped: bool) -> None:
        self._write(
            logging.ERROR if skipped else logging.WARNING,
            harm,
            MESSAGE_ID=MESSAGE_ID_SCRIPT_FAILED,
        )

    def script_timed_out(self, hook: str, timeout: float) -> None:
        self._script_failed(f"[{hook}] did not end within {timeout:g} s; terminating it", -1)

    def left_running(self, processes: Sequence[object]) -> None:
        what = "processes" if len(processes) > 1 else "process"
        self.warning(
            f"a script has left {what} {_list(processes)} running, which ucarpd does not end"
        )

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
        if dropped.reason is DropReason.BAD_DIGEST:
            self._wrong_digest = dropped.source, time.monotonic()
        passed_over = self._drops.admit(dropped, time.monotonic())
        if passed_over is None:
            return
        if dropped.evidence is None or self.inquiry is None:
            self._write_drop(dropped, dropped.detail, passed_over)
            return

        def found(text: str) -> None:
            self._write_drop(dropped, f"{WRONG_DIGEST}: {text}", passed_over)

        self.inquiry.look_into(dropped.evidence, found)

    @property
    def wrong_digest_from(self) -> IPAddress | None:
        """The host that advertises our vhid with a wrong digest now, if one does."""
        source, at = self._wrong_digest
        return source if time.monotonic() - at < _STILL_HEARD else None

    def _write_drop(self, dropped: Dropped, detail: str, passed_over: int) -> None:
        more = f" ({passed_over} more since the last such line)" if passed_over else ""
        is_foreign = dropped.reason is DropReason.BAD_VHID
        source = dropped.source or "an unknown source"
        names_source = dropped.reason in {DropReason.MISTYPED_VHID, DropReason.VRRP}
        self._write(
            logging.INFO if is_foreign else logging.WARNING,
            f"{'' if names_source else f'dropped a packet from {source}: '}{detail}{more}",
            MESSAGE_ID=MESSAGE_ID_PACKET_DROPPED,
            UCARPD_PEER=str(dropped.source or ""),
            UCARPD_REASON=dropped.reason.value,
        )

    def send_failed(self, error: OSError) -> None:
        """The first of a row of failures is worth a line, and the end of it."""
        if not self._send_failing:
            self._send_failing = True
            text = f"cannot send on {self._interface}: {error.strerror}"
            if filters := _FILTERS.get(error.errno or 0):
                text += f" (does {filters} on this host drop advertisements?)"
            self.error(text)

    def sent(self) -> None:
        if self._send_failing:
            self._send_failing = False
            self.info(f"sending on {self._interface} works again")

    def _fault(self, level: int, fault: str, text: str) -> None:
        """A line about something that may go on for hours."""
        times = self._faults.admit(fault, time.monotonic())
        if times is not None:
            more = f" ({times} times since the last such line)" if times else ""
            self._write(level, f"{text}{more}")

    def _write(
        self, level: int, text: str, *, error: BaseException | None = None, **fields: str
    ) -> None:
        write(level, f"{self._name}: {text}", {**self._fields, **fields}, self.facility, error)


_FILTERS = {
    errno.ENOBUFS: "a netdev table of nftables, or tc,",
    errno.EPERM: "a filter for outgoing packets (nftables or iptables)",
}
"""By the error that the kernel reports when they drop a packet."""

_FINDINGS = {
    Finding.NOT_MASTER: (logging.INFO, "asked to step down, but this host is not MASTER"),
    Finding.NOBODY_TOOK_OVER: (
        logging.WARNING,
        "asked to step down, but no other host has taken over: this host keeps serving",
    ),
    Finding.FAMILY_SILENT: (
        logging.WARNING,
        "only IPv{family} advertisements are lost: look for a filter or for multicast snooping",
    ),
    Finding.FAMILY_HEARD: (logging.INFO, "IPv{family} advertisements arrive again"),
    Finding.RIVAL_STAYS: (
        logging.WARNING,
        "{peer} does not hear this host: it is still MASTER, although this host is preferred",
    ),
    Finding.RIVAL_STAYS_TIED: (
        logging.WARNING,
        "{peer} is still MASTER: it does not hear this host, or has another UCARP_TIEBREAK",
    ),
    Finding.RIVAL_GONE: (logging.INFO, "{peer} is no longer MASTER"),
}


def _list(ips: Sequence[object]) -> str:
    return ", ".join(map(str, ips))
