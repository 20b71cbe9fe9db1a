"""The line for each instance, at several widths."""

import pytest
from fake_process import BACKUP, IN_TROUBLE, MASTER, NOW

from ucarpd.ctl import overview, rich_table
from ucarpd.ctl.screen import Screen

FAILED = {
    "name": "ftp",
    "path": "/etc/ucarp/ftp.conf",
    "state": "failed",
    "reason": "/etc/ucarp/ftp.conf:3: UCARP_ADVSKEW: must be from 0 to 254 (got '300')",
}

SILENT = {"name": None, "path": None, "state": "unknown", "reason": "process 99 does not answer"}

ALL = [IN_TROUBLE, FAILED, BACKUP, MASTER, SILENT]


@pytest.fixture(autouse=True)
def _without_rich(monkeypatch):
    monkeypatch.setattr(rich_table, "is_installed", lambda: False)


def test_at_80_columns_what_is_wrong_stands_below():
    assert (
        overview.text(ALL, Screen(80), NOW)
        == """\
NAME  STATE    FOR         WHERE         ADDRESSES
dns   MASTER   3 h 12 min  eth1, vhid 3  192.0.2.30 +1
    MASTER without 192.0.2.30; 192.0.2.12 is MASTER too, and the two do not
    settle: its advertisements have a wrong digest; in maintenance, last resort
    (all of this host), since 2026-11-25 23:30:00 by ada, until 01:30:00: new
    kernel; demoted by 240: eth0 cannot be used
ftp   failed   -           -             -
    /etc/ucarp/ftp.conf:3: UCARP_ADVSKEW: must be from 0 to 254 (got '300')
mail  BACKUP   12 min 0 s  eth0, vhid 2  192.0.2.20
web   MASTER   3 h 12 min  eth0, vhid 1  192.0.2.10 +1
?     unknown  -           -             -
    process 99 does not answer"""
    )


def test_at_120_columns_each_has_a_note_beside_it():
    assert (
        overview.text(ALL, Screen(120), NOW)
        == """\
NAME  STATE    FOR         WHERE         ADDRESSES      NOTE
dns   MASTER   3 h 12 min  eth1, vhid 3  192.0.2.30 +1  MASTER without 192.0.2.30; 192.0.2.12 is MASTER too, and the two
                                                        do not settle: its advertisements have a wrong digest; in
                                                        maintenance, last resort (all of this host), since 2026-11-25
                                                        23:30:00 by ada, until 01:30:00: new kernel; demoted by 240:
                                                        eth0 cannot be used
ftp   failed   -           -             -              /etc/ucarp/ftp.conf:3: UCARP_ADVSKEW: must be from 0 to 254 (got
                                                        '300')
mail  BACKUP   12 min 0 s  eth0, vhid 2  192.0.2.20     192.0.2.12 is MASTER
web   MASTER   3 h 12 min  eth0, vhid 1  192.0.2.10 +1  no advertisement from 192.0.2.12 for 3.00 s
?     unknown  -           -             -              process 99 does not answer"""
    )


def test_in_a_pipe_each_instance_is_one_line():
    lines = overview.text(ALL, Screen(), NOW).splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "dns", "ftp", "mail", "web", "?"]
    assert lines[1].endswith("demoted by 240: eth0 cannot be used")


def test_a_watcher_sees_the_headroom_of_each_backup():
    late = BACKUP | {"recent_gap": 0.92}
    assert (
        overview.text([late, MASTER], Screen(80), NOW, with_headroom=True)
        == """\
NAME  STATE   FOR         WHERE         ADDRESSES      HEADROOM
mail  BACKUP  12 min 0 s  eth0, vhid 2  192.0.2.20     [#########.]  92 %
web   MASTER  3 h 12 min  eth0, vhid 1  192.0.2.10 +1  -"""
    )


def test_colours_say_how_bad_it_is():
    shown = overview.text([IN_TROUBLE, MASTER], Screen(80, has_colour=True), NOW)
    assert "\x1b[1;31mMASTER\x1b[0m" in shown
    assert "\x1b[32mMASTER\x1b[0m" in shown
