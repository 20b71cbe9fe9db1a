"""The interface tells its virtual hosts of changes, follows a reload, and sends for them."""

from ipaddress import ip_address

import pytest
from interface_bench import MAC, PEER_MAC, later

from ucarpd.carp.neighbours import question
from ucarpd.interface.interface import LOOK_AGAIN_AFTER
from ucarpd.linux import sysctl

# -- reports to a virtual host ---------------------------------------------------------------------


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
async def test_a_link_that_cannot_be_used(bench, change, told):
    bench.kernel.set("br-lan", index=7)
    bench.attach(IFDOWN_DEMOTION=0)
    bench.told()
    bench.kernel.set("eth0", **change)
    assert bench.told() == [told]


async def test_a_port_is_refused_whatever_its_carrier_is_worth(bench):
    bench.kernel.set("eth0", slave_kind="bridge", master=None)
    bench.attach(IGNOREIFSTATE="yes")
    assert "a port of a bridge" in bench.told()[0]


async def test_another_name_of_the_interface(bench):
    bench.kernel.set("net0", index=2, altnames=("eth0",))
    del bench.kernel.by_name["eth0"]
    bench.attach()
    assert bench.told() == ["lost: eth0 is another name of net0: write UCARP_INTERFACE=net0"]
    bench.kernel.set("net0", altnames=())
    await later(LOOK_AGAIN_AFTER + 0.1)
    assert bench.told() == ["lost: interface eth0 does not exist"]


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


async def test_nobody_looks_again_when_the_last_one_has_left(bench):
    bench.kernel.set("eth0", is_up=False)
    config, _ = bench.attach()
    bench.interface.detach(config)
    bench.told()
    bench.sockets.story.clear()
    await later(2 * LOOK_AGAIN_AFTER)
    assert bench.told() == bench.sockets.story == []
    bench.attach()
    await later(1.5 * LOOK_AGAIN_AFTER)
    assert bench.told().count("lost: interface eth0 is down") == 2


async def test_an_interface_that_somebody_removes(bench):
    bench.attach(IFDOWN_DEMOTION=0)
    bench.told()
    assert bench.interface.mac == MAC
    del bench.kernel.by_name["eth0"]
    bench.interface.link_changed("eth0")
    assert bench.told() == ["lost: interface eth0 does not exist"]
    assert bench.interface.mac == bytes(6)
    assert bench.sockets.story[-1] == "close"


async def test_another_interface_may_have_the_index_of_a_removed_one(bench):
    bench.attach()
    bench.sockets.story.clear()
    bench.interface.link_changed("eth0")
    assert "close" not in bench.sockets.story
    bench.sockets.story.clear()
    bench.sockets.are_bound = False
    bench.interface.link_changed("eth0")
    assert bench.sockets.story == ["close", "open on 2"]


async def test_a_virtual_mac_device_that_is_shut_down_takes_its_addresses_with_it(bench):
    bench.attach(VMAC="yes")
    bench.attach("mail", VHID=2, ADDR="10.0.0.20", VMAC="yes")
    bench.kernel.set("eth0-v1", index=3)
    bench.told()
    bench.kernel.set("eth0-v1", is_up=False)
    assert bench.told() == ["gone: 10.0.0.10"]


# -- coming and going ------------------------------------------------------------------------------


async def test_frames_and_claims_are_read_for_whoever_is_attached(bench):
    web, _ = bench.attach()
    mail, _ = bench.attach("mail", VHID=2, ADDR="10.0.0.20")
    assert bench.sockets.served == [1, 2]
    assert bench.sockets.story == ["close", "open on 2", "open on 2"]
    assert ("eth0", 4) in bench.neighbours.opened
    bench.interface.detach(web)
    assert bench.sockets.served == [2]
    assert len(bench.sockets.story) == 3, "the other one needs them"
    bench.told()
    bench.kernel.add("eth0", "10.0.0.10")
    assert bench.told() == ["ready 10.0.0.1"], "it is an address like any other now"
    bench.interface.detach(mail)
    assert bench.sockets.story[-1] == "close"
    assert bench.neighbours.opened == []


@pytest.mark.parametrize(
    "change",
    [
        lambda bench, _config: bench.attach("mail", VHID=2),
        lambda bench, config: bench.interface.replace(config),
        lambda bench, config: bench.interface.detach(config),
        lambda bench, _config: bench.interface.role_changed(),
    ],
    ids=["attach", "replace", "detach", "role"],
)
async def test_each_change_may_be_one_of_the_claims_to_read(bench, change):
    config, _ = bench.attach()
    before = bench.neighbours.changes
    change(bench, config)
    assert bench.neighbours.changes > before


async def test_the_sockets_learn_that_a_role_has_changed(bench):
    bench.attach()
    bench.interface.role_changed()
    assert bench.sockets.story[-1] == "role changed"


# -- a reload --------------------------------------------------------------------------------------


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


async def test_claims_are_read_in_the_families_of_all_addresses(bench):
    bench.attach(EXTRA_ADDRS="2001:db8::10")
    assert bench.neighbours.opened[-1] == ("eth0", 4, 6)
    bench.attach("mail", VHID=2, ADDR="10.0.0.20")
    assert bench.neighbours.opened[-1] == ("eth0", 4)
    bench.interface.replace(bench.config("mail", VHID=2, ADDR="10.0.0.20", EXTRA_ADDRS="fd00::1"))
    assert bench.neighbours.opened[-1] == ("eth0", 4, 6)


async def test_an_address_that_moves_to_another_virtual_host_is_told_to_that_one(bench):
    bench.attach()
    bench.attach("mail", VHID=2, ADDR="10.0.0.20")
    bench.interface.replace(bench.config(ADDR="10.0.0.20"))
    bench.interface.replace(bench.config("mail", VHID=2, ADDR="10.0.0.30"))
    bench.told()
    bench.kernel.add("eth0", "10.0.0.20")
    assert bench.told() == ["here: 10.0.0.20"]


async def test_a_reload_of_one_that_waits_for_its_scripts_changes_nothing_here(bench):
    bench.interface.replace(bench.config())
    assert bench.told() == []


async def test_who_leaves_while_it_waits_for_its_scripts_leaves_its_addresses(bench):
    """Its file may have named this host's own address by mistake."""
    waits = bench.config(ADDR="10.0.0.1")
    bench.interface.expect(waits)
    bench.interface.detach(waits)
    bench.attach()
    assert bench.told() == ["ready 10.0.0.1"]


# -- sending ---------------------------------------------------------------------------------------


async def test_a_packet_for_one_peer_goes_by_the_sockets(bench):
    bench.attach()
    bench.interface.send_datagram("for a peer")
    assert bench.sockets.story[-1] == "for a peer"


async def test_the_answer_to_a_question_is_expected(bench):
    bench.attach()
    gateway, own, answered = ip_address("10.0.0.254"), ip_address("10.0.0.1"), object()
    bench.interface.ask(gateway, own, answered)
    assert bench.sockets.story[-1] == question(gateway, own, MAC)
    assert bench.neighbours.asked == [((gateway,), answered)]


@pytest.mark.parametrize(("value", "is_router"), [("0", False), ("1", True), (None, False)])
async def test_a_host_that_forwards_ipv6_is_a_router(
    bench, monkeypatch, tmp_path, value, is_router
):
    monkeypatch.setattr(sysctl, "ROOT", tmp_path)
    if value is not None:
        forwarding = tmp_path / "ipv6/conf/eth0/forwarding"
        forwarding.parent.mkdir(parents=True)
        forwarding.write_text(f"{value}\n")
    assert bench.interface.is_router is is_router
