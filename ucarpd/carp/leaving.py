"""What is left to do for a host that has given up the role.

The addresses are taken off first.  Then it says farewell (see `farewell`), and tells the neighbours
where the addresses are now, if whoever has taken over does not: a BSD kernel that was master already
announces nothing, and FreeBSD announces no IPv6 address at all.  Clients that have learnt our MAC
address would go on sending to it; so they are told, once, the virtual MAC address that the kernels
speak from.
"""

from ucarpd.carp.actions import Action, AnnounceAddresses, ReleaseAddresses
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.farewell import Farewell
from ucarpd.carp.params import IPAddress
from ucarpd.carp.standing import Stated


class Leaving:
    """Times are monotonic seconds."""

    def __init__(self) -> None:
        self.is_releasing = False
        """ReleaseAddresses has been asked for, and AddressesReleased has not come yet."""
        self._farewell: Farewell | None = None
        self._given_up: tuple[IPAddress, ...] = ()
        """Addresses whose clients have not been told yet who serves them now."""
        self._are_off = False
        self._is_successor_virtual = False

    @property
    def is_over(self) -> bool:
        return not self.is_releasing and self._farewell is None

    @property
    def deadline(self) -> float | None:
        """When `take_farewell` has something to send; None for never."""
        return self._farewell.send_at if self._farewell else None

    # -- what happens ------------------------------------------------------------------------------

    def release(self, *, at_start: bool = False) -> list[Action]:
        """Take off what is there although the role is not."""
        self.is_releasing = True
        return [ReleaseAddresses(at_start)]

    def begin(self, farewell: Farewell | None, addresses: tuple[IPAddress, ...]) -> list[Action]:
        """The role is given up, and with it `addresses`, which clients know at our own MAC address."""
        self._farewell = farewell
        self._given_up = addresses
        self._are_off = self._is_successor_virtual = False
        return self.release()

    def cancel(self) -> None:
        """This host has the role again."""
        self.is_releasing = False
        self._farewell = None
        self._given_up = ()

    def interface_lost(self, can_send: bool) -> None:
        """Whether a frame would still get out is told by `can_send`."""
        if not can_send:
            self._farewell = None

    def addresses_off(self, now: float, patience: float) -> list[Action]:
        """A slow down-script holds the farewell back for `patience` seconds at most."""
        farewell = self._farewell
        if self.is_releasing and farewell is not None and farewell.send_at is None:
            farewell.send_at = now + patience
            farewell.until = max(farewell.until, now + 2 * patience)
        self._are_off = True
        return self._tell_clients()

    def released(self, now: float) -> list[Action]:
        self.is_releasing = False
        if self._farewell is not None:
            self._farewell.send_at = now
        self._are_off = True
        return self._tell_clients()

    def successor_heard(self, heard: AdvertisementReceived) -> list[Action]:
        """Another host serves."""
        if heard.is_bow_out:
            return []
        # A bow-out only moves the role; one more could move it again.
        if self._farewell and self._farewell.is_bow_out:
            self._farewell = None
        if not heard.from_virtual_mac:
            self._given_up = ()
        self._is_successor_virtual = heard.from_virtual_mac
        return self._tell_clients()

    # -- what is due -------------------------------------------------------------------------------

    def take_farewell(self, now: float) -> Stated | None:
        """What is to be advertised now, if anything is."""
        farewell = self._farewell
        if farewell is None:
            return None
        is_due = farewell.take(now)
        if farewell.is_over:
            self._farewell = None
        return farewell.stated if is_due else None

    def _tell_clients(self) -> list[Action]:
        if not (self._given_up and self._are_off and self._is_successor_virtual):
            return []
        addresses, self._given_up = self._given_up, ()
        return [AnnounceAddresses(addresses, at_successor=True)]
