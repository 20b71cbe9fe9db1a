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
        self.checks = Checks(self.health, surroundings, self)

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
    return lambda: Host(surroundings, monkeypatch)


def check(options="", name="db", target="tcp://a:1"):
    return health_checks.parse(f"{target} {options}")._replace(name=name)


async def test_a_check_runs_within_a_second_and_then_at_its_interval(host):
    made = host()
    start = asyncio.get_running_loop().time()
    made.checks.configure([check("interval=5 timeout=3")])
    made.seconds = 2.0
    await asyncio.sleep(22)
    assert made.begun[0] - start <= 1.0
    assert made.intervals() == [5.0] * 4
    made.checks.close()


async def test_a_run_that_takes_longer_than_the_interval_delays_the_next_one(host):
    made = host()
    made.checks.configure([check("interval=1 timeout=10")])
    made.seconds = 2.5
    await asyncio.sleep(10)
    assert made.intervals() == [2.5, 2.5, 2.5]
    made.checks.close()


async def test_a_host_that_was_stopped_has_no_failed_check(host):
    made = host()
    made.checks.configure([check("interval=10 timeout=1 fall=1")])
    made.seconds = 0.5
    for wait in (2.0, 10.0):
        await asyncio.sleep(wait)
        made.changes.clear()
        runs = len(made.begun)
        while len(made.begun) == runs:
            await asyncio.sleep(0.1)
        asyncio.get_running_loop().jump(60)
        await asyncio.sleep(2)
        assert made.changes == [], "it is asked again at once"
    made.checks.close()


async def test_a_host_that_is_too_slow_for_long_fails_each_time_but_the_first(host):
    made = host()
    made.checks.configure([check("interval=10 timeout=1 fall=2")])
    made.seconds = 60.0
    for failed in (False, False, True):
        while not made.is_running:
            await asyncio.sleep(0.1)
        asyncio.get_running_loop().jump(60)
        await asyncio.sleep(0.1)
        assert (made.changes == [("db", "failed")]) is failed
    made.checks.close()


async def test_a_run_ends_at_its_time_out(host):
    made = host()
    made.checks.configure([check("interval=1 timeout=0.5 fall=2")])
    made.seconds = 60.0
    await asyncio.sleep(4)
    assert made.intervals() == [1.0] * (len(made.begun) - 1)
    assert made.changes == [("db", "failed")]
    assert str(made.health.demotion) == "check db: timed out after 0.5 s"
    made.checks.close()


async def test_results_change_the_state_and_are_told(host):
    made = host()
    made.checks.configure([check("interval=1 rise=1 fall=1")])
    await asyncio.sleep(1.1)
    made.error = Failed("no")
    await asyncio.sleep(1.1)
    made.error = None
    await asyncio.sleep(1.1)
    assert made.changes == [("db", "good"), ("db", "failed"), ("db", "good")]
    assert made.looks >= 4
    made.checks.close()


async def test_runs_of_many_checks_are_spread(host):
    made = host()
    made.checks.configure([check("interval=2", name=f"c{number}") for number in range(100)])
    await asyncio.sleep(0.999)
    gaps = made.intervals()
    assert len(gaps) > 95
    assert max(gaps) < 0.03
    made.checks.close()


async def test_a_reload_keeps_the_results_of_what_has_not_changed(host):
    made = host()
    made.checks.configure([check("fall=1", name="a"), check(name="b"), check(name="c")])
    await asyncio.sleep(1.1)
    made.checks.configure(
        [check("fall=1 demote=7", name="a"), check("interval=7", name="b"), check(name="d")]
    )
    states = {name: each.state for name, each in made.health.histories.items()}
    good, unknown = CheckState.GOOD, CheckState.UNKNOWN
    assert states == {"a": good, "b": unknown, "d": unknown}
    made.error = Failed("no")
    await asyncio.sleep(2.1)
    assert made.health.demotion.unfitness() == 7
    assert [each.runs for each in made.probes[:3]] == [2, 1, 1]
    made.checks.close()


async def test_a_close_ends_what_runs(host):
    made = host()
    made.checks.configure([check("timeout=50")])
    made.seconds = 20.0
    await asyncio.sleep(1.1)
    assert made.is_running
    made.checks.close()
    await asyncio.sleep(0)
    assert not made.is_running
    await asyncio.sleep(60)
    assert len(made.begun) == 1
    assert made.changes == []


async def test_a_close_ends_a_check_whose_run_has_just_ended(host):
    made = host()
    made.checks.configure([check()])
    made.check_changed = lambda _: asyncio.get_running_loop().call_soon(made.checks.close)
    await asyncio.sleep(60)
    assert len(made.begun) == 1


async def test_a_defect_of_a_probe_is_told_and_the_check_runs_again(host):
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    made = host()
    made.checks.configure([check("interval=1")])
    made.error = ZeroDivisionError("a defect")
    await asyncio.sleep(1.1)
    assert [each["exception"] for each in told] == [made.error] * len(told)
    assert told
    made.error = None
    await asyncio.sleep(1.1)
    assert made.changes == [("db", "good")]
    made.checks.close()


async def test_a_second_failure_of_a_master_counts_when_its_time_has_come(host):
    made = host()
    made.checks.configure([check("interval=1 fall=1 demote=10", name=name) for name in ("a", "b")])
    made.checks.set_master(True)
    made.error = Failed("no")
    await asyncio.sleep(1.0)
    assert made.health.demotion.unfitness() == 10
    looks = made.looks
    made.error, made.seconds = None, 0.9
    for each in made.probes:
        each.run = asyncio.Event().wait
    await asyncio.sleep(5.0)
    assert made.health.demotion.unfitness() == 20
    assert made.looks > looks
    made.checks.close()


async def test_a_second_failure_counts_at_once_when_the_role_is_lost(host):
    made = host()
    made.checks.configure([check("interval=1 fall=1 demote=10", name=name) for name in ("a", "b")])
    made.checks.set_master(True)
    made.error = Failed("no")
    await asyncio.sleep(1.0)
    looks = made.looks
    made.checks.set_master(False)
    assert made.health.demotion.unfitness() == 20
    assert made.looks > looks
    made.checks.close()


LINK = Link(7, "eth1", bytes(6), is_up=True, has_carrier=True, is_ethernet=True)


async def test_a_link_is_looked_at_when_the_kernel_reports_a_change(host, links):
    made = host()
    links["eth1"] = LINK
    made.checks.configure([check(target="link:eth1", name="uplink")])
    await asyncio.sleep(1.1)
    for link, line in [
        (LINK._replace(has_carrier=False), "eth1 has no carrier"),
        (LINK._replace(is_up=False), "eth1 is down"),
        (None, "eth1 does not exist"),
    ]:
        links["eth1"] = link
        made.checks.link_changed("eth0")
        await asyncio.sleep(100)
        assert made.health.demotion.unfitness() == 0
        made.checks.link_changed("eth1")
        made.checks.link_changed("eth1")
        await asyncio.sleep(0.001)
        assert str(made.health.demotion) == f"check uplink: {line}"
        links["eth1"] = LINK
        made.checks.link_changed("eth1")
        # It has flapped, so it does not count as good at once.
        await asyncio.sleep(30)
        assert made.health.demotion.unfitness() == 0
    made.checks.close()
