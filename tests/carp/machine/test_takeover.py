"""When does a backup take over, and what does it do first?"""

import pytest
from playbook import brought_to, host, play, tell

from ucarpd.carp.actions import State

# -- taking over -----------------------------------------------------------------------------------


def test_start_and_takeover():
    """No host advertises; our advertisement goes out before the request for the addresses."""
    play(
        host(),
        """
        at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.2: AddressesReleased -> nothing
        at 3.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 3.5: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        at 3.6: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 3.8: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 4.0: DeadlineReached -> SendAdvertisement 1/0
        at 4.5: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 5.0: DeadlineReached -> SendAdvertisement 1/0
        at 6.0: DeadlineReached -> SendAdvertisement 1/0
        at 6.5: DeadlineReached -> AnnounceAddresses 10.0.0.100
        until 60.0: deadlines -> 54 SendAdvertisement 1/0
        """,
    )


def test_a_master_that_is_heard_is_left_alone():
    play(
        host(),
        """
        at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        at 1.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 2.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 4.9: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 7.9: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_the_wait_is_the_longer_one_of_ours_and_the_peers():
    machine = brought_to(State.BACKUP, advbase=1, advskew=0)
    for advertised, expected in (
        ("1/0", 3.0),
        ("0/64", 3.0),
        ("1/254", 3 * 510 / 256),
        ("2/128", 7.5),
        ("3/0", 9.0),
    ):
        tell(machine, f"AdvertisementReceived {advertised} from 10.0.0.2", 11.0)
        assert machine.master_down_at == 11.0 + expected


def test_rule_b2_preemption():
    play(
        brought_to(State.BACKUP, preempt=True),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 11.0: AdvertisementReceived 1/1 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_rule_b4_a_peer_that_is_too_slow():
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: AdvertisementReceived 3/0 from 10.0.0.2 -> nothing
        at 11.0: AdvertisementReceived 3/1 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_rule_b6_a_peer_that_bows_out():
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 11.0: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 11.05: AdvertisementReceived 255/255 from 10.0.0.2 -> nothing
        """,
    )


def test_rule_b0_a_bow_out_of_a_host_that_was_followed_moves_nothing():
    """The second copy may reach us after we have heard, and lost to, the new master."""
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 11.0: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        at 11.05: AdvertisementReceived 255/255 from 10.0.0.2 -> nothing
        at 12.0: AdvertisementReceived 255/255 from 10.0.0.3 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_rule_b6_whatever_the_arithmetic():
    """With advbase 86 and more its 256 s are shorter than our own master-down interval."""
    play(
        brought_to(State.BACKUP, advbase=86),
        "at 10.5: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 86/0, AcquireAddresses",
    )


# -- whose turn it is ------------------------------------------------------------------------------


A_THIRD_YIELDED = """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 10.6: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        at 13.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 14.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
"""


@pytest.mark.parametrize("leaves", ["255/255", "254/9"])
def test_rule_t1_a_better_backup_has_the_first_turn(leaves):
    """Otherwise the role, the addresses and the scripts would come here, and go again at once."""
    play(
        brought_to(State.BACKUP, advskew=100),
        f"""{A_THIRD_YIELDED}
        at 14.1: AdvertisementReceived {leaves} from 10.0.0.2 D255 -> nothing
        at 14.101: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        at 14.15: AdvertisementReceived {leaves} from 10.0.0.2 D255 -> nothing
        at 15.2: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        """,
    )


def test_rule_t1_a_better_backup_that_stays_away_costs_a_moment():
    machine = play(
        brought_to(State.BACKUP, advskew=100),
        f"""{A_THIRD_YIELDED}
        at 14.1: AdvertisementReceived 255/255 from 10.0.0.2 D255 -> nothing
        at 14.11: AdvertisementReceived 255/255 from 10.0.0.2 D255 -> nothing
        """,
    )
    (change, *_) = tell(machine, "DeadlineReached", 14.1 + 1 / 32)
    assert change.reason == "10.0.0.2 bowed out"


def test_rule_t1_a_worse_backup_is_left_no_turn():
    play(
        brought_to(State.BACKUP, advskew=20),
        f"""{A_THIRD_YIELDED}
        at 14.1: AdvertisementReceived 255/255 from 10.0.0.2 D255 -> StateChanged BACKUP MASTER, SendAdvertisement 1/20, AcquireAddresses
        """,
    )


def test_rule_s3_a_turn_that_was_slept_through_is_no_turn():
    play(
        brought_to(State.BACKUP, advskew=100),
        f"""{A_THIRD_YIELDED}
        at 14.1: AdvertisementReceived 255/255 from 10.0.0.2 D255 -> nothing
        at 18.0: late DeadlineReached -> nothing
        """,
    )


# -- after a sleep ---------------------------------------------------------------------------------


def test_rule_s3_a_host_that_has_slept_waits_once_more():
    """Whoever paused the virtual machine may have paused the master's with it."""
    play(
        brought_to(State.BACKUP),
        """
        at 12.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 16.1: late DeadlineReached -> nothing
        at 19.1: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )
    play(
        brought_to(State.BACKUP),
        "at 14.0: late DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses",
    )


def test_rule_s3_within_a_tenth_of_a_second_it_is_never_late():
    """Or a busy host with an interval of 4 ms would never serve."""
    machine = brought_to(State.BACKUP, advbase=0, advskew=1)
    tell(machine, "late DeadlineReached", 10.1)
    assert machine.state is State.MASTER
