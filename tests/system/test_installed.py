"""The package on real systemd, as an administrator would type it.

The tests of this file follow one another on one pair of machines, as a day in an administrator's
life does; each first brings the pair to where it begins.
"""

import re
import time

import pytest
from lab import wait_for
from machines import repacked
from web import VIP, conf, restart_cleanly

MASTER = "Switching to state: MASTER"
OWN_SCRIPT = "#!/bin/sh\n# own\n"


@pytest.fixture(scope="module")
def layers(root):
    """Without the package."""
    return [root]


@pytest.fixture
def serving(a, b, client, package, request):
    """Both machines run ucarpd@web, and a serves.  Returns the longest time without an answer."""
    for machine in (a, b):
        # If this test runs alone, no earlier test has installed the package.
        if not (machine.root / "usr/bin/ucarpd").exists():
            machine.run("apt-get", "install", "-y", f"/root/{package.name}")
        conf(machine)
        machine.cable(True)
        machine.run("systemctl", "reset-failed", check=False)
        machine.run("systemctl", "start", "ucarpd@web")
    client.wait_for("a", 30)
    began = time.monotonic()
    yield began
    silence = client.silence(began)
    print(f"{request.node.name}: nobody answered for {silence:.2f} s at most")


def test_install_starts_nothing(a, b, package):
    for machine in (a, b):
        machine.run("apt-get", "install", "-y", f"/root/{package.name}")
        assert machine.shell("stat -c '%a %U %G' /etc/ucarp").split() == ["740", "root", "ucarpd"]
        assert machine.shell("ls /etc/ucarp").split() == ["ucarp-down.sh", "ucarp-up.sh"]
        assert machine.shell("systemctl list-units --plain --no-legend 'ucarpd*'") == ""
        assert "ucarpd " in machine.shell("ucarpd --version")


def test_enable_and_serve(a, b, client):
    for machine in (a, b):
        conf(machine)
        machine.run("systemctl", "enable", "--now", "ucarpd@web")
    client.wait_for("a")
    assert client.host.run("curl", "-s", f"http://{VIP}/").stdout == "this is a\n"


def test_what_the_operator_reads(a, serving):
    wait_for("the line in syslog", lambda: MASTER in a.shell("grep ucarpd /var/log/syslog"))
    assert re.search(
        r"(?m) ucarpd\[\d+\]: \[WARNING\] web: Switching to state: MASTER \(.+\)$",
        a.shell("cat /var/log/syslog"),
    )
    assert MASTER in a.journal("-u", "ucarpd@web")
    assert MASTER in a.journal("UCARPD_STATE=MASTER", "UCARPD_INSTANCE=web", "UCARPD_VHID=1")
    explained = a.journal("-x", "UCARPD_STATE=MASTER")
    assert "░░" in explained or "-- " in explained
    assert "serves" in explained
    status = a.run("systemctl", "status", "ucarpd@web").stdout
    assert re.search(r'Status: "MASTER on eth0, vhid 1, since \d{4}-', status)
    assert "geheim" not in status + explained + a.shell("cat /var/log/syslog")


def test_cable_out_and_in(a, serving, client):
    a.cable(False)
    client.wait_for("b")
    assert not a.has(VIP)
    a.cable(True)
    client.wait_for("a")


def test_stop_and_start(a, serving, client):
    a.run("systemctl", "stop", "ucarpd@web")
    assert not a.has(VIP)
    client.wait_for("b")
    assert client.silence(serving) < 1.0
    a.run("systemctl", "start", "ucarpd@web")
    client.wait_for("a")


def test_restart(a, b, serving, client):
    a.run("systemctl", "restart", "ucarpd@web")
    client.wait_for("a")
    assert "bowed out" in b.journal("-u", "ucarpd@web")
    assert client.silence(serving) < 1.0


def test_reload_keeps_the_role(a, serving, client):
    pid = a.main_pid("ucarpd@web")
    conf(a, ADVSKEW=10)
    a.run("systemctl", "reload", "ucarpd@web")
    wait_for("the reload", lambda: "reloaded: 1 changed" in a.journal("-u", "ucarpd@web"))
    assert a.main_pid("ucarpd@web") == pid
    assert a.run("systemctl", "is-active", "ucarpd@web").stdout == "active\n"
    client.wait_for("a")
    assert client.silence(serving) < 1.0


def test_reload_of_the_service_reaches_the_instances(a, serving, client):
    reloads = a.journal("-u", "ucarpd@web").count("reloaded: ")
    a.run("systemctl", "reload", "ucarpd.service", check=False)
    a.run("systemctl", "start", "ucarpd.service")
    a.run("systemctl", "reload", "ucarpd.service")
    wait_for("the reload", lambda: a.journal("-u", "ucarpd@web").count("reloaded: ") > reloads)
    a.run("systemctl", "stop", "ucarpd.service")


def test_kill(a, b, serving, client):
    restart_cleanly(a, client)
    pid = a.main_pid("ucarpd@web")
    began = time.monotonic()
    a.run("kill", "-KILL", str(pid))
    wait_for("the peer", lambda: client.first_answer("b", began))
    # A peer that hears no bow-out waits for three seconds.
    assert client.silence(began) < 1.0
    wait_for("the restart", lambda: a.main_pid("ucarpd@web") not in (0, pid))
    client.wait_for("a", 30)
    assert not b.has(VIP)


def test_units_follow_the_role(a, b, serving, client):
    """On the preferred machine and back, at a stop and after a crash."""
    unit = "[Service]\nExecStart=/usr/bin/sleep infinity\n"

    def runs(machine):
        return machine.shell("systemctl is-active follower || true") == "active\n"

    for machine in (b, a):
        machine.write("/etc/systemd/system/follower.service", unit)
        machine.run("systemctl", "daemon-reload")
        conf(machine, UNITS="follower.service")
        assert "OK, virtual host 1" in machine.run("ucarpd", "check").stdout
        machine.run("systemctl", "restart", "ucarpd@web")
    wait_for("the unit on a", lambda: runs(a) and not runs(b))
    a.run("systemctl", "stop", "ucarpd@web")
    assert not runs(a)
    wait_for("the unit on b", lambda: runs(b))
    b.run("kill", "-KILL", str(b.main_pid("ucarpd@web")))
    wait_for(
        "the stop by clear", lambda: "systemctl stop follower" in b.journal("-u", "ucarpd@web")
    )
    for machine in (b, a):
        conf(machine)
        machine.run("systemctl", "restart", "ucarpd@web")
    wait_for("the end of the unit", lambda: not runs(a) and not runs(b))
    client.wait_for("a", 30)


def test_frozen(a, b, serving, client):
    """A process that is stopped neither advertises nor lets go of the address: the watchdog acts."""
    restart_cleanly(a, client)
    pid = a.main_pid("ucarpd@web")
    a.run("kill", "-STOP", str(pid))
    wait_for("the watchdog", lambda: a.main_pid("ucarpd@web") not in (0, pid), 40)
    assert "atchdog" in a.journal("-u", "ucarpd@web")
    client.wait_for("a", 30)
    assert not b.has(VIP)


def test_reboot(a, b, serving, client):
    """The bow-out leaves before the network goes, so no client waits a master-down interval."""
    began = int(time.time())
    a.reboot()
    assert f"{a.address} bowed out" in b.journal("-u", "ucarpd@web", f"--since=@{began}")
    client.wait_for("a", 30)
    assert client.silence(serving) < 1.0
    before = a.shell(f"date -d @{began} '+%Y-%m-%d %H:%M:%S'")
    assert a.shell("ucarpctl history web").splitlines()[1] < before


def test_a_broken_file_fails_at_once_and_says_why(a, serving):
    a.run("systemctl", "stop", "ucarpd@web")
    conf(a, ADVSKEW=300)
    assert a.run("systemctl", "start", "ucarpd@web", check=False).returncode != 0
    assert a.run("systemctl", "is-failed", "ucarpd@web", check=False).stdout == "failed\n"
    expected = "/etc/ucarp/web.conf:10: UCARP_ADVSKEW: must be from 0 to 254 (got '300')"
    assert expected in a.journal("-u", "ucarpd@web")
    assert expected in a.run("systemctl", "status", "ucarpd@web", check=False).stdout
    assert a.run("systemctl", "show", "-P", "NRestarts", "ucarpd@web").stdout == "0\n"


def test_a_missing_file_fails_loudly(a):
    assert a.run("systemctl", "start", "ucarpd@nosuch", check=False).returncode != 0
    assert "/etc/ucarp/nosuch.conf" in a.journal("-u", "ucarpd@nosuch")
    a.run("systemctl", "reset-failed", check=False)


def test_the_same_instance_twice(a, serving):
    a.run("systemctl", "start", "ucarpd.service")
    pid = a.main_pid("ucarpd@web")
    wait_for(
        "the refusal", lambda: f"web is already run by process {pid}" in a.journal("-u", "ucarpd")
    )
    a.run("systemctl", "restart", "ucarpd.service")
    assert a.main_pid("ucarpd@web") == pid
    # The start of a second unit sets owner and mode of the directory that both share.
    kept = a.shell("stat -c '%a %G' /var/lib/ucarpd/history /var/lib/ucarpd/history/web.jsonl")
    assert kept.splitlines() == ["2750 ucarpd", "640 ucarpd"]
    a.run("systemctl", "stop", "ucarpd.service")
    assert a.main_pid("ucarpd@web") == pid
    a.run("systemctl", "stop", "ucarpd@web")
    a.run("systemctl", "start", "ucarpd.service")
    assert a.run("systemctl", "start", "ucarpd@web", check=False).returncode != 0
    pid = a.main_pid("ucarpd.service")
    assert f"web is already run by process {pid}" in a.journal("-u", "ucarpd@web")
    a.run("systemctl", "stop", "ucarpd.service")


def test_twenty_instances_and_one_broken_file(a):
    a.run("systemctl", "stop", "ucarpd@web", check=False)
    a.shell("rm /etc/ucarp/web.conf")
    for number in range(20):
        broken = {"VHID": "many"} if number == 7 else {"VHID": 100 + number}
        scripts = {"UPSCRIPT": None, "DOWNSCRIPT": None}
        conf(a, f"site{number}", ADDR=f"172.16.1.{number + 1}", **scripts, **broken)
    a.run("systemctl", "start", "ucarpd.service")
    served = [n for n in range(20) if n != 7]
    wait_for("19 addresses", lambda: all(a.has(f"172.16.1.{n + 1}") for n in served), 30)
    assert not a.has("172.16.1.8")
    assert "/etc/ucarp/site7.conf:3: UCARP_VHID: " in a.journal("-u", "ucarpd")
    status = a.run("systemctl", "status", "ucarpd").stdout
    refused = "refused: site7 (`ucarpd check` says why)"
    assert f'Status: "19 virtual hosts: 19 MASTER, 0 BACKUP, 0 INIT; {refused}"' in status
    a.run("systemctl", "stop", "ucarpd.service")
    assert "172.16.1." not in a.run("ip", "-4", "address").stdout
    a.shell("rm /etc/ucarp/site*.conf")


def test_password_as_a_credential(a, serving, client):
    a.run("systemctl", "stop", "ucarpd@web")
    conf(a, PASS=None)
    a.write("/etc/ucarp/web.pass", "geheim\n")
    a.write(
        "/etc/systemd/system/ucarpd@web.service.d/pass.conf",
        "[Service]\nLoadCredential=web.pass:/etc/ucarp/web.pass\n",
        0o644,
    )
    a.run("systemctl", "daemon-reload")
    a.run("systemctl", "start", "ucarpd@web")
    client.wait_for("a")
    a.shell("rm -r /etc/ucarp/web.pass /etc/systemd/system/ucarpd@web.service.d")
    a.run("systemctl", "daemon-reload")


def test_with_ucarp_as_the_peer(a, b, serving, client):
    b.run("systemctl", "stop", "ucarpd@web")
    options = (
        f"--interface=eth0 --srcip={b.address} --vhid=1 --pass=geheim --addr={VIP} --advskew=100"
    )
    scripts = "--upscript=/etc/ucarp/ucarp-up.sh --downscript=/etc/ucarp/ucarp-down.sh --shutdown"
    b.run("systemd-run", "--unit=peer", "ucarp", *options.split(), *scripts.split())
    try:
        a.cable(False)
        client.wait_for("b", 30)
        a.cable(True)
        client.wait_for("a", 30)
        a.run("systemctl", "stop", "ucarpd@web")
        client.wait_for("b", 30)
        a.run("systemctl", "start", "ucarpd@web")
        client.wait_for("a", 30)
    finally:
        b.run("systemctl", "stop", "peer")


def test_upgrade(a, b, serving, client, package, tmp_path):
    pid = a.main_pid("ucarpd@web")
    a.copy(repacked(package, tmp_path), "/root/next.deb")
    a.run("apt-get", "install", "-y", "/root/next.deb")
    wait_for("the new process", lambda: a.main_pid("ucarpd@web") not in (0, pid))
    client.wait_for("a", 30)
    assert f"{MASTER} (taking over from {a.address}:" in b.journal(
        "-u", "ucarpd@web", "--since=-30s"
    )
    assert client.silence(serving) < 1.5


def test_remove_and_purge(a, b, serving, client):
    a.run("apt-get", "remove", "-y", "ucarpd")
    assert not a.has(VIP)
    client.wait_for("b")
    assert a.run("pgrep", "-f", "bin/[u]carpd", check=False).stdout == ""
    a.write("/etc/ucarp/ucarp-up.sh", OWN_SCRIPT, 0o755)
    a.run("apt-get", "purge", "-y", "ucarpd")
    assert a.shell("ls -A /etc/ucarp").split() == ["ucarp-up.sh", "web.conf"]
    for path in ("/var/lib/ucarpd", "/run/ucarpd"):
        assert a.run("test", "-e", path, check=False).returncode != 0


def test_install_beside_an_own_script_without_a_terminal(a, package):
    a.write("/etc/ucarp/ucarp-up.sh", OWN_SCRIPT, 0o755)
    a.shell(f"apt-get install -y /root/{package.name} </dev/null")
    assert a.shell("cat /etc/ucarp/ucarp-up.sh") == OWN_SCRIPT
