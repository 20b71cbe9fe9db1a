"""Asking the gateways that can hold up a takeover, in virtual time."""

import asyncio

import pytest

from ucarpd.checks import runner
from ucarpd.checks.runner import ANSWER_WITHIN, Checks
from ucarpd.config import health_checks
from ucarpd.health.checks import HealthChecks


class Network:
    """Gateways that answer at once, or not; `silent` has the moments that are told."""

    def __init__(self, surroundings):
        self.answers = True
        self.asked = []
        self.silent = []
        self._surroundings = surroundings

    async def __aenter__(self):
        self.checks = Checks(HealthChecks(), self._surroundings, self)

    async def __aexit__(self, *_failure):
        self.checks.close()

    def probe(self, _check, _surroundings):
        return Gateway(self)

    def check_changed(self, check):
        pass

    def demotion_changed(self):
        pass

    def gateways_silent(self, since):
        self.silent.append(since)

    def configure(self, *options):
        self.checks.configure(
            health_checks.parse(f"arp:10.0.0.{number} {each}")._replace(name=f"gw{number}")
            for number, each in enumerate(options)
        )


class Gateway:
    watches = None

    def __init__(self, network):
        self.network = network

    async def run(self):
        self.network.asked.append(now())
        while not self.network.answers:
            await asyncio.sleep(0.01)
        return "it answers"


def now():
    return asyncio.get_running_loop().time()


@pytest.fixture
def network(surroundings, monkeypatch):
    network = Network(surroundings)
    monkeypatch.setitem(runner.PROBES, "arp", network.probe)
    return network


async def test_it_is_asked_at_once_and_told_soon(network):
    network.configure("interval=30 timeout=5 hold", "interval=30")
    await asyncio.sleep(10)
    network.answers = False
    network.checks.ask_gateways()
    asked_at = now()
    await asyncio.sleep(ANSWER_WITHIN + 0.001)
    assert network.silent == [pytest.approx(asked_at)]


async def test_a_gateway_that_answers_is_no_news(network):
    network.configure("interval=30 hold")
    await asyncio.sleep(10)
    network.checks.ask_gateways()
    await asyncio.sleep(1)
    assert len(network.asked) == 2
    assert network.silent == []


async def test_a_question_on_the_way_counts_from_its_beginning(network):
    network.configure("interval=2 hold")
    await asyncio.sleep(10.3)  # between two runs
    network.answers = False
    began = now()
    await asyncio.sleep(2)
    network.checks.ask_gateways()
    network.checks.ask_gateways()
    await asyncio.sleep(1)
    first = next(at for at in network.asked if at > began)
    assert network.silent == [first]


async def test_the_interval_goes_on_from_the_early_question(network):
    network.configure("interval=4 hold")
    await asyncio.sleep(6)
    network.checks.ask_gateways()
    asked_at = now()
    await asyncio.sleep(5)
    assert network.asked[-2:] == [pytest.approx(asked_at), pytest.approx(asked_at + 4)]


async def test_a_check_without_hold_is_not_asked(network):
    network.configure("interval=30")
    await asyncio.sleep(10)
    network.answers = False
    network.checks.ask_gateways()
    await asyncio.sleep(1)
    assert len(network.asked) == 1
    assert network.silent == []
    network.configure("interval=30 hold")
    network.checks.ask_gateways()
    await asyncio.sleep(1)
    assert len(network.silent) == 1, "a reload keeps what is known of the gateway"


async def test_nothing_is_told_after_the_end(network):
    network.configure("hold")
    await asyncio.sleep(10)
    network.answers = False
    network.checks.ask_gateways()
    network.checks.close()
    await asyncio.sleep(1)
    assert network.silent == []
