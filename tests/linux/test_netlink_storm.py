"""Many changes at a time are taken in and told a few at a time."""

import asyncio
import errno
from ipaddress import ip_address

import pytest
from fed_netlink import ADDRESS, fed
from rtnetlink import DELADDR, NEWADDR, address, link

from ucarpd.linux.netlink import events
from ucarpd.linux.netlink.events import CHANGES_AT_ONCE, EVENTS_AT_ONCE

VETHS = [f"veth{number}" for number in range(3 * CHANGES_AT_ONCE)]


def test_a_storm_is_taken_in_a_little_at_a_time():
    async def scenario():
        async with fed(*VETHS) as (netlink, news, send):
            for number in range(2 * EVENTS_AT_ONCE):
                send(link(name=f"veth{number}", index=10 + number))
            netlink._events._on_events()
            return len(list(netlink.links())), len(news)

    assert asyncio.run(scenario()) == (EVENTS_AT_ONCE, EVENTS_AT_ONCE)


def test_many_changes_are_told_a_few_at_a_time():
    most = len(VETHS)
    links = b"".join(link(name=f"veth{number}", index=10 + number) for number in range(most))

    async def scenario():
        async with fed(*VETHS) as (_, news, send):
            send(links)
            counts = []
            while len(news) < most:
                await asyncio.sleep(0)
                counts.append(len(news))
            return sorted({*counts})

    assert asyncio.run(scenario()) == [0, *range(CHANGES_AT_ONCE, most + 1, CHANGES_AT_ONCE)]


def test_what_is_read_before_the_end_of_a_request_is_told_before_it():
    async def scenario():
        async with fed("eth0") as (netlink, news, send):
            send(link())
            netlink._events.settle(lambda: news.append("the end"))
            return list(news)

    assert asyncio.run(scenario()) == ["eth0 changed", "the end"]


def test_many_removals_that_are_held_are_not_told_if_the_addresses_are_back(monkeypatch):
    monkeypatch.setattr(events, "EVENTS_TO_CATCH_UP", EVENTS_AT_ONCE)
    ips = [f"10.0.1.{each}" for each in range(5 * EVENTS_AT_ONCE)]

    async def scenario():
        async with fed() as (netlink, news, send):
            send(link() + b"".join(address(ip=each) for each in ips))
            netlink.catch_up()
            news.clear()
            release = netlink._events.hold("eth0", map(ip_address, ips))
            for kind in (DELADDR, NEWADDR):
                for each in ips:
                    send(address(kind, ip=each))
            netlink._events.settle(release)
            while netlink._events._held or netlink._events._untold:
                await asyncio.sleep(0)
            return [text for text in news if "removed" in text]

    assert asyncio.run(scenario()) == []


def test_tables_that_cannot_be_read_are_read_later_without_the_events_before(monkeypatch, caplog):
    monkeypatch.setattr(events, "_RETRY", 0.001)
    attempts = []

    async def scenario():
        async with fed() as (netlink, _, send):
            read = netlink._events._read_tables

            def read_the_third_time():
                attempts.append(None)
                if len(attempts) < 3:
                    raise OSError(errno.ENOBUFS, "No buffer space available")
                return read()

            netlink._events._read_tables = read_the_third_time
            for _ in range(2):
                attempts.clear()
                send(link(name="gone", index=99))
                netlink._events._read_again()
                while netlink._events._is_outdated:
                    await asyncio.sleep(0.001)
                netlink.catch_up()
            return netlink.link("lo").name, netlink.link("gone")

    assert asyncio.run(scenario()) == ("lo", None)
    assert caplog.text.count("cannot read links and addresses") == 2, "once each time"


@pytest.mark.parametrize("is_readable", [True, False])
def test_the_end_while_the_tables_are_read_again(monkeypatch, is_readable):
    monkeypatch.setattr(events, "_RETRY", 0.001)
    defects = []

    def unreadable():
        raise OSError(errno.ENOBUFS, "No buffer space available")

    async def scenario():
        asyncio.get_running_loop().set_exception_handler(lambda _, defect: defects.append(defect))
        async with fed() as (netlink, _, _):
            if not is_readable:
                netlink._events._read_tables = unreadable
            netlink._events._read_again()
            while not (is_readable or netlink._events._retry):
                await asyncio.sleep(0)
        await asyncio.sleep(0.01)

    asyncio.run(scenario())
    assert defects == []


def test_a_removal_that_is_held_is_told_only_if_it_lasts():
    own = [link(), address(), address(ip="10.0.0.2")]

    async def scenario():
        async with fed() as (netlink, news, send):
            send(b"".join(own))
            netlink.catch_up()
            news.clear()
            release = netlink._events.hold("eth0", [ADDRESS.ip, ip_address("10.0.0.2")])
            send(address(DELADDR) + address(DELADDR, ip="10.0.0.2"))
            netlink.catch_up()
            assert news == []
            send(address())
            netlink._events.settle(release)
            await asyncio.sleep(0)
            return news

    assert asyncio.run(scenario()) == ["10.0.0.1 added to eth0", "10.0.0.2 removed from eth0"]
