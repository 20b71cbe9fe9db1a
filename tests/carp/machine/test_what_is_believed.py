"""Which advertisements does a host believe, and which host serves by what it hears?"""

import pytest
from playbook import IN_HEADER, brought_to, demoted, dual, pass_time, play, tell, words

from ucarpd.carp.actions import State

# -- who serves, as far as a backup knows ----------------------------------------------------------


def test_rule_b0_a_worse_host_decides_nothing_while_a_better_one_serves():
    """It is bowing out, has just yielded, or was cut off; in a millisecond it will know better."""
    play(
        brought_to(State.BACKUP, preempt=True, advskew=50),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 10.501: AdvertisementReceived 1/100 from 10.0.0.3 -> nothing
        at 10.502: AdvertisementReceived 254/9 from 10.0.0.3 D255 -> nothing
        at 10.503: AdvertisementReceived 255/255 from 10.0.0.4 -> nothing
        at 11.0: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/50, AcquireAddresses
        """,
    )


def test_rule_b0_lasts_as_long_as_the_better_one_is_waited_for():
    play(
        brought_to(State.BACKUP, preempt=True, advskew=50),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 13.6: AdvertisementReceived 1/100 from 10.0.0.3 -> nothing
        at 13.7: AdvertisementReceived 1/100 from 10.0.0.3 -> StateChanged BACKUP MASTER, SendAdvertisement 1/50, AcquireAddresses
        """,
    )


def test_rule_b0_a_bow_out_is_not_hidden_by_the_former_address_of_its_sender():
    """The master got another address by DHCP, and lost that one too."""
    play(
        brought_to(State.BACKUP, advskew=100),
        """
        at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 #40 -> nothing
        at 11.3: AdvertisementReceived 1/0 from 10.0.0.3 #41 -> nothing
        at 11.4: AdvertisementReceived 255/255 from 10.0.0.3 #42 D255 -> StateChanged BACKUP MASTER, SendAdvertisement 1/100, AcquireAddresses
        """,
    )


def test_rule_b0_a_bow_out_is_not_hidden_by_a_master_that_is_late():
    """The master died, a second host took over and is stopped at once: a third one follows it."""
    play(
        brought_to(State.BACKUP, advskew=100),
        """
        at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 14.2: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        at 14.3: AdvertisementReceived 255/255 from 10.0.0.3 D255 -> StateChanged BACKUP MASTER, SendAdvertisement 1/100, AcquireAddresses
        """,
    )
    play(
        brought_to(State.BACKUP, advskew=100),
        """
        at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 12.2: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        at 12.3: AdvertisementReceived 255/255 from 10.0.0.3 D255 -> nothing
        """,
    )


def test_rule_b0_the_newest_word_of_each_host_counts():
    play(
        brought_to(State.BACKUP, preempt=True, advskew=50),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 10.6: AdvertisementReceived 1/40 from 10.0.0.3 -> nothing
        at 10.7: AdvertisementReceived 254/1 from 10.0.0.2 D255 -> nothing
        at 10.8: AdvertisementReceived 254/1 from 10.0.0.3 D255 -> StateChanged BACKUP MASTER, SendAdvertisement 1/50, AcquireAddresses
        """,
    )


def test_rule_b0_of_equals_the_one_that_wins_the_tie_hides_the_other():
    play(
        brought_to(State.BACKUP, preempt=True),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 10.6: AdvertisementReceived 1/0 from 10.0.0.3 -> nothing
        at 10.7: AdvertisementReceived 1/9 from 10.0.0.3 -> nothing
        """,
    )


def test_rule_b0_a_host_does_not_hide_itself_in_the_other_family():
    for first, then in (("10.0.0.2", "fe80::2"), ("fe80::2", "10.0.0.2")):
        for said in ("254/1", "255/255"):
            machine = dual(State.BACKUP)
            tell(machine, f"AdvertisementReceived 1/0 from {first}", 10.5)
            tell(machine, f"AdvertisementReceived {said} from {then} D255", 10.6)
            assert machine.state is State.MASTER, (first, said)


def test_rule_b0_whom_we_have_taken_over_from_serves_no_more():
    play(
        brought_to(State.BACKUP, preempt=True, advskew=50),
        """
        at 10.5: AdvertisementReceived 1/100 from 10.0.0.3 -> StateChanged BACKUP MASTER, SendAdvertisement 1/50, AcquireAddresses
        at 10.6: AdvertisementReceived 1/0 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 10.61: AddressesReleased -> SendAdvertisement 1/50
        at 10.7: AdvertisementReceived 1/100 from 10.0.0.3 -> nothing
        at 10.8: AdvertisementReceived 255/255 from 10.0.0.3 -> nothing
        at 10.9: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/50, AcquireAddresses
        """,
    )


# -- not believed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last_word", "style"), [("255/255", {}), ("254/9 D255", {}), ("1/0 D1", IN_HEADER)]
)
def test_rule_h3_what_a_last_word_has_overtaken_is_not_believed(last_word, style):
    """We have taken over, and would yield to a host that is gone, or unfit."""
    stated, _, byte4 = last_word.partition(" ")
    machine = brought_to(State.BACKUP, advskew=50, **style)
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2 #100", 10.4)
    tell(machine, f"AdvertisementReceived {stated} from 10.0.0.2 #116 {byte4}".strip(), 10.5)
    assert machine.state is State.MASTER
    play(
        machine,
        """
        at 10.6: AdvertisementReceived 1/0 from 10.0.0.2 #115 -> nothing
        at 10.7: AdvertisementReceived 1/0 from 10.0.0.2 #100 -> nothing
        """,
    )
    before, after = brought_to(State.MASTER, **style), brought_to(State.MASTER, **style)
    for machine, counter in ((before, 99), (after, 117)):
        tell(machine, f"AdvertisementReceived {stated} from 10.0.0.2 #116 {byte4}".strip(), 13.6)
        tell(machine, f"AdvertisementReceived 0/9 from 10.0.0.2 #{counter}", 13.7)
        assert machine.state is State.BACKUP, "another host's counter, or a later one"


def test_rule_h3_a_last_word_is_forgotten_after_a_while():
    machine = brought_to(State.MASTER)
    tell(machine, "AdvertisementReceived 255/255 from 10.0.0.2 #116", 13.6)
    tell(machine, "AdvertisementReceived 0/9 from 10.0.0.2 #110", 13.65)
    assert machine.state is State.MASTER
    pass_time(machine, 16.61)
    tell(machine, "AdvertisementReceived 0/9 from 10.0.0.2 #110", 16.61)
    assert machine.state is State.BACKUP


def test_rule_h3_a_backup_drops_what_a_statement_has_overtaken():
    play(
        demoted(5),
        """
        at 10.5: AdvertisementReceived 254/1 from 10.0.0.2 #50 D255 -> nothing
        at 10.6: AdvertisementReceived 254/9 from 10.0.0.2 #49 D255 -> nothing
        """,
    )


# -- forged frames ---------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("replayed", ["0/9", "1/0", "254/1", "255/255"])
def test_rule_h1_an_advertisement_from_our_own_address_is_ignored(state, replayed):
    """An old advertisement of ours has a good digest; a master yielded to itself."""
    machine = brought_to(state, preempt=True)
    if state is State.INIT:
        tell(machine, "InterfaceReady 10.0.0.1", 0.0)
        tell(machine, "InterfaceLost", 0.1)
    deadline = machine.next_deadline()
    play(machine, f"at 13.0: AdvertisementReceived {replayed} from 10.0.0.1 #5 -> nothing")
    assert machine.next_deadline() == deadline
    assert machine.state is state


def test_rule_h1_a_replay_of_our_own_does_not_end_our_bow_out():
    machine = brought_to(State.MASTER)
    tell(machine, "StopRequested", 13.6)
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.1 #5", 13.65)
    (bow_out,) = tell(machine, "AddressesReleased", 13.7)
    assert words(bow_out) == "SendAdvertisement 255/255 D255"


@pytest.mark.parametrize("style", [{}, IN_HEADER], ids=["skew", "openbsd"])
@pytest.mark.parametrize("demotion", [0, 1])
@pytest.mark.parametrize("forged", ["253/254", "250/0", "254/0", "3/0", "255/254"])
def test_a_forged_interval_makes_no_host_wait_longer_than_three_waits(style, demotion, forged):
    machine = demoted(demotion, **style)
    tell(machine, f"AdvertisementReceived {forged} from 10.0.0.2", 10.5)
    waits_until = 0 if machine.state is State.MASTER else machine.master_down_at
    assert waits_until <= 10.5 + 3 * 3.0 + 1
