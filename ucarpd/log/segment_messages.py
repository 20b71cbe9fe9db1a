"""The lines about the segment: packets in and out, and other hosts."""

import errno
import logging
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from ucarpd.carp.params import Family, IPAddress
from ucarpd.carp.receive import UNEXPLAINED, WRONG_DIGEST, Dropped, DropReason, Evidence
from ucarpd.log.instance_lines import InstanceLines
from ucarpd.log.limits import SELDOM, DropLimiter
from ucarpd.log.message_ids import MESSAGE_ID_PACKET_DROPPED

_STILL_HEARD = 10.0
"""Seconds without a packet after which a host is no longer taken for a master."""

_NAMING = {DropReason.MISTYPED_VHID, DropReason.VRRP}
"""Reasons with a text that names the source; they last until a file is changed."""


class _Heard(NamedTuple):
    """In seconds: since when such packets arrive, and when the last one did; what is wrong."""

    since: float
    last_at: float
    text: str


class Inquiry(Protocol):
    """Finds out why a digest is wrong, and words it for the operator."""

    def look_into(self, evidence: Evidence, done: Callable[[str], None]) -> None: ...


class SegmentMessages(InstanceLines):
    """The source address, dropped packets, and what cannot be sent."""

    def __init__(self, name: str, vhid: int, interface: str, facility: str) -> None:
        super().__init__(name, vhid, interface, facility)
        self.inquiry: Inquiry | None = None
        """Finds out why a digest is wrong; None: the log does not say why."""
        self.tell_mistake: Callable[[str, IPAddress | None], None] = lambda _text, _source: None
        """Told of a mistake of another host, and which host that is."""
        self._told_at: dict[str, float] = {}
        """By a fixed word, when something was told that is told once an hour at most."""
        self._drops = DropLimiter(_NAMING)
        self._foreign_drops = DropLimiter(frozenset(DropReason))
        self._failures_told: set[str] = set()
        """What fails by a line that was written, so that its end is also told."""
        self._is_same_mac_told = False
        self._wrong_digest_from: IPAddress | None = None
        self._wrong_digests: dict[Family, tuple[IPAddress, float]] = {}
        """The latest one of each family, and when it came: a host may advertise in both."""
        self._wrong_digest_since = self._wrong_digest_at = float("-inf")
        self._cause: tuple[IPAddress | None, str] = (None, "")
        """The cause of a wrong digest that was found last, and whose it is."""
        self._heard: dict[str, _Heard] = {}
        """By a fixed word, what was wrong with the last packets."""

    def heard_now(self) -> Iterator[tuple[str, float, str]]:
        """Yield what is wrong with packets that arrive now: a fixed word, its age in seconds, and words."""
        now = time.monotonic()
        for finding, heard in self._heard.items():
            if now - heard.last_at < _STILL_HEARD:
                yield finding, now - heard.since, heard.text

    def _note(self, finding: str, text: str, source: IPAddress | None) -> bool:
        """Note a packet with this mistake; return as `_tell` does."""
        now = time.monotonic()
        before = self._heard.get(finding)
        goes_on = before is not None and now - before.last_at < _STILL_HEARD
        self._heard[finding] = _Heard(before.since if before and goes_on else now, now, text)
        return self._tell(finding, text, source)

    def _tell(self, finding: str, text: str, source: IPAddress | None) -> bool:
        """Tell it if it is due, since such packets may be forged, and must not fill the history.

        Return whether it was.
        """
        is_due = self._is_due(finding)
        if is_due:
            self.tell_mistake(text, source)
        return is_due

    def _is_due(self, what: str) -> bool:
        """Return whether this was not told in the last hour; it is told now."""
        now = time.monotonic()
        is_due = now - self._told_at.get(what, float("-inf")) >= SELDOM
        if is_due:
            self._told_at[what] = now
        return is_due

    def source_taken(self, source: IPAddress) -> None:
        """Once an hour at most: it comes with every advertisement of the other host."""
        if self._note("source_taken", f"another host advertises from {source}", source):
            self.warning(
                f"another host advertises from {source}, the address of this host: a cloned machine, or "
                "a copied UCARP_SRCIP? Give each host an address and a MAC address of its own"
            )

    def source_changed(self, old: IPAddress, new: IPAddress) -> None:
        self.info(f"the source address is now {new}; it was {old}")

    def source_elsewhere(self, source: IPAddress, where: str) -> None:
        self.info(
            f"source address {source} is on {where}, not on {self._interface}; "
            "still advertising from it"
        )

    def another_daemon(self) -> None:
        """Once an hour at most: it comes with every advertisement of the other daemon."""
        if self._is_due("another_daemon"):
            self.error(
                f"another CARP daemon on this host advertises vhid {self._vhid} on "
                f"{self._interface} (ucarp, or a second ucarpd?): stop one of the two"
            )

    def same_mac(self, source: IPAddress) -> None:
        """Once: it comes with every advertisement of the other host."""
        self._note("same_mac", f"{source} has the MAC address of this host", source)
        if not self._is_same_mac_told:
            self._is_same_mac_told = True
            self.warning(
                f"{source} has the MAC address of this host: a cloned machine? "
                f"Give {self._interface} there another MAC address"
            )

    def differs(self, dropped: Dropped) -> None:
        """Note a packet of a host that serves the same virtual host with another file."""
        source = "" if dropped.reason in _NAMING else f"{dropped.source}: "
        self._note("mismatch", f"{source}{dropped.detail}", dropped.source)

    def dropped(self, dropped: Dropped) -> None:
        if dropped.reason is DropReason.OTHER_VRRP:
            return
        if dropped.reason is DropReason.BAD_DIGEST:
            self._note_wrong_digest(dropped.source, time.monotonic())
        # Other virtual hosts must not use up the lines about this one.
        limiter = self._drops if dropped.concerns_us else self._foreign_drops
        passed_over = limiter.admit(dropped, time.monotonic())
        if passed_over is None:
            return
        if dropped.evidence is None or self.inquiry is None:
            self._write_drop(dropped, dropped.detail, passed_over)
            if dropped.reason is DropReason.BAD_DIGEST:
                self._tell("wrong_digest", f"{dropped.source}: {dropped.detail}", dropped.source)
            return

        def found(text: str) -> None:
            self._cause = dropped.source, text
            self._write_drop(dropped, f"{WRONG_DIGEST}: {text}", passed_over)
            self._tell("wrong_digest", f"{dropped.source}: {WRONG_DIGEST}: {text}", dropped.source)

        self.inquiry.look_into(dropped.evidence, found)

    @property
    def wrong_digest_from(self) -> IPAddress | None:
        """The host that advertises our vhid with a wrong digest now, if one does."""
        is_heard = time.monotonic() - self._wrong_digest_at < _STILL_HEARD
        return self._wrong_digest_from if is_heard else None

    def has_wrong_digest(self, source: IPAddress) -> bool:
        """Return whether this host is one that advertises our vhid with a wrong digest now."""
        latest = self._wrong_digests.get(source.version)
        return (
            latest is not None
            and latest[0] == source
            and time.monotonic() - latest[1] < _STILL_HEARD
        )

    def wrong_digest(self) -> tuple[float, str] | None:
        """Return the seconds for which such a host is heard, and its probable mistake.

        None: no such host is heard now.
        """
        if (heard_from := self.wrong_digest_from) is None:
            return None
        source, text = self._cause
        cause = text if source == heard_from else UNEXPLAINED
        age = time.monotonic() - self._wrong_digest_since
        return age, f"{heard_from}: {WRONG_DIGEST}: {cause}"

    def _note_wrong_digest(self, source: IPAddress | None, now: float) -> None:
        if now - self._wrong_digest_at >= _STILL_HEARD:
            self._wrong_digest_since = now
        self._wrong_digest_from, self._wrong_digest_at = source, now
        if source is not None:
            self._wrong_digests[source.version] = source, now

    def _write_drop(self, dropped: Dropped, detail: str, passed_over: int) -> None:
        more = f" ({passed_over} more since the last such line)" if passed_over else ""
        source = dropped.source or "an unknown source"
        names_source = dropped.reason in _NAMING
        self._write(
            logging.WARNING if dropped.concerns_us else logging.INFO,
            f"{'' if names_source else f'dropped a packet from {source}: '}{detail}{more}",
            MESSAGE_ID=MESSAGE_ID_PACKET_DROPPED,
            UCARPD_PEER=str(dropped.source or ""),
            UCARPD_REASON=dropped.reason.value,
        )

    def send_failed(self, error: OSError) -> None:
        self._cannot("cannot send on", "advertisements", error)

    def sent(self) -> None:
        self._works_again("cannot send on", "sending on")

    def announce_failed(self, error: OSError) -> None:
        packets = "ARP or neighbour advertisements"
        self._cannot("cannot announce the addresses on", packets, error)

    def announced(self) -> None:
        self._works_again("cannot announce the addresses on", "announcing the addresses on")

    def _cannot(self, what: str, packets: str, error: OSError) -> None:
        text = f"{what} {self._interface}: {error.strerror}"
        if filters := _FILTERS.get(error.errno or 0):
            text += f" (does {filters} on this host drop {packets}?)"
        # A full queue, or a filter that drops a part, fails now and then for hours.
        if self._fault(logging.ERROR, what, text):
            self._failures_told.add(what)

    def _works_again(self, what: str, doing: str) -> None:
        if what in self._failures_told:
            self._failures_told.remove(what)
            self.info(f"{doing} {self._interface} works again")


_FILTERS = {
    errno.ENOBUFS: "a netdev table of nftables, or tc,",
    errno.EPERM: "a filter for outgoing packets (nftables or iptables)",
}
"""By the error that the kernel reports when they drop a packet."""
