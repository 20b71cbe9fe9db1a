"""The interface, the device or the files of a virtual MAC address are removed or renamed."""

import shutil
import signal
import sys

import pytest
from kernel_tables import details
from lab import wait_for
from nodes import BACKUP, MASTER, VIP, both_ways, start
from virtual_mac_host import (
    DEVICE,
    ORIGINALS,
    OURS,
    arp_settings,
    devices,
    serving,
    state,
    wait_for_device,
)

pytestmark = both_ways


def test_the_interface_goes_and_comes_back(a):
    process = serving(a)
    a.ip("link", "delete", "eth0")
    process.wait_for_line("interface eth0 does not exist")
    a.connect()
    process.wait_for_line(MASTER, count=2)
    wait_for_device(a, VIP)
    assert arp_settings(a) == OURS
    process.stop()
    assert devices(a) == []
    assert arp_settings(a) == ORIGINALS
    assert not process.lines("[ERROR]")


def test_a_device_of_the_administrator_with_its_name_is_left_alone(a):
    a.ip("link", "add", DEVICE, "type", "bridge")
    a.ip("link", "set", DEVICE, "up")
    a.run("sysctl", "-w", f"net.ipv6.conf.{DEVICE}.disable_ipv6=0")
    a.ip("address", "add", "fd99::1/64", "dev", DEVICE, "nodad")
    arp = arp_settings(a, DEVICE)
    process = start(a, VMAC="yes")
    process.wait_for_line("[ERROR]", f"{DEVICE} is not a macvlan but bridge")
    process.wait_for_line(MASTER)
    process.wait_for_line("cannot serve")
    for is_over in (False, True):
        assert ",UP" in state(a)
        assert a.has("fd99::1", DEVICE)
        assert arp_settings(a, DEVICE) == arp
        if not is_over:
            process.stop()


@pytest.mark.parametrize("deed", [("delete", DEVICE), ("set", DEVICE, "down")])
def test_a_device_that_somebody_takes_away_is_put_back(a, deed):
    process = serving(a)
    a.ip("link", *deed)
    process.wait_for_line("putting it back")
    wait_for("it is up again", lambda: "state UP" in state(a))
    wait_for_device(a, VIP)


@pytest.mark.parametrize("below", ["a", "b"])
def test_an_address_that_somebody_takes_away_is_put_back_alone_on_a_macvlan(request, a, below):
    """The kernel makes the device on the link below the macvlan, maybe in another namespace."""
    host = request.getfixturevalue(below)
    a.ip("address", "flush", "dev", "eth0")
    macvlan = ("netns", a.namespace, "type", "macvlan", "mode", "bridge")
    host.ip("link", "add", "mv0", "link", "eth0", *macvlan)
    a.ip("address", "add", f"{a.address}/16", "dev", "mv0")
    a.ip("link", "set", "mv0", "up")
    keys = {"INTERFACE": "mv0", "SRCMAC": "real", "ADDR": f"{VIP},172.16.0.2"}
    process = start(a, VMAC="yes", **keys)
    process.wait_for_line(BACKUP)
    wait_for("the device", lambda: devices(a) == ["mv0", "mv0-v1"])
    made = details(a, "mv0-v1")["ifindex"]
    process.wait_for_line(MASTER)
    wait_for_device(a, VIP, "172.16.0.2", device="mv0-v1")
    a.ip("address", "delete", f"{VIP}/16", "dev", "mv0-v1")
    # The other one goes with it, and first; ucarpd may put both back before it hears of the second.
    process.wait_for_line("was removed from mv0-v1", "putting it back")
    wait_for_device(a, VIP, "172.16.0.2", device="mv0-v1")
    assert details(a, "mv0-v1")["ifindex"] == made


def test_the_run_directory_is_removed_meanwhile(a):
    """Its files are made again, for recovery after a crash."""
    process = serving(a)
    run = a.root / "run"
    shutil.rmtree(run)
    process.wait_for_line("made it again", limit=30)
    second = a.ucarpd()
    second.wait_for_line("web is already run by process")
    process.kill()
    clear = a.start(sys.executable, "-m", "ucarpd", "clear", "/etc/ucarp")
    assert clear.popen.wait(15) == 0
    assert devices(a) == []
    assert arp_settings(a) == ORIGINALS


def test_a_stop_just_after_the_run_directory_was_removed(a):
    process = serving(a)
    shutil.rmtree(a.root / "run")
    process.stop()
    assert devices(a) == []
    assert arp_settings(a) == ORIGINALS


def test_a_device_that_somebody_renames_is_replaced(a):
    """Its MAC address would keep the new one down."""
    process = serving(a)
    a.ip("link", "set", DEVICE, "name", "other")
    process.wait_for_line("putting it back")
    wait_for("the device again", lambda: devices(a) == [DEVICE])
    wait_for_device(a, VIP)
    process.stop()
    assert devices(a) == []
    assert not process.lines("[ERROR]")


def test_an_interface_that_is_renamed_while_it_is_down_has_its_settings_back_after_a_stop(a):
    process = serving(a)
    a.ip("link", "set", "eth0", "down")
    wait_for("the device to go down", lambda: "state UP" not in state(a))
    process.wait_for_line("INIT")
    a.ip("link", "set", "eth0", "name", "lan0")
    process.wait_for_line("interface eth0 does not exist")
    process.stop()
    assert devices(a) == []
    assert arp_settings(a, "lan0") == ORIGINALS


def test_a_device_that_somebody_renames_does_not_stay_after_a_stop(a):
    process = serving(a)
    process.signal(signal.SIGSTOP)
    a.ip("link", "set", DEVICE, "name", "other")
    process.signal(signal.SIGTERM)
    process.signal(signal.SIGCONT)
    wait_for("its end", lambda: not process.is_running)
    assert devices(a) == []
    assert arp_settings(a) == ORIGINALS


def test_an_interface_that_is_renamed_keeps_nothing(a):
    process = serving(a)
    process.signal(signal.SIGSTOP)  # It is to see all at once.
    a.ip("link", "set", "eth0", "down")
    a.ip("link", "set", "eth0", "name", "lan0")
    a.ip("link", "set", "lan0", "up")
    process.signal(signal.SIGCONT)
    process.wait_for_line("interface eth0 does not exist")
    wait_for("the device to go", lambda: devices(a) == [])
    wait_for("its settings", lambda: arp_settings(a, "lan0") == ORIGINALS)
    a.ip("link", "set", "lan0", "down")
    a.ip("link", "set", "lan0", "name", "eth0")
    a.ip("link", "set", "eth0", "up")
    process.wait_for_line(MASTER, count=2)
    wait_for_device(a, VIP)
    assert arp_settings(a) == OURS
    process.stop()
    assert devices(a) == []
    assert arp_settings(a) == ORIGINALS
    assert not process.lines("[ERROR]")
