"""Named tuples that equal only their own kind."""

from typing import NamedTuple

import pytest

from ucarpd.carp.distinct import distinct


@distinct
class Asked(NamedTuple):
    """One with a field."""

    reason: str


@distinct
class Told(NamedTuple):
    """Another one with the same field."""

    reason: str


@distinct
class Ended(NamedTuple):
    """One without a field."""


@pytest.mark.parametrize(
    ("one", "other", "is_equal"),
    [
        (Asked("x"), Asked("x"), True),
        (Asked("x"), Asked("y"), False),
        (Asked("x"), Told("x"), False),
        (Asked("x"), ("x",), False),
        (("x",), Asked("x"), False),
        (Ended(), Ended(), True),
        (Ended(), (), False),
    ],
)
def test_only_the_same_kind_is_equal(*, one, other, is_equal):
    assert (one == other) is is_equal
    assert (one != other) is not is_equal
    assert ([one] == [other]) is is_equal


def test_equal_ones_are_one_key():
    assert {Asked("x"), Asked("x"), Told("x")} == {Asked("x"), Told("x")}
    assert len({Asked("x"), Asked("x"), Told("x")}) == 2


@pytest.mark.parametrize("each", [Asked(""), Ended()])
def test_each_one_is_true(each):
    assert each


def test_a_pattern_takes_its_fields_in_order():
    match Asked("x"):
        case Asked(reason):
            assert reason == "x"
