"""The server when there are more clients than places."""

import asyncio

from varlink_bench import MANY, as_user

from ucarpd.control import wire
from ucarpd.control.server import MOST, QUIET, WAITING

STATUS = "org.ucarpd.GetStatus"
INFO = "org.varlink.service.GetInfo"
A_MOMENT = 0.01


async def test_half_a_message_takes_no_more_than_its_place(bench):
    half = [await bench.client() for _ in range(MOST)]
    for each in half:
        each.writer.write(wire.call(STATUS)[:-1])
    await asyncio.sleep(QUIET + A_MOMENT)
    for _ in range(3):
        assert "error" not in await (await bench.client()).call(INFO)
    for each in half[:3]:
        assert await each.is_dropped()
    half[3].writer.write(b"\0")
    assert await half[3].states()


async def test_two_hundred_at_once(bench):
    bench.host.have(*MANY)

    async def one():
        client = await bench.client()
        client.send(STATUS)
        states = await client.states()
        client.writer.close()
        return states

    results = await asyncio.gather(*(one() for _ in range(200)))
    assert all(set(states) == set(MANY) for states in results)
    # They share a reply that is made at the same time.
    assert bench.host.rendered < 50 * len(MANY)
    await asyncio.sleep(A_MOMENT)
    assert bench.server._connections == {}


async def test_clients_that_wait_for_changes_make_room_last(bench):
    watching = [await bench.client() for _ in range(MOST - 1)]
    for each in watching:
        await each.call(STATUS, more=True)
    idle = await bench.client()
    await idle.call(INFO)
    await asyncio.sleep(QUIET + A_MOMENT)
    assert "error" not in await (await bench.client()).call(INFO)
    assert await idle.is_dropped()
    bench.server.changed()
    for each in watching:
        assert (await each.reply())["continues"] is True


async def test_a_client_whose_call_is_worked_on_keeps_its_place(bench):
    slow = [await bench.client() for _ in range(MOST)]
    for each in slow:
        each.send("org.ucarpd.ApplyMaintenance")
    await asyncio.sleep(2 * QUIET)
    late = await bench.client()
    late.send(INFO)
    await asyncio.sleep(2 * QUIET)
    assert not late.reader._buffer
    for done in bench.host.reading:
        done([])
    for each in slow:
        assert "error" not in await each.reply()
    assert "error" not in await late.reply()


async def test_others_cannot_keep_root_waiting(bench, monkeypatch):
    as_user(monkeypatch, 1000)
    busy = [await bench.client() for _ in range(MOST + WAITING + 8)]
    for each in busy[:-8]:
        each.send(INFO)
    assert "error" not in await busy[MOST - 1].reply()
    for each in busy[-8:]:
        assert await each.is_dropped()
    # The first ones stay busy, so no place is free.
    busy[0].writer.write(wire.call(INFO) * 1000)
    assert not busy[MOST].reader._buffer
    as_user(monkeypatch, 0)
    assert "error" not in await (await bench.client()).call(INFO)
    assert not busy[MOST].reader._buffer
    # Places become free for the waiting clients, in their order.
    await asyncio.sleep(QUIET + A_MOMENT)
    for each in busy[MOST : MOST + WAITING]:
        assert "error" not in await each.reply()
