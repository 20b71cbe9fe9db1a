"""A link or a source address that is lost for a moment."""

import pytest

from ucarpd.carp.events import InterfaceLost
from ucarpd.carp.outage import Outage

NO_CARRIER = InterfaceLost("no carrier", may_return=True)
NO_SOURCE = InterfaceLost("no source", can_send=True, may_return=True)


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
        assert outage.begin(NO_SOURCE, 10.0, until=11.0, master_down_interval=3.0)
        outage.end()
    assert outage.begin(NO_CARRIER, now, until=until, master_down_interval=3.0) is begins, because
    assert outage.until == (until if begins else None)
    assert outage.reason == ("no carrier" if begins else outage.reason)


def test_an_end_is_an_end():
    outage = Outage()
    outage.begin(NO_CARRIER, 10.0, until=11.0, master_down_interval=3.0)
    outage.end()
    assert outage.until is None


def test_the_latest_loss_tells_whether_a_bow_out_gets_out():
    outage = Outage()
    outage.begin(NO_SOURCE, 10.0, until=11.0, master_down_interval=3.0)
    assert (outage.reason, outage.can_send) == ("no source", True)
    outage.goes_on(NO_CARRIER)
    assert (outage.reason, outage.can_send, outage.until) == ("no carrier", False, 11.0)
