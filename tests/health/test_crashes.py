"""Deaths are counted from start to start; a clean stop wipes the slate."""

import pytest

from ucarpd.health.crashes import Crashes, probation


@pytest.fixture
def crashes(tmp_path):
    return Crashes("web", tmp_path)


def test_each_start_without_a_stop_before_it_is_a_death(crashes):
    assert [crashes.begin(at) for at in (100.0, 100.5, 112.0)] == [0, 1, 2]


def test_a_clean_stop_ends_the_count(crashes):
    crashes.begin(100.0)
    crashes.begin(106.0)
    crashes.end()
    crashes.end()
    assert crashes.begin(107.0) == 0


def test_old_deaths_are_forgotten(crashes):
    crashes.begin(100.0)
    crashes.begin(106.0)
    assert crashes.begin(160.0) == 1
    assert crashes.begin(1000.0) == 0
    assert crashes.begin(1001.0) == 1


def test_a_reboot_turns_the_clock_back(crashes):
    crashes.begin(9000.0)
    assert crashes.begin(10.0) == 0


def test_whether_the_run_before_was_stopped(crashes):
    crashes.begin(100.0)
    assert not crashes.has_died
    crashes.begin(300.0)
    assert crashes.has_died
    crashes.end()
    crashes.begin(400.0)
    assert not crashes.has_died


def test_a_damaged_file_says_nothing(crashes, tmp_path):
    crashes.begin(100.0)
    (tmp_path / "private/web.starts").write_text("not a number")
    assert crashes.begin(101.0) == 0


def test_without_a_directory_nothing_is_known(tmp_path):
    (tmp_path / "file").touch()
    crashes = Crashes("web", tmp_path / "file")
    assert [crashes.begin(100.0), crashes.begin(101.0)] == [0, 0]
    assert not crashes.has_died
    crashes.end()


def test_the_third_death_within_a_minute_counts_for_five_minutes():
    assert [probation(deaths) for deaths in range(5)] == [0.0, 0.0, 10.0, 300.0, 300.0]
