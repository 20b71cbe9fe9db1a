"""Asking systemd, here a command of that name."""

import pytest

from ucarpd.ctl import units
from ucarpd.ctl.units import Question


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    """Installs a command `systemctl` on a host that systemd has booted."""
    monkeypatch.setattr(units, "_BOOTED", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def install(script):
        command = tmp_path / "systemctl"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)

    return install


def test_the_units_that_systemd_has_loaded(systemctl):
    systemctl(
        """echo "$@" >"$0.words"
printf 'Result=success\\nId=ucarpd.service\\nActiveState=active\\nSubState=running\\n'
printf 'UnitFileState=enabled\\nStateChangeTimestamp=\\n\\n'
printf 'Result=exit-code\\nExecMainStatus=78\\nId=ucarpd@web.service\\nActiveState=failed\\n'
printf 'SubState=failed\\nStateChangeTimestamp=@1795651000\\n'"""
    )
    assert Question().answer() == {
        "ucarpd.service": units.Unit(
            "ucarpd.service", "active", "running", "success", "", None, True
        ),
        "ucarpd@web.service": units.Unit(
            "ucarpd@web.service", "failed", "failed", "exit-code", "78", 1795651000.0, False
        ),
    }


def test_systemd_that_does_not_answer_is_not_waited_for(systemctl, monkeypatch):
    monkeypatch.setattr(units, "_TIMEOUT", 0.1)
    systemctl("exec sleep 1000")
    assert Question().answer() == {}


def test_without_systemd_nobody_is_asked(systemctl, monkeypatch, tmp_path):
    systemctl("echo Id=ucarpd.service")
    monkeypatch.setattr(units, "_BOOTED", tmp_path / "no")
    assert Question().answer() == {}


def test_without_systemctl_nothing_is_known(systemctl, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Question().answer() == {}
