"""What does a host do whose health checks have not run yet?"""

import pytest
from playbook import IN_HEADER, brought_to, host, play

from ucarpd.carp.actions import State


def untested(**changes):
    """A backup since 10.0 that knows nothing of its services, and preempts."""
    return play(
        brought_to(State.BACKUP, preempt=True, **changes),
        "at 10.05: DemotionChanged 0 untested -> nothing",
    )


def test_rule_b8_it_challenges_no_healthy_master_until_its_checks_have_run():
    play(
        untested(),
        """
        at 10.1: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 11.5: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 12.0: DemotionChanged 0 -> nothing
        at 12.9: AdvertisementReceived 1/100 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_rule_b8_it_leaves_a_failing_master_alone_which_may_be_the_fitter_one():
    """The timer as well: it waits for three of that master's intervals."""
    play(
        untested(),
        """
        at 10.1: AdvertisementReceived 254/252 from 10.0.0.2 D255 -> nothing
        at 11.1: AdvertisementReceived 254/252 from 10.0.0.2 D255 -> nothing
        at 12.0: DemotionChanged 0 -> nothing
        at 12.1: AdvertisementReceived 254/252 from 10.0.0.2 D255 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_in_openbsds_style_too():
    play(
        untested(**IN_HEADER),
        """
        at 10.1: AdvertisementReceived 1/100 from 10.0.0.2 D3 -> nothing
        at 12.0: DemotionChanged 0 -> nothing
        at 12.1: AdvertisementReceived 1/100 from 10.0.0.2 D3 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


@pytest.mark.parametrize("stated", ["255/255", "254/254"])
def test_it_follows_a_master_that_leaves_or_is_in_maintenance(stated):
    play(
        untested(),
        f"""
        at 10.1: AdvertisementReceived {stated} from 10.0.0.2 D255 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_it_serves_as_soon_as_a_healthy_host_if_it_hears_no_master():
    play(
        host(),
        """
        at 0.0: DemotionChanged 0 untested -> nothing
        at 1.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 1.1: AddressesReleased -> nothing
        at 4.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_a_master_with_a_new_check_keeps_the_role_and_states_nothing_new():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: DemotionChanged 0 untested -> nothing
        at 13.7: AdvertisementReceived 1/1 from 10.0.0.2 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        """,
    )
