"""Is a silent master gone, or only its advertisements?"""

import pytest
from playbook import OURS, OURS6, brought_to, dual, play, words

from ucarpd.carp import events
from ucarpd.carp.actions import State

LATE = "02:00:00:00:00:02"
VIRTUAL_MAC = "00:00:5e:00:01:01"
OTHER = "02:00:00:00:00:09"

SILENT = """
    at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
    at 13.0: probe -> ProbeMaster 10.0.0.2 10.0.0.100
"""
TAKEN_OVER = "StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses"
FOUND = f"Report MASTER_ANSWERS 10.0.0.2 10.0.0.100 {LATE}"


def asked(announce_interval=0):
    return play(brought_to(State.BACKUP, announce_interval=announce_interval), SILENT)


def test_it_is_probed_an_interval_before_the_takeover_and_does_not_answer():
    play(asked(), f"at 14.0: DeadlineReached -> {TAKEN_OVER}")


def test_it_is_probed_although_our_source_has_changed_meanwhile():
    play(
        brought_to(State.BACKUP),
        """
        at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 12.0: InterfaceReady 10.0.0.5 -> nothing
        at 13.0: probe -> ProbeMaster 10.0.0.2 10.0.0.100
        """,
    )


@pytest.mark.parametrize("mac", [LATE, VIRTUAL_MAC])
def test_it_answers_for_the_virtual_address_too(mac):
    """With its own MAC address, or with the virtual one, as the BSD kernels do."""
    play(
        asked(),
        f"""
        at 13.1: AddressClaimed 10.0.0.2 {LATE} -> nothing
        at 13.1: AddressClaimed 10.0.0.100 {mac} -> nothing
        at 14.0: DeadlineReached -> {TAKEN_OVER}, Report MASTER_ANSWERS 10.0.0.2 10.0.0.100 {LATE}
        at 14.1: AddressClaimed 10.0.0.100 {mac} -> nothing
        at 14.2: AdvertisementReceived 1/9 from 10.0.0.3 -> SendAdvertisement 1/0
        at 14.3: AdvertisementReceived 1/9 from 10.0.0.2 -> Report MASTER_HEARD 10.0.0.2, SendAdvertisement 1/0
        at 14.4: AdvertisementReceived 1/9 from 10.0.0.2 -> nothing
        """,
    )


def test_an_answer_may_come_after_the_takeover():
    """As in the short intervals."""
    play(
        asked(),
        f"""
        at 14.0: DeadlineReached -> {TAKEN_OVER}
        at 14.1: AddressClaimed 10.0.0.2 {LATE} -> nothing
        at 14.1: AddressClaimed 10.0.0.100 {LATE} -> {FOUND}
        at 14.2: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        """,
    )


ASKED_AGAIN = "ProbeMaster 10.0.0.2 10.0.0.100"


def news(machine, until):
    """What a MASTER that serves does until then, but for its advertisements."""
    told = []
    while (at := machine.next_deadline()) < until:
        actions = map(words, machine.handle(events.DeadlineReached(), at))
        told += [
            f"{at - 14.0:.0f}: {each}"
            for each in actions
            if not each.startswith("SendAdvertisement")
        ]
    return told


def test_if_it_does_not_answer_any_host_is_asked_for_the_address():
    machine = play(
        asked(announce_interval=60),
        f"""
        at 14.0: DeadlineReached -> {TAKEN_OVER}
        at 14.0: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        """,
    )
    assert "AnnounceAddresses 10.0.0.100 asks" in [
        each.partition(": ")[2] for each in news(machine, 50.0)
    ]


def answered(mac=LATE, announce_interval=0):
    """A MASTER that reports at 14.0 that the late master still serves, with `mac`."""
    return play(
        asked(announce_interval),
        f"""
        at 13.1: AddressClaimed 10.0.0.2 {LATE} -> nothing
        at 13.1: AddressClaimed 10.0.0.100 {mac} -> nothing
        at 14.0: DeadlineReached -> {TAKEN_OVER}, {FOUND}
        at 14.0: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        """,
    )


def test_it_is_asked_again_until_it_no_longer_answers():
    """A `ucarp` that was killed leaves its address, until its successor takes it off."""
    machine = answered()
    news(machine, 18.0)
    assert news(machine, 75.0) == [f"60: {ASKED_AGAIN}"]
    for address in ("10.0.0.2", "10.0.0.100"):
        play(machine, f"at 75.0: AddressClaimed {address} {LATE} -> nothing")
    assert news(machine, 135.0) == [f"120: {ASKED_AGAIN}"]
    play(machine, f"at 135.0: AddressClaimed 10.0.0.2 {LATE} -> nothing")
    assert news(machine, 400.0) == [
        f"180: {ASKED_AGAIN}",
        "240: Report MASTER_QUIET 10.0.0.2 10.0.0.100",
    ]


def test_a_master_that_is_known_to_serve_is_not_asked_as_a_stranger():
    machine = answered(announce_interval=60)
    news(machine, 18.0)
    told = [each.split(": ")[1] for each in news(machine, 60.0)]
    assert told == ["AnnounceAddresses 10.0.0.100"] * 2


def test_one_lost_answer_is_not_the_end():
    machine = answered()
    assert news(machine, 135.0)[-2:] == [f"60: {ASKED_AGAIN}", f"120: {ASKED_AGAIN}"]
    for address in ("10.0.0.2", "10.0.0.100"):
        play(machine, f"at 135.0: AddressClaimed {address} {LATE} -> nothing")
    assert news(machine, 400.0) == [
        f"180: {ASKED_AGAIN}",
        f"240: {ASKED_AGAIN}",
        "300: Report MASTER_QUIET 10.0.0.2 10.0.0.100",
    ]


@pytest.mark.parametrize("known", [LATE, VIRTUAL_MAC])
@pytest.mark.parametrize(
    ("mac", "at", "is_claim", "because"),
    [
        (None, 75.9, False, "it answers us alone"),
        (None, 76.1, True, "too late for an answer, so all hosts may have heard it"),
        (OTHER, 75.0, True, "we have not asked that host"),
    ],
)
def test_an_answer_is_no_claim(known, mac, at, is_claim, because):
    """Neither announced against nor reported, while both serve."""
    machine = answered(known)
    news(machine, 74.0)
    assert news(machine, at) == [f"60: {ASKED_AGAIN}"]
    play(machine, f"at {at}: AddressClaimed 10.0.0.100 {mac or known} -> nothing")
    told = [each.split(": ")[1] for each in news(machine, 80.0)]
    claimed = f"Report ADDRESS_CLAIMED 10.0.0.100 {mac or known}"
    assert told == (["AnnounceAddresses 10.0.0.100", claimed] if is_claim else []), because


def test_it_is_not_asked_again_once_it_is_heard():
    machine = answered()
    report = "Report MASTER_HEARD 10.0.0.2, SendAdvertisement 1/0"
    play(machine, f"at 14.05: AdvertisementReceived 1/9 from 10.0.0.2 -> {report}")
    assert not [each for each in news(machine, 400.0) if "AnnounceAddresses" not in each]


def test_a_host_that_has_lost_its_source_in_that_family_cannot_ask_again():
    machine = play(
        dual(State.BACKUP),
        f"""
        at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 11.0: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 13.0: probe -> ProbeMaster fe80::2 2001:db8::100
        at 13.1: AddressClaimed fe80::2 {LATE} -> nothing
        at 13.1: AddressClaimed 2001:db8::100 {LATE} -> nothing
        """,
    )
    told = news(machine, 14.1)
    assert told[-1] == f"0: Report MASTER_ANSWERS fe80::2 2001:db8::100 {LATE}"
    machine.handle(events.InterfaceReady((OURS,)), 14.2)
    assert news(machine, 400.0) == []
    machine.handle(events.InterfaceReady((OURS, OURS6)), 400.0)
    assert news(machine, 435.0) == ["420: ProbeMaster fe80::2 2001:db8::100"]
    machine.handle(events.InterfaceReady((OURS,)), 435.0)
    assert news(machine, 600.0) == []
    machine.handle(events.InterfaceReady((OURS, OURS6)), 600.0)
    assert news(machine, 800.0) == [
        "600: ProbeMaster fe80::2 2001:db8::100",
        "660: Report MASTER_QUIET fe80::2 2001:db8::100",
    ]


@pytest.mark.parametrize(
    "answers",
    [
        [("10.0.0.2", LATE)],
        [("10.0.0.100", LATE)],
        [("10.0.0.2", LATE), ("10.0.0.100", OTHER)],
        [("10.0.0.2", LATE), ("10.0.0.7", LATE)],
    ],
    ids=["itself alone", "not itself", "another host serves", "something else"],
)
def test_answers_that_prove_nothing(answers):
    """A daemon that was stopped without a bow-out leaves a host that answers for itself alone."""
    machine = asked()
    for address, mac in answers:
        play(machine, f"at 13.1: AddressClaimed {address} {mac} -> nothing")
    play(machine, f"at 14.0: DeadlineReached -> {TAKEN_OVER}")


def test_once_in_a_silence_and_again_in_the_next_one():
    play(
        asked(),
        """
        at 13.2: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 15.2: probe -> ProbeMaster 10.0.0.2 10.0.0.100
        at 16.2: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_a_host_that_bows_out_is_not_probed_nor_is_the_answer_of_the_last_silence_used():
    play(
        asked(),
        f"""
        at 13.1: AddressClaimed 10.0.0.2 {LATE} -> nothing
        at 13.1: AddressClaimed 10.0.0.100 {LATE} -> nothing
        at 13.2: AdvertisementReceived 255/255 from 10.0.0.2 -> {TAKEN_OVER}
        """,
    )


def test_a_slower_master_that_is_preempted_is_not_probed():
    play(
        brought_to(State.BACKUP, preempt=True),
        f"at 11.0: AdvertisementReceived 1/9 from 10.0.0.2 -> {TAKEN_OVER}",
    )


def test_no_master_was_heard():
    machine = brought_to(State.BACKUP)
    assert machine.probe_at is None
    play(machine, f"at 13.0: DeadlineReached -> {TAKEN_OVER}")


def test_a_host_that_may_not_serve_probes_nobody():
    play(
        brought_to(State.BACKUP),
        """
        at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 11.1: DemotionChanged 255 -> nothing
        until 20.0: deadlines -> nothing
        """,
    )


def test_a_wake_up_that_is_late_probes_and_takes_over():
    machine = brought_to(State.BACKUP)
    play(machine, "at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing")
    actions = machine.handle(events.DeadlineReached(), 14.1)
    assert ", ".join(map(words, actions)) == f"ProbeMaster 10.0.0.2 10.0.0.100, {TAKEN_OVER}"


def test_with_short_intervals_the_master_has_missed_an_advertisement():
    machine = brought_to(State.BACKUP, advbase=0, advskew=64, deadratio=2)
    play(
        machine,
        """
        at 10.3: AdvertisementReceived 0/64 from 10.0.0.2 -> nothing
        """,
    )
    assert machine.probe_at == pytest.approx(10.3 + 0.5 * 2 / 3)
    assert machine.master_down_at == pytest.approx(10.8)


def test_in_the_family_of_its_last_advertisement():
    play(
        dual(State.BACKUP),
        """
        at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 11.0: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 13.0: probe -> ProbeMaster fe80::2 2001:db8::100
        """,
    )


def test_no_address_of_that_family_is_served():
    machine = brought_to(State.BACKUP, sources=(OURS, OURS6))
    play(
        machine,
        f"""
        at 11.0: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 13.0: probe -> nothing
        at 13.1: AddressClaimed fe80::2 {LATE} -> nothing
        at 14.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AcquireAddresses
        """,
    )
