"""Sending the advertisements of one virtual host, and the announcements of its addresses."""

import errno
from collections.abc import Callable, Iterable
from contextlib import suppress

from ucarpd.carp.actions import AnnounceAddresses, ProbeMaster, SendAdvertisement
from ucarpd.carp.neighbours import question
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.send_errors import SendErrors
from ucarpd.carp.transmit import Datagram, Transmitter
from ucarpd.engine.ports import Log, Wire

TOLD_AFTER = 1.5
"""Seconds after the first failure from which the log reports one: when a cable is pulled, the kernel
may refuse packets for a second before it says that there is no carrier.
"""

_FORGOTTEN_AFTER = 600.0
"""Seconds without a failure after which the next one counts as the first."""

_PEER_UNREACHABLE = {errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH}


class _Failures:
    """The failures to send packets of one kind; `tell` and `tell_end` log them.

    One by itself is not told, but one of several is, also if others get out in between.
    """

    def __init__(
        self,
        tell: Callable[[OSError], None],
        tell_end: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._log = tell
        self._tell_end = tell_end
        self._clock = clock
        self.forget()

    def forget(self) -> None:
        self._latest: OSError | None = None
        self._since = self._last = float("-inf")
        self._is_told = False

    def failed(self, error: OSError) -> None:
        now = self._clock()
        if now - self._last >= _FORGOTTEN_AFTER:
            self._since = now
        self._last = now
        self._latest = error
        if now - self._since >= TOLD_AFTER:
            self.tell()

    def tell(self) -> None:
        """Log the latest failure, if there is one and none has been logged."""
        if self._latest is not None and not self._is_told:
            self._is_told = True
            self._log(self._latest)

    def over(self) -> None:
        """Note that packets of the kind get out."""
        self._latest = None
        if self._is_told:
            self._tell_end()
            self.forget()


class Outgoing:
    """The sender of one virtual host: it builds frames, sends them, and counts failures.

    `clock` returns monotonic seconds; `failing` gets the news whether sending advertisements fails.
    Each failure is news: the owner takes this host for fit again some time after the last one.
    """

    def __init__(
        self,
        params: Params,
        wire: Wire,
        log: Log,
        clock: Callable[[], float],
        failing: Callable[[bool], None],
    ) -> None:
        self._transmitter = Transmitter(params)
        self._wire = wire
        self._failing = failing
        self._errors = SendErrors()
        self._advertisements = _Failures(log.send_failed, log.sent, clock)
        self._announcements = _Failures(log.announce_failed, log.announced, clock)
        self._has_link = True
        self._is_well = True
        """Whether no packet has failed since `_note` last found nothing to count."""

    def configure(self, params: Params) -> None:
        self._transmitter.configure(params)

    def advertise(self, action: SendAdvertisement) -> bool:
        """Send an advertisement; return whether it got out, at least to one peer."""
        packets = self._transmitter.advertisement(action, self._wire.mac)
        results = self._send(packets, self._advertisements)
        if not self._is_well:
            self._note(results)
        return True in results

    def follow_link(self, has_link: bool) -> bool:
        """Note whether there is a link; a lost one explains the failures, so they are forgotten.

        Return whether sending failed by them.
        """
        self._has_link = has_link
        was_failing = self._errors.is_failing
        if not has_link:
            self._errors = SendErrors()
            self._advertisements.forget()
            self._announcements.forget()
        return was_failing and not has_link

    def _note(self, results: list[bool | None]) -> None:
        """Count an advertisement."""
        was_failing = self._errors.is_failing
        # If a peer is unreachable, that says nothing about this host.
        is_counted = results.count(None) < len(results)
        if is_counted:
            self._errors.note(success=True in results)
        if self._errors.is_clean and False not in results:
            self._advertisements.over()
            self._is_well = True
        is_failing = self._errors.is_failing
        is_lasting = is_failing and is_counted and True not in results
        if is_failing != was_failing or is_lasting:
            self._failing(is_failing)

    def tell_failure(self) -> None:
        """Log why advertisements do not get out, unless it is logged, or the link is lost."""
        self._advertisements.tell()

    def announce(self, action: AnnounceAddresses) -> None:
        if all(self._send(self._frames(action), self._announcements)):
            self._announcements.over()

    def announce_quietly(self, action: AnnounceAddresses) -> None:
        """Announce the addresses; raise OSError instead of logging, for use in another thread."""
        for frame in self._frames(action):
            self._wire.send(frame)

    def probe(self, action: ProbeMaster) -> None:
        # A master that cannot be asked does not answer; the takeover that follows shows the fault.
        self._ask(question(ip, action.source, self._wire.mac) for ip in action.addresses)

    def ask(self, addresses: Iterable[IPAddress], sources: Iterable[IPAddress]) -> None:
        """Ask who else has these addresses, which this host serves; `sources` are its own."""
        self._ask(self._transmitter.questions(addresses, sources, self._wire.mac))

    def _ask(self, questions: Iterable[bytes]) -> None:
        for each in questions:
            with suppress(OSError):
                self._wire.send(each)

    def _frames(self, action: AnnounceAddresses) -> list[bytes]:
        is_router = action.has_ipv6 and self._wire.is_router
        return self._transmitter.announcements(action, self._wire.mac, is_router)

    def _send(self, packets: Iterable[bytes | Datagram], failures: _Failures) -> list[bool | None]:
        """Send them; return for each whether it was sent, None for a peer that cannot be reached."""
        results: list[bool | None] = []
        for each in packets:
            try:
                if isinstance(each, Datagram):
                    self._wire.send_datagram(each)
                else:
                    self._wire.send(each)
            except OSError as error:
                self._is_well = False
                if isinstance(each, Datagram) and error.errno in _PEER_UNREACHABLE:
                    results.append(None)  # This host is not at fault.
                    continue
                if self._has_link:
                    failures.failed(error)
                results.append(False)
            else:
                results.append(True)
        return results
