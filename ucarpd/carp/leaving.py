"""The remaining work of a host that has given up the role.

The addresses are taken off first.  Then it sends its final advertisements (see `bow_out`), and
tells the neighbours where the addresses are now, if the new master does not: a BSD kernel that was
master already announces nothing, and FreeBSD announces no IPv6 address at all.  Clients that have
learnt our MAC address would keep sending to it, so this host tells them, once, the virtual MAC
address that the kernels speak from.
"""

from ucarpd.carp.actions import Action, AnnounceAddresses, ReleaseAddresses
from ucarpd.carp.bow_out import FinalAdvertisements
from ucarpd.carp.params import Family, IPAddress
from ucarpd.carp.rank import Stated
from ucarpd.carp.statement import Statement


class Leaving:
    """Times are monotonic seconds."""

    def __init__(self) -> None:
        self.is_releasing = False
        """ReleaseAddresses has been asked for, and AddressesReleased has not come yet."""
        self._final: FinalAdvertisements | None = None
        self._given_up: tuple[IPAddress, ...] = ()
        """Addresses whose clients do not know yet which host serves them now."""
        self._are_off = False
        self._is_successor_virtual = False

    @property
    def is_over(self) -> bool:
        return not self.is_releasing and self._final is None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do, not even for the clients."""
        return self.is_over and not self._given_up

    @property
    def deadline(self) -> float | None:
        """When `take_final` has something to send; None for never."""
        return self._final.send_at if self._final else None

    @property
    def copies_left(self) -> int:
        """How many final advertisements are still to be sent."""
        return self._final.copies if self._final else 0

    @property
    def family(self) -> Family | None:
        """In which family they are sent; None: in each."""
        return self._final.family if self._final else None

    # -- what happens ------------------------------------------------------------------------------

    def release(self, *, at_start: bool = False) -> list[Action]:
        """Take off addresses that are here without the role."""
        self.is_releasing = True
        return [ReleaseAddresses(at_start)]

    def begin(
        self, final: FinalAdvertisements | None, addresses: tuple[IPAddress, ...]
    ) -> list[Action]:
        """Give up the role and `addresses`, which clients know at our own MAC address."""
        self._final = final
        self._given_up = addresses
        self._are_off = self._is_successor_virtual = False
        return self.release()

    def cancel(self) -> None:
        """Drop the remaining work, because this host has the role again."""
        self.is_releasing = False
        self._final = None
        self._given_up = ()

    def interface_lost(self, can_send: bool) -> None:
        """Drop the final advertisements, unless a frame would still get out (`can_send`)."""
        if not can_send:
            self._final = None

    def addresses_off(self, now: float, patience: float) -> list[Action]:
        """Note that the addresses are off while the down-script still runs.

        It holds the final advertisements back for `patience` seconds at most.
        """
        final = self._final
        if self.is_releasing and final is not None and final.send_at is None:
            final.send_at = now + patience
            final.until = max(final.until, now + 2 * patience)
        self._are_off = True
        return self._tell_clients()

    def released(self, now: float) -> list[Action]:
        self.is_releasing = False
        if self._final is not None:
            self._final.send_at = now
        self._are_off = True
        return self._tell_clients()

    def successor_heard(self, heard: Statement) -> list[Action]:
        """Note that another host serves."""
        if heard.is_bow_out:
            return []
        # A bow-out only moves the role; one more could move it again.
        if self._final and self._final.is_bow_out:
            self._final = None
        if not heard.from_virtual_mac:
            self._given_up = ()
        self._is_successor_virtual = heard.from_virtual_mac
        return self._tell_clients()

    # -- in time -----------------------------------------------------------------------------------

    def take_final(self, now: float) -> Stated | None:
        """Return the statement to advertise now; None: nothing is due."""
        final = self._final
        if final is None:
            return None
        is_due = final.take(now)
        if final.is_over:
            self._final = None
        return final.stated if is_due else None

    def _tell_clients(self) -> list[Action]:
        if not (self._given_up and self._are_off and self._is_successor_virtual):
            return []
        addresses, self._given_up = self._given_up, ()
        return [AnnounceAddresses(addresses, at_successor=True)]
