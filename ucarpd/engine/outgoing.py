"""Sending the advertisements of one virtual host, and the announcements of its addresses."""

import errno

from ucarpd.carp.actions import AnnounceAddresses, ProbeMaster, SendAdvertisement
from ucarpd.carp.neighbours import question
from ucarpd.carp.params import Params
from ucarpd.carp.send_errors import SendErrors
from ucarpd.carp.transmit import Datagram, Transmitter
from ucarpd.engine.ports import Log, Wire

_PEER_UNREACHABLE = {errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH}


class Outgoing:
    """The sender of one virtual host: it builds frames, sends them, and counts failures."""

    def __init__(self, params: Params, wire: Wire, log: Log) -> None:
        self._transmitter = Transmitter(params)
        self._wire = wire
        self._log = log
        self._errors = SendErrors()

    def configure(self, params: Params) -> None:
        self._transmitter.configure(params)

    def advertise(self, action: SendAdvertisement) -> list[bool | None]:
        """Send an advertisement; return for each packet whether it was sent.

        None stands for a peer that cannot be reached.
        """
        return list(map(self._send, self._transmitter.advertisement(action, self._wire.mac)))

    def note(self, results: list[bool | None]) -> bool | None:
        """Count an advertisement; return whether sending fails now, or None if that is no news.

        Each failure is news: the owner takes this host for fit again some time after the last one.
        """
        # If a peer is unreachable, that says nothing about this host.
        if (True in results and self._errors.is_clean) or results.count(None) == len(results):
            return None
        was_failing = self._errors.is_failing
        self._errors.note(success=True in results)
        if self._errors.is_clean:
            self._log.sent()
        is_failing = self._errors.is_failing
        is_news = is_failing != was_failing or (is_failing and True not in results)
        return is_failing if is_news else None

    def announce(self, action: AnnounceAddresses) -> None:
        for frame in self._announcements(action):
            self._send(frame)

    def announce_quietly(self, action: AnnounceAddresses) -> None:
        """Announce the addresses; raise OSError instead of logging, for use in another thread."""
        for frame in self._announcements(action):
            self._wire.send(frame)

    def probe(self, action: ProbeMaster) -> None:
        for address in action.addresses:
            self._send(question(address, action.source, self._wire.mac))

    def _announcements(self, action: AnnounceAddresses) -> list[bytes]:
        is_router = action.has_ipv6 and self._wire.is_router
        return self._transmitter.announcements(action, self._wire.mac, is_router)

    def _send(self, outgoing: bytes | Datagram) -> bool | None:
        try:
            if isinstance(outgoing, Datagram):
                self._wire.send_datagram(outgoing)
            else:
                self._wire.send(outgoing)
        except OSError as error:
            if isinstance(outgoing, Datagram) and error.errno in _PEER_UNREACHABLE:
                return None  # This host is not at fault.
            self._log.send_failed(error)
            return False
        return True
