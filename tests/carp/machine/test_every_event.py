"""What does it do with each event in each state, and with any events in any order?"""

import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from every_event import EVERY_EVENT, IGNORED
from hypothesis import given
from hypothesis import strategies as st
from playbook import (
    SECOND,
    VIRTUAL,
    VIRTUAL6,
    brought_to,
    event,
    future,
    host,
    params,
    tell,
    words,
)

from ucarpd.carp import events
from ucarpd.carp.actions import ProbeMaster, SendAdvertisement, State, StateChanged
from ucarpd.carp.held_addresses import HeldAddresses
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.params import DemoteStyle, TieBreak
from ucarpd.carp.rank import NEVER

# -- every event in every state --------------------------------------------------------------------


def everything(machine):
    """The visible state of the machine, and its next actions if left alone or made ready."""
    later = deepcopy(machine)
    if later.state is State.INIT:
        later.handle(event("InterfaceReady 10.0.0.1"), 20.0)
    return (
        machine.state,
        machine.sources,
        machine.params,
        machine.advertise_at,
        machine.master_down_at,
        machine.next_deadline(),
        list(machine.sent_counters),
        future(machine),
        future(later),
    )


@pytest.mark.parametrize(
    ("state", "what", "expected"),
    [
        (state, what, expected)
        for what, *columns in EVERY_EVENT
        for state, expected in zip(State, columns, strict=True)
    ],
)
def test_every_event_in_every_state(state, what, expected):
    """More than a second after the last announcement, and before any deadline."""
    machine = brought_to(state)
    now = 13.6 if state is State.MASTER else 10.1
    before = everything(machine)
    actions = machine.handle(event(what, machine), now)
    if expected == IGNORED:
        assert actions == []
        assert everything(machine) == before
    else:
        assert (", ".join(map(words, actions)) or "nothing") == expected
        assert actions or everything(machine) != before


def test_the_table_has_every_event():
    assert [type(event(what, host())) for what, *_ in EVERY_EVENT] == list(get_args(events.Event))


def test_the_table_in_the_architecture_page_is_this_one():
    """`scripts/state-table` writes it."""
    project = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, project / "scripts" / "state-table", "--check"], check=True)


@pytest.mark.parametrize("state", State)
def test_an_event_that_nobody_thought_of_is_a_bug(state):
    with pytest.raises(AssertionError, match="no event"):
        brought_to(state).handle("no event", 13.6)


def test_a_state_that_nobody_thought_of_is_a_bug():
    machine = host()
    machine.state = "FAULT"
    with pytest.raises(AssertionError, match="FAULT"):
        machine.handle(events.DeadlineReached(), 1.0)


def test_a_verdict_that_nobody_thought_of_is_a_bug(monkeypatch):
    monkeypatch.setattr("ucarpd.carp.hearing.judge_as_master", lambda *_, **__: "M9")
    machine = brought_to(State.MASTER)
    with pytest.raises(AssertionError, match="M9"):
        machine.handle(event("AdvertisementReceived 1/0 from 10.0.0.2"), 13.6)


BROKEN = [
    # rule, state, fault
    (1, State.MASTER, lambda machine: setattr(machine, "advertise_at", None)),
    (1, State.BACKUP, lambda machine: setattr(machine, "advertise_at", 99.0)),
    (2, State.BACKUP, lambda machine: machine._master_down.disarm()),
    (2, State.INIT, lambda machine: machine._master_down.arm_all(13.0)),
    (3, State.BACKUP, lambda machine: setattr(machine, "_held", HeldAddresses(machine.params))),
    (4, State.MASTER, lambda machine: machine._leaving.release()),
    (5, State.MASTER, lambda machine: machine._master_down.stay_away(99.0)),
    (6, State.MASTER, lambda machine: machine._set_rank(replace(machine._rank, demotion=NEVER))),
    (7, State.BACKUP, lambda machine: setattr(machine._outage, "until", 99.0)),
    (7, State.BACKUP, lambda machine: setattr(machine, "_step_down_until", 99.0)),
    (7, State.MASTER, lambda machine: setattr(machine, "_step_down_until", 99.0)),
    (8, State.BACKUP, lambda machine: setattr(machine, "_started", False)),
    (8, State.MASTER, lambda machine: setattr(machine._hearing, "sources", ())),
    (9, State.BACKUP, lambda machine: setattr(machine, "_stopping", True)),
]


@pytest.mark.parametrize(("rule", "state", "wrong"), BROKEN)
def test_a_machine_that_breaks_one_of_its_rules_is_a_bug(rule, state, wrong):
    machine = brought_to(state)
    wrong(machine)
    with pytest.raises(AssertionError, match=f"rule {rule}"):
        machine.handle(events.AddressesOff(), 13.6)


def test_it_tells_whether_the_addresses_are_on_their_way_off():
    machine = brought_to(State.MASTER)
    assert not machine.is_releasing
    tell(machine, "InterfaceLost", 13.6)
    assert machine.is_releasing
    tell(machine, "AddressesReleased", 13.7)
    assert not machine.is_releasing


# -- whatever happens ------------------------------------------------------------------------------


FAMILIES = {
    # virtual addresses, our sources, the peers' sources
    "IPv4": ((VIRTUAL, SECOND), "10.0.0.1", ["10.0.0.0", "10.0.0.1", "10.0.0.2"]),
    "IPv6": ((VIRTUAL6,), "fe80::1", ["fe80::", "fe80::1", "fe80::2"]),
    "both": (
        (VIRTUAL6, VIRTUAL),
        "10.0.0.1 fe80::1",
        ["10.0.0.0", "10.0.0.1", "10.0.0.2", "fe80::", "fe80::1", "fe80::2"],
    ),
}
PARAMS = st.fixed_dictionaries(
    {
        "advbase": st.sampled_from([0, 1, 2, 100]),
        "advskew": st.sampled_from([0, 1, 254]),
        "preempt": st.booleans(),
        "release_on_stop": st.booleans(),
        "tiebreak": st.sampled_from(TieBreak),
        "demote_style": st.sampled_from(DemoteStyle),
    }
)


def any_events(sources, peers):
    return st.one_of(
        st.sampled_from(
            [
                what
                for what, *_ in EVERY_EVENT
                if not what.startswith(("Advert", "InterfaceReady", "DemotionChanged"))
            ]
        ),
        st.just(f"InterfaceReady {sources}"),
        st.just("InterfaceLost can_send"),
        st.just("ParamsChanged addresses=10.0.0.100+2001:db8::101"),
        st.builds("DeadlineReached".format),
        st.builds("DemotionChanged {}".format, st.sampled_from([0, 1, 2, 252, 254, 255])),
        st.builds(
            "AdvertisementReceived {}/{} from {} #{} D{}".format,
            st.sampled_from([0, 1, 2, 4, 254, 255]),
            st.sampled_from([0, 100, 254, 255]),
            st.sampled_from(peers),
            st.integers(0, 2**64 - 1),
            st.sampled_from([0, 0, 1, 2, 255]),
        ),
    )


@pytest.mark.parametrize("families", FAMILIES)
@given(data=st.data(), configured=PARAMS)
def test_any_events_in_any_order(families, data, configured):
    """No event raises; a transition comes first; no packet is sent twice; time advances."""
    addresses, sources, peers = FAMILIES[families]
    told = data.draw(st.lists(st.tuples(any_events(sources, peers), st.floats(0, 10)), max_size=40))
    machine = VirtualHost(params(addresses=addresses, **configured), 1)
    now = 0.0
    counter = 0
    for what, later in told:
        if what == "DeadlineReached":
            now = max(now, machine.next_deadline() or now)
        else:
            now += later
        before = machine.state
        actions = machine.handle(event(what, machine), now)
        if actions and isinstance(actions[0], ProbeMaster):
            del actions[0]  # A late wake-up probes the master, and takes over.
        transitions = [action for action in actions if isinstance(action, StateChanged)]
        assert transitions == actions[: len(transitions)]
        assert [(t.old, t.new) for t in transitions] == (
            [(before, machine.state)] if before is not machine.state else []
        )
        sent = [action for action in actions if isinstance(action, SendAdvertisement)]
        # One in each family, or none; an offer of the role may be in the first family alone.
        is_offer = bool(sent) and (sent[0].advbase >= 254 or sent[0].demotion > 0)
        in_first = machine.sources[:1] if is_offer else ()
        assert tuple(action.source for action in sent) in ((), machine.sources, in_first)
        assert [action.counter for action in sent] == [counter + 1 + i for i in range(len(sent))]
        counter += len(sent)
        assert all(0 <= action.advskew <= 254 or action.advbase == 255 for action in sent)
        assert all(0 <= action.demotion <= 255 for action in sent)
        if configured["demote_style"] is DemoteStyle.SKEW:
            assert all((action.demotion == 255) == (action.advbase >= 254) for action in sent)
        if what == "DeadlineReached":
            assert machine.next_deadline() is None or machine.next_deadline() > now
