"""The wait before a host takes the role from a healthy master."""

import pytest

from ucarpd.carp.preempt_delay import PreemptDelay


def test_a_new_one_does_not_wait():
    assert not PreemptDelay().is_on(3600.0, 0.0)


def test_the_delay_counts_from_the_latest_begin():
    delay = PreemptDelay()
    delay.begin(10.0)
    delay.begin(12.0)
    assert delay.is_on(5.0, 16.9)
    assert not delay.is_on(5.0, 17.0)
    assert not delay.is_on(0.0, 12.0)
    assert delay.until(0.0, 12.0) == 12.0


@pytest.mark.parametrize(
    ("losses", "wait"),
    list(enumerate((0, 0, 10, 20, 40, 80, 160, 300, 300), 1)),
)
def test_the_back_off_grows_and_is_bounded(losses, wait):
    delay = PreemptDelay()
    for _ in range(losses):
        delay.role_lost(99.0)
    delay.begin(100.0)
    assert delay.until(0.0, 100.0) == 100.0 + wait
    assert delay.until(30.0, 100.0) == 100.0 + max(30.0, wait)


def test_old_losses_are_forgotten():
    delay = PreemptDelay()
    for at in (0.0, 1.0, 2.0):
        delay.role_lost(at)
    delay.begin(599.0)
    assert delay.is_on(0.0, 599.0)
    assert not delay.is_on(0.0, 600.0)
