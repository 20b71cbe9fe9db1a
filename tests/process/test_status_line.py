"""The line that `systemctl status` shows, with unusual states."""

import re
from types import SimpleNamespace

import pytest

from ucarpd.carp.actions import State
from ucarpd.process.status_line import status_line


def host(name="web", state=State.MASTER, note="", vhid=1):
    config = SimpleNamespace(name=name, interface="eth0", vhid=vhid)
    shown = SimpleNamespace(duration=5.0, note=note)
    return SimpleNamespace(config=config, state=state, shown=shown)


def line(*hosts, refused=()):
    return re.sub(
        r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "since then", status_line(hosts, refused)
    )


@pytest.mark.parametrize(
    ("only", "refused", "expected"),
    [
        (host(), [], "MASTER on eth0, vhid 1, since then"),
        (
            host(state=State.INIT, note=": waiting, interface hots0 does not exist"),
            [],
            "INIT: waiting, interface hots0 does not exist (eth0, vhid 1, since then)",
        ),
        (
            host(note="; 10.0.0.2 is master too"),
            [],
            "MASTER; 10.0.0.2 is master too (eth0, vhid 1, since then)",
        ),
        (
            host(),
            ["web"],
            "MASTER on eth0, vhid 1, since then; the file was refused, the old configuration runs",
        ),
        (
            host(),
            ["web", "mail"],
            "MASTER on eth0, vhid 1, since then; the file was refused, the old configuration runs; "
            "refused: mail (`ucarpd check` says why)",
        ),
        (
            host(),
            ["mail"],
            "MASTER on eth0, vhid 1, since then; refused: mail (`ucarpd check` says why)",
        ),
    ],
)
def test_one_virtual_host(only, refused, expected):
    assert line(only, refused=refused) == expected


def test_many_virtual_hosts():
    hosts = [host(), host("mail", note="; demoted: x"), host("ftp", State.BACKUP)]
    assert line(*hosts) == ("3 virtual hosts: 2 MASTER, 1 BACKUP, 0 INIT; mail: MASTER; demoted: x")
    assert line(*hosts[::2], refused=["web", "new"]) == (
        "2 virtual hosts: 1 MASTER, 1 BACKUP, 0 INIT; refused: new, web (`ucarpd check` says why)"
    )


def test_of_many_reasons_three_are_named():
    hosts = [host(f"v{n}", State.INIT, ": waiting") for n in range(5)]
    assert line(*hosts).endswith("v0: INIT: waiting; v1: INIT: waiting; v2: INIT: waiting; …")


def test_nothing_runs():
    assert line() == "0 virtual hosts: 0 MASTER, 0 BACKUP, 0 INIT"
