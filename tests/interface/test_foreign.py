"""Which foreign advertisements the kernel leaves out, and since when."""

from ipaddress import ip_address

import pytest

from ucarpd.interface.foreign import COST_OF_A_SOURCE, FIRST, MOST, OFTEN, SILENCE, Foreign

HOST = ip_address("10.0.0.9")
FIRST_ONE = (HOST, 10)


def hear(foreign, kinds, number=FIRST, at=0.0, interval=1.0):
    """Let so many advertisements of each kind come; return whether each changed the filter."""
    return [foreign.note(kind, at + place * interval) for place in range(number) for kind in kinds]


@pytest.fixture
def foreign():
    """One has come often, and is always read."""
    foreign = Foreign()
    assert not any(hear(foreign, [FIRST_ONE]))
    return foreign


def test_on_a_segment_with_one_foreign_virtual_host_all_is_read(foreign):
    assert not any(hear(foreign, [FIRST_ONE], number=100))
    assert foreign.sampled == set()


def test_the_first_advertisements_of_a_new_one_are_read(foreign):
    new = (HOST, 99)
    assert hear(foreign, [new]) == [False] * (FIRST - 1) + [True]
    assert foreign.sampled == {new}
    assert hear(foreign, [new], at=float(FIRST)) == [False] * FIRST, "those that come through"


def test_the_same_vhid_of_another_host_is_new(foreign):
    other = ip_address("10.0.0.8")
    hear(foreign, [(HOST, 99)])
    assert hear(foreign, [(other, 99)], number=1) == [False]
    assert foreign.sampled == {(HOST, 99)}


def test_others_stay_left_out_while_the_one_that_is_always_read_goes_on(foreign):
    kinds = [FIRST_ONE, (HOST, 99)]
    hear(foreign, kinds)
    assert not any(hear(foreign, kinds, number=10, at=float(FIRST)))


def test_one_that_comes_seldom_is_always_read(foreign):
    interval = OFTEN / (FIRST - 1) + 0.1
    assert not any(hear(foreign, [(HOST, 99)], number=20, interval=interval))


def test_all_are_read_again_when_the_one_that_is_always_read_has_ended(foreign):
    """Otherwise the segment would seem silent, and a later frame the end of the silence."""
    hear(foreign, [(HOST, 99)])
    assert not foreign.note((HOST, 99), FIRST - 1 + SILENCE)
    assert foreign.note((HOST, 99), FIRST - 1 + SILENCE + 0.1)
    assert foreign.sampled == set()
    hear(foreign, [(HOST, 99)], at=20.0)
    assert not foreign.sampled, "it may be the one that is always read now"


def test_none_is_always_read_while_our_own_virtual_hosts_are_heard():
    foreign = Foreign()
    foreign.heard_at = 2.0
    assert hear(foreign, [FIRST_ONE]) == [False, False, True]
    assert foreign.sampled == {FIRST_ONE}
    assert not foreign.note(FIRST_ONE, 2.0 + SILENCE)
    assert foreign.note(FIRST_ONE, 2.0 + SILENCE + 0.1), "the last master of ours is silent"
    assert not any(hear(foreign, [FIRST_ONE], at=20.0))


@pytest.mark.parametrize("has_sampled", [False, True])
def test_memory_is_limited_when_a_forger_invents_sources(foreign, has_sampled):
    if has_sampled:
        hear(foreign, [(HOST, 99)])
    changes = [foreign.note((HOST + place, 1), 3.0) for place in range(1, 3 * MOST)]
    assert sum(changes) == has_sampled
    assert len(foreign._seen) <= MOST
    assert foreign.sampled == set()


def test_the_filter_is_limited(foreign):
    for place in range(2 * MOST):
        hear(foreign, [(HOST + place, 1)], at=3.0, interval=0.0)
        hear(foreign, [FIRST_ONE], at=3.0, interval=0.0)
        sources = {source for source, _ in foreign.sampled}
        assert len(foreign.sampled) + COST_OF_A_SOURCE * len(sources) <= MOST
