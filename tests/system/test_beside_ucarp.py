"""The same day with a colleague that has not migrated yet: machine b runs Debian's ucarp.

ucarp never bows out, and reads advertisements up to a second late.
"""

import time

import pytest
from lab import wait_for
from machines import repacked
from web import VIP, conf, restart_cleanly


@pytest.fixture(scope="module")
def layers(root):
    """Without the package."""
    return [root]


@pytest.fixture(scope="module")
def pair(a, b, package):
    """ucarpd installed on a, and its shipped scripts put to ucarp's use on b."""
    a.run("apt-get", "install", "-y", f"/root/{package.name}")
    b.shell(f"dpkg-deb --extract /root/{package.name} /root/unpacked")
    b.shell("cp -r /root/unpacked/usr/share/ucarpd /etc/ucarp")
    options = (
        f"--interface=eth0 --srcip={b.address} --vhid=1 --pass=geheim --addr={VIP} --advskew=100"
    )
    scripts = "--upscript=/etc/ucarp/ucarp-up.sh --downscript=/etc/ucarp/ucarp-down.sh --shutdown"
    b.run("systemd-run", "--unit=peer", "ucarp", *options.split(), *scripts.split())
    conf(a)
    a.run("systemctl", "enable", "--now", "ucarpd@web")
    return a, b


@pytest.fixture
def serving(pair, client, request):
    client.wait_for("a", 30)
    wait_for("ucarp to give the address up", lambda: not pair[1].has(VIP))
    began = time.monotonic()
    yield began
    print(f"{request.node.name}: nobody answered for {client.silence(began):.2f} s at most")


def test_cable_out_and_in(a, b, serving, client):
    a.cable(False)
    client.wait_for("b", 30)
    a.cable(True)
    client.wait_for("a", 30)
    wait_for("ucarp to give the address up", lambda: not b.has(VIP))


def test_stop_and_start(a, serving, client):
    a.run("systemctl", "stop", "ucarpd@web")
    client.wait_for("b", 30)
    # The bow-out: without it ucarp would wait for four seconds and more.
    assert client.silence(serving) < 2.5
    a.run("systemctl", "start", "ucarpd@web")
    client.wait_for("a", 30)


def test_restart(a, serving, client):
    pid = a.main_pid("ucarpd@web")
    a.run("systemctl", "restart", "ucarpd@web")
    assert a.main_pid("ucarpd@web") not in (0, pid)
    client.wait_for("a", 30)


def test_reload_keeps_the_role(a, b, serving, client):
    conf(a, ADVSKEW=10)
    a.run("systemctl", "reload", "ucarpd@web")
    wait_for("the reload", lambda: "reloaded: " in a.journal("-u", "ucarpd@web"))
    client.wait_for("a")
    assert client.silence(serving) < 1.0
    assert not b.has(VIP)


@pytest.mark.parametrize("signal", ["KILL", "STOP"])
def test_killed_or_frozen(a, b, serving, client, signal):
    restart_cleanly(a, client)
    pid = a.main_pid("ucarpd@web")
    a.run("kill", f"-{signal}", str(pid))
    wait_for("the restart", lambda: a.main_pid("ucarpd@web") not in (0, pid), 40)
    client.wait_for("a", 30)
    wait_for("ucarp to give the address up", lambda: not b.has(VIP))


def test_reboot(a, serving, client):
    a.reboot()
    client.wait_for("a", 30)


def test_upgrade(a, serving, client, package, tmp_path):
    pid = a.main_pid("ucarpd@web")
    a.copy(repacked(package, tmp_path), "/root/next.deb")
    a.run("apt-get", "install", "-y", "/root/next.deb")
    wait_for("the new process", lambda: a.main_pid("ucarpd@web") not in (0, pid))
    client.wait_for("a", 30)


def test_remove_and_purge(a, serving, client):
    a.run("apt-get", "purge", "-y", "ucarpd")
    assert not a.has(VIP)
    client.wait_for("b", 30)
    assert a.shell("ls -A /etc/ucarp").split() == ["web.conf"]
