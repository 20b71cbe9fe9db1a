"""The interface, on tables, sockets and engines that only write down what came."""

import asyncio
from dataclasses import replace
from functools import wraps
from ipaddress import IPv4Address, ip_address
from itertools import count

import pytest
import virtual_loop
from fake_sockets import FakeSockets, FakeWatch

from ucarpd.carp.frame import carp_over_ip, ethernet, virtual_mac
from ucarpd.config import load
from ucarpd.interface import interface
from ucarpd.interface.interface import LOOK_AGAIN_AFTER, SILENCE, Interface
from ucarpd.linux import sysctl
from ucarpd.linux.netlink import InterfaceAddress, Link

MAC = bytes.fromhex("020000000001")
PEER_MAC = bytes.fromhex("020000000002")
PEER = IPv4Address("10.0.0.2")


class Kernel:
    """The tables; `listener` gets the changes, like the supervisor."""

    def __init__(self):
        self.by_name = {}
        self.on = {}
        self.listener = None

    def links(self, mentioning=""):
        return self.by_name.values()

    def link(self, name):
        return self.by_name.get(name)

    def link_of_index(self, index):
        return next((each for each in self.links() if each.index == index), None)

    def addresses(self, name):
        return [InterfaceAddress(ip_address(ip), 24) for ip in self.on.get(name, [])]

    def where(self, ip):
        return next((name for name, there in self.on.items() if str(ip) in there), None)

    def dad_failed(self, interface, ip):
        return False

    def set(self, name, index=2, **changes):
        before = self.by_name.get(name) or Link(
            index, name, MAC, is_up=True, has_carrier=True, is_ethernet=True
        )
        self.by_name[name] = replace(before, **changes)
        self._tell("link_changed", name)

    def add(self, name, ip):
        self.on.setdefault(name, []).append(ip)
        self._tell("address_added", name, ip_address(ip))

    def remove(self, name, ip):
        self.on[name].remove(ip)
        self._tell("address_removed", name, ip_address(ip))

    def _tell(self, what, *arguments):
        if self.listener is not None:
            getattr(self.listener, what)(*arguments)


class FakeEngine:
    is_loss_held = False

    def __init__(self, bench):
        self._bench = bench
        self.heard_from = PEER
        self.is_doubled = True

    def interface_ready(self, sources):
        self._bench.story.append(f"ready {' '.join(map(str, sources))}")

    def interface_lost(self, reason, can_send, may_return):
        hopes = [*["can send"] * can_send, *["may return"] * may_return]
        self._bench.story.append(f"lost {hopes}: {reason}" if hopes else f"lost: {reason}")

    def hardware_address_changed(self):
        self._bench.story.append("another MAC")

    def segment_heard(self):
        self._bench.story.append("segment heard")

    def address_added(self, ip):
        self._bench.story.append(f"here: {ip}")

    def address_removed(self, ip):
        self._bench.story.append(f"gone: {ip}")

    def receive(self, frame, at):
        return self.heard_from

    def sent_by_another(self, frame):
        return self.is_doubled


class Log:
    def __init__(self, bench):
        self._bench = bench

    def source_changed(self, old, new):
        self._bench.story.append(f"source {old} to {new}")

    def source_elsewhere(self, source, where):
        self._bench.story.append(f"source {source} on {where}")

    def another_daemon(self):
        self._bench.story.append("another daemon")

    def same_mac(self, source):
        self._bench.story.append(f"our MAC at {source}")


class Bench:
    """An interface eth0 with 10.0.0.1, and virtual hosts on it."""

    def __init__(self, tmp_path, monkeypatch):
        monkeypatch.setattr(interface, "Sockets", FakeSockets)
        monkeypatch.setattr(interface, "DoubleWatch", FakeWatch)
        monkeypatch.setattr(interface.sysctl, "lacks_ipv6", lambda _name: self.lacks_ipv6)
        self.lacks_ipv6 = False
        self._directory = tmp_path
        self.story = []
        self.kernel = Kernel()
        self.kernel.set("eth0")
        self.kernel.add("eth0", "10.0.0.1")
        self.elsewhere = set()
        self.reads = count()

    def run(self, amount=0):
        """Begin; `attach` comes next."""

        def elsewhere():
            next(self.reads)
            return {ip_address(ip) for ip in self.elsewhere}

        def demote(reason, amount):
            if amount:
                self.story.append(f"host demoted by {amount}: {reason}")

        self.interface = Interface("eth0", self.kernel, demote, elsewhere)
        self.sockets = self.interface._sockets
        self.watch = self.interface._double_watch
        self.kernel.listener = self.interface

    def config(self, name="web", **keys):
        keys = {"INTERFACE": "eth0", "VHID": 1, "PASS": "x", "ADDR": "10.0.0.10", **keys}
        path = self._directory / f"{name}.conf"
        path.write_text("".join(f"UCARP_{key}={value}\n" for key, value in keys.items()))
        return load(path, {})

    def attach(self, name="web", **keys):
        def demote(reason, amount):
            self.story.append(f"demoted by {amount}: {reason}")

        engine = FakeEngine(self)
        config = self.config(name, **keys)
        self.interface.attach(config, engine, Log(self), demote)
        return config, engine

    def told(self):
        story, self.story = self.story, []
        return story


@pytest.fixture
def bench(tmp_path, monkeypatch):
    return Bench(tmp_path, monkeypatch)


def in_virtual_time(test):
    @wraps(test)
    def run(bench, **arguments):
        async def main():
            bench.run()
            await test(bench, **arguments)

        virtual_loop.run(main())

    return run


async def later(seconds):
    await asyncio.sleep(seconds)


# -- reports to a virtual host ---------------------------------------------------------------------


@in_virtual_time
async def test_an_interface_that_can_be_used(bench):
    bench.attach()
    assert bench.told() == ["ready 10.0.0.1"]
    assert bench.sockets.story[-1] == "open on 2"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"is_up": False}, "lost: interface eth0 is down"),
        ({"has_carrier": False}, "lost ['may return']: no carrier on eth0"),
        ({"is_ethernet": False}, "lost: interface eth0 is not Ethernet"),
        (
            {"slave_kind": "bridge", "master": 7},
            "lost ['can send']: eth0 is a port of br-lan and receives nothing itself:"
            " UCARP_INTERFACE=br-lan",
        ),
    ],
)
@in_virtual_time
async def test_a_link_that_cannot_be_used(bench, change, told):
    bench.kernel.set("br-lan", index=7)
    bench.attach(IFDOWN_DEMOTION=0)
    bench.told()
    bench.kernel.set("eth0", **change)
    assert bench.told() == [told]


@in_virtual_time
async def test_a_port_is_refused_whatever_its_carrier_is_worth(bench):
    bench.kernel.set("eth0", slave_kind="bridge", master=None)
    bench.attach(IGNOREIFSTATE="yes")
    assert "a port of a bridge" in bench.told()[0]


@in_virtual_time
async def test_another_name_of_the_interface(bench):
    bench.kernel.set("net0", index=2, altnames=("eth0",))
    del bench.kernel.by_name["eth0"]
    bench.attach()
    assert bench.told() == ["lost: eth0 is another name of net0: write UCARP_INTERFACE=net0"]
    bench.kernel.set("net0", altnames=())
    await later(LOOK_AGAIN_AFTER + 0.1)
    assert bench.told() == ["lost: interface eth0 does not exist"]


@in_virtual_time
async def test_a_group_that_cannot_be_joined_is_tried_again(bench):
    bench.attach()
    bench.told()
    bench.sockets.faults[4] = "cannot join"
    bench.kernel.set("eth0", mac=PEER_MAC)
    assert bench.told() == ["lost ['can send']: cannot join", "another MAC"]
    bench.sockets.story.clear()
    await later(2.5 * LOOK_AGAIN_AFTER)
    assert bench.told() == ["lost ['can send']: cannot join"] * 2
    assert bench.sockets.story == ["open on 2"] * 2
    bench.sockets.faults.clear()
    await later(LOOK_AGAIN_AFTER)
    assert bench.told() == ["ready 10.0.0.1"]
    await later(10 * LOOK_AGAIN_AFTER)
    assert bench.told() == [], "all is well, so there is nothing to look at"


@in_virtual_time
async def test_nobody_looks_again_when_the_last_one_has_left(bench):
    bench.kernel.set("eth0", is_up=False)
    config, _ = bench.attach()
    bench.interface.detach(config)
    bench.told()
    await later(2 * LOOK_AGAIN_AFTER)
    assert bench.told() == []


@in_virtual_time
async def test_an_interface_that_somebody_removes(bench):
    bench.attach(IFDOWN_DEMOTION=0)
    bench.told()
    assert bench.interface.mac == MAC
    del bench.kernel.by_name["eth0"]
    bench.interface.link_changed("eth0")
    assert bench.told() == ["lost: interface eth0 does not exist"]
    assert bench.interface.mac == bytes(6)
    assert bench.sockets.story[-1] == "close"


@in_virtual_time
async def test_a_virtual_mac_device_that_is_shut_down_takes_its_addresses_with_it(bench):
    bench.attach(VMAC="yes")
    bench.attach("mail", VHID=2, ADDR="10.0.0.20", VMAC="yes")
    bench.kernel.set("eth0-v1", index=3)
    bench.told()
    bench.kernel.set("eth0-v1", is_up=False)
    assert bench.told() == ["gone: 10.0.0.10"]


# -- the host is less fit --------------------------------------------------------------------------


@in_virtual_time
async def test_an_interface_that_is_down_makes_the_host_less_fit(bench):
    bench.attach(IFDOWN_DEMOTION=100)
    bench.attach("mail", VHID=2, ADDR="10.0.0.20", IFDOWN_DEMOTION=200)
    bench.told()
    bench.kernel.set("eth0", has_carrier=False)
    assert bench.told()[-1] == "host demoted by 200: eth0 cannot be used"


@in_virtual_time
async def test_one_that_was_never_there_says_nothing_about_the_host(bench):
    del bench.kernel.by_name["eth0"]
    bench.attach()
    assert bench.told() == ["lost: interface eth0 does not exist"]


@in_virtual_time
async def test_a_loss_that_an_up_script_may_have_made_waits_for_its_end(bench):
    _, engine = bench.attach()
    bench.told()
    engine.is_loss_held = True
    bench.kernel.set("eth0", is_up=False)
    assert bench.told() == ["lost: interface eth0 is down"]
    engine.is_loss_held = False
    bench.interface.tell_faults()
    assert bench.told() == ["host demoted by 240: eth0 cannot be used"]


# -- the source ------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_change_of_the_source_is_told(bench):
    bench.attach()
    bench.kernel.add("eth0", "10.0.0.3")
    bench.told()
    bench.kernel.remove("eth0", "10.0.0.1")
    assert bench.told() == ["source 10.0.0.1 to 10.0.0.3", "ready 10.0.0.3"]


@in_virtual_time
async def test_a_source_on_another_interface_is_told_once(bench):
    bench.kernel.on["lo"] = ["192.168.5.1"]
    bench.attach(SRCIP="192.168.5.1")
    bench.kernel.add("eth0", "10.0.0.3")
    assert bench.told() == [
        "source 192.168.5.1 on lo",
        "ready 192.168.5.1",
        "ready 192.168.5.1",
    ]
    bench.kernel.remove("lo", "192.168.5.1")
    assert bench.told() == [
        "lost ['can send', 'may return']: source address 192.168.5.1 is not on eth0"
    ]
    bench.kernel.add("lo", "192.168.5.1")
    assert bench.told() == ["source 192.168.5.1 on lo", "ready 192.168.5.1"]


@in_virtual_time
async def test_an_address_of_another_interface_that_nobody_named_is_nobodys_business(bench):
    bench.attach()
    bench.told()
    bench.kernel.add("eth1", "10.0.1.1")
    assert bench.told() == []


@in_virtual_time
async def test_the_virtual_address_of_another_process_is_no_source(bench):
    bench.attach()
    bench.told()
    bench.elsewhere = {"10.0.0.20"}
    bench.kernel.add("eth0", "10.0.0.20")
    bench.kernel.remove("eth0", "10.0.0.1")
    bench.kernel.add("eth0", "10.0.0.1")
    assert bench.told() == [
        "ready 10.0.0.1",
        "lost ['can send', 'may return']: eth0 has only 10.0.0.20, which is virtual: give this host an address of its own",
        "ready 10.0.0.1",
    ]


@in_virtual_time
async def test_many_addresses_of_another_process_are_asked_for_once(bench):
    bench.attach()
    bench.elsewhere = {f"10.0.9.{number}" for number in range(100)}
    before = next(bench.reads)
    for ip in bench.elsewhere:
        bench.kernel.add("eth0", ip)
    assert next(bench.reads) == before + 2


@in_virtual_time
async def test_our_own_virtual_addresses_are_told_to_their_owner_alone(bench):
    bench.attach()
    bench.attach("mail", VHID=2, ADDR="10.0.0.20")
    bench.told()
    bench.kernel.add("eth0", "10.0.0.20")
    bench.kernel.remove("eth0", "10.0.0.20")
    assert bench.told() == ["here: 10.0.0.20", "gone: 10.0.0.20"]


# -- one family of two -----------------------------------------------------------------------------

NO_IPV6 = "eth0 has no IPv6 address of its own"


@in_virtual_time
async def test_a_family_without_a_source_is_a_demotion(bench):
    bench.kernel.on["eth0"].append("fe80::1")
    bench.attach(ADDR="10.0.0.10,2001:db8::10")
    assert bench.told() == ["ready 10.0.0.1 fe80::1"]
    bench.kernel.remove("eth0", "fe80::1")
    assert bench.told() == ["ready 10.0.0.1", f"demoted by 240: {NO_IPV6}"]
    bench.kernel.add("eth0", "fe80::1")
    assert bench.told() == ["ready 10.0.0.1 fe80::1", f"demoted by 0: {NO_IPV6}"]


@in_virtual_time
async def test_an_interface_whose_mtu_is_too_small_for_ipv6(bench):
    bench.kernel.on["eth0"].append("fe80::1")
    bench.attach(ADDR="10.0.0.10,2001:db8::10")
    bench.told()
    bench.lacks_ipv6 = True
    bench.kernel.remove("eth0", "fe80::1")
    reason = "eth0 has no IPv6, because its MTU is below 1280"
    assert bench.told() == ["ready 10.0.0.1", f"demoted by 240: {reason}"]


@in_virtual_time
async def test_without_any_family_the_role_ends_and_the_demotion_too(bench):
    bench.attach(ADDR="10.0.0.10,2001:db8::10")
    bench.told()
    bench.kernel.remove("eth0", "10.0.0.1")
    assert bench.told() == [
        f"lost ['can send', 'may return']: eth0 has no IPv4 address of its own and {NO_IPV6}",
        f"demoted by 0: {NO_IPV6}",
    ]


@in_virtual_time
async def test_a_virtual_host_that_leaves_takes_its_demotion_along(bench):
    config, _ = bench.attach(ADDR="10.0.0.10,2001:db8::10")
    bench.told()
    bench.interface.detach(config)
    assert bench.told() == [f"demoted by 0: {NO_IPV6}"]


@in_virtual_time
async def test_the_address_of_a_virtual_host_to_come_is_no_source(bench):
    """At start the instances are attached one after another; each knows the addresses of all."""
    bench.kernel.remove("eth0", "10.0.0.1")
    bench.kernel.add("eth0", "10.0.0.20")
    bench.kernel.add("eth0", "10.0.0.1")
    bench.attach()
    assert bench.told()[-1] == "ready 10.0.0.20"
    bench.interface.expect(bench.config(VHID=2, ADDR="10.0.0.20"))
    assert bench.told() == ["source 10.0.0.20 to 10.0.0.1", "ready 10.0.0.1"]
    bench.interface.expect(bench.config(VHID=3, ADDR="10.0.0.30"))
    assert bench.told() == []


# -- a reload --------------------------------------------------------------------------------------


@in_virtual_time
async def test_another_configuration_leaves_the_sockets_alone(bench):
    bench.attach()
    bench.told()
    bench.sockets.story.clear()
    bench.interface.replace(bench.config(EXTRA_ADDRS="10.0.0.11"))
    assert bench.sockets.story == []
    assert bench.told() == ["ready 10.0.0.1"]
    bench.kernel.add("eth0", "10.0.0.11")
    assert bench.told() == ["here: 10.0.0.11"]
    bench.interface.replace(bench.config())
    bench.told()
    bench.kernel.remove("eth0", "10.0.0.11")
    assert bench.told() == ["ready 10.0.0.1"], "it is an address like any other now"


@in_virtual_time
async def test_a_reload_of_one_that_waits_for_its_scripts_changes_nothing_here(bench):
    bench.interface.replace(bench.config())
    assert bench.told() == []


# -- receiving -------------------------------------------------------------------------------------


def frame(vhid=1, mac=PEER_MAC):
    payload = bytes([0x21, vhid]) + bytes(34)
    return ethernet(bytes(6), mac, carp_over_ip(PEER, IPv4Address("224.0.0.18"), payload))


def hear(bench, **what):
    return bench.sockets.deliver(frame(**what), asyncio.get_running_loop().time())


@in_virtual_time
async def test_the_first_advertisement_after_a_silence_is_told_to_all(bench):
    bench.attach()
    bench.attach("mail", VHID=2, ADDR="10.0.0.20")
    bench.told()
    hear(bench)
    await later(SILENCE - 0.1)
    hear(bench, vhid=77)
    assert bench.told() == []
    await later(SILENCE)
    hear(bench, vhid=77)
    hear(bench, vhid=1)
    # Waiting frames come first: a host that wakes up must not announce lost addresses.
    assert bench.told() == []
    await later(0.0)
    assert bench.told() == ["segment heard"] * 2


@in_virtual_time
async def test_what_is_too_short_to_have_a_vhid_ends_no_silence(bench):
    bench.attach()
    bench.told()
    await later(SILENCE)
    bench.sockets.deliver(frame()[:20], asyncio.get_running_loop().time())
    assert bench.told() == []


@in_virtual_time
async def test_a_frame_that_comes_after_the_last_one_has_left(bench):
    config, _ = bench.attach()
    bench.interface.detach(config)
    assert hear(bench) is None


@in_virtual_time
async def test_our_mac_at_another_host(bench):
    _, engine = bench.attach()
    bench.told()
    assert hear(bench, mac=MAC) == PEER
    assert bench.told() == [f"our MAC at {PEER}"]
    hear(bench)
    engine.heard_from = IPv4Address("10.0.0.1")
    hear(bench, mac=MAC)
    engine.heard_from = None
    hear(bench, mac=MAC)
    assert bench.told() == [], "another MAC, our own frame, a wrong digest"


@in_virtual_time
async def test_the_virtual_mac_is_everybodys(bench):
    bench.kernel.set("eth0", mac=virtual_mac(1))
    bench.attach()
    bench.told()
    hear(bench, mac=virtual_mac(1))
    assert bench.told() == []


# -- another daemon on this host -------------------------------------------------------------------


@in_virtual_time
async def test_another_daemon_is_looked_for_while_there_is_an_interface(bench):
    config, _ = bench.attach(ADVBASE=3)
    assert bench.watch.is_running
    assert bench.watch.duration() > 3 + 255 / 256
    bench.kernel.set("eth0", index=9)
    assert bench.watch.is_running
    del bench.kernel.by_name["eth0"]
    bench.interface.link_changed("eth0")
    assert not bench.watch.is_running
    bench.kernel.set("eth0")
    assert bench.watch.is_running
    bench.interface.detach(config)
    assert not bench.watch.is_running


@in_virtual_time
async def test_our_own_frames_pass_it_by(bench):
    bench.attach()
    bench.interface.send(b"one")
    bench.watch.is_looking = True
    bench.interface.send(b"two")
    assert (bench.sockets.story[-1], bench.watch.sent) == (b"one", [b"two"])


@in_virtual_time
async def test_what_it_sees_is_told_if_it_is_about_a_vhid_of_ours(bench):
    _, engine = bench.attach()
    bench.told()
    bench.watch.found(frame(vhid=2))
    bench.watch.found(frame()[:20])
    assert bench.told() == []
    bench.watch.found(frame())
    assert bench.told() == ["another daemon"]
    engine.is_doubled = False
    bench.watch.found(frame())
    assert bench.told() == []


# -- sending ---------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_packet_for_one_peer_goes_by_the_sockets(bench):
    bench.attach()
    bench.interface.send_datagram("for a peer")
    assert bench.sockets.story[-1] == "for a peer"


@pytest.mark.parametrize(("value", "is_router"), [("0", False), ("1", True), (None, False)])
@in_virtual_time
async def test_a_host_that_forwards_ipv6_is_a_router(
    bench, monkeypatch, tmp_path, value, is_router
):
    monkeypatch.setattr(sysctl, "ROOT", tmp_path)
    if value is not None:
        forwarding = tmp_path / "ipv6/conf/eth0/forwarding"
        forwarding.parent.mkdir(parents=True)
        forwarding.write_text(f"{value}\n")
    assert bench.interface.is_router is is_router
