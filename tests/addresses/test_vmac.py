"""The device with the virtual MAC address: when it is made, up, down and removed, and who waits."""

import asyncio
import errno
import socket
from collections import Counter

import pytest
from fake_kernel import FakeLog, FakeNetlink, Ledger
from two_addresses import LEFT, ONE, TAKEN, TWO, config_of

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.addresses.netlink import NetlinkAddresses
from ucarpd.addresses.vmac import LOOK_AFTER, VirtualMacAddresses
from ucarpd.engine import Outcome
from ucarpd.linux import sysctl
from ucarpd.linux.run_directory import run_directory

DEVICE = "eth0-v1"
MAKE = f"add {DEVICE} on eth0 with 00:00:5e:00:01:01"
SETTINGS = {
    4: ("rp_filter", "arp_ignore", "arp_announce", "forwarding"),
    6: ("addr_gen_mode", "accept_ra", "autoconf", "accept_dad", "disable_ipv6", "forwarding"),
}


class Settings:
    """A tree that stands for /proc/sys/net, in which every setting is 0."""

    def __init__(self, root):
        self._root = root
        for name in ("eth0", DEVICE):
            for family, settings in SETTINGS.items():
                for setting in settings:
                    self.add(name, setting, family)

    def enable_ipv6(self):
        """Let the kernel as a whole have IPv6."""
        self.add("all", "forwarding", 6)

    def add(self, name, setting, family):
        path = self._path(name, family, setting)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("0\n")

    def _path(self, name, family, setting):
        return self._root / f"ipv{family}" / "conf" / name / setting

    def get(self, name, setting, family=4):
        return self._path(name, family, setting).read_text().strip()

    def put(self, name, setting, value):
        self._path(name, 4, setting).write_text(f"{value}\n")

    def remove(self, name, setting, family=4):
        self._path(name, family, setting).unlink()


@pytest.fixture
def settings(tmp_path, monkeypatch, run_directory):
    monkeypatch.setattr(sysctl, "ROOT", tmp_path / "net")
    # The machine itself may have no eth0.
    monkeypatch.setattr(socket, "if_nametoindex", lambda _name: 2)
    monkeypatch.setattr(socket, "if_indextoname", lambda _index: "eth0")
    return Settings(tmp_path / "net")


class Bench:
    """The device of two addresses that ucarpd itself puts there."""

    def __init__(self, tmp_path, more=""):
        self.netlink, self.log = FakeNetlink(), FakeLog()
        config = config_of(tmp_path, f"UCARP_VMAC=yes\n{more}")
        self.owner = NetlinkAddresses(config, self.netlink, self.log, Ledger())
        self.addresses = VirtualMacAddresses(
            config, self.netlink, self.owner, self.log, ParentArp("eth0", run_directory())
        )
        self.outcomes = []
        self.released = 0

    async def start(self):
        """Be a backup, as after the start of the daemon."""
        self.release(at_start=True)
        await settled()
        self.netlink.told()

    async def serve(self):
        self.acquire()
        await settled()
        self.netlink.told()

    def acquire(self):
        self.addresses.acquire(TAKEN, lambda _ips: None, self.outcomes.append)

    def release(self, at_start=False):
        self.addresses.release(LEFT, at_start, self._done)

    def _done(self):
        self.released += 1

    @property
    def is_up(self):
        link = self.netlink.link(DEVICE)
        return link is not None and link.is_up


async def settled():
    await asyncio.sleep(1)


# -- the start -------------------------------------------------------------------------------------


async def test_at_start_the_device_is_made_and_stays_down(tmp_path, settings):
    bench = Bench(tmp_path)
    bench.release(at_start=True)
    await settled()
    assert bench.released == 1
    assert bench.netlink.told() == [MAKE, f"set {DEVICE} down"]
    assert bench.netlink.link(DEVICE).parent == 2
    assert not bench.is_up


async def test_the_interface_and_the_device_answer_arp_each_for_itself(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    for name in ("eth0", DEVICE):
        assert settings.get(name, "arp_ignore") == "1"
        assert settings.get(name, "arp_announce") == "2"
    assert settings.get(DEVICE, "disable_ipv6", 6) == "1", "there is no virtual IPv6 address"


async def test_with_an_ipv6_address_the_device_has_ipv6(tmp_path, settings):
    bench = Bench(tmp_path, "UCARP_EXTRA_ADDRS=2001:db8::1/64\n")
    await bench.start()
    assert settings.get(DEVICE, "disable_ipv6", 6) == "0"
    assert settings.get(DEVICE, "addr_gen_mode", 6) == "1"


async def test_a_reload_that_adds_the_first_ipv6_address_gives_the_device_ipv6(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    more = "UCARP_EXTRA_ADDRS=2001:db8::1/64\n"
    bench.addresses.reconfigure(config_of(tmp_path, f"UCARP_VMAC=yes\n{more}"))
    await asyncio.sleep(0.1)
    assert settings.get(DEVICE, "disable_ipv6", 6) == "0"
    await asyncio.sleep(LOOK_AFTER)
    assert bench.log.told() == [], "no other program has changed anything"
    settings.remove(DEVICE, "rp_filter")
    bench.addresses.reconfigure(config_of(tmp_path, "UCARP_VMAC=yes\n"))
    await asyncio.sleep(0.1)
    assert bench.log.told() == [], "a device that is gone is made again"


async def test_a_reload_in_the_moment_in_which_the_device_is_made(tmp_path, settings):
    bench = Bench(tmp_path)
    set_link = bench.netlink._set_link
    more = "UCARP_EXTRA_ADDRS=2001:db8::1/64\n"
    new = config_of(tmp_path, f"UCARP_VMAC=yes\n{more}")

    def set_after_a_reload(*request):
        bench.addresses.reconfigure(new)
        set_link(*request)

    bench.netlink._set_link = set_after_a_reload
    await bench.start()
    assert settings.get(DEVICE, "disable_ipv6", 6) == "0"
    await asyncio.sleep(LOOK_AFTER)
    assert bench.log.told() == [], "no other program has changed anything"


# -- taking the role -------------------------------------------------------------------------------


async def test_a_device_that_is_there_has_only_to_come_up(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    bench.acquire()
    assert bench.addresses.is_busy
    assert bench.outcomes == []
    await settled()
    assert bench.netlink.told() == [f"set {DEVICE} up", f"add {ONE} {TWO}"]
    assert bench.outcomes == [Outcome((ONE, TWO))]
    assert bench.is_up
    assert not bench.addresses.is_busy
    assert bench.addresses.present() == (ONE, TWO)


async def test_a_device_of_an_earlier_run_is_made_again(tmp_path, settings):
    """It may not be prepared."""
    before = Bench(tmp_path)
    await before.start()
    bench = Bench(tmp_path)
    bench.netlink.indexes, bench.netlink.parents = before.netlink.indexes, before.netlink.parents
    bench.netlink.macs = before.netlink.macs
    bench.acquire()
    await settled()
    assert bench.netlink.told()[:2] == [MAKE, f"set {DEVICE} up"]


async def test_a_device_that_somebody_has_removed_is_made_again(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    bench.netlink.lose_link(DEVICE)
    bench.acquire()
    await settled()
    assert bench.netlink.told()[:2] == [MAKE, f"set {DEVICE} up"]
    assert bench.outcomes == [Outcome((ONE, TWO))]


async def test_a_device_that_has_lost_ipv6_is_made_again_when_the_interface_has_it(
    tmp_path, settings
):
    """The kernel lowers the MTU of both, and raises that of the interface alone."""
    settings.enable_ipv6()
    bench = Bench(tmp_path, "UCARP_EXTRA_ADDRS=2001:db8::1/64\n")
    await bench.start()
    for name in ("eth0", DEVICE):
        settings.remove(name, "forwarding", 6)
    bench.acquire()
    await settled()
    assert MAKE not in bench.netlink.told()
    assert bench.outcomes[-1].refused == (), "IPv4 is served nevertheless"
    settings.add("eth0", "forwarding", 6)
    bench.acquire()
    await settled()
    assert bench.netlink.told()[:2] == [f"remove {DEVICE}", MAKE]


async def test_a_device_that_has_lost_an_ipv6_that_it_does_not_need_stays(tmp_path, settings):
    settings.enable_ipv6()
    bench = Bench(tmp_path)
    await bench.start()
    settings.remove(DEVICE, "forwarding", 6)
    bench.acquire()
    await settled()
    assert bench.netlink.told()[0] == f"set {DEVICE} up"


async def test_a_device_without_ipv6_serves_ipv4(tmp_path, settings):
    settings.enable_ipv6()
    for name in ("eth0", DEVICE):
        settings.remove(name, "forwarding", 6)
    bench = Bench(tmp_path, "UCARP_EXTRA_ADDRS=2001:db8::1/64\n")
    bench.acquire()
    await settled()
    assert ONE in bench.outcomes[-1].here
    assert not any("device_refused" in line for line in bench.log.told())


async def test_a_device_on_an_interface_that_is_gone_is_made_anew(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    bench.netlink.indexes["eth0"] = 9
    bench.acquire()
    await settled()
    assert bench.netlink.told()[0] == MAKE
    assert bench.netlink.link(DEVICE).parent == 9


async def test_without_its_device_nothing_can_be_served(tmp_path, settings):
    bench = Bench(tmp_path)
    bench.netlink.refuses = {DEVICE}
    bench.acquire()
    await settled()
    assert bench.outcomes == [Outcome((), (ONE, TWO))]
    told = bench.log.told()
    assert told, "the operator is told why"
    assert all(line.startswith("device_refused ") for line in told)
    # When it can be made, the next attempt makes it: nothing that failed counts as made.
    bench.netlink.refuses = set()
    bench.acquire()
    await settled()
    assert bench.outcomes[-1] == Outcome((ONE, TWO))


async def test_a_setting_that_cannot_be_made_is_the_error_that_counts(tmp_path, settings):
    settings.remove(DEVICE, "rp_filter")
    bench = Bench(tmp_path)
    bench.acquire()
    await settled()
    assert bench.outcomes == [Outcome((), (ONE, TWO))]
    (line,) = bench.log.told()
    assert "rp_filter" in line


async def test_with_ipv6_the_device_reaches_hosts_that_speak_from_link_local_addresses(
    tmp_path, settings
):
    bench = Bench(tmp_path, "UCARP_EXTRA_ADDRS=2001:db8::1/64\n")
    await bench.start()
    await bench.serve()
    (route,) = bench.netlink.routes
    assert route.startswith(f"fe80::/64 dev {DEVICE} metric ")
    await bench.serve()
    assert not any("route" in line for line in bench.log.told())
    bench.netlink.route_errors[route] = errno.ENOMEM
    await bench.serve()
    assert f"warning cannot set the route {route}: Cannot allocate memory; " in bench.log.told()[-1]
    bench = Bench(tmp_path)
    await bench.serve()
    assert bench.netlink.routes == []


# -- giving it up ----------------------------------------------------------------------------------


async def test_the_device_goes_down_when_the_addresses_are_off(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    await bench.serve()
    bench.released = 0
    bench.release()
    await settled()
    told = bench.netlink.told()
    assert told == [f"remove {ONE} {TWO}", f"set {DEVICE} down"]
    assert (bench.released, bench.is_up) == (1, False)
    assert bench.addresses.present() == ()


async def test_a_role_that_comes_back_meanwhile_keeps_the_device_up(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    await bench.serve()
    bench.released = 0
    bench.netlink.pause = 0.1
    bench.release()
    await asyncio.sleep(0.05)
    bench.acquire()
    await settled()
    assert bench.is_up
    assert bench.released == 0, "the request was superseded"
    assert bench.outcomes[-1] == Outcome((ONE, TWO))


async def test_a_role_that_goes_while_the_device_comes_up_gets_no_address(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    bench.netlink.pause = 0.1
    bench.acquire()
    await asyncio.sleep(0.05)
    bench.release()
    await settled()
    assert bench.outcomes == []
    assert bench.addresses.present() == ()
    assert not bench.is_up
    assert not bench.addresses.is_busy


# -- the look --------------------------------------------------------------------------------------


async def test_all_are_missing_while_the_device_is_down_or_gone(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    await bench.serve()
    assert bench.addresses.missing() == ()
    bench.netlink.down.add(DEVICE)
    assert bench.addresses.missing() == (ONE, TWO)
    bench.netlink.lose_link(DEVICE)
    assert bench.addresses.missing() == (ONE, TWO)


async def test_a_device_with_another_mac_address_is_replaced(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    await bench.serve()
    bench.netlink.macs[DEVICE] = bytes(6)
    assert bench.addresses.missing() == (ONE, TWO)
    bench.acquire()
    await settled()
    assert bench.netlink.told()[0] == MAKE
    assert bench.addresses.missing() == ()


async def test_settings_that_another_program_changes_are_set_again(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    for name, setting in (("eth0", "arp_announce"), (DEVICE, "rp_filter")):
        settings.put(name, setting, "1")
    await asyncio.sleep(LOOK_AFTER)
    assert settings.get("eth0", "arp_announce") == settings.get(DEVICE, "rp_filter") == "2"
    (line,) = bench.log.told()
    assert line == f"settings_put_back arp_announce of eth0 rp_filter of {DEVICE}"
    settings.remove(DEVICE, "rp_filter")
    await asyncio.sleep(LOOK_AFTER)
    assert bench.log.told() == [], "a device that is gone is made again"
    bench.addresses.close()
    await bench.addresses.dispose()
    settings.put("eth0", "arp_ignore", "0")
    await asyncio.sleep(2 * LOOK_AFTER)
    assert settings.get("eth0", "arp_ignore") == "0"
    assert settings.get("eth0", "arp_announce") == "1", "as the other program has set it"


async def test_many_devices_are_looked_at_one_after_the_other(tmp_path, settings, monkeypatch):
    """The worker that looks at them is the one that adds addresses."""
    loop, looks = asyncio.get_running_loop(), []
    for number in range(1, 101):
        bench = Bench(tmp_path, f"UCARP_VHID={number}\n")
        monkeypatch.setattr(bench.addresses, "_look_at_settings", lambda: looks.append(loop.time()))
        bench.addresses.release(LEFT, True, lambda: None)
    await asyncio.sleep(LOOK_AFTER + 1)
    tenths = Counter(int(10 * at / LOOK_AFTER) for at in looks)
    assert (len(looks), len(tenths)) == (100, 10)
    assert max(tenths.values()) < 20


class Owner:
    """Scripts that own the addresses, as far as these tests use them."""

    are_scripted = is_up_script_running = is_busy = True

    def __init__(self):
        self.story = []

    def reconfigure(self, config):
        self.story.append("reconfigure")

    def reassert(self, transition, done):
        self.story.append("reassert")

    def appeared(self):
        self.story.append("appeared")

    def mend(self):
        self.story.append("mend")

    def unserved_elsewhere(self, ips, done):
        done(ips)

    def is_hosts_own(self, ip):
        return ip == ONE

    def present(self):
        return (ONE,)

    def all(self):
        return (ONE, TWO)


async def test_what_concerns_the_addresses_alone_is_their_owners_business(tmp_path, settings):
    config, owner = config_of(tmp_path, "UCARP_VMAC=yes\n"), Owner()
    addresses = VirtualMacAddresses(
        config, FakeNetlink(), owner, FakeLog(), ParentArp("eth0", run_directory())
    )
    addresses.reassert(TAKEN, lambda _outcome: None)
    addresses.appeared()
    addresses.mend()
    addresses.reconfigure(config)
    assert owner.story == ["reconfigure", "reassert", "appeared", "mend", "reconfigure"]
    assert (addresses.are_scripted, addresses.is_up_script_running, addresses.is_busy) == (
        True,
        True,
        True,
    )
    assert addresses.is_hosts_own(ONE)
    assert not addresses.is_hosts_own(TWO)
    assert (addresses.all(), addresses.present()) == ((ONE, TWO), (ONE,))
    asked = []
    addresses.unserved_elsewhere((ONE,), asked.append)
    assert asked == [(ONE,)]


# -- the end ---------------------------------------------------------------------------------------


async def test_the_end_removes_the_device_and_restores_the_interface(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    await bench.addresses.dispose()
    assert bench.netlink.told() == [f"remove {DEVICE}"]
    assert bench.netlink.link(DEVICE) is None
    assert settings.get("eth0", "arp_ignore") == "0"
    assert settings.get("eth0", "arp_announce") == "0"
    assert bench.log.told() == []


async def test_the_end_removes_a_device_that_was_renamed(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()
    bench.netlink.rename(DEVICE, "old")
    bench.netlink.parents["old"] = bench.netlink.parents.pop(DEVICE)
    await bench.addresses.dispose()
    assert bench.netlink.told() == ["remove old", f"remove {DEVICE}"]


async def test_an_interface_that_has_the_index_of_the_device_by_now_is_left_alone(
    tmp_path, settings
):
    bench = Bench(tmp_path)
    await bench.start()
    index = bench.netlink.link(DEVICE).index
    bench.netlink.lose_link(DEVICE)
    bench.netlink.indexes["eth1"] = index
    await bench.addresses.dispose()
    assert bench.netlink.told() == [f"remove {DEVICE}"]


@pytest.mark.parametrize("made", [False, True])
async def test_after_the_end_nothing_looks_at_the_settings(tmp_path, settings, made):
    """The device may still be in the making."""
    bench = Bench(tmp_path)
    bench.netlink.pause = 0.1
    bench.release(at_start=True)
    if made:
        await settled()
    bench.addresses.close()
    await settled()
    settings.put(DEVICE, "rp_filter", "1")
    await asyncio.sleep(3 * LOOK_AFTER)
    assert settings.get(DEVICE, "rp_filter") == "1"


async def test_what_keeps_the_device_there_is_told(tmp_path, settings):
    bench = Bench(tmp_path)
    await bench.start()

    def refuse(name):
        raise OSError(errno.EPERM, "no")

    bench.netlink.lose_link = refuse
    await bench.addresses.dispose()
    (line,) = bench.log.told()
    assert line.startswith("device_refused ")
