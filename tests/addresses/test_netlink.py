"""The addresses that ucarpd puts on the interface itself."""

import asyncio
from ipaddress import ip_address

import pytest
from fake_kernel import FakeLog, FakeNetlink, Ledger
from two_addresses import LEFT, ONE, TAKEN, TWO, config_of

from ucarpd.addresses.netlink import NetlinkAddresses
from ucarpd.engine import Outcome

OWN = ip_address("10.0.0.11")


class Bench:
    def __init__(self, tmp_path, more=""):
        self.netlink, self.log, self.ledger = FakeNetlink(), FakeLog(), Ledger()
        self.config = config_of(tmp_path, more)
        self.addresses = NetlinkAddresses(self.config, self.netlink, self.log, self.ledger)
        self.outcomes = []
        self.ahead = []
        self.released = 0

    def acquire(self):
        self.addresses.acquire(TAKEN, self.ahead.append, self.outcomes.append)

    async def serve(self):
        self.acquire()
        await asyncio.sleep(0.1)

    def release(self, at_start=False):
        self.addresses.release(LEFT, at_start, self._done)

    def _done(self):
        self.released += 1


async def test_all_are_put_there(tmp_path):
    bench = Bench(tmp_path)
    bench.acquire()
    assert bench.ledger.placed  # before anything is there
    assert bench.addresses.is_busy
    await asyncio.sleep(0.1)
    assert bench.outcomes == [Outcome((ONE, TWO))]
    assert bench.ahead == [(ONE, TWO)]
    assert not bench.addresses.is_busy
    assert bench.addresses.missing() == ()


async def test_one_that_is_refused_does_not_keep_the_others_off(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.refuses = {ONE}
    await bench.serve()
    assert bench.outcomes == [Outcome((TWO,), (ONE,))]
    assert bench.ahead == [(TWO,)]
    assert bench.log.told() == [f"addresses_refused {ONE}"]
    assert bench.addresses.missing() == (ONE,)


async def test_one_that_somebody_took_meanwhile_is_neither_here_nor_refused(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.catch_up = lambda: bench.netlink.take("eth0", ONE)
    await bench.serve()
    assert bench.outcomes == [Outcome((TWO,))]


async def test_they_are_taken_off_and_the_ledger_is_clean(tmp_path):
    bench = Bench(tmp_path)
    await bench.serve()
    bench.release()
    assert bench.ledger.placed
    assert bench.addresses.is_busy
    await asyncio.sleep(0.1)
    assert (bench.released, bench.addresses.present(), bench.ledger.placed) == (1, (), False)
    assert not bench.addresses.is_busy
    bench.acquire()
    assert bench.addresses.is_busy


async def test_no_address_of_an_interface_that_is_gone(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.indexes.clear()
    bench.netlink.refuses = {ONE, TWO}
    await bench.serve()
    assert bench.outcomes == [Outcome((), (ONE, TWO))]


async def test_the_end_of_a_removal_is_no_news_about_the_next_term(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.put("eth0", ONE)
    bench.release(at_start=True)
    await bench.serve()
    assert (bench.addresses.present(), bench.ledger.placed) == ((ONE, TWO), True)


async def test_what_an_earlier_run_left_is_told(tmp_path):
    bench = Bench(tmp_path)
    bench.ledger.placed = True
    bench.netlink.put("eth0", TWO)
    bench.release(at_start=True)
    await asyncio.sleep(0.1)
    assert bench.log.told() == [f"address_left_over {TWO}"]
    assert bench.addresses.present() == ()


async def test_an_address_that_an_operator_has_set_is_not_called_left_over(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.put("eth0", TWO)
    bench.release(at_start=True)
    await asyncio.sleep(0.1)
    assert bench.log.told() == [f"address_was_there {TWO}"]
    assert bench.addresses.present() == ()


async def test_at_a_start_there_is_no_request_for_what_is_not_there(tmp_path):
    bench = Bench(tmp_path)
    bench.release(at_start=True)
    assert bench.released == 0, "the end of it comes back as an event"
    await asyncio.sleep(0.1)
    assert (bench.released, bench.netlink.story) == (1, [])
    bench.release()
    assert bench.netlink.story == [f"remove {ONE} {TWO}"], "one may be on its way to the interface"


async def test_one_that_stays_is_told_and_stays_in_the_ledger(tmp_path):
    bench = Bench(tmp_path)
    await bench.serve()
    bench.log.told()
    bench.netlink.keeps = {ONE}
    bench.release()
    await asyncio.sleep(0.1)
    assert bench.released == 1
    assert bench.ledger.placed
    assert bench.log.told()[0].startswith("address_not_removed")


async def test_once_one_that_stayed_has_gone_the_end_cleans_the_ledger(tmp_path):
    bench = Bench(tmp_path)
    await bench.serve()
    bench.netlink.keeps = {ONE}
    bench.release()
    await asyncio.sleep(0.1)
    bench.netlink.take("eth0", ONE)
    bench.addresses.close()
    assert not bench.ledger.placed


async def test_what_the_end_leaves_in_place_stays_in_the_ledger(tmp_path):
    bench = Bench(tmp_path)
    await bench.serve()
    bench.netlink.keeps = {ONE}
    bench.release()
    await asyncio.sleep(0.1)
    bench.addresses.close()
    assert bench.ledger.placed
    bench.acquire()
    bench.addresses.close()
    assert bench.ledger.placed, "as with UCARP_SHUTDOWN=no"


async def test_they_are_taken_off_an_interface_that_was_renamed(tmp_path):
    bench = Bench(tmp_path)
    await bench.serve()
    bench.netlink.rename("eth0", "lan0")
    assert bench.addresses.present() == (ONE, TWO)
    assert bench.addresses.missing() == (ONE, TWO)
    bench.release()
    await asyncio.sleep(0.1)
    assert (bench.released, bench.netlink.table["lan0"], bench.ledger.placed) == (1, {}, False)


async def test_they_move_to_the_interface_that_has_the_name_now(tmp_path):
    bench = Bench(tmp_path)
    await bench.serve()
    bench.netlink.rename("eth0", "lan0")
    bench.netlink.indexes["eth0"] = 3
    await bench.serve()
    assert bench.netlink.table["lan0"] == {}
    assert set(bench.netlink.table["eth0"]) == {ONE, TWO}
    # By now it belongs to another program.
    bench.netlink.put("lan0", ONE)
    bench.release()
    await asyncio.sleep(0.1)
    assert set(bench.netlink.table["lan0"]) == {ONE}


async def test_a_reload_takes_off_what_is_no_longer_wanted(tmp_path):
    bench = Bench(tmp_path, "UCARP_EXTRA_ADDRS=10.0.0.102/24\n")
    await bench.serve()
    bench.netlink.told()
    bench.addresses.reconfigure(config_of(tmp_path))
    assert bench.netlink.told() == ["remove 10.0.0.102"]


# -- for scripts -----------------------------------------------------------------------------------


async def test_what_a_script_had_put_there_is_put_back_as_it_was(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.put("eth0", ONE, 32, "eth0:1")
    bench.netlink.put("eth0", TWO, 24)
    placed = bench.addresses.placed()
    bench.netlink.take("eth0", ONE)
    bench.netlink.take("eth0", TWO)
    assert not bench.addresses.elsewhere()
    done = []
    bench.addresses.put_back(placed, lambda _refused: done.append(bench.addresses.placed()))
    assert bench.addresses.is_busy
    await asyncio.sleep(0.1)
    assert done == [placed], "once, when all are there"
    assert not bench.addresses.is_busy
    assert [(each.address.prefixlen, each.label) for each in placed] == [(32, "eth0:1"), (24, None)]


async def test_one_that_cannot_be_put_back_is_told(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.put("eth0", ONE)
    placed = bench.addresses.placed()
    bench.netlink.take("eth0", ONE)
    bench.netlink.refuses = {ONE}
    done = []
    bench.addresses.put_back(placed, done.append)
    await asyncio.sleep(0.1)
    assert done == [(ONE,)]
    assert bench.log.told() == [f"addresses_refused {ONE}"]


async def test_an_address_of_ours_may_be_on_another_interface(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.put("eth1", TWO)
    assert bench.addresses.elsewhere()
    assert bench.addresses.present_now() == ()
    bench.netlink.catch_up = lambda: bench.netlink.put("eth0", ONE)
    assert bench.addresses.present_now() == (ONE,)


@pytest.mark.parametrize("is_wanted", [True, False])
async def test_at_the_end_they_may_be_on_their_way(tmp_path, is_wanted):
    bench = Bench(tmp_path)
    bench.addresses.serve()
    if not is_wanted:
        bench.addresses.let_go()
    bench.ledger.placed = True
    bench.addresses.close()
    assert (bench.ledger.placed, bench.netlink.served) == (is_wanted, set())


async def test_the_kernel_is_told_before_and_after_a_script_removes_them(tmp_path):
    bench = Bench(tmp_path)
    bench.addresses.guard(list)
    bench.addresses.end_guard()
    assert bench.netlink.told() == ["guard", "end guard"]
    assert bench.netlink.guards == [list]


async def test_there_is_nothing_to_run_again_to_mend_or_to_leave(tmp_path):
    bench = Bench(tmp_path)
    bench.addresses.appeared()
    bench.addresses.mend()
    await bench.addresses.dispose()
    assert bench.netlink.told() == []
    bench.addresses.reassert(TAKEN, bench.outcomes.append)
    await asyncio.sleep(0.1)
    assert bench.outcomes == [Outcome((ONE, TWO))]


# -- an address that another process serves too ---------------------------------------------------


async def test_it_is_left_to_that_process_and_the_ledger_is_clean(tmp_path):
    bench = Bench(tmp_path)
    await bench.serve()
    bench.netlink.others = {TWO: 123}
    bench.release()
    await asyncio.sleep(0.1)
    assert (bench.released, bench.addresses.present(), bench.ledger.placed) == (1, (), False)
    assert bench.netlink.has("eth0", TWO)
    assert bench.log.told()[-1:] == [
        f"address_not_removed [Errno 16] {TWO} is also served by process 123: if two files have it, keep it in one"
    ]
    # With the role it is ours as well, and without the other process ours alone.
    await bench.serve()
    assert bench.addresses.present() == (ONE, TWO)
    bench.netlink.others = {}
    bench.release()
    await asyncio.sleep(0.1)
    assert not bench.netlink.has("eth0", TWO)


async def test_a_start_leaves_it_and_tells_of_the_others(tmp_path):
    bench = Bench(tmp_path)
    for ip in (ONE, TWO):
        bench.netlink.put("eth0", ip)
    bench.netlink.others = {TWO: 0}
    bench.release(at_start=True)
    await asyncio.sleep(0.1)
    assert bench.log.told() == [
        f"address_was_there {ONE}",
        f"address_not_removed [Errno 16] {TWO} is also served by another process: if two files have"
        " it, keep it in one",
    ]
    assert not bench.ledger.placed


async def test_one_that_is_there_after_that_process_has_gone_is_removed_and_told(tmp_path):
    bench, told = Bench(tmp_path), []
    await bench.serve()
    bench.netlink.others = {TWO: 123}
    bench.release()
    await asyncio.sleep(0.1)
    bench.netlink.others = {}
    bench.addresses.remove(lambda: None, told.append)
    await asyncio.sleep(0.1)
    assert told == [(TWO,)]
    assert not bench.netlink.has("eth0", TWO)


async def test_it_is_ours_if_the_role_has_come_back_meanwhile(tmp_path):
    bench = Bench(tmp_path)
    await bench.serve()
    bench.netlink.others = {ONE: 123}
    bench.release()
    await bench.serve()
    assert bench.addresses.present() == (ONE, TWO)


async def test_who_serves_one_is_asked_of_the_kernel(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.others, free = {ONE: 123}, []
    bench.addresses.unserved_elsewhere((ONE, TWO), free.append)
    await asyncio.sleep(0.1)
    assert free == [(TWO,)]


# -- an address that is the host's own -------------------------------------------------------------


async def test_the_only_address_of_the_interface_is_the_hosts_own(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.put("eth0", ONE)
    assert bench.addresses.is_hosts_own(ONE)
    bench.netlink.put("eth0", ip_address("fe80::1"), 64)
    assert bench.addresses.is_hosts_own(ONE), "the other family does not count"
    bench.netlink.put("eth0", ip_address("10.0.0.1"))
    assert not bench.addresses.is_hosts_own(ONE)


async def test_what_ucarpd_has_put_there_is_not_the_hosts_own(tmp_path):
    bench = Bench(tmp_path)
    await bench.serve()
    assert not bench.addresses.is_hosts_own(ONE)


async def test_nothing_on_a_virtual_mac_device_is_the_hosts_own(tmp_path):
    bench = Bench(tmp_path, "UCARP_VMAC=yes\n")
    bench.netlink.put("eth0-v1", ONE)
    assert not bench.addresses.is_hosts_own(ONE)


async def test_the_kernels_table_is_searched_only_after_a_change(tmp_path, monkeypatch):
    bench = Bench(tmp_path)
    await bench.serve()
    assert bench.addresses.missing() == ()
    with monkeypatch.context() as patch:
        patch.delattr(FakeNetlink, "has")
        assert bench.addresses.missing() == ()
    bench.netlink.take("eth0", ONE)
    assert bench.addresses.missing() == bench.addresses.missing() == (ONE,)
    bench.netlink.put("eth0", ONE)
    assert bench.addresses.missing() == ()


async def test_after_a_reload_other_addresses_are_searched_for(tmp_path):
    bench = Bench(tmp_path)
    await bench.serve()
    assert bench.addresses.missing() == ()
    bench.addresses.step_behind([OWN], bench.outcomes.append)
    assert bench.addresses.are_settled
    bench.addresses.reconfigure(config_of(tmp_path, "UCARP_EXTRA_ADDRS=10.0.0.120/24\n"))
    assert not bench.addresses.are_settled
    assert bench.addresses.missing() == (ip_address("10.0.0.120"),)


async def test_addresses_before_the_hosts_own_are_added_again_behind_it(tmp_path):
    bench = Bench(tmp_path)
    await bench.serve()
    bench.netlink.told()
    bench.addresses.step_behind([OWN], bench.outcomes.append)
    assert bench.netlink.told() == []
    bench.netlink.put("eth0", ONE, label="eth0:0")
    bench.netlink.in_front = {ONE}
    bench.addresses.step_behind([OWN], bench.outcomes.append)
    assert bench.netlink.told() == [f"remove {ONE}", f"add {ONE}"]
    assert bench.log.told()[-1] == f"address_stepped_behind {ONE} {OWN}"
    assert bench.addresses.is_busy
    # It is gone only as long as the job runs.
    bench.netlink.catch_up = lambda: bench.outcomes.append(bench.addresses.is_busy)
    await asyncio.sleep(0.1)
    assert bench.outcomes[1:] == [True]
    assert not bench.addresses.is_busy
    assert bench.netlink.placed("eth0", ONE).label == "eth0:0"


async def test_one_that_cannot_be_added_again_behind_the_hosts_own_is_told_as_refused(tmp_path):
    bench = Bench(tmp_path)
    await bench.serve()
    bench.netlink.in_front, bench.netlink.refuses = {ONE}, {ONE}
    bench.addresses.step_behind([OWN], bench.outcomes.append)
    await asyncio.sleep(0.1)
    assert bench.outcomes[1:] == [Outcome((TWO,), (ONE,))]
    assert bench.log.told()[-1] == f"addresses_refused {ONE}"


async def test_an_address_that_a_route_has_as_its_source_is_not_added_again(tmp_path):
    bench = Bench(tmp_path, f"UCARP_ROUTES='default via 10.0.0.1 src {ONE}'\n")
    await bench.serve()
    bench.netlink.in_front = {ONE}
    bench.netlink.told()
    bench.addresses.step_behind([OWN], bench.outcomes.append)
    assert bench.netlink.told() == []


@pytest.mark.parametrize("routes", ["", f"UCARP_ROUTES='default via 10.0.0.1 src {ONE}'\n"])
async def test_they_are_settled_from_a_look_at_their_order_until_a_change(tmp_path, routes):
    bench = Bench(tmp_path, routes)
    await bench.serve()
    assert not bench.addresses.are_settled
    bench.addresses.step_behind([OWN], bench.outcomes.append)
    assert bench.addresses.are_settled
    bench.netlink.take("eth0", ONE)
    assert not bench.addresses.are_settled
    assert bench.addresses.missing() == (ONE,)
    assert not bench.addresses.are_settled
