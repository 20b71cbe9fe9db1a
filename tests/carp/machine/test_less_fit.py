"""What happens when a host becomes less fit?"""

import pytest
from playbook import IN_HEADER, brought_to, demoted, host, play, tell

from ucarpd.carp.actions import State

# -- a master that becomes less fit ----------------------------------------------------------------


@pytest.mark.parametrize("preempt", [False, True])
def test_rule_l2_a_less_fit_master_says_so_at_once_and_serves_on(preempt):
    """At each reason anew, once a second at least, and without a clock that ends it."""
    play(
        brought_to(State.MASTER, advskew=100, preempt=preempt),
        """
        at 13.6: DemotionChanged 20 -> SendAdvertisement 254/20 D255
        at 14.6: DeadlineReached -> SendAdvertisement 254/20 D255
        at 14.7: DemotionChanged 252 -> SendAdvertisement 254/252 D255
        at 14.8: DemotionChanged 254 -> SendAdvertisement 254/254 D255
        until 60.0: deadlines -> 45 SendAdvertisement 254/254 D255
        at 60.1: DemotionChanged 0 -> SendAdvertisement 1/100
        """,
    )


def test_a_slow_master_that_is_less_fit_advertises_once_a_second():
    """Or it would be relieved as late as it is slow."""
    play(
        brought_to(State.MASTER, advbase=10),
        """
        at 13.6: DemotionChanged 20 -> SendAdvertisement 254/20 D255
        at 14.6: DeadlineReached -> SendAdvertisement 254/20 D255
        at 15.6: DeadlineReached -> SendAdvertisement 254/20 D255
        at 15.7: DemotionChanged 0 -> SendAdvertisement 10/0
        at 25.7: DeadlineReached -> SendAdvertisement 10/0
        """,
    )


def test_a_fast_master_that_is_less_fit_keeps_its_pace():
    play(
        brought_to(State.MASTER, advbase=0, advskew=64),
        """
        at 13.6: DemotionChanged 20 -> SendAdvertisement 254/20 D255
        at 13.85: DeadlineReached -> SendAdvertisement 254/20 D255
        """,
    )


def test_a_demotion_that_states_nothing_new_is_not_advertised():
    play(
        demoted(20, State.MASTER),
        """
        at 13.6: DemotionChanged 20 -> nothing
        at 13.7: ParamsChanged advskew=9 -> nothing
        at 13.8: ParamsChanged advbase=0 advskew=64 -> SendAdvertisement 254/20 D255
        """,
    )


def test_rule_m1_a_less_fit_master_yields_and_leaves_silently():
    """A parting advertisement of a host that has yielded would make every backup take over."""
    play(
        demoted(20, State.MASTER),
        """
        at 13.6: AdvertisementReceived 254/21 from 10.0.0.2 D255 -> SendAdvertisement 254/20 D255, AnnounceAddresses 10.0.0.100
        at 13.65: AdvertisementReceived 254/20 from 10.0.0.3 D255 -> SendAdvertisement 254/20 D255
        at 13.66: AdvertisementReceived 254/19 from 10.0.0.2 D255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        """,
    )
    play(
        demoted(20, State.MASTER),
        """
        at 13.6: AdvertisementReceived 253/254 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        """,
    )


@pytest.mark.parametrize(
    ("change", "parting"),
    [
        ("", "SendAdvertisement 254/20 D255"),
        ("at 20.0: DemotionChanged 30 -> SendAdvertisement 254/30 D255", "nothing"),
    ],
)
def test_rule_m1_a_less_fit_master_that_no_backup_has_relieved_tells_the_winner_of_itself(
    change, parting
):
    """No fit backup has heard it: the network was split, and the winner may not know of it."""
    play(
        demoted(20, State.MASTER),
        f"""
        until 19.9: deadlines -> 6 SendAdvertisement 254/20 D255
        {change}
        at 20.1: AdvertisementReceived 1/0 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 20.2: AddressesReleased -> {parting}
        """,
    )


def test_rule_m3_two_that_are_equally_unfit_decide_by_the_tie():
    play(
        demoted(240, State.MASTER),
        """
        at 13.6: AdvertisementReceived 254/240 from 10.0.0.0 D255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        at 15.1: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 254/240 D255, AcquireAddresses
        """,
    )


def test_a_host_that_is_in_maintenance_may_be_asked_to_step_down():
    play(
        demoted(254, State.MASTER),
        """
        at 13.6: StepDownRequested -> SendAdvertisement 254/254 D255
        at 14.6: DeadlineReached -> SendAdvertisement 254/254 D255
        at 15.6: DeadlineReached -> Report NOBODY_TOOK_OVER, SendAdvertisement 254/254 D255
        """,
    )


# -- a backup that hears it ------------------------------------------------------------------------


@pytest.mark.parametrize("preempt", [False, True])
@pytest.mark.parametrize("advbase", [0, 1, 60, 253])
def test_rule_b7_a_healthy_backup_relieves_a_less_fit_master(preempt, advbase):
    machine = brought_to(State.BACKUP, preempt=preempt, advbase=advbase, advskew=254)
    tell(machine, "AdvertisementReceived 254/1 from 10.0.0.2 D255", 10.5)
    assert machine.state is State.MASTER


@pytest.mark.parametrize("style", [{}, IN_HEADER], ids=["skew", "openbsd"])
def test_rule_b8_it_neither_preempts_nor_reclaims_nor_loses_patience(style):
    """Ranked by ADVBASE, the role came back to the unfit host for good."""
    machine = brought_to(State.MASTER, preempt=True, **style)
    play(
        machine,
        """
        at 13.6: InterfaceLost -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: DemotionChanged 1 -> nothing
        at 20.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 20.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 20.6: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 20.7: AdvertisementReceived 2/0 from 10.0.0.2 -> nothing
        at 20.8: AdvertisementReceived 4/0 from 10.0.0.2 -> nothing
        """,
    )


def test_rule_b7_a_less_fit_backup_relieves_one_less_fit_still():
    play(
        demoted(20),
        """
        at 10.5: AdvertisementReceived 254/19 from 10.0.0.2 D255 -> nothing
        at 10.6: AdvertisementReceived 254/20 from 10.0.0.2 D255 -> nothing
        at 10.7: AdvertisementReceived 254/21 from 10.0.0.2 D255 -> StateChanged BACKUP MASTER, SendAdvertisement 254/20 D255, AcquireAddresses
        """,
    )


@pytest.mark.parametrize("style", [{}, IN_HEADER], ids=["skew", "openbsd"])
def test_rule_b6_a_less_fit_backup_follows_a_bow_out(style):
    machine = demoted(254, **style)
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2", 10.5)
    tell(machine, "AdvertisementReceived 255/255 from 10.0.0.2 D255", 11.0)
    assert machine.state is State.MASTER


def test_rule_s4_a_less_fit_backup_serves_but_a_fit_one_wakes_first():
    play(
        demoted(128),
        "at 13.5: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 254/128 D255, AcquireAddresses",
    )
    play(
        brought_to(State.BACKUP),
        """
        at 12.9: DemotionChanged 252 -> nothing
        at 12.95: DemotionChanged 0 -> nothing
        at 13.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


@pytest.mark.parametrize(
    ("own", "before", "wait", "because"),
    [
        ({}, "1/0", 3.0, "as often as it used to advertise"),
        ({}, "2/128", 3.0, "once a second at least"),
        ({}, None, 3.0, "so also when it was never heard before"),
        ({"advbase": 0, "advskew": 64}, "0/128", 1.53125, "three of its intervals, not of ours"),
        ({"advbase": 2}, "1/0", 6.0, "never less than our own master-down interval"),
    ],
)
def test_254_is_never_waited_for_as_an_interval(own, before, wait, because):
    machine = demoted(240, **own)
    if before:
        tell(machine, f"AdvertisementReceived {before} from 10.0.0.2", 10.2)
    tell(machine, "AdvertisementReceived 254/1 from 10.0.0.2 D255", 10.3)
    reluctance = 240 / 256 * (0.25 if own.get("advbase") == 0 else 1.0)
    assert machine.master_down_at == pytest.approx(10.3 + wait + reluctance), because


def test_the_timer_and_the_rules_agree_on_who_is_waited_for():
    """Sub-second and both less fit: the backup woke up before the master could speak, for ever."""
    machine = demoted(240, advbase=0, advskew=64)
    tell(machine, "AdvertisementReceived 254/240 from 10.0.0.0 D255", 10.5)
    assert machine.master_down_at >= 10.5 + 3.0


def test_a_demotion_that_begins_or_ends_changes_whom_a_backup_waits_for():
    machine = brought_to(State.BACKUP)
    tell(machine, "AdvertisementReceived 3/0 from 10.0.0.2", 10.5)
    assert machine.master_down_at == 19.5
    tell(machine, "DemotionChanged 128", 10.6)
    assert machine.master_down_at == 20.0
    tell(machine, "ParamsChanged advbase=2", 10.7)
    assert machine.master_down_at == 20.0
    tell(machine, "DemotionChanged 0", 10.8)
    assert machine.master_down_at == 19.5


@pytest.mark.parametrize(
    ("style", "advertised"),
    [({}, "254/240 D255"), (IN_HEADER, "1/0 D240")],
    ids=["skew", "openbsd"],
)
def test_a_demotion_before_the_start_is_remembered(style, advertised):
    play(
        host(**style),
        f"""
        at 0.0: DemotionChanged 240 -> nothing
        at 1.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 1.1: AddressesReleased -> nothing
        at 4.9375: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement {advertised}, AcquireAddresses
        """,
    )


def test_a_host_that_may_not_serve_follows_one_that_has_left_as_soon_as_it_may():
    """A leader is elected elsewhere: the old one leaves before the new one may serve."""
    play(
        demoted(255),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 11.0: AdvertisementReceived 255/255 from 10.0.0.2 -> nothing
        at 11.6: DemotionChanged 0 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )
