"""The check of a neighbour, without a network."""

import asyncio
import errno
import os
from ipaddress import ip_address

import pytest

from ucarpd.checks.probe import Failed
from ucarpd.checks.probes import PROBES
from ucarpd.config import health_checks

OWN, GATEWAY = map(ip_address, ("10.0.0.10", "10.0.0.1"))


async def test_one_function_waits_for_the_answers_to_all_questions(surroundings):
    waiting = []
    around = surroundings._replace(
        source=lambda _family: OWN, ask=lambda _address, _source, answered: waiting.append(answered)
    )
    probe = PROBES["arp"](health_checks.parse(f"arp:{GATEWAY}"), around)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await probe.run()
    assert len(set(waiting)) == 1
    run = asyncio.ensure_future(probe.run())
    await asyncio.sleep(0)
    for _ in range(2):
        waiting[0](GATEWAY, bytes(6))
    assert await run == "10.0.0.1 answers"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (None, "this host has no IPv4 address to ask from"),
        (OWN, "network is down"),
    ],
)
async def test_a_neighbour_that_cannot_be_asked(surroundings, source, reason):
    def ask(*_question):
        raise OSError(errno.ENETDOWN, os.strerror(errno.ENETDOWN))

    around = surroundings._replace(source=lambda _family: source, ask=ask)
    with pytest.raises(Failed, match=reason):
        await PROBES["arp"](health_checks.parse(f"arp:{GATEWAY}"), around).run()
