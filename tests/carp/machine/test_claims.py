"""What does a master do if another host says that it has a virtual address?"""

import pytest
from playbook import brought_to, play

from ucarpd.carp.actions import State

STRANGER = "02:00:00:00:00:09"
CLAIM = f"AddressClaimed 10.0.0.100 {STRANGER}"
TOLD = f"Report ADDRESS_CLAIMED 10.0.0.100 {STRANGER}"
OVER = f"Report CLAIM_OVER 10.0.0.100 {STRANGER}"


def test_it_announces_at_once_and_reports_the_mac():
    play(
        brought_to(State.MASTER, announce_interval=0),
        f"""
        at 13.6: {CLAIM} -> nothing
        at 13.62: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 14.0: DeadlineReached -> SendAdvertisement 1/0
        at 14.6: DeadlineReached -> {TOLD}
        until 73.5: deadlines -> 59 SendAdvertisement 1/0
        at 73.6: DeadlineReached -> AnnounceAddresses 10.0.0.100 asks
        until 75.5: deadlines -> 2 SendAdvertisement 1/0
        at 75.6: DeadlineReached -> {OVER}
        """,
    )


def test_a_host_that_never_announces_is_asked_and_reported():
    """As a printer with this address."""
    machine = brought_to(State.MASTER, announce_interval=60)
    play(
        machine,
        f"""
        until 22.9: deadlines -> 9 SendAdvertisement 1/0, 1 AnnounceAddresses 10.0.0.100 asks
        at 22.95: {CLAIM} -> nothing
        until 23.9: deadlines -> 1 AnnounceAddresses 10.0.0.100, 1 SendAdvertisement 1/0
        at 23.95: DeadlineReached -> {TOLD}
        """,
    )


def test_short_intervals_leave_a_second_for_a_move_of_the_role():
    play(
        brought_to(State.BACKUP, advbase=0, advskew=64, announce_interval=0),
        f"""
        at 10.75: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 0/64, AcquireAddresses
        at 10.76: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        until 11.6: deadlines -> 2 AnnounceAddresses 10.0.0.100, 3 SendAdvertisement 0/64
        at 11.7: {CLAIM} -> nothing
        until 14.6: deadlines -> 12 SendAdvertisement 0/64, 2 AnnounceAddresses 10.0.0.100
        at 14.7: {CLAIM} -> nothing
        at 14.72: DeadlineReached -> AnnounceAddresses 10.0.0.100
        until 15.6: deadlines -> 4 SendAdvertisement 0/64
        at 15.7: DeadlineReached -> {TOLD}
        """,
    )


def test_a_host_from_which_the_role_was_taken_may_still_announce():
    """For a master-down interval, in which this host announces several times anyway."""
    play(
        brought_to(State.BACKUP),
        f"""
        at 13.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.01: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        at 13.02: {CLAIM} -> nothing
        until 15.9: deadlines -> 3 AnnounceAddresses 10.0.0.100, 2 SendAdvertisement 1/0
        at 15.95: {CLAIM} -> nothing
        until 17.5: deadlines -> 2 SendAdvertisement 1/0, 1 AnnounceAddresses 10.0.0.100
        """,
    )


def test_the_host_that_takes_over_may_be_read_later_than_its_announcement():
    play(
        brought_to(State.MASTER),
        f"""
        at 13.6: {CLAIM} -> nothing
        at 13.601: AdvertisementReceived 0/9 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.602: {CLAIM} -> nothing
        at 13.7: AddressesReleased -> SendAdvertisement 1/0
        """,
    )


def test_another_master_is_answered_as_ever_and_reported_as_one():
    """As when a split network heals."""
    play(
        brought_to(State.MASTER),
        f"""
        at 13.6: {CLAIM} -> nothing
        at 13.61: AdvertisementReceived 1/9 from 10.0.0.2 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        at 13.615: {CLAIM} -> nothing
        until 15.5: deadlines -> 3 AnnounceAddresses 10.0.0.100, 2 SendAdvertisement 1/0
        """,
    )


def test_a_claim_of_an_address_that_is_not_here_is_told_alone():
    play(
        brought_to(State.MASTER, announce_interval=0),
        f"""
        at 13.6: AddressRemoved 10.0.0.100 -> AcquireAddresses
        at 13.61: AcquireFailed -> nothing
        at 13.62: {CLAIM} -> nothing
        until 13.8: deadlines -> nothing
        at 13.81: DeadlineReached -> AcquireAddresses
        until 14.7: deadlines -> 1 SendAdvertisement 1/0, 1 {TOLD}
        """,
    )


@pytest.mark.parametrize("address", ["10.0.0.7", "10.0.0.101"])
def test_other_addresses_do_not_matter(address):
    play(
        brought_to(State.MASTER, announce_interval=0),
        f"""
        at 13.6: AddressClaimed {address} {STRANGER} -> nothing
        until 15.5: deadlines -> 2 SendAdvertisement 1/0
        """,
    )
