"""How two hosts compare."""

import pytest
from contenders import contender

from ucarpd.carp.params import TieBreak

REVERSED, NUMERIC = TieBreak.REVERSED, TieBreak.NUMERIC


@pytest.mark.parametrize(
    ("better", "worse", "because"),
    [
        ("1/0 10.0.0.1", "1/1 10.0.0.1", "the shorter interval"),
        ("1/0 10.0.0.1", "1/0 10.0.0.1 D1", "the smaller demotion"),
        ("9/0 10.0.0.1 D1", "1/0 10.0.0.1 D2", "the demotion comes first"),
    ],
)
def test_rank(better, worse, because):
    better, worse = contender(better), contender(worse)
    assert better.rank < worse.rank, because
    assert better.is_preferred_to(worse, REVERSED)
    assert not worse.is_preferred_to(better, REVERSED)


def test_of_equal_ranks_the_tie_tells_who_is_preferred():
    one, other = contender("1/0 10.0.1.1"), contender("1/0 10.0.0.2")
    assert one.is_preferred_to(other, REVERSED)
    assert other.is_preferred_to(one, NUMERIC)
