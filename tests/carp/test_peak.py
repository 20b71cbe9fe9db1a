"""The largest of many figures."""

from ucarpd.carp.peak import Peak


def test_nothing_yet():
    assert Peak().worst is None
    assert Peak().recent(100.0) is None


def test_the_largest_of_all_and_of_the_last_minute():
    peak = Peak()
    for now, figure in ((10.0, 0.1), (12.0, 0.9), (14.0, 0.2), (21.0, 0.3), (200.0, 0.0)):
        peak.note(figure, now)
        assert peak.recent(now) == {10.0: 0.1, 14.0: 0.9, 200.0: 0.0}.get(now, peak.worst)
    assert peak.worst == 0.9
    assert peak.recent(269.9) == 0.0
    assert peak.recent(270.0) is None


def test_the_last_minute_has_at_most_ten_seconds_more():
    peak = Peak()
    peak.note(0.5, 10.0)
    for second in range(20, 1000):
        peak.note(0.1, float(second))
        assert (peak.recent(float(second)) == 0.5) == (second < 80)
    assert peak.worst == 0.5
