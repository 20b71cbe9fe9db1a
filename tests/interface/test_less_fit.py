"""Which faults of the interface make the host less fit, and for how long."""

from interface_bench import later

from ucarpd.carp.actions import State

# -- the host is less fit --------------------------------------------------------------------------


async def test_an_interface_that_is_down_makes_the_host_less_fit(bench):
    bench.attach(IFDOWN_DEMOTION=100)
    bench.attach("mail", VHID=2, ADDR="10.0.0.20", IFDOWN_DEMOTION=200)
    bench.told()
    bench.kernel.set("eth0", has_carrier=False)
    assert bench.told()[-1] == "host demoted by 200: eth0 cannot be used"


async def test_the_virtual_hosts_that_are_there_count(bench):
    web, _ = bench.attach(IFDOWN_DEMOTION=100)
    bench.kernel.set("eth0", has_carrier=False)
    keys = {"VHID": 2, "ADDR": "10.0.0.20"}
    mail, _ = bench.attach("mail", IFDOWN_DEMOTION=200, **keys)
    assert bench.demotion == 200
    bench.interface.replace(bench.config("mail", IFDOWN_DEMOTION=150, **keys))
    assert bench.demotion == 150
    bench.interface.detach(mail)
    assert bench.demotion == 100
    bench.interface.replace(bench.config(IFDOWN_DEMOTION=100, IGNOREIFSTATE="yes"))
    assert bench.demotion == 0
    bench.interface.replace(web)
    assert bench.demotion == 100
    bench.interface.detach(web)
    assert bench.demotion == 100, "it may start again"
    bench.interface.tell_faults()
    assert bench.demotion == 0


async def test_one_that_is_gone_makes_the_host_less_fit_until_it_is_back(bench):
    bench.attach()
    link = bench.kernel.by_name.pop("eth0")
    bench.interface.link_changed("eth0")
    assert bench.demotion == 240
    bench.kernel.by_name["eth0"] = link
    bench.interface.link_changed("eth0")
    assert bench.demotion == 0


async def test_one_that_was_never_there_says_nothing_about_the_host(bench):
    del bench.kernel.by_name["eth0"]
    bench.attach()
    assert bench.told() == ["lost: interface eth0 does not exist"]


async def test_a_loss_that_an_up_script_may_have_made_waits_for_its_end(bench):
    _, engine = bench.attach()
    bench.told()
    engine.is_loss_held = True
    bench.kernel.set("eth0", is_up=False)
    assert bench.told() == ["lost: interface eth0 is down"]
    engine.is_loss_held = False
    bench.interface.tell_faults()
    assert bench.told() == ["host demoted by 240: eth0 cannot be used"]


async def enter(bench, engine, state):
    engine.state = state
    bench.interface.role_changed()
    await later(0)


async def test_a_source_address_that_does_not_come_back_makes_the_host_less_fit(bench):
    _, engine = bench.attach(IFDOWN_DEMOTION=100)
    bench.kernel.remove("eth0", "10.0.0.1")
    await enter(bench, engine, State.MASTER)
    assert bench.demotion == 0, "it may return before a backup has missed it"
    await enter(bench, engine, State.INIT)
    assert bench.demotion == 100
    bench.kernel.add("eth0", "10.0.0.1")
    await enter(bench, engine, State.BACKUP)
    assert bench.demotion == 0


async def test_one_virtual_host_that_works_is_enough(bench):
    bench.attach()
    _, engine = bench.attach("mail", VHID=2, ADDR="10.0.0.20", SRCIP="10.0.0.2")
    await enter(bench, engine, State.INIT)
    assert bench.demotion == 0


async def test_a_source_address_that_was_never_there_says_nothing_about_the_host(bench):
    config, engine = bench.attach(SRCIP="10.0.0.2")
    await enter(bench, engine, State.INIT)
    assert bench.demotion == 0
    bench.interface.detach(config)
    bench.interface.tell_faults()
    _, engine = bench.attach()
    await enter(bench, engine, State.BACKUP)
    assert bench.demotion == 0


async def test_a_virtual_host_that_stops_makes_no_other_one_less_fit(bench):
    config, engine = bench.attach()
    await enter(bench, engine, State.INIT)
    bench.interface.detach(config)
    await enter(bench, engine, State.INIT)
    assert bench.demotion == 0


# -- one family of two -----------------------------------------------------------------------------

NO_IPV6 = "eth0 has no IPv6 address of its own"


async def test_a_family_without_a_source_is_a_demotion(bench):
    bench.kernel.on["eth0"].append("fe80::1")
    bench.attach(ADDR="10.0.0.10,2001:db8::10")
    assert bench.told() == ["ready 10.0.0.1 fe80::1"]
    bench.kernel.remove("eth0", "fe80::1")
    assert bench.told() == ["ready 10.0.0.1", f"demoted by 240: {NO_IPV6}"]
    bench.kernel.add("eth0", "fe80::1")
    assert bench.told() == ["ready 10.0.0.1 fe80::1", f"demoted by 0: {NO_IPV6}"]


async def test_an_interface_whose_mtu_is_too_small_for_ipv6(bench):
    bench.kernel.on["eth0"].append("fe80::1")
    bench.attach(ADDR="10.0.0.10,2001:db8::10")
    bench.told()
    bench.lacks_ipv6 = True
    bench.kernel.remove("eth0", "fe80::1")
    reason = "eth0 has no IPv6, because its MTU is below 1280"
    assert bench.told() == ["ready 10.0.0.1", f"demoted by 240: {reason}"]
    bench.kernel.remove("eth0", "10.0.0.1")
    lost, _ = bench.told()
    assert lost.endswith(f": eth0 has no IPv4 address of its own and {reason}")


async def test_without_any_family_the_role_ends_and_the_demotion_too(bench):
    bench.attach(ADDR="10.0.0.10,2001:db8::10")
    bench.told()
    bench.kernel.remove("eth0", "10.0.0.1")
    assert bench.told() == [
        f"lost ['can send', 'may return']: eth0 has no IPv4 address of its own and {NO_IPV6}",
        f"demoted by 0: {NO_IPV6}",
    ]


async def test_a_virtual_host_that_leaves_takes_its_demotion_along(bench):
    config, _ = bench.attach(ADDR="10.0.0.10,2001:db8::10")
    bench.told()
    bench.interface.detach(config)
    assert bench.told() == [f"demoted by 0: {NO_IPV6}"]


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
