"""What was heard, for each family apart."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from playbook import VIRTUAL, params

from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.listening import Listening

VIRTUAL6 = ip_address("2001:db8::100")
DUAL = params(addresses=(VIRTUAL, VIRTUAL6))
V4, V6 = "10.0.0.2", "fe80::2"


def heard(source, advbase=1, advskew=0):
    return AdvertisementReceived(ip_address(source), advbase, advskew, 7)


def ears(configured=DUAL, armed_at=None):
    listening = Listening(configured)
    if armed_at is not None:
        listening.arm_all(armed_at, armed_at + 3.0)
    return listening


# -- what was heard -------------------------------------------------------------------------------------


def test_the_last_advertisement_of_each_family_is_remembered():
    listening = ears()
    assert listening.last(4) is None
    listening.hear(heard(V4), 1.0)
    listening.hear(heard("10.0.0.3"), 1.1)
    assert listening.last(4) == heard("10.0.0.3")
    assert listening.last(6) is None
    listening.hear(heard(V6), 1.2)
    assert listening.last(4) == heard("10.0.0.3")
    assert listening.last(6) == heard(V6)
    listening.forget()
    assert listening.last(4) is listening.last(6) is None


@pytest.mark.parametrize(
    ("addresses", "heard_before", "family", "decides", "because"),
    [
        ((VIRTUAL,), [], 4, True, "IPv4 alone"),
        ((VIRTUAL6,), [], 6, True, "IPv6 alone"),
        ((VIRTUAL6,), [(heard(V6), 9.9)], 6, True, "IPv6 alone, and heard"),
        ((VIRTUAL, VIRTUAL6), [], 4, True, "both: IPv4"),
        ((VIRTUAL, VIRTUAL6), [(heard(V6), 9.9)], 4, True, "whatever is heard in IPv6"),
        ((VIRTUAL, VIRTUAL6), [], 6, True, "IPv4 was never heard"),
        ((VIRTUAL, VIRTUAL6), [(heard(V4), 9.9)], 6, False, "IPv4 is heard"),
        ((VIRTUAL, VIRTUAL6), [(heard(V4), 7.0)], 6, False, "just so"),
        ((VIRTUAL, VIRTUAL6), [(heard(V4), 6.9)], 6, True, "IPv4 has been silent for too long"),
        ((VIRTUAL, VIRTUAL6), [(heard(V4, 2), 4.1)], 6, False, "a slow peer is given its time"),
        ((VIRTUAL, VIRTUAL6), [(heard(V4, 2), 3.9)], 6, True, "three of its intervals"),
    ],
)
def test_the_family_that_decides_ties(*, addresses, heard_before, family, decides, because):
    """At 10.0; the master-down interval is 3 s."""
    listening = ears(params(addresses=addresses))
    for advertisement, at in heard_before:
        listening.hear(advertisement, at)
    assert listening.decides_ties(family, 10.0) is decides, because


# -- the master-down timers -------------------------------------------------------------------------------


def test_the_wait_of_each_family_depends_on_what_was_heard_in_it():
    listening = ears()
    assert listening.down_interval(4) == listening.down_interval(6) == listening.patience == 3.0
    listening.hear(heard(V6, 2), 1.0)
    assert listening.down_interval(4) == 3.0
    assert listening.down_interval(6) == listening.patience == 6.0
    listening.hear(heard(V6, 255, 255), 2.0)
    assert listening.down_interval(6) == listening.patience == 3.0


def test_a_bow_out_states_no_interval():
    """With advbase 86 its 256 s are shorter than our master-down interval."""
    listening = ears(params(advbase=86))
    listening.hear(heard(V4, 255, 255), 1.0)
    assert listening.down_interval(4) == 3 * 86


def test_a_slow_peer_that_is_better_all_the_same_is_waited_for():
    listening = ears()
    listening.hear(heard(V4, 4), 1.0)
    assert listening.down_interval(4) == 3.0
    listening.hear(heard(V4, 4), 1.0, peer_is_better=True)
    assert listening.down_interval(4) == 12.0
    assert listening.down_interval(6) == 3.0
    listening.hear(heard(V4, 4), 1.0)
    assert listening.down_interval(4) == 3.0


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [((VIRTUAL,), [4]), ((VIRTUAL6,), [6]), ((VIRTUAL, VIRTUAL6), [4, 6])],
)
def test_there_is_a_timer_for_each_family_of_the_virtual_host(addresses, expected):
    listening = ears(params(addresses=addresses))
    assert listening.deadline is None
    assert listening.expired(99.0) is None
    listening.arm_all(10.0, 13.0)
    assert listening.deadline == 13.0
    assert listening.expired(12.9) is None
    assert listening.expired(13.0) == expected[0]
    listening.arm(expected[0], 12.0, 15.0)
    assert listening.expired(13.0) == (expected[1] if expected[1:] else None)
    listening.disarm()
    assert listening.deadline is None
    assert listening.expired(99.0) is None


def test_the_first_timer_that_expires_counts():
    listening = ears(armed_at=10.0)
    listening.arm(4, 11.0, 14.0)
    assert listening.deadline == 13.0
    assert listening.expired(13.5) == 6
    listening.arm(6, 13.5, 16.5)
    assert listening.deadline == 14.0
    assert listening.expired(14.0) == 4


def test_changed_parameters_move_every_timer_that_is_armed():
    listening = ears(armed_at=10.0)
    listening.hear(heard(V4), 11.0)
    listening.arm(4, 11.0, 14.0)
    changed = replace(DUAL, deadratio=5)
    listening.configure(changed, tie_patience=0.0, not_before=12.0)
    assert listening.params is changed
    assert listening.expired(14.9) is None
    assert listening.expired(15.0) == 6
    listening.arm(6, 15.0, 99.0)
    assert listening.deadline == 16.0


def test_changed_parameters_arm_nothing():
    listening = ears()
    listening.configure(replace(DUAL, deadratio=5), 0.0, 12.0)
    assert listening.deadline is None


def test_changed_parameters_do_not_touch_a_short_patience_and_end_no_hold_down():
    listening = ears(armed_at=10.0)
    listening.configure(replace(DUAL, deadratio=5), tie_patience=1.5, not_before=10.5)
    assert listening.deadline == 11.5
    listening.configure(DUAL, tie_patience=0.0, not_before=20.0)
    assert listening.deadline == 20.0


@pytest.mark.parametrize(
    ("addresses", "before", "family", "hold_down_until", "words"),
    [
        ((VIRTUAL,), None, 4, 0.0, "no advertisement heard for 3.00 s"),
        ((VIRTUAL,), heard(V4), 4, 0.0, "no advertisement from 10.0.0.2 for 3.00 s"),
        ((VIRTUAL6,), heard(V6), 6, 0.0, "no advertisement from fe80::2 for 3.00 s"),
        ((VIRTUAL, VIRTUAL6), None, 6, 0.0, "no IPv6 advertisement heard for 3.00 s"),
        ((VIRTUAL, VIRTUAL6), heard(V4), 4, 0.0, "no IPv4 advertisement from 10.0.0.2 for 3.00 s"),
        ((VIRTUAL, VIRTUAL6), heard(V4), 6, 0.0, "no IPv6 advertisement heard for 3.00 s"),
        ((VIRTUAL,), None, 4, 13.0, "no other host has taken over within 3.00 s"),
        ((VIRTUAL,), heard(V4), 4, 13.0, "no advertisement from 10.0.0.2 for 3.00 s"),
        ((VIRTUAL,), None, 4, 10.0, "no advertisement heard for 3.00 s"),
    ],
)
def test_words_for_the_operator(*, addresses, before, family, hold_down_until, words):
    """Silent since 10.0, looked at at 13.0."""
    listening = ears(params(addresses=addresses))
    listening.arm_all(10.0, 13.0)
    if before is not None:
        listening.hear(before, 10.0)
    assert listening.silence(family, 13.0, hold_down_until) == words


def test_a_host_that_took_over_in_the_other_family_has_taken_over():
    """After a step-down nobody may say that no other host has, when one is heard in IPv4."""
    listening = ears(armed_at=10.0)
    listening.hear(heard(V4), 11.0)
    assert listening.silence(6, 13.0, 13.0) == "no IPv6 advertisement heard for 3.00 s"


# -- a family without a source ----------------------------------------------------------------------------


def test_a_family_that_is_no_longer_heard_ends_in_nothing():
    listening = ears(armed_at=10.0)
    listening.follow((4,), 11.0, 0.0)
    assert (listening.hears(4), listening.hears(6)) == (True, False)
    assert listening.expired(13.0) == 4
    listening.arm(4, 13.0, 20.0)
    assert listening.deadline == 20.0
    listening.hear(heard(V6, 9), 13.0)
    assert listening.patience == 3.0


@pytest.mark.parametrize(("not_before", "deadline"), [(0.0, 15.0), (17.0, 17.0)])
def test_a_family_that_is_heard_again_gets_its_whole_time(not_before, deadline):
    listening = ears(armed_at=10.0)
    listening.follow((6,), 11.0, 0.0)
    listening.arm(6, 11.0, 99.0)
    listening.follow((4, 6), 12.0, not_before)
    assert listening.deadline == deadline


def test_no_family_is_armed_by_following_it_alone():
    listening = ears()
    listening.follow((4,), 1.0, 0.0)
    listening.follow((4, 6), 2.0, 0.0)
    assert listening.deadline is None


def test_the_only_family_that_is_heard_decides_ties():
    listening = ears(armed_at=10.0)
    listening.hear(heard(V4), 10.0)
    assert not listening.decides_ties(6, 10.0)
    listening.follow((6,), 10.0, 0.0)
    assert listening.decides_ties(6, 10.0)
