"""Which of the failing checks count."""

import pytest

from ucarpd.health.settling import Settling

PATIENCE = {"web": 5.0, "db": 5.0, "disk": 20.0}


class Host:
    def __init__(self, *, is_master):
        self.settling = Settling()
        self.is_master = is_master
        self.patience = dict(PATIENCE)

    def at(self, now, *failing, barring=()):
        self.settling.look(
            set(failing), set(barring), self.patience, is_master=self.is_master, now=now
        )
        return sorted(self.settling.counted)


@pytest.mark.parametrize("is_master", [True, False])
def test_the_first_failures_count_at_once_and_so_does_the_end_of_the_last(is_master):
    host = Host(is_master=is_master)
    assert host.at(0.0) == []
    assert host.at(1.0, "web", "db") == ["db", "web"]
    assert host.at(2.0) == []
    assert host.settling.deadline is None


def test_a_master_that_gets_worse_waits_for_the_others_to_notice():
    host = Host(is_master=True)
    assert host.at(0.0, "web") == ["web"]
    assert host.at(1.0, "web", "db") == ["web"]
    assert host.at(2.0, "web", "db", "disk") == ["web"]
    assert host.settling.deadline == 6.0
    assert host.at(5.9, "web", "db", "disk") == ["web"]
    assert host.at(6.0, "web", "db", "disk") == ["db", "web"]
    assert host.settling.deadline == 22.0


def test_a_master_that_gets_better_says_so_at_once():
    host = Host(is_master=True)
    host.at(0.0, "web", "db")
    assert host.at(1.0, "db") == ["db"]


def test_a_backup_that_gets_worse_says_so_at_once():
    host = Host(is_master=False)
    assert host.at(0.0, "web") == ["web"]
    assert host.at(1.0, "web", "db") == ["db", "web"]


def test_a_backup_that_gets_a_little_better_waits():
    host = Host(is_master=False)
    host.at(0.0, "web", "db")
    assert host.at(1.0, "db") == ["db", "web"]
    assert host.at(2.0, "web", "db") == ["db", "web"], "it fails again"
    assert host.at(4.0, "db") == ["db", "web"]
    assert host.at(9.0, "db") == ["db"]


def test_a_host_that_loses_the_role_tells_all_at_once():
    host = Host(is_master=True)
    host.at(0.0, "web")
    assert host.at(1.0, "web", "db") == ["web"]
    host.is_master = False
    assert host.at(1.5, "web", "db") == ["db", "web"]


def test_a_check_that_bars_the_host_counts_at_once_and_ends_at_once():
    host = Host(is_master=True)
    host.at(0.0, "web")
    assert host.at(1.0, "web", "db", barring=["db"]) == ["db", "web"]
    host.is_master = False
    assert host.at(2.0, "web", barring=["db"]) == ["web"]


def test_a_check_that_is_gone_does_not_count():
    host = Host(is_master=False)
    host.at(0.0, "web", "db")
    del host.patience["web"]
    assert host.at(1.0, "db") == ["db"]
