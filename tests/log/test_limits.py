"""How often a line about the same thing may come."""

from ipaddress import IPv4Address

from ucarpd.carp.receive import Dropped, DropReason
from ucarpd.log.limits import LINES_PER_MINUTE, DropLimiter, LastingFaults

SELDOM = {DropReason.VRRP}


def drop(source=1, reason=DropReason.BAD_DIGEST):
    return Dropped(reason, IPv4Address(source), "")


def test_one_source_and_reason_is_reported_once_a_minute_with_what_was_passed_over():
    limiter = DropLimiter(SELDOM)
    assert limiter.admit(drop(), 0.0) == 0
    assert [limiter.admit(drop(), at) for at in (0.1, 30.0, 59.9)] == [None] * 3
    assert limiter.admit(drop(reason=DropReason.BAD_TTL), 30.0) == 0
    assert limiter.admit(drop(source=2), 30.0) == 0
    assert limiter.admit(drop(), 60.0) == 3
    assert limiter.admit(drop(), 120.0) == 0


def test_what_lasts_is_reported_once_an_hour():
    limiter = DropLimiter(SELDOM)
    foreign = drop(reason=DropReason.VRRP)
    assert limiter.admit(foreign, 0.0) == 0
    assert all(limiter.admit(foreign, at * 60.0) is None for at in range(60))
    assert limiter.admit(foreign, 3600.0) == 60


def test_a_flood_from_invented_sources_is_few_lines_and_little_memory():
    limiter = DropLimiter(SELDOM)
    admitted = [limiter.admit(drop(source), source / 1000) for source in range(300_000)]
    lines = sum(answer is not None for answer in admitted)
    assert lines == 5 * LINES_PER_MINUTE  # 300 s
    assert len(limiter._reported) <= 3 * LINES_PER_MINUTE


def test_a_fault_that_lasts_is_told_at_once_and_then_ever_more_seldom():
    faults = LastingFaults()
    told = {second: faults.admit("add", float(second)) for second in range(2 * 3600)}
    assert {second: n for second, n in told.items() if n is not None} == {
        0: 0,
        60: 60,
        660: 600,
        4260: 3600,
    }


def test_a_fault_that_comes_back_after_a_while_is_a_new_one():
    faults = LastingFaults()
    assert faults.admit("add", 0.0) == 0
    assert faults.admit("add", 1.0) is None
    assert faults.admit("add", 200.0) == 0


def test_faults_are_told_apart_and_end_by_their_kind():
    faults = LastingFaults()
    assert not faults.end("add ")
    assert faults.admit("add one", 0.0) == 0
    assert faults.admit("add two", 0.0) == 0
    assert faults.admit("remove", 0.0) == 0
    assert faults.end("add ")
    assert not faults.end("add ")
    assert faults.admit("add one", 1.0) == 0
    assert faults.admit("remove", 1.0) is None
