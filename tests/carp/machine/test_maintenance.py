"""What happens when an operator takes a host out of service?"""

import pytest
from playbook import brought_to, demoted, play, tell

from ucarpd.carp.actions import State

RELIEVED = "AdvertisementReceived 1/100 from 10.0.0.2"


@pytest.mark.parametrize(
    "failing", ["", "at 13.55: DemotionChanged 240 -> SendAdvertisement 254/240 D255"]
)
def test_a_master_in_maintenance_serves_until_it_is_relieved(failing):
    """Also one that was less fit already."""
    play(
        brought_to(State.MASTER),
        f"""
        {failing}
        at 13.6: DemotionChanged 254 -> SendAdvertisement 254/254 D255
        at 13.61: {RELIEVED} -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.62: AddressesReleased -> nothing
        """,
    )


def test_a_host_that_was_relieved_as_failing_does_not_move_again():
    machine = demoted(240, State.MASTER)
    tell(machine, RELIEVED, 13.6)
    tell(machine, "AddressesReleased", 13.65)
    play(
        machine,
        f"""
        at 14.0: DemotionChanged 254 -> nothing
        at 14.6: {RELIEVED} -> nothing
        at 15.0: DemotionChanged 255 -> nothing
        at 15.6: {RELIEVED} -> nothing
        at 16.0: DemotionChanged 240 -> nothing
        at 16.6: {RELIEVED} -> nothing
        """,
    )


def test_a_host_that_may_never_serve_leaves_at_once_and_bows_out():
    """Heard or not; and it stays away, however long the others are silent."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.75: DeadlineReached -> SendAdvertisement 255/255 D255
        until 1000.0: deadlines -> nothing
        """,
    )


def test_leaving_it_restores_what_the_file_says():
    """Nobody has served meanwhile, so nobody is waited for."""
    machine = brought_to(State.MASTER)
    tell(machine, "DemotionChanged 255", 13.6)
    tell(machine, "AddressesReleased", 13.7)
    play(
        machine,
        """
        at 13.75: DeadlineReached -> SendAdvertisement 255/255 D255
        at 20.0: DemotionChanged 0 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )
