"""The last advertisements."""

from ucarpd.carp.bow_out import FinalAdvertisements
from ucarpd.carp.rank import Stated


def test_nothing_goes_out_before_the_release():
    final = FinalAdvertisements.bow_out(until=13.0)
    assert not final.take(12.0)
    assert not final.is_over


def test_a_bow_out_goes_out_twice_50_ms_apart():
    final = FinalAdvertisements.bow_out(until=13.0)
    assert final.stated == (255, 255, 255)
    assert final.is_bow_out
    final.send_at = 10.0
    assert not final.take(9.99)
    assert final.take(10.0)
    assert final.send_at == 10.05
    assert not final.is_over
    assert not final.take(10.04)
    assert final.take(10.05)
    assert final.is_over
    assert not final.take(11.0)


def test_a_parting_advertisement_goes_out_once():
    final = FinalAdvertisements.parting(Stated(1, 100, 0), until=11.0, family=4)
    assert final.stated == (1, 100, 0)
    assert not final.is_bow_out
    final.send_at = 10.0
    assert final.take(10.0)
    assert final.is_over


def test_it_is_sent_at_the_limit_and_dropped_after_it():
    in_time, too_late = (FinalAdvertisements.bow_out(until=13.0) for _ in range(2))
    in_time.send_at = too_late.send_at = 10.0
    assert in_time.take(13.0)
    assert not in_time.is_over
    assert not too_late.take(13.01)
    assert too_late.is_over
