"""The log tells of virtual hosts that do not fit the networks of the interface."""

from interface_bench import later

from ucarpd.interface.misfit_log import LATEST, PATIENCE

NO_NETWORK = (
    "warning: UCARP_ADDR: {} is in no network of eth0 (10.0.0.0/24): a typing error? Otherwise,"
    " clients need a route to it"
)


async def test_an_address_in_no_network_is_told_once(bench):
    bench.attach(ADDR="10.1.0.10")
    bench.told()
    await later(PATIENCE - 0.1)
    assert bench.told() == []
    await later(LATEST - PATIENCE + 0.2)
    assert bench.told() == [NO_NETWORK.format("10.1.0.10")]
    bench.kernel.add("eth0", "10.0.0.2")
    bench.told()
    await later(2 * LATEST)
    assert bench.told() == []


async def test_an_address_that_a_master_has_added_makes_no_network_of_the_host(bench):
    bench.attach(ADDR="10.1.0.10")
    bench.kernel.add("eth0", "10.1.0.10")
    bench.told()
    await later(LATEST + 0.1)
    assert bench.told() == [NO_NETWORK.format("10.1.0.10")]


async def test_a_mask_that_differs(bench):
    bench.attach(MASK="255.255.0.0")
    bench.told()
    await later(LATEST + 0.1)
    assert [each.partition(" has ")[0] for each in bench.told()] == [
        "warning: UCARP_MASK: 10.0.0.10/16"
    ]


async def test_an_address_that_another_interface_has(bench):
    bench.kernel.add("eth1", "10.0.0.10")
    bench.kernel.add("eth1", "10.0.0.20")
    bench.kernel.add("eth1", "fe80::10")
    bench.attach(EXTRA_ADDRS="fe80::10")
    bench.attach("mail", VHID=2, ADDR="10.0.0.20", UPSCRIPT="/bin/true")
    bench.told()
    await later(LATEST + 0.1)
    assert bench.told() == [
        "warning: UCARP_ADDR: 10.0.0.10 is on eth1 now: remove it there, or choose another"
    ]


async def test_an_address_that_another_process_has(bench):
    """Its file may have another vhid: then both are MASTER, and neither hears of the other."""
    bench.attach(ADDR="10.0.0.10", EXTRA_ADDRS="fe80::10")
    bench.elsewhere = {"10.0.0.10", "fe80::10"}
    bench.told()
    await later(LATEST + 0.1)
    assert bench.told() == [
        "warning: UCARP_ADDR: 10.0.0.10 is also a virtual address of another ucarpd on this host: if"
        " two files have it, keep it in one"
    ]


async def test_an_address_on_the_interface_below_the_device_of_a_virtual_mac(bench):
    bench.kernel.add("eth0", "10.0.0.10")
    bench.attach(VMAC="yes")
    bench.told()
    await later(LATEST + 0.1)
    assert bench.told() == [
        "warning: UCARP_ADDR: 10.0.0.10 is on eth0 now: remove it there, or choose another"
    ]


async def test_its_network_may_come_a_moment_later(bench):
    bench.attach(ADDR="10.1.0.10")
    bench.kernel.add("eth0", "10.1.0.1")
    bench.told()
    await later(LATEST + 0.1)
    assert bench.told() == []


async def test_who_waits_for_an_address_is_told_when_it_is_there(bench):
    bench.attach(ADDR="10.1.0.10", SRCIP="10.0.0.2")
    await later(LATEST + 0.1)
    assert not any("warning" in each for each in bench.told())
    bench.kernel.add("eth0", "10.0.0.2")
    bench.told()
    await later(LATEST + 0.1)
    assert NO_NETWORK.format("10.1.0.10") in bench.told()


async def test_a_reload_is_looked_at_too(bench):
    bench.attach()
    await later(LATEST + 0.1)
    bench.interface.replace(bench.config(EXTRA_ADDRS="10.1.0.10"))
    bench.told()
    await later(LATEST + 0.1)
    assert bench.told() == [
        NO_NETWORK.format("10.1.0.10").replace("UCARP_ADDR", "UCARP_EXTRA_ADDRS")
    ]


async def test_nothing_is_told_of_who_has_left(bench):
    config, _ = bench.attach(ADDR="10.1.0.10")
    bench.interface.detach(config)
    bench.told()
    assert bench.interface._misfits._alarm.at is None
    await later(LATEST + 0.1)
    assert bench.told() == []


async def test_nothing_is_told_of_who_leaves_while_others_are_told(bench):
    bench.attach(ADDR="10.1.0.10")
    config, _ = bench.attach("mail", VHID=2, ADDR="10.1.0.20")
    bench.told()
    bench.interface._misfits._look()
    bench.interface.detach(config)
    await later(0.1)
    assert bench.told() == [NO_NETWORK.format("10.1.0.10")]
