"""What happens when the configuration is reloaded?"""

from dataclasses import replace

import pytest
from playbook import (
    SECOND,
    VIRTUAL,
    brought_to,
    host,
    play,
    tell,
)

from ucarpd.carp import events
from ucarpd.carp.actions import State


def test_rule_l2_a_master_states_a_new_interval_at_once():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: ParamsChanged advbase=2 -> SendAdvertisement 2/0
        at 15.6: DeadlineReached -> SendAdvertisement 2/0
        at 16.0: ParamsChanged deadratio=5 -> nothing
        at 17.6: DeadlineReached -> SendAdvertisement 2/0
        """,
    )


def test_params_changed_moves_the_deadline_of_a_backup():
    machine = brought_to(State.BACKUP)
    for change, now, deadline in (
        ("deadratio=5", 11.0, 15.0),
        ("deadratio=3", 11.1, 13.0),
        ("advskew=128", 11.2, 13.5),
        ("deadratio=2", 13.4, 12.5),  # it has passed already: now
    ):
        play(machine, f"at {now}: ParamsChanged {change} -> nothing")
        assert machine.master_down_at == deadline, change


def test_params_changed_does_not_stretch_the_wait_after_a_silent_yield():
    machine = brought_to(State.MASTER)
    tell(machine, "AdvertisementReceived 1/0 from 9.0.0.1", 13.6)
    assert machine.master_down_at == pytest.approx(15.1)
    play(machine, "at 13.7: ParamsChanged deadratio=9 -> nothing")
    assert machine.master_down_at == pytest.approx(15.1)
    play(machine, "at 14.6: AdvertisementReceived 1/0 from 9.0.0.1 -> nothing")
    assert machine.master_down_at == pytest.approx(14.6 + 9.0)


def test_params_changed_before_the_start():
    play(
        host(),
        """
        at 0.0: ParamsChanged advbase=2 -> nothing
        at 1.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 1.1: AddressesReleased -> nothing
        at 7.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 2/0, AcquireAddresses
        """,
    )


def test_params_changed_a_master_puts_up_and_announces_new_addresses():
    """The digest covers the same as before; only then is this a change without a restart."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: ParamsChanged addresses=10.0.0.100+10.0.0.101 -> AcquireAddresses
        at 13.62: AddressesAcquired -> AnnounceAddresses 10.0.0.100 10.0.0.101
        at 13.72: DeadlineReached -> AnnounceAddresses 10.0.0.100 10.0.0.101
        at 13.75: AddressRemoved 10.0.0.101 -> nothing
        at 13.8: DeadlineReached -> AcquireAddresses
        """,
    )


def test_params_changed_an_address_that_is_no_longer_ours_is_not_put_back():
    play(
        brought_to(State.MASTER, addresses=(VIRTUAL, SECOND)),
        """
        at 13.6: ParamsChanged addresses=10.0.0.100 -> AcquireAddresses
        at 13.61: AddressRemoved 10.0.0.101 -> nothing
        at 13.62: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        at 13.63: AddressRemoved 10.0.0.101 -> nothing
        """,
    )


def test_params_changed_the_new_interval_first_and_then_the_new_addresses():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: ParamsChanged advskew=9 addresses=10.0.0.101 -> SendAdvertisement 1/9, AcquireAddresses
        at 13.7: AddressesAcquired -> AnnounceAddresses 10.0.0.101
        """,
    )


def test_params_changed_a_backup_serves_the_new_addresses_later():
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: ParamsChanged addresses=10.0.0.100+10.0.0.101 -> nothing
        at 13.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.1: AddressesAcquired -> AnnounceAddresses 10.0.0.100 10.0.0.101
        """,
    )


def test_the_machine_keeps_nothing_of_the_params_it_was_given_before():
    machine = brought_to(State.MASTER)
    changed = replace(machine.params, advskew=100)
    machine.handle(events.ParamsChanged(changed), 13.6)
    assert machine.params is changed
