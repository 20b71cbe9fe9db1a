"""The addresses that scripts put on the interface: who waits for whom, and what counts."""

import asyncio
from ipaddress import ip_address

import pytest
from scripted_bench import CONTESTED, SCRIPTS, Bench
from two_addresses import ONE, TAKEN, TWO, config_of

from ucarpd.addresses import scripts
from ucarpd.addresses.scripts import LONGEST_WAIT
from ucarpd.engine import Outcome
from ucarpd.scripts.runner import HANGS_AFTER


@pytest.fixture
def make(tmp_path):
    return lambda more="": Bench(tmp_path, more)


def acquiring(make):
    """Return a bench that takes the role: its up-script runs."""
    bench = make()
    bench.acquire()
    return bench


def serve_a_term(bench):
    """Let scripts add the addresses, and take them off."""
    bench.serve()
    bench.release()
    bench.netlink.take("eth0", ONE)
    bench.netlink.take("eth0", TWO)
    bench.hooks.end()


async def test_an_up_script_that_succeeds_serves(make):
    bench = acquiring(make)
    assert bench.ledger.placed
    assert bench.addresses.is_up_script_running
    bench.up(0, ONE, TWO)
    assert bench.outcomes == [Outcome((ONE, TWO))]
    assert bench.log.told() == []


async def test_a_script_that_serves_somewhere_else_is_trusted(make):
    """A cloud's API, or another interface: it is the exit status that counts."""
    for on in (None, "eth1"):
        bench = acquiring(make)
        bench.up(0, *([ONE, TWO] if on else []), on=on)
        assert bench.outcomes == [Outcome((ONE, TWO))]
        assert bench.log.told() == [f"served_elsewhere {ONE} {TWO}"]
        assert bench.addresses.missing() == ()


async def test_a_script_that_fails_and_leaves_nothing_has_not_served(make):
    bench = acquiring(make)
    bench.up(1)
    assert bench.outcomes == [Outcome((), (ONE, TWO))]
    bench.acquire()
    bench.hooks.end(143, timed_out=True)
    assert bench.outcomes[-1] == Outcome((), (ONE, TWO), has_hung=True)


async def test_a_script_that_fails_after_the_addresses_are_there_serves(make):
    for on in ("eth0", "eth1"):
        bench = acquiring(make)
        bench.up(1, ONE, TWO, on=on)
        assert bench.outcomes == [Outcome((ONE, TWO))]
        assert bench.log.told() == [f"script_failed_but_serves {ONE} {TWO}"]


async def test_of_a_script_that_fails_half_way_each_address_counts_for_itself(make):
    bench = acquiring(make)
    bench.up(1, TWO)
    assert bench.outcomes == [Outcome((TWO,), (ONE,))]


async def test_an_address_that_was_there_is_put_back_as_it_was_before_the_script_runs(make):
    """Run again, many scripts only say "already configured" and end with 0."""
    bench = make()
    bench.serve()
    bench.netlink.take("eth0", ONE)
    assert bench.addresses.missing() == (ONE,)
    bench.acquire()
    assert bench.hooks.begun == ["up"]
    assert bench.addresses.is_busy
    await asyncio.sleep(0.01)
    assert bench.addresses.is_busy
    assert bench.hooks.begun == ["up", "up"]
    assert bench.netlink.placed("eth0", ONE).address.prefixlen == 16
    assert bench.netlink.placed("eth0", ONE).label == "eth0:0"
    bench.hooks.end()
    assert bench.outcomes[-1] == Outcome((ONE, TWO))


async def test_the_role_goes_while_an_address_is_put_back(make):
    """The host's own address is removed, and takes the virtual one along."""
    bench = make()
    bench.serve()
    bench.netlink.take("eth0", ONE)
    bench.acquire()
    bench.release()
    await asyncio.sleep(0.01)
    bench.hooks.end()
    await asyncio.sleep(0.01)
    assert bench.hooks.begun == ["up", "down"]
    assert bench.addresses.present() == ()


async def test_the_role_goes_and_comes_back_while_an_address_is_put_back(make):
    """A slow kernel is asked in one term, and answers in the next: that one has asked for the script."""
    bench = make()
    bench.serve()
    bench.netlink.take("eth0", ONE)
    bench.netlink.pause = 1.0
    bench.acquire()
    bench.release()
    outcomes = []
    bench.addresses.acquire(TAKEN, None, outcomes.append)
    await asyncio.sleep(1.01)
    bench.hooks.end()
    bench.hooks.end()
    assert bench.hooks.begun == ["up", "down", "up"]
    await asyncio.sleep(1.01)
    assert outcomes == [Outcome((ONE, TWO))]


async def test_a_script_that_succeeds_without_putting_back_what_it_once_had(make):
    bench = make()
    serve_a_term(bench)
    bench.acquire()
    # At a takeover the script comes first: its work before the address may matter.
    assert bench.hooks.begun == ["up", "down", "up"]
    bench.hooks.end()
    await asyncio.sleep(0.01)
    assert bench.outcomes[-1] == Outcome((ONE, TWO))
    assert "served_elsewhere" not in " ".join(bench.log.told())


async def test_an_address_that_the_kernel_removed_at_once_is_put_back(make):
    """The address of another virtual host was the first of its network, and has taken it along."""
    bench = acquiring(make)
    bench.put(ONE, TWO)
    bench.netlink.take("eth0", ONE)
    bench.hooks.end()
    await asyncio.sleep(0.01)
    assert bench.outcomes == [Outcome((ONE, TWO))]
    assert bench.log.told()[:1] == [f"address_taken_away {ONE}"]
    assert bench.netlink.placed("eth0", ONE).address.prefixlen == 16
    bench.netlink.take("eth0", ONE)
    assert bench.addresses.missing() == (ONE,)


async def test_so_is_one_of_an_up_script_that_works_on(make):
    bench = acquiring(make)
    bench.put(ONE, TWO)
    bench.netlink.take("eth0", ONE)
    bench.addresses.mend()
    await asyncio.sleep(0.2)
    assert bench.hooks.is_busy
    assert bench.addresses.present() == (ONE, TWO)


async def test_what_was_there_before_the_term_does_not_count(make):
    """Since then the administrator has the script move it elsewhere."""
    bench = make()
    bench.put(ONE, TWO)
    bench.release(at_start=True)
    bench.hooks.end()
    await asyncio.sleep(0.01)
    bench.acquire()
    bench.up()
    assert bench.outcomes == [Outcome((ONE, TWO))]
    assert bench.log.told()[-1] == f"served_elsewhere {ONE} {TWO}"
    assert bench.addresses.missing() == ()


async def test_the_down_script_goes_first_and_what_it_leaves_is_taken_off(make):
    bench = make()
    bench.serve()
    bench.netlink.told()
    bench.release()
    await asyncio.sleep(10 * LONGEST_WAIT)
    assert bench.netlink.told() == ["guard"]  # It is still at work, with the address there.
    bench.netlink.take("eth0", ONE)
    bench.hooks.end()
    await asyncio.sleep(0.01)
    assert bench.log.told() == [f"address_not_removed_by_script {TWO}"]
    assert (bench.released, bench.addresses.present(), bench.ledger.placed) == (1, (), False)
    assert bench.netlink.told() == ["end guard", f"remove {ONE} {TWO}"]


async def test_the_end_of_a_removal_is_no_news_about_the_next_term(make):
    bench = make()
    bench.serve()
    bench.release()
    bench.hooks.end()
    bench.acquire()
    await asyncio.sleep(0.01)
    assert (bench.addresses.present(), bench.ledger.placed) == ((), True)


async def test_what_a_script_put_on_an_interface_that_was_renamed_is_removed(make):
    bench = make()
    bench.serve()
    bench.netlink.rename("eth0", "lan0")
    bench.release()
    bench.hooks.end()
    await asyncio.sleep(0.1)
    assert (bench.released, bench.netlink.table["lan0"]) == (1, {})


async def test_an_address_that_cannot_be_removed_stays_in_the_ledger(make):
    bench = make()
    bench.serve()
    bench.netlink.keeps = {ONE}
    bench.release()
    bench.hooks.end()
    await asyncio.sleep(0.1)
    assert (bench.released, bench.addresses.present(), bench.ledger.placed) == (1, (ONE,), True)


async def test_what_the_down_script_leaves_at_a_start_is_told_as_found(make):
    bench = make()
    bench.put(ONE)
    bench.release(at_start=True)
    bench.hooks.end()
    await asyncio.sleep(0.1)
    assert bench.log.told() == [f"address_was_there {ONE}"]


async def test_a_down_script_fails_harmlessly_where_nothing_is_left(make):
    bench = make()
    bench.release(at_start=True)
    hook = bench.hooks.running
    assert hook.script is not None
    assert hook.is_excused()
    bench.put(ONE)
    assert not hook.is_excused()


async def test_a_script_that_has_begun_runs_to_its_end_and_the_addresses_go_meanwhile(make):
    bench = acquiring(make)
    bench.put(ONE)
    bench.release()
    await asyncio.sleep(LONGEST_WAIT - 0.01)
    assert bench.addresses.present() == (ONE,)
    await asyncio.sleep(0.02)
    assert bench.addresses.present() == ()
    assert bench.log.told() == [f"address_taken_off_early {ONE} True"]
    assert bench.ledger.placed  # The down-script has not run yet.
    # An address that the script adds now does not stay either.
    bench.put(TWO)
    bench.addresses.appeared()
    await asyncio.sleep(0.01)
    assert bench.addresses.present() == ()
    assert bench.hooks.begun == ["up"]
    bench.hooks.end()
    assert bench.hooks.begun == ["up", "down"]
    bench.hooks.end()
    assert (bench.released, bench.ledger.placed) == (1, False)


@pytest.mark.parametrize("is_late", [False, True], ids=["master", "up-script at work"])
async def test_if_the_start_of_the_down_script_hangs_the_addresses_go_without_it(make, is_late):
    bench = make()
    if is_late:
        bench.acquire()
        bench.put(ONE, TWO)
    else:
        bench.serve()
    bench.hooks.hangs = True
    bench.release()
    if is_late:
        bench.hooks.end()
    await asyncio.sleep(HANGS_AFTER - 0.01)
    assert bench.addresses.present() == (ONE, TWO)
    await asyncio.sleep(0.02)
    assert bench.addresses.present() == ()
    assert bench.log.told() == [f"address_taken_off_early {ONE} {TWO} False"]
    assert (bench.hooks.begun, bench.released) == (["up", "down"], 0)
    bench.hooks.end(137)
    assert (bench.released, bench.ledger.placed) == (1, False)


async def test_at_a_start_the_addresses_that_were_there_are_told_too_and_are_no_script_s(make):
    bench = make()
    bench.put(ONE)
    bench.hooks.hangs = True
    bench.release(at_start=True)
    await asyncio.sleep(HANGS_AFTER + 0.01)
    assert bench.log.told() == [
        f"address_taken_off_early {ONE} False",
        f"address_was_there {ONE}",
    ]
    bench.hooks.end()
    bench.acquire()
    assert bench.addresses.missing() == ()


async def test_after_the_end_an_up_script_that_ends_leaves_the_addresses_alone(make):
    bench = acquiring(make)
    bench.put(ONE, TWO)
    bench.addresses.close()
    bench.hooks.end()
    await asyncio.sleep(HANGS_AFTER + 0.01)
    assert bench.addresses.present() == (ONE, TWO)
    assert bench.netlink.served == set()


async def test_what_an_up_script_added_before_the_role_went_and_came_again_is_put_back(make):
    bench = acquiring(make)
    bench.put(ONE, TWO)
    bench.addresses.appeared()
    bench.release()
    bench.acquire()
    bench.netlink.take("eth0", ONE)
    bench.addresses.mend()
    await asyncio.sleep(1.0)
    assert bench.addresses.present() == (ONE, TWO)


async def test_what_somebody_takes_away_while_the_up_script_works_on_is_put_back(make):
    bench = acquiring(make)
    bench.put(ONE, TWO)
    bench.addresses.appeared()
    bench.netlink.take("eth0", ONE)
    bench.addresses.mend()
    await asyncio.sleep(0.2)
    assert bench.addresses.present() == (ONE, TWO)
    assert bench.log.told()[0] == f"address_taken_away {ONE}"
    # A script that moves it itself is left alone.
    bench.netlink.take("eth0", ONE)
    bench.addresses.mend()
    bench.put(ONE)
    bench.netlink.told()
    await asyncio.sleep(0.2)
    assert bench.netlink.told() == []


async def test_after_the_end_no_timer_acts_on_the_addresses(make):
    """The next run of the instance may have begun."""
    bench = acquiring(make)
    bench.put(ONE, TWO)
    bench.addresses.appeared()
    bench.netlink.take("eth0", ONE)
    bench.addresses.mend()
    bench.addresses.close()
    await asyncio.sleep(LONGEST_WAIT)
    assert bench.addresses.present() == (TWO,)
    bench.release()
    bench.addresses.close()
    await asyncio.sleep(2 * LONGEST_WAIT)
    assert bench.addresses.present() == (TWO,)


async def test_an_address_that_the_up_script_added_without_nodad_is_added_again(make):
    bench = acquiring(make)
    bench.netlink.unusable.add(ONE)
    bench.up(0, ONE, TWO)
    await asyncio.sleep(0.01)
    assert bench.outcomes == [Outcome((ONE, TWO))]
    assert bench.log.told()[0] == f"address_without_nodad {ONE}"


async def test_an_address_that_cannot_be_put_back_after_the_up_script_is_told_as_refused(make):
    """And no line says that the addresses can be added again."""
    bench = make()
    bench.serve()
    bench.netlink.refuses = {ONE}
    bench.acquire()
    bench.netlink.take("eth0", ONE)
    bench.netlink.take("eth0", TWO)
    bench.hooks.end()
    await asyncio.sleep(0.01)
    assert bench.outcomes[-1] == Outcome((TWO,), (ONE,))
    assert bench.log.told()[-1] == f"addresses_refused {ONE}"


async def test_one_without_nodad_is_named_while_the_up_script_runs_too(make):
    bench = acquiring(make)
    bench.netlink.unusable.add(ONE)
    bench.put(ONE, TWO)
    bench.addresses.appeared()
    bench.addresses.mend()
    await asyncio.sleep(0.2)
    assert bench.log.told()[0] == f"address_without_nodad {ONE}"


async def test_in_each_term_the_up_script_decides_when_the_addresses_come(make):
    """It may have a disk to mount first, and a second `ip address add` would fail."""
    bench = make()
    serve_a_term(bench)
    bench.acquire()
    assert bench.addresses.is_up_script_running
    bench.addresses.mend()
    await asyncio.sleep(0.2)
    assert bench.addresses.present() == ()
    assert bench.log.told() == []


async def test_after_a_failure_too_the_up_script_decides_when_the_addresses_come(make):
    bench = acquiring(make)
    bench.put(ONE, TWO)
    bench.addresses.appeared()
    bench.netlink.take("eth0", ONE)
    bench.netlink.take("eth0", TWO)
    bench.hooks.end(1)
    bench.acquire()
    bench.addresses.mend()
    await asyncio.sleep(0.2)
    assert bench.addresses.present() == ()


@pytest.mark.parametrize(("status", "outcomes"), [(0, [Outcome((ONE, TWO))]), (1, [])])
async def test_a_script_that_ends_when_the_role_is_lost_tells_only_of_a_success(
    make, status, outcomes
):
    bench = acquiring(make)
    bench.release()
    bench.hooks.end(status)
    assert bench.outcomes == outcomes


async def test_other_processes_are_told_with_the_role(make):
    bench = make()
    for _ in range(2):
        bench.acquire()
        assert bench.netlink.served == {ONE, TWO}
        bench.release()
        assert bench.netlink.served == set()


async def test_an_address_that_another_process_serves_stays_after_the_down_script(make):
    bench = make()
    bench.serve()
    bench.netlink.others = {TWO: 123}
    bench.release()
    bench.hooks.end()
    await asyncio.sleep(0.01)
    assert (bench.addresses.present(), bench.ledger.placed) == ((), False)
    assert bench.netlink.has("eth0", TWO)
    assert bench.log.told()[-2:] == [
        f"address_not_removed_by_script {ONE}",
        f"address_not_removed [Errno 16] {TWO} is also served by process 123: if two files have it, keep it in one",
    ]
    asked = []
    bench.addresses.unserved_elsewhere((ONE, TWO), asked.append)
    await asyncio.sleep(0.01)
    assert asked == [(ONE,)]
    bench.serve()
    assert bench.addresses.present() == (ONE, TWO)


async def test_a_quick_up_script_is_waited_for(make):
    bench = acquiring(make)
    bench.put(ONE)
    bench.release()
    await asyncio.sleep(LONGEST_WAIT / 2)
    bench.hooks.end()
    await asyncio.sleep(LONGEST_WAIT)
    assert bench.hooks.begun == ["up", "down"]
    assert bench.netlink.told() == ["guard"]
    assert bench.log.told() == []


async def test_the_role_comes_back_while_the_up_script_still_runs(make):
    """An address removed meanwhile is put back, although the script does not run again."""
    bench = acquiring(make)
    bench.put(ONE, TWO)
    bench.release()
    await asyncio.sleep(0.2)
    assert bench.addresses.present() == ()
    bench.netlink.told()
    bench.acquire()
    assert bench.netlink.told() == ["end guard"]
    # An address that it adds now stays.
    bench.put(ONE)
    bench.addresses.appeared()
    await asyncio.sleep(0.01)
    assert bench.addresses.present() == (ONE,)
    bench.hooks.end()
    assert bench.hooks.begun == ["up", "up"]
    bench.hooks.end()
    await asyncio.sleep(0.01)
    assert bench.outcomes[-1] == Outcome((ONE, TWO))


async def test_the_role_comes_back_before_the_up_script_has_been_waited_for(make):
    bench = acquiring(make)
    bench.put(ONE)
    bench.release()
    bench.acquire()
    await asyncio.sleep(2 * LONGEST_WAIT)
    assert bench.addresses.present() == (ONE,)


async def test_what_is_missing_when_the_role_is_lost_is_not_put_back(make):
    bench = acquiring(make)
    bench.put(ONE)
    bench.addresses.appeared()
    bench.netlink.take("eth0", ONE)
    bench.addresses.mend()
    bench.release()
    await asyncio.sleep(0.2)
    assert bench.addresses.present() == ()
    assert bench.log.told() == []


async def test_the_role_comes_back_while_the_down_script_runs(make):
    bench = make()
    bench.serve()
    bench.release()
    bench.acquire()
    # The down-script may still remove an address, and the kernel others with it.
    assert bench.netlink.told() == ["guard"]
    bench.hooks.end()
    assert bench.netlink.told() == ["end guard"]
    await asyncio.sleep(0.01)
    assert bench.hooks.begun == ["up", "down", "up"]
    assert bench.addresses.present() == (ONE, TWO)
    assert bench.released == 0


async def test_the_role_comes_back_and_goes_while_the_down_script_runs(make):
    """It runs once more, and other addresses must not go with ours then either."""
    bench = make()
    bench.serve()
    bench.release()
    bench.acquire()
    bench.release()
    bench.hooks.end()
    assert bench.hooks.begun == ["up", "down", "down"]
    assert bench.netlink.told() == ["guard", f"remove {ONE} {TWO}"]
    bench.hooks.end()
    assert bench.netlink.told()[0] == "end guard"


async def test_the_down_script_waits_for_its_guard_but_not_for_ever(make, monkeypatch):
    monkeypatch.setattr(scripts, "GUARD_WITHIN", 0.01)
    bench = make()
    bench.serve()
    bench.release()
    assert not bench.hooks.running.wait(), "the worker hangs"
    (begun,) = bench.netlink.guards
    begun()
    assert bench.hooks.running.wait()


async def test_enough_of_the_time_limit_of_the_script_is_left(make):
    for limit, longest in ((0, 2.0), (1, 0.5), (30, 2.0)):
        bench = make(f"UCARP_SCRIPT_TIMEOUT={limit}\n")
        bench.release()
        assert bench.hooks.running.wait.args == (longest,)


async def test_the_role_comes_back_before_the_guard_has_begun(make, monkeypatch):
    """The down-script of the next term has a guard of its own; one that runs once more has the same."""
    monkeypatch.setattr(scripts, "GUARD_WITHIN", 0.01)
    bench = make()
    bench.serve()
    bench.release()
    bench.acquire()
    assert bench.addresses.is_busy
    bench.hooks.end()
    bench.hooks.end()
    assert bench.hooks.begun == ["up", "down", "up"]
    bench.release()
    assert bench.netlink.told() == ["guard", "end guard", "guard"]
    first, second = bench.netlink.guards
    first()
    assert not bench.hooks.running.wait()
    bench.acquire()
    bench.release()
    bench.hooks.end()
    assert not bench.hooks.running.wait()
    second()
    assert bench.hooks.running.wait()


async def test_neutral_hosts_run_no_script_at_start(make):
    bench = make("UCARP_NEUTRAL=yes\n")
    bench.put(ONE)
    bench.release(at_start=True)
    assert bench.hooks.running.script is None
    bench.hooks.end()
    await asyncio.sleep(0.01)
    assert (bench.released, bench.addresses.present()) == (1, ())
    bench.acquire()
    bench.hooks.end()
    bench.release()
    assert bench.hooks.running.script is not None


async def test_a_reload_changes_the_addresses(make, tmp_path):
    bench = make()
    bench.addresses.reconfigure(config_of(tmp_path, f"{SCRIPTS}UCARP_EXTRA_ADDRS=10.0.0.102\n"))
    assert bench.addresses.all() == (ONE, TWO, ip_address("10.0.0.102"))


async def test_a_down_script_that_would_harm_the_host_is_not_run(make, tmp_path):
    script = tmp_path / "down.sh"
    script.write_text('ip address show to "$address/32"\n')
    for address, runs in (("2001:db8::9", False), ("10.0.0.102", True)):
        bench = make(f"UCARP_DOWNSCRIPT={script}\nUCARP_EXTRA_ADDRS={address}\n")
        bench.serve()
        bench.release()
        objection = bench.hooks.running.objection
        assert (objection is None) if runs else objection().startswith("it has a line from ucarpd")
        bench.hooks.end()
        await asyncio.sleep(0.01)
        assert bench.addresses.present() == ()


async def test_a_contested_up_script_runs_again_although_one_is_running(make):
    bench = acquiring(make)
    bench.addresses.reassert(CONTESTED, bench.outcomes.append)
    bench.up(0, ONE, TWO)
    assert bench.hooks.begun == ["up", "up again"]
    assert bench.hooks.running.environment["UCARP_REASON"] == "contested"
    bench.hooks.end()
    assert bench.outcomes[-1] == Outcome((ONE, TWO))
