"""When checks run, in virtual time."""

import asyncio

import pytest

from ucarpd.checks import runner
from ucarpd.checks.probe import Failed
from ucarpd.checks.runner import Checks
from ucarpd.config import health_checks
from ucarpd.health.check_state import CheckState
from ucarpd.health.checks import HealthChecks
from ucarpd.linux.netlink import Link


class FakeProbe:
    """A run takes `seconds`, and then fails, or not."""

    watches = None

    def __init__(self, host):
        self.host = host
        self.runs = 0

    async def run(self):
        host = self.host
        self.runs += 1
        host.begun.append(asyncio.get_running_loop().time())
        assert not host.is_running, "one run at a time"
        host.is_running = True
        try:
            await asyncio.sleep(host.seconds)
        finally:
            host.is_running = False
        if host.error is not None:
            raise host.error
        return "fine"


class Host:
    def __init__(self, surroundings, monkeypatch):
        self.begun = []
        self.is_running = False
        self.seconds = 0.0
        self.error = None
        self.probes = []
        self.changes = []
        self.looks = 0
        monkeypatch.setitem(runner.PROBES, "tcp", self.probe)
        self.health = HealthChecks()
        self._surroundings = surroundings

    async def __aenter__(self):
        self.checks = Checks(self.health, self._surroundings, self)

    async def __aexit__(self, *_failure):
        self.checks.close()

    def probe(self, _check, _surroundings):
        self.probes.append(FakeProbe(self))
        return self.probes[-1]

    def check_changed(self, check):
        self.changes.append((check.name, self.health.histories[check.name].state.value))

    def demotion_changed(self):
        self.looks += 1

    def intervals(self):
        return [round(b - a, 6) for a, b in zip(self.begun, self.begun[1:], strict=False)]


@pytest.fixture
def host(surroundings, monkeypatch):
    return Host(surroundings, monkeypatch)


def check(options="", name="db", target="tcp://a:1"):
    return health_checks.parse(f"{target} {options}")._replace(name=name)


async def test_a_check_runs_within_a_second_and_then_at_its_interval(host):
    start = asyncio.get_running_loop().time()
    host.checks.configure([check("interval=5 timeout=3")])
    host.seconds = 2.0
    await asyncio.sleep(22)
    assert host.begun[0] - start <= 1.0
    assert host.intervals() == [5.0] * 4


async def test_a_run_that_takes_longer_than_the_interval_delays_the_next_one(host):
    host.checks.configure([check("interval=1 timeout=10")])
    host.seconds = 2.5
    await asyncio.sleep(10)
    assert host.intervals() == [2.5, 2.5, 2.5]


async def test_a_host_that_was_stopped_has_no_failed_check(host):
    host.checks.configure([check("interval=10 timeout=1 fall=1")])
    host.seconds = 0.5
    for wait in (2.0, 10.0):
        await asyncio.sleep(wait)
        host.changes.clear()
        runs = len(host.begun)
        while len(host.begun) == runs:
            await asyncio.sleep(0.1)
        asyncio.get_running_loop().jump(60)
        await asyncio.sleep(2)
        assert host.changes == [], "it is asked again at once"


async def test_a_host_that_is_too_slow_for_long_fails_each_time_but_the_first(host):
    host.checks.configure([check("interval=10 timeout=1 fall=2")])
    host.seconds = 60.0
    for failed in (False, False, True):
        while not host.is_running:
            await asyncio.sleep(0.1)
        asyncio.get_running_loop().jump(60)
        await asyncio.sleep(0.1)
        assert (host.changes == [("db", "failed")]) is failed


async def test_a_change_during_a_run_is_looked_at_after_it(host):
    host.checks.configure([check("interval=5 timeout=3")])
    host.probes[0].watches = "eth1"
    host.seconds = 2.0
    await asyncio.sleep(1.5)
    for _ in range(2):
        host.checks.link_changed("eth1")
    await asyncio.sleep(60)
    assert host.intervals() == [2.0]


async def test_a_run_ends_at_its_time_out(host):
    host.checks.configure([check("interval=1 timeout=0.5 fall=4")])
    host.seconds = 60.0
    await asyncio.sleep(4.5)
    assert host.intervals() == [1.0] * (len(host.begun) - 1)
    assert host.changes == [("db", "failed")]
    assert str(host.health.demotion) == "check db: timed out after 0.5 s"


async def test_results_change_the_state_and_are_told(host):
    host.checks.configure([check("interval=1 rise=1 fall=1")])
    await asyncio.sleep(1.1)
    host.error = Failed("no")
    await asyncio.sleep(1.1)
    host.error = None
    await asyncio.sleep(1.1)
    assert host.changes == [("db", "good"), ("db", "failed"), ("db", "good")]
    assert host.looks >= 4


async def test_runs_of_many_checks_are_spread(host):
    host.checks.configure([check("interval=2", name=f"c{number}") for number in range(100)])
    await asyncio.sleep(0.999)
    gaps = host.intervals()
    assert len(gaps) > 95
    assert max(gaps) < 0.03


async def test_a_reload_keeps_the_results_of_what_has_not_changed(host):
    host.checks.configure([check("fall=1", name="a"), check(name="b"), check(name="c")])
    await asyncio.sleep(1.1)
    host.checks.configure(
        [check("fall=1 demote=7", name="a"), check("interval=7", name="b"), check(name="d")]
    )
    states = {name: each.state for name, each in host.health.histories.items()}
    good, unknown = CheckState.GOOD, CheckState.UNKNOWN
    assert states == {"a": good, "b": unknown, "d": unknown}
    host.error = Failed("no")
    await asyncio.sleep(2.1)
    assert host.health.demotion.unfitness() == 7
    assert [each.runs for each in host.probes[:3]] == [2, 1, 1]


async def test_a_close_ends_what_runs(host):
    host.checks.configure([check("timeout=50")])
    host.seconds = 20.0
    await asyncio.sleep(1.1)
    assert host.is_running
    host.checks.close()
    await asyncio.sleep(0)
    assert not host.is_running
    await asyncio.sleep(60)
    assert len(host.begun) == 1
    assert host.changes == []


async def test_a_close_ends_a_check_whose_run_has_just_ended(host):
    host.checks.configure([check()])
    host.check_changed = lambda _: asyncio.get_running_loop().call_soon(host.checks.close)
    await asyncio.sleep(60)
    assert len(host.begun) == 1


async def test_a_defect_of_a_probe_is_told_and_the_check_runs_again(host):
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    host.checks.configure([check("interval=1")])
    host.error = ZeroDivisionError("a defect")
    await asyncio.sleep(1.1)
    assert [each["exception"] for each in told] == [host.error] * len(told)
    assert told
    host.error = None
    await asyncio.sleep(1.1)
    assert host.changes == [("db", "good")]


async def test_a_second_failure_of_a_master_counts_when_its_time_has_come(host):
    options = "interval=100 timeout=3 rise=1 fall=1 demote=10"
    host.checks.configure([check(options, name=name) for name in ("a", "b")])
    host.checks.set_master(True)
    host.error = Failed("no")
    await asyncio.sleep(1.0)
    for each in host.probes:
        each.run = asyncio.Event().wait
    await asyncio.sleep(199.0)
    assert host.health.demotion.unfitness() == 10
    looks = host.looks
    # Until then no run ends.
    await asyncio.sleep(1.5)
    assert host.health.demotion.unfitness() == 20
    assert host.looks > looks


async def test_a_second_failure_counts_at_once_when_the_role_is_lost(host):
    host.checks.configure([check("interval=1 fall=1 demote=10", name=name) for name in ("a", "b")])
    host.checks.set_master(True)
    host.error = Failed("no")
    await asyncio.sleep(1.0)
    looks = host.looks
    host.checks.set_master(False)
    assert host.health.demotion.unfitness() == 20
    assert host.looks > looks


LINK = Link(7, "eth1", bytes(6), is_up=True, has_carrier=True, is_ethernet=True)


async def test_a_link_is_looked_at_when_the_kernel_reports_a_change(host, links):
    links["eth1"] = LINK
    host.checks.configure([check(target="link:eth1", name="uplink")])
    await asyncio.sleep(1.1)
    for link, line in [
        (LINK._replace(has_carrier=False), "eth1 has no carrier"),
        (LINK._replace(is_up=False), "eth1 is down"),
        (None, "eth1 does not exist"),
    ]:
        links["eth1"] = link
        host.checks.link_changed("eth0")
        await asyncio.sleep(100)
        assert host.health.demotion.unfitness() == 0
        host.checks.link_changed("eth1")
        host.checks.link_changed("eth1")
        await asyncio.sleep(0.001)
        assert str(host.health.demotion) == f"check uplink: {line}"
        links["eth1"] = LINK
        host.checks.link_changed("eth1")
        # It has flapped, so it does not count as good at once.
        await asyncio.sleep(30)
        assert host.health.demotion.unfitness() == 0
