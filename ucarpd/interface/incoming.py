"""Finding the virtual host of a frame, which was received or sent by another daemon of this host."""

import asyncio
from collections.abc import Callable, Mapping

from ucarpd.carp.frame import peek_vhid, source_mac, virtual_mac
from ucarpd.carp.params import IPAddress
from ucarpd.carp.receive import Dropped, DropReason
from ucarpd.interface.member import Member

SILENCE = 10.0
"""Seconds without any advertisement after which the virtual hosts hear of the next one."""

_DIFFERENCES = {DropReason.BAD_DESTINATION, DropReason.BAD_PEER, DropReason.MISTYPED_VHID}
"""Reasons for which two hosts of one virtual host, with different files, are both master."""


class Incoming:
    """Finder of the virtual host, by its vhid in `members`.

    `pass_over` gets the source, the vhid and the time of each advertisement for a virtual host that is
    not among them.
    """

    def __init__(
        self,
        members: Mapping[int, Member],
        pass_over: Callable[[IPAddress, int, float], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._members = members
        self._pass_over = pass_over
        self.mac = bytes(6)
        """The MAC address of the interface."""
        self._heard_at = self._loop.time()

    def deliver(self, frame: bytes, at: float) -> IPAddress | None:
        """Hand a frame to its virtual host; return its source, if that found the digest to be good."""
        vhid = peek_vhid(frame)
        member = None
        if vhid is not None:
            member = self._members.get(vhid)
            if at > self._heard_at:
                if at - self._heard_at >= SILENCE:
                    # After the frames that wait: they may show that another host serves by now.
                    self._loop.call_soon(self._tell_silence_is_over)
                self._heard_at = at
        # If no virtual host has the vhid, any of them counts and reports the frame.
        member = member or next(iter(self._members.values()), None)
        if member is None:
            return None
        found = member.engine.receive(frame, at)
        if isinstance(found, Dropped):
            is_foreign = not found.concerns_us and vhid not in self._members
            if is_foreign and found.source and vhid:
                self._pass_over(found.source, vhid, at)
            if found.reason in _DIFFERENCES:
                member.log.differs(found)
            return None
        source = found.statement.source
        if source_mac(frame) == self.mac:
            self._note_same_mac(member, source)
        return source

    def sent_from_here(self, frame: bytes) -> None:
        """Handle an advertisement that another program has sent on this interface."""
        vhid = peek_vhid(frame)
        member = self._members.get(vhid) if vhid is not None else None
        if member is not None and member.engine.sent_by_another(frame):
            member.log.another_daemon()

    def _note_same_mac(self, member: Member, source: IPAddress) -> None:
        if source not in member.own and self.mac != virtual_mac(member.config.vhid):
            member.log.same_mac(source)

    def _tell_silence_is_over(self) -> None:
        """Tell all virtual hosts that the segment is heard again: a MASTER then announces itself."""
        for member in list(self._members.values()):
            member.engine.segment_heard()
