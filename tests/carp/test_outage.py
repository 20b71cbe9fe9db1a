"""A link that is lost for a moment."""

import pytest

from ucarpd.carp.outage import Outage


@pytest.mark.parametrize(
    ("now", "until", "begins", "because"),
    [
        (10.0, 11.0, True, "it may be back in time"),
        (10.0, 10.0, False, "it is too late already"),
        (12.9, 14.0, False, "the last one was a moment ago"),
        (13.0, 14.0, True, "the last one was a master-down interval ago"),
    ],
)
def test_when_it_may_be_outlasted(now, until, begins, because):
    outage = Outage()
    if now > 10.0:
        assert outage.begin("before", 10.0, until=11.0, master_down_interval=3.0)
        outage.end()
    assert outage.begin("no carrier", now, until=until, master_down_interval=3.0) is begins, because
    assert outage.until == (until if begins else None)
    assert outage.reason == ("no carrier" if begins else outage.reason)


def test_an_end_is_an_end():
    outage = Outage()
    outage.begin("no carrier", 10.0, until=11.0, master_down_interval=3.0)
    outage.end()
    assert outage.until is None
