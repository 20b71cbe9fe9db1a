"""The sockets of one interface, shared by its virtual hosts.

Each family has two packet sockets.  One receives the advertisements of known peers for our virtual
hosts; a peer is known after an advertisement with a good digest.  The other socket receives all
other frames.  So forged packets of a stranger fill a separate buffer, and take half of the
processor's time at most.  A flood with a known peer's address and vhid reaches the first socket,
but timers get their turn after each batch: only a takeover waits for the frames that came before
it was due.  `foreign` chooses packets that the second one drops.
"""

import asyncio
import errno
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address
from operator import itemgetter

from ucarpd.carp.frame import ETHERTYPE_IPV6, ETHERTYPE_OFFSET
from ucarpd.carp.params import Family, IPAddress, Params
from ucarpd.carp.transmit import Datagram
from ucarpd.interface.foreign import SILENCE, Foreign
from ucarpd.interface.refused_filter import FILTER_AGAIN_AFTER, write_refused
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.ip_socket import UnicastSocket
from ucarpd.linux.netlink import Link
from ucarpd.linux.packet_filter import Expected
from ucarpd.linux.packet_socket import Arrival, PacketSocket

FRAMES_AT_ONCE = 64
"""Frames handled before timers get their turn, so a flood cannot delay the timers."""

LOOK_AFTER = SILENCE + 1.0
"""Seconds after a change of role: by then a former master has sent its last advertisement, and SILENCE
is over.
"""

NEXT_FILTER_AFTER = 1.0
"""Seconds for which changes of what need not be read are gathered."""

MOST_KNOWN = 64
"""Most known hosts in a family; a new one replaces the oldest."""

_IPV6 = ETHERTYPE_IPV6 >> 8
"""The first byte of it, which tells IPv6 from IPv4 and ARP."""


class Sockets:
    """The sockets of one interface.

    `deliver` takes a frame and its monotonic time of arrival in seconds, and returns its source if
    the digest is good.
    """

    def __init__(self, deliver: Callable[[bytes, float], IPAddress | None]) -> None:
        self._deliver = deliver
        self._name = ""
        self._loop = asyncio.get_running_loop()
        self._known: dict[Family, PacketSocket] = {}
        self._others: dict[Family, PacketSocket] = {}
        self._unicast: dict[Family, UnicastSocket] = {}
        self._peers: dict[Family, dict[IPAddress, None]] = {4: {}, 6: {}}
        self._pauses: dict[Family, asyncio.TimerHandle] = {}
        self._faults: dict[Family | IPAddress, str] = {}
        """The reasons why a family has no sockets, or why a group cannot be joined."""
        self._expected: dict[Family, Expected] = {4: Expected(), 6: Expected()}
        """The frames that the first socket of each family receives."""
        self._served: Collection[Params] = ()
        self._is_change_due = False
        self._foreign = Foreign()
        self._next_look = Alarm()
        self._next_filter: asyncio.TimerHandle | None = None
        self._is_filter_refused = False

    @property
    def can_send(self) -> bool:
        return bool(self._known)

    @property
    def are_bound(self) -> bool:
        """Whether the interface of the open sockets still exists."""
        return all(each.is_bound for each in (*self._known.values(), *self._others.values()))

    def serve(self, virtual_hosts: Collection[Params]) -> None:
        """Set the virtual hosts that run here; the filters and the groups follow in the loop's next turn."""
        self._served = virtual_hosts
        self._foreign.forget()
        if not self._is_change_due:
            self._is_change_due = True
            self._loop.call_soon(self._change)

    def open(self, link: Link, params: Params) -> None:
        """Open the missing sockets of a virtual host; `fault` returns errors."""
        self._name = link.name
        for family in params.families:
            is_unicast = bool(params.peers_of(family))
            with self._noting(family, f"cannot open a packet socket on {link.name}"):
                self._open(link, family)
                if is_unicast:
                    self._open_unicast(link, family)
            if not is_unicast and family in self._others:
                group = params.group_of(family)
                with self._noting(group, f"cannot join {group} on {link.name}"):
                    self._others[family].join(group)

    def forget_lost_groups(self) -> None:
        """Note the groups that the kernel has left; `open` joins them again."""
        for others in self._others.values():
            others.forget_lost_groups()

    def fault(self, params: Params, family: Family) -> str | None:
        """Return why a virtual host cannot send or receive in this family, or None."""
        fault = self._faults.get(family)
        if fault is None and not params.peers_of(family):
            fault = self._faults.get(params.group_of(family))
        return fault

    @contextmanager
    def _noting(self, what: Family | IPAddress, failure: str) -> Iterator[None]:
        """Record the error of a step, or that the step succeeded."""
        self._faults.pop(what, None)
        try:
            yield
        except OSError as error:
            text = f"{failure}: {error.strerror}"
            if isinstance(what, IPv4Address) and error.errno == errno.ENOBUFS:
                text += ": raise net.ipv4.igmp_max_memberships"
            self._faults[what] = text

    def _open(self, link: Link, family: Family) -> None:
        if family not in self._known:
            self._known[family] = PacketSocket(link.name, link.index, family)
            self._loop.add_reader(self._known[family], self._read_known)
        if family not in self._others:
            self._others[family] = others = PacketSocket(link.name, link.index, family)
            self._set_filters(family)
            self._loop.add_reader(others, self._read_others, family)

    def _open_unicast(self, link: Link, family: Family) -> None:
        if family not in self._unicast:
            self._unicast[family] = UnicastSocket(link.name, family)
            self._set_filters(family)

    def send(self, frame: bytes) -> None:
        """Send an Ethernet frame.  Raises OSError; never blocks."""
        # Any of the sockets can send any frame; the right family only matters to kernel filters.
        by = self._known.get(6 if frame[ETHERTYPE_OFFSET] == _IPV6 else 4)
        if by is None:
            by = next(iter(self._known.values()), None)
            if by is None:
                raise OSError(0, "not open")
        by.send(frame)

    def send_datagram(self, datagram: Datagram) -> None:
        """Send an IP packet to one peer.  Raises OSError; never blocks."""
        by = self._unicast.get(datagram.destination.version)
        if by is None:
            raise OSError(0, "not open")
        by.send(datagram.packet, datagram.destination)

    def pass_over(self, source: IPAddress, vhid: int, at: float) -> None:
        """Note a foreign advertisement, of monotonic second `at`, that was only counted."""
        if self._foreign.note((source, vhid), at) and self._next_filter is None:
            self._next_filter = self._loop.call_later(NEXT_FILTER_AFTER, self._set_all_filters)

    def role_changed(self) -> None:
        """Let a foreign advertisement show that the segment is heard, if soon none of ours does."""
        self._next_look.set(LOOK_AFTER, self._look)

    def _look(self) -> None:
        if self._foreign.look(self._loop.time()):
            self._set_all_filters()

    def read_until(self, at: float) -> bool:
        """Read frames that came until monotonic second `at`; return whether those are all read.

        A flood without any good digest is not waited for.
        """
        at = min(at, self._loop.time())
        if any(each.read_until < at for each in self._known.values()):
            self._read_known()
        for family, others in list(self._others.items()):
            if others.read_until < at and family in self._others and family not in self._pauses:
                self._read_others(family)
        waited_for = [each for family, each in self._others.items() if family not in self._pauses]
        return all(each.read_until >= at for each in (*self._known.values(), *waited_for))

    def close(self) -> None:
        for pause in (*self._pauses.values(), self._next_filter):
            if pause is not None:
                pause.cancel()
        self._next_filter = None
        self._is_filter_refused = False
        self._expected = {4: Expected(), 6: Expected()}
        self._foreign.forget()
        for opened in (*self._known.values(), *self._others.values()):
            self._loop.remove_reader(opened)
            opened.close()
        for unicast_socket in self._unicast.values():
            unicast_socket.close()
        for table in (self._known, self._others, self._unicast, self._pauses, self._faults):
            table.clear()
        for peers in self._peers.values():
            peers.clear()

    # -- receiving ---------------------------------------------------------------------------------

    def _read_known(self) -> None:
        """Hand over the frames of both families in the order in which they came.

        Many may wait after a sleep of the process, and one family alone would seem to be silent meanwhile.
        """
        arrivals = [each for known in self._known.values() for each in _waiting(known)]
        for frame, at in sorted(arrivals, key=itemgetter(1)):
            self._foreign.heard_at = at
            self._deliver(frame, at)
            if not self._known:
                return  # The frame made its receiver close these sockets.

    def _read_others(self, family: Family) -> None:
        started = self._loop.time()
        frames = _waiting(self._others[family])
        are_strange = True
        for frame, at in frames:
            source = self._deliver(frame, at)
            if family not in self._others:
                return
            if source is not None:
                are_strange = False
                if source not in self._peers[family]:
                    self._learn(family, source)
        # After a good frame its sender is known, and its further frames are not read here.
        if len(frames) == FRAMES_AT_ONCE and are_strange:
            self._loop.remove_reader(self._others[family])
            spent = self._loop.time() - started
            self._pauses[family] = self._loop.call_later(spent, self._resume, family)

    def _resume(self, family: Family) -> None:
        del self._pauses[family]
        self._loop.add_reader(self._others[family], self._read_others, family)

    def _learn(self, family: Family, source: IPAddress) -> None:
        peers = self._peers[family]
        if len(peers) >= MOST_KNOWN:
            del peers[next(iter(peers))]
        peers[source] = None
        self._set_filters(family)

    def _change(self) -> None:
        """Set the filters, and leave groups and sockets, for the virtual hosts that run now."""
        self._is_change_due = False
        for family in list(self._unicast):
            if not any(each.peers_of(family) for each in self._served):
                self._unicast.pop(family).close()
        self._set_all_filters()
        used = {
            each.group_of(family)
            for each in self._served
            for family in each.families
            if not each.peers_of(family)
        }
        for others in self._others.values():
            others.leave_others(used)

    def _set_all_filters(self) -> None:
        if self._next_filter is not None:
            self._next_filter.cancel()
            self._next_filter = None
        taken = [self._set_filters(family) for family in self._others]
        self._is_filter_refused = not all(taken)

    def _set_filters(self, family: Family) -> bool:
        """Return whether the kernel has taken the filters; if not, it is asked again later."""
        expected = Expected(
            tuple(self._peers[family]),
            frozenset(each.vhid for each in self._served),
            may_be_routed=family in self._unicast,
            foreign=[kind for kind in self._foreign.sampled if kind[0].version == family],
        )
        # In this order a frame in between arrives twice, which is harmless.  In the other order it
        # would be lost.
        try:
            self._known[family].hear(expected, all_else=False)
            self._expected[family] = expected
            self._others[family].hear(expected, all_else=True)
        except OSError as error:
            self._do_without(family, error)
            return False
        return True

    def _do_without(self, family: Family, error: OSError) -> None:
        """Read all that the first socket does not, or all: some frames twice, but each of them."""
        for wider in (self._expected[family]._replace(foreign=()), Expected()):
            with suppress(OSError):
                self._others[family].hear(wider, all_else=True)
                break
        if not self._is_filter_refused:
            self._is_filter_refused = True
            write_refused(self._name, "advertisements", error)
        if self._next_filter is None:
            self._next_filter = self._loop.call_later(FILTER_AGAIN_AFTER, self._set_all_filters)


def _waiting(packet_socket: PacketSocket) -> list[Arrival]:
    try:
        return packet_socket.receive(FRAMES_AT_ONCE)
    except OSError:
        # The interface is down or gone.  ucarpd reacts to the netlink event about that.
        return []
