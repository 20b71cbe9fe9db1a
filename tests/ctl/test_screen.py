"""Text for terminals of any width, and for pipes."""

import pytest

from ucarpd.ctl.screen import BAD, Cell, Screen, bar, columns, has_colour

LONG = Cell("the quick brown fox jumps over the lazy dog, and the dog is not amused")


def test_a_pipe_has_no_colour_and_breaks_no_line():
    assert Screen().paint("MASTER", BAD) == "MASTER"
    assert list(Screen().paragraph(LONG, 4)) == ["    " + LONG.text]


def test_a_terminal_has_both():
    assert Screen(80, has_colour=True).paint("MASTER", BAD) == "\x1b[1;31mMASTER\x1b[0m"
    assert list(Screen(40).labelled("note", [LONG, Cell("short")])) == [
        "note         the quick brown fox jumps",
        "             over the lazy dog, and the",
        "             dog is not amused",
        "             short",
    ]


def test_a_text_cannot_steer_the_terminal():
    assert Screen(80, has_colour=True).paint("a\x1b[2Jb\nc") == "a?[2Jb?c"


def test_columns_are_aligned_whatever_their_colour():
    rows = [[Cell("web", BAD), Cell("1")], [Cell("mailserver"), Cell("2")]]
    lines, width = columns(Screen(), rows, ["NAME", "N"])
    assert lines == ["NAME        N", "web         1", "mailserver  2"]
    assert width == 13


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (0.0, "[..........]   0 %"),
        (0.41, "[####......]  41 %"),
        (1.0, "[##########] 100 %"),
        (1.3, "[##########] 130 %"),
    ],
)
def test_a_bar(part, shown):
    assert bar(part) == shown


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
    ],
)
def test_colours_can_be_turned_off(environ, coloured, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert has_colour() == coloured
