"""How does a host react if one of the two families fails, or decides alone?"""

import pytest
from playbook import DUAL, dual, event, host, pass_time, play, tell, words

from ucarpd.carp import events
from ucarpd.carp.actions import Report, SendAdvertisement, State


def test_rule_h2_a_family_without_a_source_is_neither_sent_nor_heard():
    play(
        host(**DUAL),
        """
        at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        at 1.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 1.0: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 4.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 4.1: AdvertisementReceived 0/1 from fe80::2 -> nothing
        """,
    )


def test_a_master_that_is_heard_in_a_family_without_a_source_is_told():
    """Two hosts that have lost different families: neither can answer the other."""
    machine = dual(State.MASTER)
    play(machine, "at 13.5: InterfaceReady 10.0.0.1 -> SendAdvertisement 1/0")

    def reports(actions):
        return [words(action) for action in actions if isinstance(action, Report)]

    def hear(event, at):
        pass_time(machine, at)
        return reports(tell(machine, f"AdvertisementReceived {event} from fe80::2", at))

    told = [hear("1/0", at) for at in (14.6, 15.6, 16.6, 17.6)]
    assert told == [[], [], ["Report RIVAL_APART fe80::2 IPv6"], []]
    assert hear("255/255", 18.6) == []
    assert machine.state is State.MASTER
    assert reports(pass_time(machine, 22.0)) == ["Report RIVAL_GONE fe80::2"]


def test_claims_are_answered_beside_a_master_that_cannot_hear_us():
    """It serves the same addresses, and no advertisement settles the matter."""
    claim = "02:00:00:00:00:02"
    play(
        dual(State.MASTER, announce_interval=0),
        f"""
        at 13.5: InterfaceReady 10.0.0.1 -> SendAdvertisement 1/0
        at 13.6: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 13.7: AddressClaimed 10.0.0.100 {claim} -> nothing
        at 13.72: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 14.5: DeadlineReached -> SendAdvertisement 1/0
        at 14.6: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 14.7: DeadlineReached -> Report ADDRESS_CLAIMED 10.0.0.100 {claim}
        """,
    )


def test_a_family_that_loses_its_source_as_backup_moves_nothing():
    play(
        host(**DUAL),
        """
        at 0.0: InterfaceReady 10.0.0.1 fe80::1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        at 1.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 1.0: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 2.0: InterfaceReady 10.0.0.1 -> nothing
        at 3.9: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 5.0: InterfaceReady 10.0.0.1 fe80::1 -> nothing
        at 6.8: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 9.8: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AcquireAddresses
        """,
    )


def test_a_master_goes_on_in_the_family_that_is_left():
    play(
        host(**DUAL),
        """
        at 0.0: InterfaceReady 10.0.0.1 fe80::1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        at 3.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AcquireAddresses
        at 3.5: InterfaceReady 10.0.0.1 -> SendAdvertisement 1/0
        at 4.5: DeadlineReached -> SendAdvertisement 1/0
        at 4.6: InterfaceReady 10.0.0.1 fe80::1 -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6
        at 5.6: DeadlineReached -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6
        """,
    )


@pytest.mark.parametrize(
    ("heard", "silent", "family"), [("10.0.0.2", "fe80::2", 6), ("fe80::2", "10.0.0.2", 4)]
)
def test_the_silence_of_one_family_alone_moves_nothing_and_is_told(heard, silent, family):
    """A master that is heard in one family serves, whatever a switch does with the other one."""
    machine = play(
        dual(State.BACKUP),
        f"""
        at 10.5: AdvertisementReceived 1/0 from {silent} -> nothing
        at 10.6: AdvertisementReceived 1/0 from {heard} -> nothing
        at 13.4: AdvertisementReceived 1/0 from {heard} -> nothing
        at 13.6: AdvertisementReceived 1/0 from {heard} -> Report FAMILY_SILENT IPv{family}
        at 14.6: AdvertisementReceived 1/0 from {heard} -> nothing
        at 14.7: AdvertisementReceived 1/0 from {silent} -> Report FAMILY_HEARD IPv{family}
        at 14.8: AdvertisementReceived 1/0 from {silent} -> nothing
        """,
    )
    changed, *sent = tell(machine, "DeadlineReached", 17.8)
    assert (changed.new, str(changed.peer)) == (State.MASTER, silent)
    assert changed.reason == f"no advertisement from {silent} for 3.00 s"
    assert [a.source.version for a in sent if isinstance(a, SendAdvertisement)] == [4, 6]


def test_a_family_that_was_never_heard():
    machine = dual(State.BACKUP)
    play(
        machine,
        """
        at 12.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 13.5: AdvertisementReceived 1/0 from 10.0.0.2 -> Report FAMILY_SILENT IPv6
        """,
    )
    changed, *_ = tell(machine, "DeadlineReached", 16.5)
    assert changed.reason == "no advertisement from 10.0.0.2 for 3.00 s"


def test_each_family_has_its_own_wait():
    """The longest counts."""
    machine = dual(State.BACKUP)
    play(machine, "at 10.5: AdvertisementReceived 1/254 from fe80::2 -> nothing")
    assert machine.master_down_at == 10.5 + 3 * 510 / 256
    play(machine, "at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing")
    assert machine.master_down_at == 10.5 + 3 * 510 / 256
    play(machine, "at 13.4: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing")
    assert machine.master_down_at == 10.5 + 3 * 510 / 256
    play(machine, "at 14.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing")
    assert machine.master_down_at == 17.5


def test_rule_m6_a_tie_is_decided_in_ipv4_while_it_is_heard():
    """Our IPv4 address wins, our IPv6 address would lose: with both deciding, both would yield."""
    play(
        dual(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AnnounceAddresses 10.0.0.100 2001:db8::100
        at 13.61: AdvertisementReceived 1/0 from fe80:: -> nothing
        until 14.5: deadlines -> 2 AnnounceAddresses 10.0.0.100 2001:db8::100, 1 SendAdvertisement 1/0, 1 SendAdvertisement 1/0 IPv6
        at 14.59: AdvertisementReceived 1/0 from fe80:: -> nothing
        """,
    )
    play(
        dual(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from fe80::2 -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AnnounceAddresses 10.0.0.100 2001:db8::100
        at 13.61: AdvertisementReceived 1/0 from 10.0.0.0 -> StateChanged MASTER BACKUP, ReleaseAddresses
        """,
    )


def test_rule_m6_a_tie_is_decided_in_ipv6_when_ipv4_is_silent():
    """For longer than our master-down interval, or ever since."""
    play(
        dual(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from fe80:: -> StateChanged MASTER BACKUP, ReleaseAddresses
        """,
    )
    play(
        dual(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AnnounceAddresses 10.0.0.100 2001:db8::100
        until 16.5: deadlines -> 3 AnnounceAddresses 10.0.0.100 2001:db8::100, 3 SendAdvertisement 1/0, 3 SendAdvertisement 1/0 IPv6
        at 16.59: AdvertisementReceived 1/0 from fe80:: -> AnnounceAddresses 10.0.0.100 2001:db8::100
        at 16.61: AdvertisementReceived 1/0 from fe80:: -> StateChanged MASTER BACKUP, ReleaseAddresses
        """,
    )


def test_rule_b3_taking_the_role_back_is_decided_like_a_tie():
    for first, then, reclaims_at in (
        ("10.0.0.0", "fe80::2", None),
        ("fe80::2", "10.0.0.0", "first"),
        ("fe80::", "10.0.0.2", "then"),
        ("10.0.0.0", "10.0.0.2", None),
    ):
        machine = dual(State.MASTER, preempt=True)
        tell(machine, "InterfaceLost", 13.6)
        tell(machine, "InterfaceReady 10.0.0.1 fe80::1", 20.0)
        tell(machine, f"AdvertisementReceived 1/0 from {first}", 20.3)
        assert (machine.state is State.MASTER) == (reclaims_at == "first"), first
        if reclaims_at != "first":
            tell(machine, f"AdvertisementReceived 1/0 from {then}", 20.4)
            assert (machine.state is State.MASTER) == (reclaims_at == "then"), (first, then)


def test_after_a_sleep_no_family_was_silent_alone():
    """The first frame after it is of one family, and may be read before the timer is looked at."""
    machine = dual(State.BACKUP)
    play(
        machine,
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 10.5: AdvertisementReceived 1/0 from fe80::2 -> nothing
        """,
    )
    machine.handle(events.DeadlineReached(), machine.probe_at)
    for source in ("10.0.0.2", "fe80::2", "10.0.0.2"):
        assert machine.handle(event(f"AdvertisementReceived 1/0 from {source}"), 20.5) == []
    assert machine.master_down_at == 23.5
    assert machine.silences.current == 0.0
