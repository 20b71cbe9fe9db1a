"""Which address an interface advertises from while addresses come and go."""


async def test_a_change_of_the_source_is_told(bench):
    bench.attach()
    bench.kernel.add("eth0", "10.0.0.3")
    bench.told()
    bench.kernel.remove("eth0", "10.0.0.1")
    assert bench.told() == ["source 10.0.0.1 to 10.0.0.3", "ready 10.0.0.3"]


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


async def test_a_source_on_another_interface_that_a_reload_names_is_looked_for(bench):
    bench.attach()
    bench.kernel.add("eth1", "10.0.1.1")
    bench.told()
    bench.interface.replace(bench.config(SRCIP="192.168.5.1"))
    bench.told()
    bench.kernel.add("lo", "192.168.5.1")
    assert bench.told() == ["source 192.168.5.1 on lo", "ready 192.168.5.1"]


async def test_an_address_of_another_interface_that_nobody_named_is_nobodys_business(bench):
    bench.attach()
    bench.told()
    bench.kernel.add("eth1", "10.0.1.1")
    assert bench.told() == []


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


async def test_the_virtual_address_that_another_process_had_before_is_no_source(bench):
    bench.elsewhere = {"10.0.0.1"}
    bench.kernel.on["eth0"].append("10.0.0.3")
    bench.attach()
    assert bench.told() == ["ready 10.0.0.3"]


async def test_many_addresses_of_another_process_are_asked_for_once(bench):
    bench.attach()
    bench.elsewhere = {f"10.0.9.{number}" for number in range(100)}
    before = next(bench.reads)
    for ip in bench.elsewhere:
        bench.kernel.add("eth0", ip)
    assert next(bench.reads) == before + 2


async def test_our_own_virtual_addresses_are_told_to_their_owner_alone(bench):
    bench.attach()
    bench.attach("mail", VHID=2, ADDR="10.0.0.20")
    bench.told()
    bench.kernel.add("eth0", "10.0.0.20")
    bench.kernel.remove("eth0", "10.0.0.20")
    assert bench.told() == ["here: 10.0.0.20", "gone: 10.0.0.20"]
