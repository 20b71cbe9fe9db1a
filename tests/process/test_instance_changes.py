"""What changes a virtual host while it runs: faults, signals and reloads."""

import asyncio
import errno
import os
from dataclasses import replace
from ipaddress import ip_address

from instance_bench import TAKES_OVER
from two_addresses import ONE, config_of

from ucarpd.carp.actions import Finding, Report, State
from ucarpd.checks.runner import ANSWER_WITHIN
from ucarpd.health.fitness import FIRST_ADDRESS_PAUSE, SENDING_PAUSE
from ucarpd.process.suspects import FORMER_KEYS
from ucarpd.record.last_good import read_all
from ucarpd.record.maintenance import Note

# -- less fit --------------------------------------------------------------------------------------


async def test_a_fault_of_the_host_makes_it_less_fit(make, log_lines):
    bench = make()
    await bench.serve()
    log_lines.told()
    bench.host_demotion.set("eth1 cannot be used", 240)
    bench.instance.demotion_changed()
    bench.instance.demotion_changed()
    assert log_lines.told()[0] == "web: demoted by 240: eth1 cannot be used"
    assert bench.instance.shown.note == "; demoted: eth1 cannot be used"
    await asyncio.sleep(2)
    assert set(bench.interface.advertised()) == {240}
    bench.host_demotion.set("eth1 cannot be used", 0)
    bench.instance.demotion_changed()
    assert log_lines.told() == ["web: no longer demoted"]
    assert bench.instance.shown.note == ""


async def test_the_machine_knows_what_an_operator_wants(make, monkeypatch):
    """It is no reason to wait before this host takes the role back."""
    bench = make()
    await bench.serve()
    told, tell = [], bench.instance.parts.engine.demote

    def demote(demotion, reason, **how):
        told.append((demotion, how["is_planned"]))
        tell(demotion, reason, **how)

    monkeypatch.setattr(bench.instance.parts.engine, "demote", demote)
    bench.instance.maintain((Note(level="never", since=0.0),))
    bench.instance.maintain(())
    bench.host_demotion.set("eth1 cannot be used", 240)
    bench.instance.demotion_changed()
    assert told == [(255, True), (0, True), (240, False)]


async def test_a_fault_of_its_own_interface_does_not_count_twice(make):
    bench = make()
    bench.instance.start()
    bench.host_demotion.set(bench.interface.fault, 240)
    bench.instance.demotion_changed()
    assert bench.instance.shown.note == ""


async def test_what_the_interface_finds_counts_for_this_one_alone(make):
    bench = make()
    bench.instance.start()
    bench.interface.demote({"no IPv6": 100})
    assert bench.instance.shown.note == "; demoted: no IPv6"
    assert bench.host_demotion.reasons == {}
    bench.interface.demote({"no IPv6": 0})
    assert bench.instance.shown.note == ""


async def test_a_reason_that_follows_another_does_not_count_beside_it(make, log_lines):
    """A backup with the same fault would take over."""
    bench = make()
    await bench.serve()
    bench.interface.demote({"no IPv6": 240})
    bench.interface.advertised()
    log_lines.told()
    bench.interface.demote({"no IPv6": 0, "no route": 240})
    assert log_lines.told() == ["web: demoted by 240: no route"]
    await asyncio.sleep(3)
    assert set(bench.interface.advertised()) == {240}


async def test_a_master_that_cannot_send_is_less_fit(make, log_lines):
    bench = make()
    await bench.serve()
    log_lines.told()
    bench.interface.error = OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
    await asyncio.sleep(5)
    assert bench.instance.shown.note == "; demoted: sending fails"
    assert log_lines.told()[0].startswith("web: cannot send on eth0")
    bench.interface.error = None


async def test_after_its_end_it_tells_of_no_fitness(make, log_lines):
    """Another instance may have its name by then."""
    bench = make()
    await bench.serve()
    bench.interface.error = OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
    await asyncio.sleep(5)
    await bench.instance.stop("stopping")
    log_lines.told()
    await asyncio.sleep(2 * SENDING_PAUSE)
    assert log_lines.told() == []


async def test_an_address_that_cannot_be_served_makes_it_less_fit(make, log_lines):
    bench = make()
    bench.netlink.refuses = {ONE}
    bench.instance.start()
    await asyncio.sleep(2 * TAKES_OVER)
    assert f"cannot add {ONE}" in bench.instance.shown.note
    assert f"web: this host cannot serve {ONE}: another host should take over" in log_lines.told()


async def test_the_end_of_a_term_ends_what_belongs_to_it(make):
    bench = make()
    bench.interface.role_changed = lambda: bench.interface.story.append("role changed")
    await bench.serve()
    parts = bench.instance.parts
    assert parts.standing.checks._is_master
    assert parts.standing.look(by_count=False) is None, "nothing has changed"
    bench.instance.address_removed(ONE)
    bench.instance.found(Report(Finding.RIVAL_STAYS, peer=ip_address("10.0.0.2")))
    bench.instance.unserved((ONE,))
    bench.interface.engine.interface_lost("eth0 is down", can_send=False)
    await asyncio.sleep(0.1)
    assert bench.interface.story == ["role changed"]
    assert not parts.standing.checks._is_master
    assert list(parts.removals.lasting()) == []
    assert (
        parts.faults.of_master(False, None)
        == f", but cannot add {ONE}, and no other host takes over"
    )
    parts.faults.unserved(())
    assert parts.faults.of_master(False, None) == ""
    assert parts.fitness.demotion.reasons
    await asyncio.sleep(FIRST_ADDRESS_PAUSE)
    assert not parts.fitness.demotion.reasons


async def test_addresses_that_a_late_request_puts_in_place_make_it_fit_again(make):
    bench = make()
    bench.instance.start()
    bench.instance.unserved((ONE,))
    assert "an address cannot be put in place" in bench.instance.shown.note
    bench.instance.can_serve()
    assert bench.instance.shown.note == ""


async def test_the_end_of_an_up_script_lets_a_fault_of_the_link_count(make):
    bench = make()
    bench.instance.loss_counts()
    assert bench.interface.story == ["tell faults"]


async def test_before_it_takes_the_role_it_asks_the_gateway(make):
    bench = make("UCARP_CHECK_GATEWAY='arp:10.0.0.254 interval=30 hold'\n")
    told = []
    bench.interface.neighbours_answer = True
    await bench.serve()
    await asyncio.sleep(10)
    bench.interface.story.clear()
    bench.interface.neighbours_answer = False
    bench.instance.parts.engine.gateways_silent = told.append
    bench.instance.probing()
    asked_at = asyncio.get_running_loop().time()
    await asyncio.sleep(0.1)
    assert (bench.interface.story, told) == (["ask for 10.0.0.254"], [])
    await asyncio.sleep(ANSWER_WITHIN)
    assert told == [asked_at]


# -- signals and reloads ---------------------------------------------------------------------------


async def test_the_status_in_one_line(make, log_lines):
    bench = make()
    await bench.serve()
    bench.host_demotion.set("eth1 cannot be used", 24)
    bench.instance.demotion_changed()
    log_lines.told()
    bench.instance.shown.report_status()
    (line,) = log_lines.told()
    assert line.startswith("web: MASTER on eth0 id 1 (for ")
    assert line.endswith("0 advertisements accepted, dropped: none; demoted by 24)")


async def test_it_steps_down_when_asked_to(make, log_lines):
    bench = make()
    await bench.serve()
    bench.instance.step_down("asked to step down")
    await asyncio.sleep(TAKES_OVER)
    assert 254 in bench.interface.advertised()
    assert any("no other host has taken over" in line for line in log_lines.told())


async def test_a_reload_is_taken_over_while_it_serves(make, tmp_path, log_lines):
    bench = make()
    await bench.serve()
    log_lines.told()
    bench.instance.reconfigure(config_of(tmp_path, "UCARP_ADVSKEW=50\nUCARP_FACILITY=local3\n"))
    assert bench.interface.story == ["replace by advskew 50"]
    assert log_lines.told() == ["web: new configuration: applied without a restart"]
    bench.interface.advertised()
    await asyncio.sleep(3)
    assert set(bench.interface.advertised()) == {50}
    assert bench.instance.state is State.MASTER
    assert bench.instance.parts.log.facility == "local3"
    (kept,) = read_all(bench.directory)
    assert kept.loaded.config.advskew == 50, "a start after a crash finds it"


async def test_a_reload_changes_how_it_says_that_it_is_less_fit(make, tmp_path, log_lines):
    bench = make()
    await bench.serve()
    bench.host_demotion.set("eth1 cannot be used", 240)
    bench.instance.demotion_changed()
    log_lines.told()
    bench.instance.reconfigure(config_of(tmp_path, "UCARP_DEMOTE_STYLE=openbsd\n"))
    assert log_lines.told()[0] == "web: demoted by 1: eth1 cannot be used"
    bench.interface.advertised()
    await asyncio.sleep(3)
    assert set(bench.interface.advertised()) == {0}
    assert bench.instance.parts.engine.machine.rank.demotion == 1


async def test_what_the_detective_is_told(make):
    bench = make()
    bench.instance.start()
    for number in range(FORMER_KEYS + 2):
        for advskew in (0, 1):
            new = replace(bench.config, key=b"secret%d" % number, advskew=advskew)
            bench.instance.reconfigure(new)
    background = bench.instance.parts.suspicion.background()
    assert background.params.key == b"secret5"
    assert background.former_keys == (b"secret1", b"secret2", b"secret3", b"secret4")
    assert background.others == bench.others
