"""Checks as a file has them, and their surroundings."""

import pytest

from ucarpd.checks.probe import Surroundings
from ucarpd.checks.probes import PROBES
from ucarpd.config import health_checks


@pytest.fixture
def links():
    """The links of this host by name, to be filled."""
    return {}


@pytest.fixture
def surroundings(links):
    return Surroundings(
        interface="eth0",
        link=links.get,
        source=lambda _family: None,
        ask=lambda _address, _source, _answered: None,
        environment=lambda: {"UCARP_INSTANCE": "web", "UCARP_STATE": "MASTER"},
    )


@pytest.fixture
def probe(surroundings):
    def probe(text):
        check = health_checks.parse(text)._replace(name="web")
        return PROBES[check.kind](check, surroundings)

    return probe
