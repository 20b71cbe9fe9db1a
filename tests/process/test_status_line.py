"""The line that `systemctl status` shows, with unusual states."""

import re
from ipaddress import ip_address
from types import SimpleNamespace

import pytest

from ucarpd.carp.actions import Finding, Report, State
from ucarpd.process.faults import Faults
from ucarpd.process.status_line import status_line

PEER = ip_address("10.0.0.2")
OTHER = ip_address("10.0.0.3")


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


# -- the faults of a master -------------------------------------------------------------------------


def test_all_is_well():
    assert Faults().of_master(True, None) == ""


@pytest.mark.parametrize(
    ("is_scripted", "fault"),
    [(True, "its up-script has not succeeded"), (False, "cannot add 10.0.0.2")],
)
def test_an_address_that_cannot_be_put_in_place(is_scripted, fault):
    faults = Faults()
    faults.unserved = (PEER,)
    assert faults.of_master(is_scripted, None) == f", but {fault}, and no other host takes over"
    faults.unserved = ()
    assert faults.of_master(is_scripted, None) == ""


def test_other_masters_come_and_go():
    faults = Faults()
    faults.found(Report(Finding.RIVAL_STAYS, PEER))
    assert faults.of_master(False, OTHER) == "; 10.0.0.2 is master too"
    faults.found(Report(Finding.RIVAL_STAYS_TIED, OTHER))
    faults.found(Report(Finding.NOBODY_TOOK_OVER))
    faults.found(Report(Finding.FAMILY_HEARD, PEER))
    assert faults.of_master(False, None) == "; 10.0.0.2, 10.0.0.3 are master too"
    faults.found(Report(Finding.RIVAL_GONE, PEER))
    assert faults.of_master(False, None) == "; 10.0.0.3 is master too"
    faults.state_changed()
    assert faults.of_master(False, None) == ""


def test_another_master_with_a_wrong_digest():
    expected = "; 10.0.0.2 is also master, and its digest is wrong"
    assert Faults().of_master(False, PEER) == expected
