"""The health checks of a virtual host, and its fitness."""

import pytest

from ucarpd.carp.rank import NEVER
from ucarpd.health.checks import HealthChecks, Terms


def terms(demote=240):
    return Terms(rise=1, fall=1, demote=demote, period=2.0)


@pytest.fixture
def checks():
    made = HealthChecks()
    made.add("web", terms(), 0.0)
    made.add("leader", terms(None), 0.0)
    return made


def test_a_host_without_checks_is_tested_and_healthy():
    made = HealthChecks()
    assert made.is_tested
    assert made.demotion.unfitness() == 0


def test_a_host_is_tested_when_each_check_has_a_verdict(checks):
    assert not checks.is_tested
    assert checks.note("web", True, "200 OK", 1.0)
    assert not checks.is_tested
    assert checks.note("leader", False, "503", 1.1)
    assert checks.is_tested


def test_a_failure_is_a_reason_with_its_last_line_and_its_amount(checks):
    checks.note("web", False, "connection refused", 1.0)
    assert str(checks.demotion) == "check web: connection refused"
    assert checks.demotion.unfitness() == 240
    assert checks.counts("web")
    assert not checks.note("web", False, "timed out", 2.0)
    assert str(checks.demotion) == "check web: connection refused", "no second reason"
    assert checks.histories["web"].reason == "timed out"
    checks.note("web", True, "200 OK", 3.0)
    assert checks.demotion.unfitness() == 0


def test_a_check_may_bar_the_host_from_serving(checks):
    checks.note("leader", False, "503", 1.0)
    assert checks.demotion.unfitness() == NEVER
    assert checks.demotion.unfitness(by_count=True) == NEVER


def test_a_check_that_bars_the_host_is_not_damped(checks):
    """It may follow a leader that is elected elsewhere, and no other host serves meanwhile."""
    for second in range(1, 9):
        for name in ("web", "leader"):
            checks.note(name, second % 2 == 0, "", float(second))
    assert checks.demotion.unfitness() == 240, "web waits, the leader serves"
    checks.keep("web", terms(None), 9.0)
    checks.note("web", True, "", 9.0)
    assert checks.demotion.unfitness() == 0


def test_a_master_counts_a_second_failure_later(checks):
    """When another host has had the time to notice the same: a period more than for its longer count."""
    checks.add("db", Terms(rise=3, fall=1, demote=100, period=1.0), 0.0)
    checks.set_master(True, 0.5)
    checks.note("web", False, "no", 1.0)
    checks.note("db", False, "no", 2.0)
    assert checks.demotion.unfitness() == 240
    assert checks.deadline == 6.0
    checks.look(6.0)
    assert checks.demotion.unfitness() == 252
    assert checks.deadline is None


def test_a_failure_that_still_counts_keeps_its_words(checks):
    checks.note("web", False, "no", 1.0)
    checks.note("leader", False, "503", 1.0)
    checks.note("web", True, "200 OK", 2.0)
    assert str(checks.demotion) == "check web: no, check leader: 503"


def test_who_loses_the_role_counts_it_at_once(checks):
    checks.add("db", terms(100), 0.0)
    checks.set_master(True, 0.5)
    checks.note("web", False, "no", 1.0)
    checks.note("db", False, "no", 2.0)
    checks.set_master(False, 2.5)
    assert checks.demotion.unfitness() == 252


def test_a_check_that_is_kept_keeps_its_state_and_takes_a_new_amount(checks):
    checks.note("web", False, "no", 1.0)
    checks.keep("web", terms(7), 2.0)
    assert checks.demotion.unfitness() == 7


def test_a_check_that_has_changed_begins_again(checks):
    checks.note("web", False, "no", 1.0)
    checks.add("web", terms(), 2.0)
    assert checks.demotion.unfitness() == 0
    assert not checks.is_tested


def test_a_failure_that_waits_counts_when_the_other_check_is_removed(checks):
    checks.add("db", terms(100), 0.0)
    checks.set_master(True, 0.5)
    checks.note("web", False, "no", 1.0)
    checks.note("db", False, "no", 2.0)
    checks.remove("web", 3.0)
    assert checks.demotion.unfitness() == 100


def test_a_check_that_is_removed_costs_nothing(checks):
    checks.note("web", False, "no", 1.0)
    checks.remove("web", 2.0)
    checks.remove("leader", 2.0)
    assert checks.demotion.unfitness() == 0
    assert checks.is_tested
