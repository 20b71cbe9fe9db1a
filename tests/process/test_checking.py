"""Health checks of an instance, as the log, the history, the machine and the scripts hear of them."""

import asyncio

from instance_bench import TAKES_OVER
from two_addresses import config_of

from ucarpd.carp.actions import State
from ucarpd.checks.servers import Connection
from ucarpd.process.moments import Moments
from ucarpd.process.restart_pause import FIRST_RESTART_PAUSE
from ucarpd.process.snapshot import of_instance
from ucarpd.record.happening import Event

UPLINK = "UCARP_CHECK_UPLINK='link:eth1 demote=7'\n"


def set_uplink(bench, *, is_up):
    bench.netlink.indexes["eth1"] = 3
    bench.netlink.down.discard("eth1")
    if not is_up:
        bench.netlink.down.add("eth1")
    bench.instance.parts.checking.link_changed("eth1")


def events(bench):
    return [each.reason for each in bench.happenings if each.event == Event.CHECK]


async def test_a_failure_is_a_reason_that_is_logged_told_and_advertised(make, log_lines):
    bench = make(UPLINK)
    set_uplink(bench, is_up=True)
    await bench.serve()
    assert events(bench) == ["check UPLINK is good: eth1 is up"]
    log_lines.told()
    set_uplink(bench, is_up=False)
    await asyncio.sleep(1.5)
    assert log_lines.told() == [
        "web: check UPLINK has failed: eth1 is down",
        "web: demoted by 7: check UPLINK: eth1 is down",
    ]
    assert bench.instance.shown.note == "; demoted: check UPLINK: eth1 is down"
    assert events(bench)[1:] == ["check UPLINK has failed: eth1 is down"]
    assert set(bench.interface.advertised()) == {7}
    set_uplink(bench, is_up=True)
    await asyncio.sleep(0.1)
    assert log_lines.told() == [
        "web: check UPLINK is good: eth1 is up",
        "web: no longer demoted",
    ]


async def test_a_reload_begins_a_check_with_the_new_environment(make, tmp_path):
    bench = make()
    await bench.serve()
    bench.instance.reconfigure(config_of(tmp_path, f"{UPLINK}SITE=two\n"))
    assert "follow eth1" in bench.netlink.story
    environment = bench.instance.parts.checking._environment()
    assert (environment["SITE"], environment["UCARP_STATE"]) == ("two", "MASTER")
    before = bench.changes_told
    set_uplink(bench, is_up=True)
    await asyncio.sleep(0.1)
    assert bench.changes_told == before + 1


async def test_a_host_that_may_never_serve_says_what_that_means(make, log_lines):
    bench = make("UCARP_CHECK_UPLINK='link:eth1 demote=never'\n")
    set_uplink(bench, is_up=True)
    await bench.serve()
    log_lines.told()
    set_uplink(bench, is_up=False)
    await asyncio.sleep(2 * TAKES_OVER)
    assert log_lines.told()[0] == (
        "web: check UPLINK has failed: eth1 is down; this host does not serve meanwhile; if it fails"
        " on all hosts, no host serves"
    )
    assert bench.instance.state is State.BACKUP


async def test_until_the_first_result_it_serves_if_it_hears_nobody(make, monkeypatch):
    monkeypatch.setattr(Connection, "run", asyncio.Event().wait)
    bench = make("UCARP_CHECK_HANGS='tcp://10.0.0.9:80 timeout=60'\n")
    bench.instance.start()
    assert not bench.interface.engine.machine.rank.is_tested
    await asyncio.sleep(TAKES_OVER)
    assert bench.instance.state is State.MASTER


async def test_a_reload_adds_keeps_and_removes_checks(make, tmp_path, log_lines):
    bench = make(UPLINK)
    set_uplink(bench, is_up=False)
    await bench.serve()
    assert bench.instance.parts.standing.unfitness == 7
    bench.instance.reconfigure(config_of(tmp_path, UPLINK.replace("=7", "=9")))
    assert bench.instance.parts.standing.unfitness == 9, "it has not run again"
    log_lines.told()
    bench.instance.reconfigure(config_of(tmp_path, ""))
    assert log_lines.told()[0] == "web: no longer demoted"


async def test_a_start_after_a_defect_knows_what_the_checks_said(make):
    bench = make(UPLINK)
    set_uplink(bench, is_up=False)
    bench.breaks_as = State.MASTER
    bench.instance.start()
    await asyncio.sleep(TAKES_OVER)
    bench.breaks_as = None
    await asyncio.sleep(FIRST_RESTART_PAUSE)
    assert bench.interface.engine.machine.rank.demotion == 7


NOON = 1_800_000_000.0
"""The wall clock at the start of the virtual loop, in seconds of the epoch."""


def status(bench):
    now = asyncio.get_running_loop().time()
    return of_instance(bench.instance.parts, Moments(now, NOON + now - 1000.0))


async def test_its_health_checks_and_the_delay_of_preemption(make, monkeypatch):
    bench = make(
        "UCARP_PREEMPT=yes\nUCARP_PREEMPT_DELAY=60\n"
        "UCARP_CHECK_UPLINK='link:eth1 demote=7'\nUCARP_CHECK_LEADER='tcp://10.0.0.9:80 demote=never'\n"
    )
    monkeypatch.setattr(Connection, "run", asyncio.Event().wait)
    bench.instance.start()
    found = status(bench)
    assert [each["state"] for each in found["checks"]] == ["unknown", "unknown"]
    assert found["checks"][1] | {"next": "soon"} == {
        "name": "LEADER",
        "target": "tcp://10.0.0.9:80",
        "state": "unknown",
        "since": "2027-01-15T08:00:00.000Z",
        "reason": "not run yet",
        "demote": None,
        "counts": False,
        "next": "soon",
        "good_at": None,
    }
    assert found["preempt_at"] == "2027-01-15T08:01:00.000Z"
    await asyncio.sleep(1.1)
    [uplink, leader] = status(bench)["checks"]
    assert (uplink["state"], uplink["reason"]) == ("failed", "eth1 does not exist")
    assert (uplink["demote"], uplink["counts"], uplink["next"]) == (7, True, None)
    assert (leader["state"], leader["next"]) == ("unknown", None)
    assert status(bench)["demotion"] == [
        {"reason": "check UPLINK: eth1 does not exist", "amount": 7, "level": "failing"}
    ]
