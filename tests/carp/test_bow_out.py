"""The last advertisements."""

from ucarpd.carp.farewell import Farewell
from ucarpd.carp.standing import Stated


def test_nothing_goes_out_before_the_release():
    farewell = Farewell.bow_out(until=13.0)
    assert not farewell.take(12.0)
    assert not farewell.is_over


def test_a_bow_out_goes_out_twice_50_ms_apart():
    farewell = Farewell.bow_out(until=13.0)
    assert farewell.stated == (255, 255, 255)
    assert farewell.is_bow_out
    farewell.send_at = 10.0
    assert not farewell.take(9.99)
    assert farewell.take(10.0)
    assert farewell.send_at == 10.05
    assert not farewell.is_over
    assert not farewell.take(10.04)
    assert farewell.take(10.05)
    assert farewell.is_over
    assert not farewell.take(11.0)


def test_a_parting_advertisement_goes_out_once():
    farewell = Farewell.parting(Stated(1, 100, 0), until=11.0)
    assert farewell.stated == (1, 100, 0)
    assert not farewell.is_bow_out
    farewell.send_at = 10.0
    assert farewell.take(10.0)
    assert farewell.is_over


def test_it_is_sent_at_the_limit_and_dropped_after_it():
    in_time, too_late = (Farewell.bow_out(until=13.0) for _ in range(2))
    in_time.send_at = too_late.send_at = 10.0
    assert in_time.take(13.0)
    assert not in_time.is_over
    assert not too_late.take(13.01)
    assert too_late.is_over
