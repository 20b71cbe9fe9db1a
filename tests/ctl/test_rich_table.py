"""The table of a wide terminal, if rich is installed."""

from fake_process import IN_TROUBLE, MASTER, NOW

from ucarpd.ctl import overview
from ucarpd.ctl.screen import Screen


def test_the_notes_get_the_rest_of_the_width():
    shown = overview.text([IN_TROUBLE, MASTER], Screen(120), NOW)
    header, rule, *lines = shown.splitlines()
    assert header.split() == ["NAME", "STATE", "FOR", "WHERE", "ADDRESSES", "NOTE"]
    assert set(rule.strip()) == {"\u2500"}
    assert [line[:61] for line in lines] == [
        " dns    MASTER   3 h 12 min   eth1, vhid 3   192.0.2.30 +1   ",
        *[" " * 61] * 4,
        " web    MASTER   3 h 12 min   eth0, vhid 1   192.0.2.10 +1   ",
    ]
    assert " ".join(line[61:] for line in lines) == (
        "MASTER without 192.0.2.30; 192.0.2.12 is MASTER too, and the two do not settle: its"
        " advertisements have a wrong digest; in maintenance, last resort (all of this host), since"
        " 2026-11-25 23:30:00 by ada, until 01:30:00: new kernel; demoted by 240: eth0 cannot be used no advertisement from 192.0.2.12 for 3.00 s"
    )


def test_narrow_terminals_and_pipes_do_without_it():
    for screen in (Screen(119), Screen()):
        assert "\u2500" not in overview.text([MASTER], screen, NOW)


def test_it_has_the_same_colours_and_a_text_cannot_steer_the_terminal(monkeypatch):
    # rich knows only this terminal's name, and would take it for one of 80 columns.
    monkeypatch.setenv("TERM", "unknown")
    monkeypatch.setenv("NO_COLOR", "1")
    bad = MASTER | {"state": "INIT", "reason": "\x1b[2J[bold]no link[/bold]"}
    shown = overview.text([bad], Screen(140, has_colour=True), NOW)
    assert "\x1b[1;31mINIT" in shown
    assert "\x1b[1;31m?[2J[bold]no link[/bold]\x1b[0m" in shown
