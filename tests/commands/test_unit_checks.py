"""What `ucarpd check` says of the units in a file."""

import subprocess

import pytest
from fake_systemctl import FakeSystemctl
from two_addresses import config_of

from ucarpd.commands import unit_checks
from ucarpd.config import Problem
from ucarpd.interface.host_checks import Difference
from ucarpd.linux import systemctl, systemd


@pytest.fixture
def find(tmp_path, monkeypatch):
    def find(state, lines="UCARP_UNITS='a.service b.timer'\n", *, is_booted=True):
        monkeypatch.setattr(systemd, "is_running", lambda: is_booted)
        monkeypatch.setattr(systemctl, "enablement", state)
        config = config_of(tmp_path, lines)
        found = unit_checks.find(config)
        return [(each.problem.key, each.problem.text, each.is_error) for each in found]

    return find


@pytest.mark.parametrize("state", ["disabled", "static", "indirect", "generated"])
def test_units_that_only_ucarpd_starts(find, state):
    assert find(lambda _unit: state) == []


@pytest.mark.parametrize(
    ("state", "text", "is_error"),
    [
        (
            "enabled",
            "is enabled, and so starts at boot on every host, whatever its role: type:",
            False,
        ),
        ("masked", "is masked, and cannot be started: type: systemctl unmask b.timer", True),
        ("", "systemd knows no unit b.timer on this host", True),
    ],
)
def test_units_that_do_not_fit(find, state, text, is_error):
    (found,) = find(lambda unit: state if unit == "b.timer" else "disabled")
    assert (found[0], found[2]) == ("UCARP_UNITS", is_error)
    assert text in found[1]


def test_a_host_without_systemd_is_told_once(find):
    ((key, text, is_error),) = find(None, is_booted=False)
    assert (key, is_error) == ("UCARP_UNITS", True)
    assert text == (
        "a.service cannot be started, because systemd does not run on this host: remove the line"
    )


@pytest.mark.parametrize(
    "error", [subprocess.TimeoutExpired("systemctl", 5.0), FileNotFoundError("systemctl")]
)
def test_a_systemd_that_does_not_answer_is_no_fault_of_the_file(find, error):
    def enablement(_unit):
        raise error

    found = find(enablement)
    assert [is_error for _key, _text, is_error in found] == [False, False]


CHECKED = "UCARP_CHECK_WEB=unit:ngnix.service\nUCARP_CHECK_UP=link:eth0\n"


def test_a_checked_unit_that_is_missing(find, monkeypatch):
    missing = set()
    monkeypatch.setattr(systemctl, "is_missing", lambda unit: unit in missing)
    assert find(None, CHECKED) == []
    missing.add("ngnix.service")
    assert find(None, CHECKED, is_booted=False) == []
    text = "systemd knows no unit ngnix.service on this host, so the check fails"
    assert find(None, CHECKED) == [("UCARP_CHECK_WEB", text, False)]


def test_a_systemd_that_does_not_answer_about_a_checked_unit(find, monkeypatch):
    def is_missing(_unit):
        raise FileNotFoundError("systemctl")

    monkeypatch.setattr(systemctl, "is_missing", is_missing)
    assert find(None, CHECKED) == []


def test_a_unit_in_two_files(tmp_path):
    configs = []
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        configs.append(config_of(tmp_path / name, f"UCARP_UNITS='a.service {name}.timer'\n"))
    text = f"a.service is in {configs[0].path} too, and each of them stops it, even if the other one is"
    assert list(unit_checks.shared(configs)) == [
        Difference(
            Problem(each.path, None, "UCARP_UNITS", f"{text} MASTER: keep it in one file"), False
        )
        for each in configs[1:]
    ]


@pytest.mark.parametrize(
    ("said", "state"), [("enabled", "enabled"), ("not-found", ""), ("", ""), ("static", "static")]
)
def test_what_systemctl_prints(tmp_path, monkeypatch, said, state):
    directory = FakeSystemctl(tmp_path / "bin").directory
    (directory / "systemctl").write_text(f"#!/bin/sh\n[ $1 = is-enabled ] && echo {said}\nexit 1\n")
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    assert systemctl.enablement("a.service") == state


@pytest.mark.parametrize(("said", "is_missing"), [("loaded", False), ("not-found", True)])
def test_a_unit_without_a_file_may_be_there(tmp_path, monkeypatch, said, is_missing):
    """As of a device, or of a mount that was typed: `is-enabled` says of both that they are not found."""
    directory = FakeSystemctl(tmp_path / "bin").directory
    (directory / "systemctl").write_text(
        f"#!/bin/sh\n[ $1 = show ] && echo {said} || echo not-found\n"
    )
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    assert systemctl.is_missing("dev-sda.device") is is_missing
