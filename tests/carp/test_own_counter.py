"""The counter of our advertisements."""

import pytest

from ucarpd.carp.own_counter import REMEMBERED, OwnCounter


@pytest.mark.parametrize(
    ("first", "taken", "remembered"),
    [
        (1, [1, 2, 3], [1, 2, 3]),
        (0, [1, 2, 3], [1, 2, 3]),
        (2**64 - 2, [2**64 - 2, 2**64 - 1, 1], [2**64 - 2, 2**64 - 1, 1]),
        (2**64, [1, 2, 3], [1, 2, 3]),
        (2**64 + 5, [5, 6, 7], [5, 6, 7]),
    ],
)
def test_it_goes_up_wraps_and_is_never_zero(first, taken, remembered):
    counter = OwnCounter(first)
    assert counter.next == taken[0]
    assert [counter.take() for _ in taken] == taken
    assert list(counter.sent) == remembered


def test_the_latest_are_remembered():
    counter = OwnCounter(100)
    taken = [counter.take() for _ in range(20)]
    assert list(counter.sent) == taken[-REMEMBERED:]
