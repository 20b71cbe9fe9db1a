"""When does a master advertise and announce, and with which counter?"""

import pytest
from playbook import OURS, brought_to, host, play, tell, words

from ucarpd.carp import events
from ucarpd.carp.actions import AnnounceAddresses, SendAdvertisement, State

# -- time ------------------------------------------------------------------------------------------


def test_advertisements_lie_on_a_grid():
    """A wake-up that is a little late does not shift the ones after it."""
    machine = brought_to(State.MASTER)
    for second in range(14, 20):
        (action,) = machine.handle(events.DeadlineReached(), second + 0.01)
        assert words(action) == "SendAdvertisement 1/0"
        assert machine.advertise_at == second + 1


def test_a_late_wake_up_sends_one_advertisement_not_a_burst():
    play(
        brought_to(State.MASTER),
        """
        at 17.5: late DeadlineReached -> SendAdvertisement 1/0
        at 18.5: DeadlineReached -> SendAdvertisement 1/0
        at 20.5: late DeadlineReached -> SendAdvertisement 1/0
        at 21.5: DeadlineReached -> SendAdvertisement 1/0
        """,
    )


def test_announcements_slept_through_count_as_one():
    play(
        brought_to(State.BACKUP),
        """
        at 13.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.0: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        at 14.0: late DeadlineReached -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        at 15.0: DeadlineReached -> SendAdvertisement 1/0
        at 16.0: DeadlineReached -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        at 17.0: DeadlineReached -> SendAdvertisement 1/0
        """,
    )


def test_regular_announcements_leave_with_advertisements():
    """A wake-up costs more than an announcement."""
    machine = brought_to(State.MASTER, announce_interval=60.0)
    announced = []
    while (now := machine.next_deadline()) < 300.0:
        sent = [type(each) for each in machine.handle(events.DeadlineReached(), now)]
        assert SendAdvertisement in sent
        announced += [now] * sent.count(AnnounceAddresses)
    assert announced == pytest.approx([19.0, 39.0, 99.0, 159.0, 219.0, 279.0], abs=7.0)


def test_a_wake_up_too_early_does_nothing():
    machine = brought_to(State.BACKUP)
    assert machine.handle(events.DeadlineReached(), 12.999) == []
    assert machine.next_deadline() == 13.0


# -- counters --------------------------------------------------------------------------------------


def counters(machine, count):
    """The counters of the next `count` advertisements."""
    sent = []
    while len(sent) < count:
        actions = machine.handle(events.DeadlineReached(), machine.next_deadline())
        sent += [action.counter for action in actions if isinstance(action, SendAdvertisement)]
    return sent


def ready(counter):
    machine = host(counter)
    machine.handle(events.InterfaceReady((OURS,)), 0.0)
    return machine


def test_the_counter_goes_on_from_where_it_starts():
    machine = ready(1000)
    assert machine.next_counter == 1000
    assert counters(machine, 3) == [1000, 1001, 1002]
    assert machine.next_counter == 1003


def test_a_bow_out_takes_the_next_counter():
    machine = brought_to(State.MASTER)
    last = machine.sent_counters[-1]
    tell(machine, "StopRequested", 13.6)
    bow_out, *_ = machine.handle(events.AddressesReleased(), 13.7)
    assert bow_out.counter == last + 1
    assert machine.sent_counters[-1] == last + 1
