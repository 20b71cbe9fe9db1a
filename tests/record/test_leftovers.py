"""What `clear` does when the addresses are off: log lines, the down-script, the device, the record."""

import asyncio
import errno
import os
from pathlib import Path

import pytest
from fake_kernel import FakeNetlink
from fake_systemctl import FakeSystemctl
from recorded import content

from ucarpd.linux import sysctl
from ucarpd.linux.lock import InstanceLock
from ucarpd.linux.namespace import network_namespace
from ucarpd.record.clearing import Cleared
from ucarpd.record.leftovers import clear_leftovers
from ucarpd.record.record import Record, read
from ucarpd.scripts import environment
from ucarpd.scripts.runner import Hook

NOT_PERMITTED = OSError(errno.EPERM, os.strerror(errno.EPERM))


class Bench:
    """Instances that have died, and the kernel."""

    def __init__(self, tmp_path, directory):
        self._tmp_path = tmp_path
        self._directory = directory
        self.story = []
        self.keeps_device = False
        self.netlinks = 0

    def leave(self, name="web", vhid=7, found=(), bowed_out=False, error=None, down=None, **keys):
        said = content(self._tmp_path, name, down, VHID=vhid, **keys)
        Record(name, self._directory).write(said)
        lock = InstanceLock(name, self._directory, said.interface, vhid, Path(said.path))
        return Cleared(said, lock, list(found), bowed_out, error)

    def clear(self, *cleared):
        return asyncio.run(clear_leftovers(cleared, self._netlink))

    def _netlink(self, listener, served):
        self.netlinks += 1
        listener.link_changed("eth0")
        listener.address_added("eth0", None)
        listener.address_removed("eth0", None)
        netlink = FakeNetlink()
        netlink.story = self.story
        if self.keeps_device:
            netlink.lose_link = self._refuse
        return netlink

    def _refuse(self, name):
        raise NOT_PERMITTED

    def is_forgotten(self, name="web", vhid=7):
        """Whether the record is gone; another process may have the instance in any case."""
        InstanceLock(name, self._directory, "eth0", vhid, self._tmp_path / "x.conf").release()
        return read(name, self._directory) is None


@pytest.fixture
def bench(tmp_path, run_directory, monkeypatch):
    monkeypatch.setattr(sysctl, "ROOT", tmp_path / "net")
    return Bench(tmp_path, run_directory)


def test_nothing_is_to_be_said_of_one_that_has_left_nothing(bench, log_lines):
    assert bench.clear(bench.leave())
    assert log_lines.told() == []
    assert bench.is_forgotten()


def test_what_was_found_and_sent_is_told(bench, log_lines):
    assert bench.clear(bench.leave(found=["10.0.0.1"], bowed_out=True))
    told = log_lines.told()
    assert told[0].startswith("web: 10.0.0.1 was left on eth0")
    assert told[1].startswith("web: bowed out")
    assert bench.is_forgotten()


def test_all_share_the_sockets_to_the_kernel(bench):
    """Hundreds would need more descriptors than a process may have."""
    vhids = (1, 2, 3)
    names = [f"web{vhid}" for vhid in vhids]
    left = [bench.leave(name, vhid, VMAC="yes") for name, vhid in zip(names, vhids, strict=True)]
    assert bench.clear(*left)
    assert bench.netlinks == 1
    assert all(map(bench.is_forgotten, names, vhids))


def test_an_address_that_stays_keeps_the_record(bench, log_lines):
    assert not bench.clear(bench.leave(found=["10.0.0.1"], error=NOT_PERMITTED))
    (line,) = log_lines.told()
    assert line.startswith("web: cannot remove the address")
    assert not bench.is_forgotten()


def test_the_down_script_is_run_as_the_record_says(bench, tmp_path, log_lines):
    script = tmp_path / "down.sh"
    script.write_text(f'#!/bin/sh\necho "$1 $2 $UCARP_VHID" >{tmp_path}/told\n')
    script.chmod(0o755)
    down = Hook("down", script, ("eth0", "10.0.0.1"), {"UCARP_VHID": "7"}, 20.0)
    assert bench.clear(bench.leave(down=down))
    assert (tmp_path / "told").read_text() == "eth0 10.0.0.1 7\n"
    assert bench.is_forgotten()


@pytest.mark.parametrize(("error", "word"), [(None, "done in"), (NOT_PERMITTED, "failed after")])
def test_a_down_script_that_fails_is_a_fault_only_if_an_address_is_left(
    bench, tmp_path, log_lines, error, word
):
    """As `ifconfig eth0:0 down` does when `clear` has already removed the address."""
    script = tmp_path / "down.sh"
    script.write_text("#!/bin/sh\nexit 255\n")
    script.chmod(0o755)
    down = Hook("down", script, ("eth0", "10.0.0.1"), {}, 20.0)
    bench.clear(bench.leave(down=down, error=error))
    line = log_lines.told()[-1]
    assert line.startswith(f"web: [{script} eth0 10.0.0.1] {word}")
    assert line.endswith("exit status 255")


@pytest.mark.parametrize(
    ("extra", "ending"),
    [("2001:db8::1", ": it has a line from ucarpd 0.1.0"), ("10.0.0.2", " done in")],
)
def test_a_down_script_that_would_harm_the_host_is_not_run(
    bench, tmp_path, log_lines, extra, ending
):
    script = tmp_path / "down.sh"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ntrue to $address/32\n")
    script.chmod(0o755)
    down = Hook("down", script, ("eth0", "10.0.0.1"), {}, 20.0)
    assert bench.clear(bench.leave(down=down, EXTRA_ADDRS=extra))
    assert f"[{script} eth0 10.0.0.1]{ending}" in log_lines.told()[-1]
    assert (tmp_path / "ran").exists() is (extra == "10.0.0.2")


def test_units_are_stopped_although_their_stop_fails(bench, tmp_path, monkeypatch, log_lines):
    systemctl = FakeSystemctl(tmp_path / "bin")
    systemctl.fail("stop", 5)
    monkeypatch.setattr(environment, "SCRIPT_PATH", systemctl.path)
    assert bench.clear(bench.leave(UNITS="'a.service b.timer'"))
    assert systemctl.told() == ["stop b.timer a.service", "stop done"]
    (line,) = log_lines.told()
    assert line.startswith("web: systemctl stop b.timer a.service failed, exit status 5")
    assert bench.is_forgotten()


def test_routes_are_removed(bench, log_lines):
    assert bench.clear(bench.leave(ROUTES="'default via 10.0.0.254;192.0.2.0/24 dev eth1'"))
    assert bench.story == [
        "remove routes default via 10.0.0.254; 192.0.2.0/24 dev eth1",
        "close",
    ]
    assert bench.is_forgotten()


def test_routes_that_cannot_be_removed_are_told(bench, monkeypatch, log_lines):
    def remove_routes(_netlink, _routes, done):
        done(NOT_PERMITTED)

    monkeypatch.setattr(FakeNetlink, "remove_routes", remove_routes)
    assert bench.clear(bench.leave(ROUTES="'192.0.2.0/24 dev eth1'"))
    assert log_lines.told() == ["web: cannot remove a route: Operation not permitted"]


def test_a_down_script_that_is_gone_is_told_and_no_more(bench, log_lines):
    down = Hook("down", Path("/nonexistent"), (), {}, 20.0)
    assert bench.clear(bench.leave(down=down))
    (line,) = log_lines.told()
    assert "cannot run [/nonexistent" in line


def test_the_virtual_mac_device_is_removed(bench, log_lines):
    assert bench.clear(bench.leave(VMAC="yes", found=["10.0.0.1"]))
    assert bench.story == ["remove eth0-v7", "close"]
    (line,) = log_lines.told()
    assert line.startswith("web: 10.0.0.1 was left on eth0-v7")
    assert bench.is_forgotten()


def test_a_device_that_stays_keeps_the_record(bench, log_lines):
    bench.keeps_device = True
    assert not bench.clear(bench.leave(VMAC="yes"))
    (line,) = log_lines.told()
    assert line.startswith("web: virtual MAC address, device eth0-v7")
    assert bench.story[-1] == "close"
    assert not bench.is_forgotten()


def test_one_that_is_not_done_does_not_keep_the_others(bench, log_lines):
    bad, good = bench.leave(error=NOT_PERMITTED), bench.leave("mail", 8)
    assert not bench.clear(bad, good)
    assert not bench.is_forgotten()
    assert bench.is_forgotten("mail", 8)


@pytest.fixture
def promoted(tmp_path, run_directory):
    """The setting of eth0, of which a killed process has left a note."""
    note = run_directory / f"private/{network_namespace()}-eth0.promoted"
    note.parent.mkdir(parents=True)
    note.touch()
    setting = tmp_path / "net/ipv4/conf/eth0/promote_secondaries"
    setting.parent.mkdir(parents=True)
    return setting


def test_a_setting_that_a_killed_process_has_left_is_restored(bench, promoted, log_lines):
    promoted.write_text("1")
    assert bench.clear(bench.leave())
    assert promoted.read_text() == "0"
    assert log_lines.told() == []


def test_a_setting_that_cannot_be_restored_is_told(bench, promoted, log_lines):
    promoted.mkdir()
    assert bench.clear(bench.leave())
    (line,) = log_lines.told()
    assert line.startswith("cannot restore a setting that an earlier run has left: ")
    assert bench.is_forgotten()
