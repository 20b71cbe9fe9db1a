"""What may be asked for."""

from enum import Enum
from typing import get_args

from ucarpd.carp import actions


def test_every_action_is_a_member_of_the_union():
    """Or `assert_never` in the engine would not ask for it."""
    defined = {
        thing
        for thing in vars(actions).values()
        if isinstance(thing, type)
        and thing.__module__ == actions.__name__
        and not issubclass(thing, Enum)
    }
    assert set(get_args(actions.Action)) == defined


def test_the_states_have_the_names_that_every_implementation_logs():
    assert [state.value for state in actions.State] == ["INIT", "BACKUP", "MASTER"]
