"""The interface takes frames from other hosts and sees other daemons of this host."""

import asyncio
from ipaddress import IPv4Address

from interface_bench import MAC, PEER, frame, hear, later

from ucarpd.carp.frame import virtual_mac
from ucarpd.carp.receive import DropReason
from ucarpd.interface.incoming import SILENCE

# -- receiving -------------------------------------------------------------------------------------


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


async def test_a_frame_is_for_the_virtual_host_of_its_vhid(bench):
    _, web = bench.attach()
    bench.attach("mail", VHID=2, ADDR="10.0.0.20")
    web.heard_from = None
    assert [hear(bench, vhid=vhid) for vhid in (1, 2, 77)] == [None, PEER, None]


async def test_foreign_advertisements_need_not_all_be_read(bench):
    _, engine = bench.attach()
    engine.heard_from = None
    bench.sockets.story.clear()
    for concerns_us in (True, False):
        engine.drop = engine.drop._replace(concerns_us=concerns_us)
        hear(bench, vhid=77)
        hear(bench, vhid=1)
    engine.drop = engine.drop._replace(source=None)
    hear(bench, vhid=77)
    assert bench.sockets.story == ["pass over 77 of 10.0.0.2"], "not a mistyped vhid"


async def test_a_host_with_another_file_is_told(bench):
    _, engine = bench.attach()
    engine.heard_from = None
    bench.told()
    for reason in DropReason:
        engine.drop = engine.drop._replace(reason=reason)
        hear(bench)
    assert bench.told() == [
        "differs: BAD_DESTINATION",
        "differs: BAD_PEER",
        "differs: MISTYPED_VHID",
    ]


async def test_what_is_too_short_to_have_a_vhid_ends_no_silence(bench):
    bench.attach()
    bench.told()
    await later(SILENCE)
    bench.sockets.deliver(frame()[:20], asyncio.get_running_loop().time())
    assert bench.told() == []


async def test_a_frame_that_comes_after_the_last_one_has_left(bench):
    config, _ = bench.attach()
    bench.interface.detach(config)
    assert hear(bench) is None


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


async def test_the_virtual_mac_is_everybodys(bench):
    bench.kernel.set("eth0", mac=virtual_mac(1))
    bench.attach()
    bench.told()
    hear(bench, mac=virtual_mac(1))
    assert bench.told() == []


# -- another daemon on this host -------------------------------------------------------------------


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
    bench.attach()
    assert bench.watch.is_running, "the virtual host has started again"


async def test_our_own_frames_pass_it_by(bench):
    bench.attach()
    bench.interface.send(b"one")
    bench.watch.is_looking = True
    bench.interface.send(b"two")
    assert (bench.sockets.story[-1], bench.watch.sent) == (b"one", [b"two"])


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
