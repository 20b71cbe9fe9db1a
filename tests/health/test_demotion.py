"""Named reasons, and their sum."""

import pytest

from ucarpd.carp.rank import DOWN_AMOUNT, HEALTHY, LARGEST_FAILING, MAINTENANCE, NEVER
from ucarpd.health.demotion import Demotion, Level


def test_nothing_ails_the_host():
    demotion = Demotion()
    assert (demotion.unfitness(), demotion.unfitness(by_count=True)) == (0, 0)
    assert str(demotion) == "none"


def test_there_is_one_order():
    assert HEALTHY < 1 < LARGEST_FAILING < MAINTENANCE < NEVER
    assert [level.value for level in Level] == [LARGEST_FAILING, MAINTENANCE, NEVER]


def test_reasons_add_up_to_less_than_maintenance():
    demotion = Demotion()
    assert demotion.set("eth1 cannot be used", 10)
    assert demotion.set("sending fails", 100)
    assert (demotion.unfitness(), demotion.unfitness(by_count=True)) == (110, 2)
    assert str(demotion) == "eth1 cannot be used, sending fails"
    demotion.set("eth2 cannot be used", DOWN_AMOUNT)
    assert (demotion.unfitness(), demotion.unfitness(by_count=True)) == (252, 3)


@pytest.mark.parametrize("by_count", [False, True])
def test_maintenance_and_never_stand_above_every_sum(by_count):
    demotion = Demotion()
    demotion.set("sending fails", 240)
    demotion.set("the kernel is being changed", 1, Level.MAINTENANCE)
    assert demotion.unfitness(by_count=by_count) == MAINTENANCE
    demotion.set("the disk is gone", 1, Level.NEVER)
    assert demotion.unfitness(by_count=by_count) == NEVER
    demotion.set("the kernel is being changed", 0)
    assert demotion.unfitness(by_count=by_count) == NEVER
    demotion.set("the disk is gone", 0)
    assert demotion.unfitness(by_count=by_count) == (1 if by_count else 240)


@pytest.mark.parametrize(
    ("amount", "changed", "left"),
    [(240, False, 240), (100, True, 100), (0, True, 0)],
)
def test_a_reason_that_holds_already(amount, changed, left):
    demotion = Demotion()
    demotion.set("eth1 cannot be used", 240)
    assert demotion.set("eth1 cannot be used", amount) is changed
    assert demotion.unfitness() == left


def test_a_reason_that_comes_to_hold_at_another_level_has_changed():
    demotion = Demotion()
    demotion.set("a check", 20)
    assert demotion.set("a check", 20, Level.NEVER)


def test_a_reason_that_never_held_ends_without_a_change():
    assert not Demotion().set("eth1 cannot be used", 0)


def test_all_but_one_reason():
    demotion = Demotion()
    demotion.set("eth0 cannot be used", 40)
    demotion.set("eth1 cannot be used", 200)
    assert str(demotion.without("eth0 cannot be used")) == "eth1 cannot be used"
    assert demotion.without("eth0 cannot be used").unfitness() == 200
    assert demotion.without("eth9 cannot be used").unfitness() == demotion.unfitness() == 240


def test_the_reasons_of_two():
    one, other = Demotion(), Demotion()
    one.set("eth0 cannot be used", 40)
    other.set("sending fails", 50)
    assert str(one.joined(other)) == "eth0 cannot be used, sending fails"
    assert (one.joined(other).unfitness(), one.unfitness()) == (90, 40)
