"""What can happen."""

from typing import get_args

from ucarpd.carp import events


def test_every_event_is_a_member_of_the_union():
    """Or `assert_never` in the machine would not ask for it."""
    defined = {
        thing
        for thing in vars(events).values()
        if isinstance(thing, type) and thing.__module__ == events.__name__
    }
    assert set(get_args(events.Event)) == defined
