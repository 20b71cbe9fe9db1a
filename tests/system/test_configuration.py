"""A file that is edited while ucarpd runs: what `systemctl reload`, `restart` and a crash make of it.

The tests of this file follow one another on one pair of machines.
"""

import pytest
from lab import wait_for
from web import VIP, conf

MISTAKE = "UCARP_ADVSKEW: must be from 0 to 254 (got '300')"
REFUSED = "the file was refused, the old configuration runs"
NO_SCRIPTS = {"UPSCRIPT": None, "DOWNSCRIPT": None}


def status(machine, unit="ucarpd@web"):
    return machine.run("systemctl", "status", unit, check=False).stdout


def reload(machine, unit="ucarpd@web"):
    """The exit status of systemctl."""
    return machine.run("systemctl", "reload", unit, check=False).returncode


@pytest.fixture
def serving(a):
    """ucarpd@web runs with a good file, and has forgotten its deaths."""
    conf(a, **NO_SCRIPTS)
    a.run("systemctl", "reset-failed", check=False)
    a.run("systemctl", "stop", "ucarpd.service")
    a.run("systemctl", "restart", "ucarpd@web")
    wait_for("the address", lambda: a.has(VIP), 30)
    return a


def crash(machine, unit="ucarpd@web"):
    pid = machine.main_pid(unit)
    machine.run("kill", "-KILL", str(pid))
    wait_for("the restart", lambda: machine.main_pid(unit) not in (0, pid), 30)


def test_a_reload_with_a_mistake_fails_and_what_runs_goes_on(serving):
    a = serving
    pid = a.main_pid("ucarpd@web")
    conf(a, ADVSKEW=300, **NO_SCRIPTS)
    assert reload(a) != 0
    assert a.run("systemctl", "is-active", "ucarpd@web").stdout == "active\n"
    assert a.main_pid("ucarpd@web") == pid
    assert a.has(VIP)
    line = f"/etc/ucarp/web.conf:8: {MISTAKE}"
    assert line in status(a)
    assert a.journal("-u", "ucarpd@web", "-p", "err", "-n", "50").count(line) == 1
    wait_for("the status", lambda: REFUSED in status(a))
    assert "reloaded: 0 changed, 1 refused (web)" in a.journal("-u", "ucarpd@web")

    # A fault that only `check` looks for.
    conf(a, UPSCRIPT="/etc/ucarp/missing.sh", DOWNSCRIPT=None)
    assert reload(a) != 0
    assert "UCARP_UPSCRIPT: /etc/ucarp/missing.sh cannot be run" in status(a)
    assert a.has(VIP)

    conf(a, ADVSKEW=20, **NO_SCRIPTS)
    assert reload(a) == 0
    wait_for("the reload", lambda: "reloaded: 1 changed" in a.journal("-u", "ucarpd@web"))
    wait_for("the status", lambda: REFUSED not in status(a))
    assert a.main_pid("ucarpd@web") == pid


def test_after_a_crash_the_last_good_configuration_serves_on(serving):
    a = serving
    conf(a, ADVSKEW=300, **NO_SCRIPTS)
    crash(a)
    wait_for("the address", lambda: a.has(VIP), 30)
    line = f"/etc/ucarp/web.conf:8: {MISTAKE}; the last good configuration, in use since "
    assert line in a.journal("-u", "ucarpd@web", "-p", "err")
    wait_for("the status", lambda: REFUSED in status(a))
    assert a.shell("stat -c '%a %U' /run/ucarpd/private /run/ucarpd/private/web.good").split() == [
        *("700", "root"),
        *("600", "root"),
    ]


def test_a_restart_with_a_bad_file_fails_visibly(serving):
    a = serving
    conf(a, ADVSKEW=300, **NO_SCRIPTS)
    crash(a)
    wait_for("the address", lambda: a.has(VIP), 30)
    assert a.run("systemctl", "restart", "ucarpd@web", check=False).returncode != 0
    assert a.run("systemctl", "is-failed", "ucarpd@web", check=False).stdout == "failed\n"
    assert "status=78" in status(a)
    assert MISTAKE in status(a)
    assert not a.has(VIP)
    assert not a.shell("ls /run/ucarpd/private/*.good", check=False)


def test_a_reload_with_the_password_as_a_credential(serving):
    a = serving
    conf(a, PASS=None, **NO_SCRIPTS)
    a.write("/etc/ucarp/web.pass", "geheim\n")
    a.write(
        "/etc/systemd/system/ucarpd@web.service.d/pass.conf",
        "[Service]\nLoadCredential=web.pass:/etc/ucarp/web.pass\n",
        0o644,
    )
    a.run("systemctl", "daemon-reload")
    a.run("systemctl", "restart", "ucarpd@web")
    wait_for("the address", lambda: a.has(VIP), 30)
    conf(a, PASS=None, ADVSKEW=20, **NO_SCRIPTS)
    assert reload(a) == 0, status(a)
    a.shell("rm -r /etc/ucarp/web.pass /etc/systemd/system/ucarpd@web.service.d")
    a.run("systemctl", "daemon-reload")


def test_a_bad_file_does_not_keep_the_others_from_being_reloaded(serving):
    a = serving
    conf(a, "mail", VHID=2, ADDR="172.16.0.2", **NO_SCRIPTS)
    a.run("systemctl", "stop", "ucarpd@web")
    a.run("systemctl", "start", "ucarpd.service")
    wait_for("both addresses", lambda: a.has(VIP) and a.has("172.16.0.2"), 30)
    conf(a, ADVSKEW=300, **NO_SCRIPTS)
    conf(a, "mail", VHID=2, ADDR="172.16.0.2", ADVSKEW=20, **NO_SCRIPTS)
    assert reload(a, "ucarpd.service") != 0
    line = "reloaded: 1 changed, 1 refused (web)"
    wait_for("the reload", lambda: line in a.journal("-u", "ucarpd"))
    assert f"/etc/ucarp/web.conf:8: {MISTAKE}" in status(a, "ucarpd")
    assert a.has(VIP)
    a.run("systemctl", "stop", "ucarpd.service")
    a.shell("rm /etc/ucarp/mail.conf")


def test_stop_and_crash_of_the_service_leave_the_instances_alone(serving):
    a = serving
    conf(a, "mail", VHID=2, ADDR="172.16.0.2", **NO_SCRIPTS)
    pid = a.main_pid("ucarpd@web")
    a.run("systemctl", "start", "ucarpd.service")
    wait_for("its address", lambda: a.has("172.16.0.2"), 30)
    crash(a, "ucarpd.service")
    wait_for("its address", lambda: a.has("172.16.0.2"), 30)
    assert a.main_pid("ucarpd@web") == pid
    a.run("systemctl", "stop", "ucarpd.service")
    assert not a.has("172.16.0.2")
    assert a.main_pid("ucarpd@web") == pid
    assert a.has(VIP)
    a.shell("rm /etc/ucarp/mail.conf")


def test_the_status_says_what_an_instance_waits_for(serving):
    a = serving
    conf(a, INTERFACE="hots0", **NO_SCRIPTS)
    a.run("systemctl", "restart", "ucarpd@web")
    expected = 'Status: "INIT: waiting, interface hots0 does not exist (hots0, vhid 1, since '
    wait_for("the status", lambda: expected in status(a))
