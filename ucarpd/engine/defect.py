"""The end of an engine after a defect: its state is not reliable, so another host must serve."""

from collections.abc import Callable

from ucarpd.carp.actions import MASTER, SendAdvertisement
from ucarpd.carp.bow_out import bow_out_of
from ucarpd.carp.machine import VirtualHost
from ucarpd.engine.ports import Addresses, Log, Owner, Transition


def give_up(
    machine: VirtualHost,
    transition: Transition,
    addresses: Addresses,
    advertise: Callable[[SendAdvertisement], None],
    log: Log,
    owner: Owner,
) -> None:
    """Release the addresses; when they are gone, bow out and call the owner's `failed`."""

    def bow_out() -> None:
        try:
            # The bow-out of a backup would only disturb the other hosts.
            if transition.previous is MASTER:
                counter = machine.next_counter
                for each in machine.sources:
                    advertise(bow_out_of(each, counter))
        except Exception as error:  # noqa: BLE001 - the peers take over without it, only later
            log.fault(error)
        owner.failed()

    try:
        addresses.release(transition, False, bow_out)
    except Exception as error:  # noqa: BLE001 - the restart removes the addresses
        log.fault(error)
        owner.failed()
