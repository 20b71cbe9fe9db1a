"""Moments as a wall clock shows them."""

import pytest

from ucarpd.process.moments import Moments


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (1000.0, "2027-01-15T08:00:00.000Z"),
        (1000.0004, "2027-01-15T08:00:00.000Z"),
        (1000.9996, "2027-01-15T08:00:01.000Z"),
        (999.5, "2027-01-15T07:59:59.500Z"),
        (-86400.0 + 1000, "2027-01-14T08:00:00.000Z"),
    ],
)
def test_a_moment_before_or_after_now(moment, expected):
    assert Moments(1000.0, 1_800_000_000.0).at(moment) == expected
