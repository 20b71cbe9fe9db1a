"""Named reasons for being less fit, and when sending counts as failing."""

import pytest

from ucarpd.carp.demotion import DOWN_AMOUNT, Demotion, SendErrors


def test_nothing_ails_the_host():
    demotion = Demotion()
    assert (demotion.amount, demotion.count, str(demotion)) == (0, 0, "none")


def test_reasons_add_up():
    demotion = Demotion()
    assert demotion.set("eth1 cannot be used", DOWN_AMOUNT)
    assert demotion.set("sending fails", 100)
    assert (demotion.amount, demotion.count) == (340, 2)
    assert str(demotion) == "eth1 cannot be used, sending fails"


@pytest.mark.parametrize(
    ("amount", "changed", "left"),
    [(240, False, 240), (100, True, 100), (0, True, 0)],
)
def test_a_reason_that_holds_already(amount, changed, left):
    demotion = Demotion()
    demotion.set("eth1 cannot be used", 240)
    assert demotion.set("eth1 cannot be used", amount) is changed
    assert (demotion.amount, demotion.count) == (left, int(left > 0))


def test_a_reason_that_never_held_ends_without_a_change():
    assert not Demotion().set("eth1 cannot be used", 0)


def test_all_but_one_reason():
    demotion = Demotion()
    demotion.set("eth0 cannot be used", 240)
    demotion.set("eth1 cannot be used", 200)
    assert str(demotion.without("eth0 cannot be used")) == "eth1 cannot be used"
    assert demotion.without("eth0 cannot be used").amount == 200
    assert demotion.without("eth9 cannot be used").amount == demotion.amount == 440


@pytest.mark.parametrize(
    ("attempts", "is_failing", "is_clean", "because"),
    [
        ("", False, True, "nothing was sent yet"),
        ("ee", False, False, "two errors are no reason"),
        ("eee", True, False, "three are"),
        ("eseses", True, False, "a success does not reset the count"),
        ("eesse", True, False, "nor do two"),
        ("eesssee", False, False, "three in a row do"),
        ("eeess", True, False, "two successes do not end it"),
        ("eeesse", True, False, "nor two and an error"),
        ("eeesss", False, True, "three in a row end it"),
        ("sssssee", False, False, "those before do not count"),
        ("eeesssee", False, False, "and it begins anew"),
    ],
)
def test_send_errors(attempts, is_failing, is_clean, because):
    errors = SendErrors()
    for attempt in attempts:
        errors.note(success=attempt == "s")
    assert (errors.is_failing, errors.is_clean) == (is_failing, is_clean), because
