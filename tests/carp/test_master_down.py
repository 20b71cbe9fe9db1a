"""What was heard, for each family apart, and when a silence is too long."""

from dataclasses import replace
from functools import partial
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playbook import VIRTUAL, VIRTUAL6, params

from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.master_down import PROBE_LEAD, MasterDown, Turn
from ucarpd.carp.params import DemoteStyle
from ucarpd.carp.peers import Peers
from ucarpd.carp.rank import Rank
from ucarpd.carp.statement import Statement
from ucarpd.carp.why import Cause, Why

DUAL = params(addresses=(VIRTUAL, VIRTUAL6))
V4, V6 = "10.0.0.2", "fe80::2"
BOWED_OUT = Why(Cause.BOW_OUT, "it bowed out", ip_address(V4))


def heard(source, advbase=1, advskew=0, demote=0):
    return Statement(ip_address(source), advbase, advskew, demote)


class Ears(MasterDown):
    """Hears as a machine lets it: the peers are told first."""

    def __init__(self, configured=DUAL, demotion=0):
        self.peers = Peers()
        self.rank = Rank(configured, demotion)
        super().__init__(self.rank, self.peers)

    def hear(self, advertisement, now):
        self.peers.hear(AdvertisementReceived(advertisement, 7), now, self.patience)
        super().hear(advertisement, now)


def ears(configured=DUAL, armed_at=None):
    master_down = Ears(configured)
    if armed_at is not None:
        master_down.arm_all(armed_at)
    return master_down


# -- who decides -----------------------------------------------------------------------------------


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
    master_down = ears(params(addresses=addresses))
    for advertisement, at in heard_before:
        master_down.hear(advertisement, at)
    assert master_down.decides_ties(family, 10.0) is decides, because


def test_only_a_family_with_a_source_address_decides():
    master_down = ears()
    master_down.follow((6,), 9.0)
    master_down.hear(heard(V4), 9.9)
    assert master_down.decides_ties(6, 10.0)


# -- whose turn it is ------------------------------------------------------------------------------

ALONE = (VIRTUAL,)


@pytest.mark.parametrize(
    ("own", "yielded", "pause", "because"),
    [
        ({}, [], 0.0, "nobody is known"),
        (
            {"advskew": 9},
            ["1/8", "1/9", "1/10"],
            2 / 32,
            "the better one, and the one that wins the tie",
        ),
        ({"advskew": 9}, ["1/0"] * 20, 8 / 32, "no more than eight"),
        ({"advbase": 5}, ["1/0"], 1 / 32, "no longer with a longer interval"),
        ({"advbase": 0, "advskew": 64}, ["0/32"], 0.25 / 32, "but shorter with a shorter one"),
        ({"demote_style": DemoteStyle.OPENBSD}, ["0/9 D1"], 0.0, "it is demoted"),
    ],
)
def test_the_pause_that_is_left_to_others(*, own, yielded, pause, because):
    master_down = ears(params(addresses=ALONE, **own))
    for number, text in enumerate(yielded, start=10):
        interval, _, demotion = text.partition(" D")
        other = heard(f"10.0.0.{number}", *map(int, interval.split("/")), int(demotion or 0))
        master_down.hear(other, 10.0)
        master_down.peers.serves(master_down.rank.rival(other), 13.0, is_hidden=True)
    us = master_down.rank.own(ip_address("10.0.0.20"))
    assert master_down.pause(us, heard(V4, 255, 255)) == pause, because


def test_our_turn_comes_before_the_end_of_the_silence_and_the_first_one_counts():
    master_down = ears(params(addresses=ALONE), armed_at=10.0)
    for at in (10.5, 10.6):
        master_down.await_turn(Turn(at, BOWED_OUT))
    assert master_down.deadline == 10.5
    assert master_down.reason(10.5) == BOWED_OUT


@pytest.mark.parametrize("how", ["arm 4 10.2", "arm_all 10.2"])
def test_somebody_else_has_taken_our_turn(how):
    master_down = ears(params(addresses=ALONE), armed_at=10.0)
    master_down.await_turn(Turn(10.5, BOWED_OUT))
    name, *arguments = how.split()
    getattr(master_down, name)(*map(float, arguments))
    assert master_down.deadline == 13.2


def test_who_listens_no_more_has_no_turn():
    master_down = ears(params(addresses=ALONE), armed_at=10.0)
    master_down.await_turn(Turn(10.5, BOWED_OUT))
    master_down.disarm()
    assert master_down.deadline is None


# -- a family without a source ---------------------------------------------------------------------


def test_a_family_that_is_no_longer_heard_ends_in_nothing():
    master_down = ears(armed_at=10.0)
    master_down.arm(6, 12.0)
    master_down.follow((4,), 12.0)
    assert master_down.deadline == 13.0
    master_down.hear(heard(V6, 9), 13.0)
    assert master_down.patience == 3.0


def test_a_family_that_is_heard_again_gets_its_whole_time():
    master_down = ears(armed_at=10.0)
    master_down.follow((6,), 11.0)
    master_down.follow((4, 6), 12.0)
    assert master_down.deadline == 15.0


def test_no_family_is_armed_by_following_it_alone():
    master_down = ears()
    master_down.follow((4,), 1.0)
    master_down.follow((4, 6), 2.0)
    assert master_down.deadline is None


# -- how long to wait ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("demotion", "peer", "wait", "because"),
    [
        (0, None, 3.0, "nobody was heard"),
        (0, (0, 128), 3.0, "a faster peer does not shorten the wait"),
        (0, (1, 0), 3.0, "an equal one does not change it"),
        (0, (1, 1), 3 * 257 / 256, "three intervals of a slower peer are longer"),
        (0, (1, 254), 3 * 510 / 256, "one lost advertisement must not depose it"),
        (0, (3, 0), 9.0, "the slowest peer that rule B4 puts up with"),
        (0, (3, 1), 3.0, "rule B4 would take over from this one"),
        (0, (254, 1), 3.0, "rule B7 would"),
        (0, (255, 255), 3.0, "a bow-out states no interval at all"),
        (128, None, 3.5, "less fit: the others wake up first"),
        (128, (254, 1), 3.5, "254 is no interval"),
        (128, (4, 0), 9.5, "better, but nobody signs its interval"),
    ],
)
def test_how_long_it_waits(demotion, peer, wait, because):
    master_down = Ears(params(), demotion)
    advertisement = heard(V4, *peer) if peer else None
    if advertisement:
        master_down.hear(advertisement, 10.0)
    assert master_down.patience_with(advertisement) == master_down.patience == wait, because


def test_the_better_backup_of_a_slower_master_wakes_up_first():
    slow = heard(V4, 1, 200)
    waits = [Ears(params(advskew=own)).patience_with(slow) for own in (0, 8, 100)]
    assert waits == [3 * 456 / 256 + behind / 256 for behind in (0.0, 1.0, 12.5)]


def test_the_wait_of_each_family_depends_on_what_was_heard_in_it():
    master_down = ears(armed_at=10.0)
    master_down.hear(heard(V6, 2), 10.0)
    master_down.arm(6, 10.0)
    assert master_down.patience == 6.0
    assert master_down.deadline == 16.0
    master_down.hear(heard(V6, 255, 255), 10.0)
    assert master_down.patience == 3.0


# -- the master-down timers ------------------------------------------------------------------------


def test_the_last_timer_that_expires_counts():
    master_down = ears()
    assert master_down.deadline is None
    master_down.arm_all(10.0)
    assert master_down.deadline == 13.0
    master_down.arm(4, 11.0)
    assert master_down.deadline == 14.0
    master_down.arm(6, 11.5)
    assert master_down.deadline == 14.5
    master_down.disarm()
    assert master_down.deadline is None


def test_a_family_without_a_source_address_has_no_timer():
    master_down = ears()
    master_down.follow((6,), 9.0)
    master_down.arm_all(10.0)
    master_down.arm(6, 10.5)
    assert master_down.deadline == 13.5


def test_nothing_ends_before_a_hold_down_does():
    master_down = ears(armed_at=10.0)
    master_down.stay_away(16.0)
    assert master_down.deadline == 16.0
    master_down.stay_away(12.0)
    assert master_down.deadline == 13.0


def test_a_change_of_standing_moves_every_timer():
    master_down = ears(armed_at=10.0)
    master_down.set_rank(Rank(replace(DUAL, deadratio=5)))
    assert master_down.deadline == 15.0
    master_down.set_rank(Rank(replace(DUAL, demote_style=DemoteStyle.OPENBSD, advskew=128)))
    assert master_down.deadline == 14.5


def test_a_change_of_standing_arms_nothing():
    master_down = ears()
    master_down.set_rank(Rank(replace(DUAL, deadratio=5)))
    assert master_down.deadline is None


def test_a_change_of_standing_does_not_touch_a_wait_that_was_given():
    master_down = ears()
    master_down.arm_all(10.0, 1.5)
    master_down.set_rank(Rank(replace(DUAL, deadratio=5)))
    assert master_down.deadline == 11.5
    master_down.arm(4, 11.0)
    assert master_down.deadline == 16.0
    master_down.arm_all(12.0)
    assert master_down.deadline == 17.0


# -- what is planned -------------------------------------------------------------------------------


class Planned(Ears):
    """Works out anew, from what it has been told, what it has planned."""

    @property
    def deadline_now(self):
        if self._turn is not None:
            return self._turn.at
        ends = [since + self._wait[family] for family, since in self._silent_since.items()]
        holds = [self.not_before, self._held_until or self.not_before]
        return max(*holds, *ends) if ends else None

    @property
    def probe_now(self):
        deadline = self.deadline_now
        if deadline is None or self._turn or not self._begun_in or self._is_probed:
            return None
        return deadline - min(self._rank.interval, PROBE_LEAD * self._wait[self._begun_in])


class Calls:
    """What a machine may call, each with a detail and the time."""

    def __init__(self):
        self.planned = Planned()
        self.families = (4, 6)

    def hear(self, advertisement, now):
        self.planned.hear(advertisement, now)

    def arm(self, family, now):
        if family in self.families:
            self.planned.arm(family, now)

    def arm_all(self, wait, now):
        self.planned.arm_all(now, wait)

    def begun_by(self, advertisement, _now):
        # A host that yields has armed all.
        if self.planned._silent_since.keys() == {*self.families} >= {advertisement.family}:
            self.planned.begun_by(advertisement)

    def follow(self, families, now):
        self.families = families
        self.planned.follow(families, now)

    def stay_away(self, seconds, now):
        # A host that yields holds nothing yet.
        if not self.planned.is_holding:
            self.planned.stay_away(now + seconds)

    def await_turn(self, seconds, now):
        self.planned.await_turn(Turn(now + seconds, BOWED_OUT))

    def hold(self, _, now):
        planned = self.planned
        planned.gateways_silent_since = now
        if planned.is_cut_off and now >= planned.deadline:
            planned.hold(now)

    def take_probe(self, _, now):
        self.planned.take_probe(now)

    def forget(self, _, _now):
        self.planned.forget()

    def disarm(self, _, _now):
        self.planned.disarm()

    def set_rank(self, rank, _now):
        self.planned.set_rank(rank)


HEARD = st.builds(heard, st.sampled_from([V4, V6, "10.0.0.3"]), st.sampled_from([0, 1, 2, 254]))
RANKS = st.builds(
    Rank,
    st.builds(
        partial(replace, DUAL),
        advbase=st.sampled_from([0, 1, 2]),
        advskew=st.sampled_from([0, 100]),
        deadratio=st.sampled_from([2, 3, 5]),
        demote_style=st.sampled_from(DemoteStyle),
    ),
    st.sampled_from([0, 100, 254]),
)
DETAILS = {
    Calls.hear: HEARD,
    Calls.arm: st.sampled_from([4, 6]),
    Calls.arm_all: st.sampled_from([None, 1.5]),
    Calls.begun_by: HEARD,
    Calls.follow: st.sampled_from([(4,), (6,), (4, 6)]),
    Calls.stay_away: st.sampled_from([float("-inf"), 1.0, 9.0]),
    Calls.await_turn: st.floats(0, 1),
    Calls.set_rank: RANKS,
    **dict.fromkeys([Calls.hold, Calls.take_probe, Calls.forget, Calls.disarm], st.none()),
}
ANY_CALL = st.one_of([st.tuples(st.just(call), detail) for call, detail in DETAILS.items()])


@given(told=st.lists(st.tuples(ANY_CALL, st.sampled_from([0.0, 0.1, 1.0, 3.0])), max_size=30))
def test_after_any_calls_the_plan_is_what_would_be_worked_out_now(told):
    calls, now = Calls(), 10.0
    planned = calls.planned
    for (call, detail), pause in told:
        now += pause
        call(calls, detail, now)
        assert (planned.deadline, planned.probe_at) == (planned.deadline_now, planned.probe_now)


# -- for the operator ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("addresses", "before", "reason"),
    [
        ((VIRTUAL,), [], "no advertisement heard for 3.00 s"),
        ((VIRTUAL,), [(V4, 12.0)], "no advertisement from 10.0.0.2 for 3.00 s"),
        ((VIRTUAL6,), [(V6, 12.0)], "no advertisement from fe80::2 for 3.00 s"),
        ((VIRTUAL, VIRTUAL6), [], "no advertisement heard for 3.00 s"),
        ((VIRTUAL, VIRTUAL6), [(V4, 12.0)], "no advertisement from 10.0.0.2 for 3.00 s"),
        ((VIRTUAL, VIRTUAL6), [(V4, 11), (V6, 12.0)], "no advertisement from fe80::2 for 3.00 s"),
    ],
)
def test_words_for_a_silence(addresses, before, reason):
    master_down = ears(params(addresses=addresses), armed_at=10.0)
    for source, at in before:
        advertisement = heard(source)
        master_down.hear(advertisement, at)
        master_down.arm(advertisement.family, at)
    told = master_down.reason(15.0 if before else 13.0)
    assert told == (Cause.SILENCE, reason, ip_address(before[-1][0]) if before else None)


def test_what_was_heard_is_forgotten():
    master_down = ears(armed_at=10.0)
    master_down.hear(heard(V4, 2), 10.5)
    master_down.forget()
    assert master_down.patience == 3.0
    assert master_down.reason(13.0).peer is None


def test_the_silence_of_one_family_is_told_once_and_so_is_its_end():
    master_down = ears(armed_at=10.0)
    master_down.arm(4, 12.0)
    assert master_down.newly_silent(12.9) is None
    assert master_down.newly_silent(13.0) == 6
    assert master_down.newly_silent(13.1) is None
    assert not master_down.newly_heard(4)
    assert master_down.newly_heard(6)
    assert not master_down.newly_heard(6)


def test_a_family_that_nobody_listens_in_is_not_told():
    master_down = ears()
    master_down.follow((4,), 9.0)
    master_down.arm_all(10.0)
    master_down.arm(4, 12.0)
    assert master_down.newly_silent(14.9) is None
    master_down.follow((4, 6), 14.9)
    assert master_down.newly_silent(15.0) == 4
