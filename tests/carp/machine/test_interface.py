"""What happens when the interface fails, and when it is back?"""

from playbook import brought_to, host, play, tell

from ucarpd.carp import events
from ucarpd.carp.actions import SendAdvertisement, State


def test_lost_as_master_no_bow_out_would_get_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        until 99.0: deadlines -> nothing
        at 99.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 102.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_lost_as_master_but_a_bow_out_still_gets_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost can_send -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.75: DeadlineReached -> SendAdvertisement 255/255 D255
        until 99.0: deadlines -> nothing
        """,
    )


def test_rule_b3_the_preferred_host_takes_back_what_it_lost_with_its_link():
    """Two hosts whose files differ in UCARP_PREEMPT alone; also when only its address was gone."""
    for lost in ("InterfaceLost", "InterfaceLost can_send"):
        machine = play(
            brought_to(State.MASTER, preempt=True),
            f"at 13.6: {lost} -> StateChanged MASTER INIT, ReleaseAddresses",
        )
        play(
            machine,
            """
            at 20.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
            at 20.5: AdvertisementReceived 1/0 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
            """,
        )


def test_rule_b3_is_spent_once_it_has_been_master_again():
    play(
        brought_to(State.MASTER, preempt=True),
        """
        at 13.6: InterfaceLost -> StateChanged MASTER INIT, ReleaseAddresses
        at 20.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 23.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 23.1: AdvertisementReceived 0/9 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 23.13: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        """,
    )


def test_lost_during_the_bow_out():
    for lost, bow_outs in (
        ("InterfaceLost", "nothing"),
        ("InterfaceLost can_send", "1 SendAdvertisement 255/255 D255"),
    ):
        play(
            brought_to(State.MASTER),
            f"""
            at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
            at 13.7: AddressesReleased -> SendAdvertisement 255/255 D255
            at 13.72: {lost} -> StateChanged BACKUP INIT
            until 99.0: deadlines -> {bow_outs}
            """,
        )


def test_a_peer_from_before_the_loss_is_forgotten():
    """Its interval would stretch the wait, and it may be long gone."""
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: AdvertisementReceived 3/0 from 10.0.0.2 -> nothing
        at 11.0: InterfaceLost -> StateChanged BACKUP INIT
        at 20.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 23.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_what_an_earlier_run_left_behind_is_cleared_once():
    play(
        host(),
        """
        at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        at 0.2: InterfaceLost -> StateChanged BACKUP INIT
        at 0.3: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 0.4: InterfaceLost can_send -> StateChanged BACKUP INIT
        """,
    )


def test_a_new_source_address_is_used_from_the_next_advertisement_on():
    machine = brought_to(State.BACKUP)
    play(machine, "at 10.1: InterfaceReady 10.0.0.9 -> nothing")
    sent = machine.handle(events.DeadlineReached(), machine.next_deadline())
    assert [str(a.source) for a in sent if isinstance(a, SendAdvertisement)] == ["10.0.0.9"]


def test_a_master_advertises_a_new_source_address_at_once():
    """A bow-out from there would not be believed by who has never heard it."""
    machine = brought_to(State.MASTER)
    (sent,) = tell(machine, "InterfaceReady 10.0.0.9", 13.6)
    assert str(sent.source) == "10.0.0.9"
    play(machine, "at 13.7: InterfaceReady 10.0.0.9 -> nothing")
