"""How does a host react if an address cannot be put in place, or is removed?"""

from playbook import SECOND, VIRTUAL, brought_to, play

from ucarpd.carp.actions import State


def test_addresses_that_somebody_removed_are_put_back_twice_quickly_and_then_once_a_second():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: AddressRemoved 10.0.0.100 -> AcquireAddresses
        at 13.62: AddressesAcquired 10.0.0.100 -> AnnounceAddresses 10.0.0.100
        at 13.65: AddressRemoved 10.0.0.100 -> nothing
        at 13.7: AddressRemoved 10.0.0.100 -> nothing
        until 13.79: deadlines -> nothing
        at 13.8: DeadlineReached -> AcquireAddresses
        at 13.82: AddressRemoved 10.0.0.100 -> nothing
        until 14.7: deadlines -> 1 SendAdvertisement 1/0
        at 14.8: DeadlineReached -> AcquireAddresses
        at 14.81: AddressesAcquired 10.0.0.100 -> AnnounceAddresses 10.0.0.100
        """,
    )


def test_an_address_of_somebody_else_is_none_of_our_business():
    play(brought_to(State.MASTER), "at 13.6: AddressRemoved 10.0.0.55 -> nothing")


def test_our_own_removal_heard_late_is_not_taken_for_somebody_elses():
    """MASTER, BACKUP and MASTER again; the kernel's word of our release comes after all that."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: AdvertisementReceived 0/9 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.8: AddressRemoved 10.0.0.100 -> nothing
        at 13.9: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        until 16.0: deadlines -> 3 AnnounceAddresses 10.0.0.100, 2 SendAdvertisement 1/0
        """,
    )


def test_an_address_that_comes_up_out_of_place_is_taken_off():
    """A late script or the operator adds it; but not while a release is under way."""
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: AddressesAcquired 10.0.0.100 -> ReleaseAddresses
        at 10.6: AddressesAcquired 10.0.0.100 -> nothing
        at 10.7: AddressesReleased -> nothing
        at 10.8: InterfaceLost -> StateChanged BACKUP INIT
        at 10.9: AddressesAcquired 10.0.0.100 -> ReleaseAddresses
        at 11.0: AddressesReleased -> nothing
        """,
    )


def test_a_refused_address_is_tried_again_and_then_reported():
    play(
        brought_to(State.BACKUP, advbase=10),
        """
        at 40.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 10/0, AcquireAddresses
        at 40.2: AcquireFailed -> nothing
        at 40.4: DeadlineReached -> AcquireAddresses
        at 40.5: AcquireFailed -> ReportUnserved 10.0.0.100
        at 41.5: DeadlineReached -> AcquireAddresses
        at 41.6: AddressesAcquired -> AnnounceAddresses 10.0.0.100, ReportUnserved
        until 49.0: deadlines -> 4 AnnounceAddresses 10.0.0.100
        """,
    )


def test_a_refused_address_is_tried_again_soon_after_the_source_has_changed():
    """IPv6 is back, for example.  A script that fails and changes the source gets no other attempt at once."""
    play(
        brought_to(State.BACKUP, advbase=80),
        """
        at 250.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 80/0, AcquireAddresses
        at 250.0: AcquireFailed -> nothing
        at 250.2: DeadlineReached -> AcquireAddresses
        at 250.2: AcquireFailed -> ReportUnserved 10.0.0.100
        at 251.2: DeadlineReached -> AcquireAddresses
        at 251.2: AcquireFailed -> nothing
        at 253.2: DeadlineReached -> AcquireAddresses
        at 253.2: AcquireFailed -> nothing
        at 257.2: DeadlineReached -> AcquireAddresses
        at 257.2: AcquireFailed -> nothing
        at 265.2: DeadlineReached -> AcquireAddresses
        at 265.2: AcquireFailed -> nothing
        at 265.3: InterfaceReady 10.0.0.7 -> SendAdvertisement 80/0
        at 275.2: DeadlineReached -> AcquireAddresses
        at 275.2: AcquireFailed -> nothing
        at 290.0: InterfaceReady 10.0.0.1 -> SendAdvertisement 80/0
        at 290.0: DeadlineReached -> AcquireAddresses
        at 290.0: AddressesAcquired -> AnnounceAddresses 10.0.0.100, ReportUnserved
        """,
    )


def test_addresses_that_came_after_all_are_not_tried_again():
    play(
        brought_to(State.BACKUP, advbase=10),
        """
        at 40.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 10/0, AcquireAddresses
        at 40.2: AcquireFailed -> nothing
        at 40.3: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        until 49.0: deadlines -> 4 AnnounceAddresses 10.0.0.100
        """,
    )


def test_leaving_ends_the_retries_and_the_announcements():
    play(
        brought_to(State.BACKUP),
        """
        at 13.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.1: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        at 13.15: AcquireFailed -> nothing
        at 13.18: AdvertisementReceived 1/0 from 10.0.0.0 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.3: AddressesReleased -> SendAdvertisement 1/0
        until 14.6: deadlines -> nothing
        """,
    )


def test_only_what_came_is_announced_at_first_and_all_of_it_later():
    play(
        brought_to(State.MASTER, addresses=(VIRTUAL, SECOND)),
        """
        at 13.6: AddressRemoved 10.0.0.101 -> AcquireAddresses
        at 13.62: AddressesAcquired 10.0.0.101 -> AnnounceAddresses 10.0.0.101
        at 13.72: DeadlineReached -> AnnounceAddresses 10.0.0.100 10.0.0.101
        """,
    )


def test_a_rival_that_is_gone_is_followed_by_one_assertion():
    play(
        brought_to(State.MASTER, reassert=True),
        """
        at 13.6: AdvertisementReceived 1/50 from 10.0.0.2 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        until 16.5: deadlines -> 3 AnnounceAddresses 10.0.0.100, 3 SendAdvertisement 1/0
        at 16.6: DeadlineReached -> ReassertAddresses, AnnounceAddresses 10.0.0.100
        at 16.7: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        """,
    )
