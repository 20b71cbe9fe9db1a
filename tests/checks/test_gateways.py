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
        self.health = HealthChecks()
        self.checks = Checks(self.health, surroundings, self)

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
    def network():
        made = Network(surroundings)
        monkeypatch.setitem(runner.PROBES, "arp", made.probe)
        return made

    return network


async def test_it_is_asked_at_once_and_told_soon(network):
    made = network()
    made.configure("interval=30 timeout=5 hold")
    await asyncio.sleep(10)
    made.answers = False
    made.checks.ask_gateways()
    asked_at = now()
    await asyncio.sleep(ANSWER_WITHIN + 0.001)
    assert made.silent == [pytest.approx(asked_at)]
    made.checks.close()


async def test_a_gateway_that_answers_is_no_news(network):
    made = network()
    made.configure("interval=30 hold")
    await asyncio.sleep(10)
    made.checks.ask_gateways()
    await asyncio.sleep(1)
    assert len(made.asked) == 2
    assert made.silent == []
    made.checks.close()


async def test_a_question_on_the_way_counts_from_its_beginning(network):
    made = network()
    made.configure("interval=2 hold")
    await asyncio.sleep(10.3)  # between two runs
    made.answers = False
    began = now()
    await asyncio.sleep(2)
    made.checks.ask_gateways()
    made.checks.ask_gateways()
    await asyncio.sleep(1)
    first = next(at for at in made.asked if at > began)
    assert made.silent == [first]
    made.checks.close()


async def test_the_interval_goes_on_from_the_early_question(network):
    made = network()
    made.configure("interval=4 hold")
    await asyncio.sleep(6)
    made.checks.ask_gateways()
    asked_at = now()
    await asyncio.sleep(5)
    assert made.asked[-2:] == [pytest.approx(asked_at), pytest.approx(asked_at + 4)]
    made.checks.close()


async def test_a_check_without_hold_is_not_asked(network):
    made = network()
    made.configure("interval=30")
    await asyncio.sleep(10)
    made.answers = False
    made.checks.ask_gateways()
    await asyncio.sleep(1)
    assert len(made.asked) == 1
    assert made.silent == []
    made.configure("interval=30 hold")
    made.checks.ask_gateways()
    await asyncio.sleep(1)
    assert len(made.silent) == 1, "a reload keeps what is known of the gateway"
    made.checks.close()


async def test_nothing_is_told_after_the_end(network):
    made = network()
    made.configure("hold")
    await asyncio.sleep(10)
    made.answers = False
    made.checks.ask_gateways()
    made.checks.close()
    await asyncio.sleep(1)
    assert made.silent == []
