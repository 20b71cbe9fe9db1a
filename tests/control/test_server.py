"""The server: calls in order, streams of changes, and clients that behave badly."""

import asyncio

import pytest
from varlink_bench import MANY, as_user

from ucarpd.control import wire
from ucarpd.control.connection import LONGEST_CALL, SEND_LIMIT
from ucarpd.control.rendering import LONGEST_REST
from ucarpd.control.server import CHANGES

STATUS = "org.ucarpd.GetStatus"
INFO = "org.varlink.service.GetInfo"
A_MOMENT = 0.01


async def test_the_status_of_all_and_of_one(bench):
    bench.host.have(*MANY)
    client = await bench.client()
    reply = await client.call(STATUS)
    assert reply["parameters"] == bench.host.overview() | {
        "instances": [bench.host.instance(name) for name in MANY]
    }
    assert "continues" not in reply
    client.send(STATUS, {"name": "vip7"})
    assert await client.states() == {"vip7": "BACKUP"}
    bench.host.refused = [{"name": "bad"}, {"name": "worse"}]
    reply = await client.call(STATUS, {"name": "bad"})
    assert reply["parameters"]["refused"] == [{"name": "bad"}]
    assert reply["parameters"]["instances"] == []
    reply = await client.call(STATUS, {"name": "other"})
    assert reply == {
        "error": "org.ucarpd.NoSuchInstance",
        "parameters": {"name": "other"},
    }


async def test_an_instance_that_ends_meanwhile_is_left_out(bench):
    bench.host.have(*MANY)
    client = await bench.client()
    client.send(STATUS)
    while bench.host.rendered < 100:
        await asyncio.sleep(0)
    assert bench.host.rendered < 200
    del bench.host.states["vip254"]
    assert set(await client.states()) == set(MANY[:-1])


async def test_a_process_that_was_stopped_answers_soon(bench):
    bench.host.have(*MANY)
    client = await bench.client()
    client.send(STATUS)
    while not bench.host.rendered:
        await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    loop.jump(60)
    await client.reply()
    before = loop.time()
    await client.call(STATUS)
    assert loop.time() - before <= LONGEST_REST


async def test_a_process_without_instances_has_a_status(bench):
    bench.host.states = {}
    client = await bench.client()
    client.send(STATUS)
    assert await client.states() == {}


async def test_calls_are_answered_in_order(bench):
    client = await bench.client()
    for name in ("web", None, "mail"):
        client.send(STATUS, {"name": name})
        client.send("org.ucarpd.StepDown", {"name": name}, oneway=True)
        client.send(INFO)
    client.writer.write_eof()
    seen = []
    for _ in range(3):
        seen.append(list(await client.states()))
        assert (await client.reply())["parameters"]["product"] == "ucarpd"
    assert seen == [["web"], ["mail", "web"], ["mail"]]
    assert [name for _, name in bench.host.ordered] == ["web", None, "mail"]
    assert await client.is_dropped()


async def test_calls_without_a_reply_may_be_the_last_words(bench):
    client = await bench.client()
    for name in ("web", "mail"):
        client.send("org.ucarpd.StepDown", {"name": name}, oneway=True)
    client.writer.close()
    await asyncio.sleep(A_MOMENT)
    assert bench.host.ordered == [("step_down", "web"), ("step_down", "mail")]


async def test_a_reply_that_takes_its_time(bench, monkeypatch):
    as_user(monkeypatch, 0)
    client, impatient, other = [await bench.client() for _ in range(3)]
    for each in (client, impatient):
        each.send("org.ucarpd.ApplyMaintenance")
        each.send(INFO)
    assert "error" not in await other.call(INFO)
    client.send(INFO)
    await asyncio.sleep(A_MOMENT)
    impatient.writer.close()
    await asyncio.sleep(A_MOMENT)
    for done in bench.host.reading:
        done(["mail"])
    assert (await client.reply())["parameters"] == {"revision": 1, "instances": ["mail"]}
    for _ in range(2):
        assert (await client.reply())["parameters"]["product"] == "ucarpd"


async def test_a_call_may_come_in_pieces(bench):
    client = await bench.client()
    call = wire.call(STATUS, {"name": "web"})
    for each in call:
        client.writer.write(bytes([each]))
        await asyncio.sleep(A_MOMENT)
    assert await client.states() == {"web": "BACKUP"}


# -- changes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["web", None])
async def test_each_change_has_a_reply(bench, name):
    client = await bench.client()
    assert (await client.call(STATUS, {"name": name}, more=True))["continues"] is True
    for state in ("MASTER", "BACKUP"):
        bench.host.states["web"] = state
        bench.server.changed()
        assert (await client.states())["web"] == state
    del bench.host.states["web"]
    bench.server.changed()
    if name is None:
        assert await client.states() == {"mail": "BACKUP"}
    else:
        assert (await client.reply())["error"] == "org.ucarpd.NoSuchInstance"
        assert "error" not in await client.call(INFO)


async def test_many_changes_have_a_few_replies(bench):
    client = await bench.client()
    client.send(STATUS, more=True)
    await client.reply()
    loop = asyncio.get_running_loop()
    began, count = loop.time(), 0
    while loop.time() < began + 10 * CHANGES:
        bench.server.changed()
        await asyncio.sleep(A_MOMENT)
    while client.reader._buffer:
        await client.reply()
        count += 1
    assert 9 <= count <= 11


async def test_who_reads_slowly_gets_the_newest(bench):
    bench.host.padding = "x" * 1_000_000
    client = await bench.client()
    client.writer.transport.pause_reading()
    client.send(STATUS, {"name": "web"}, more=True)
    for number in range(20):
        bench.host.states["web"] = str(number)
        bench.server.changed()
        await asyncio.sleep(CHANGES)
    client.writer.transport.resume_reading()
    states = []
    while not states or states[-1] != "19":
        states.append((await client.states())["web"])
    assert len(states) == 2


# -- clients that behave badly -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0",
        b"GET / HTTP/1.1\r\n\r\n\0",
        b"[]\0",
        b"[" * 60_000 + b"\0",
        b"{}\0",
        b"\xff" * 1_000_000,
        b"x" * (LONGEST_CALL + 1),
    ],
    ids=["empty", "http", "array", "deep", "object", "megabyte", "long"],
)
async def test_garbage_ends_the_connection_and_no_other(bench, garbage):
    good, bad = await bench.client(), await bench.client()
    bad.writer.write(garbage)
    assert await bad.is_dropped()
    assert "error" not in await good.call(INFO)


async def test_a_client_that_never_reads_is_dropped(bench):
    bench.host.have(*MANY)
    bench.host.padding = "x" * 10_000
    client = await bench.client()
    client.writer.transport.pause_reading()
    for _ in range(100):
        client.send(STATUS)
    await asyncio.sleep(SEND_LIMIT - 1)
    rendered = bench.host.rendered
    assert len(bench.server._connections) == 1
    await asyncio.sleep(2)
    assert bench.server._connections == {}
    assert bench.host.rendered == rendered
    assert "error" not in await (await bench.client()).call(INFO)


async def test_one_turn_of_the_loop_takes_a_bounded_piece(bench):
    client = await bench.client()
    client.writer.write(wire.call(INFO) * 1000)
    turns = 0
    while client.reader._buffer.count(b"\0") < 1000:
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 1000


async def test_a_defect_ends_the_connection_and_is_told(bench):
    good = await bench.client()
    instance, bench.host.instance = bench.host.instance, None
    for name in ("web", None):
        client = await bench.client()
        client.send(STATUS, {"name": name})
        assert await client.is_dropped()
    assert len(bench.defects) == 2
    bench.defects.clear()
    bench.host.instance = instance
    good.send(STATUS)
    assert set(await good.states()) == {"mail", "web"}


async def test_a_defect_does_not_keep_the_next_status_from_being_made(bench):
    bench.host.have(*MANY)
    first, second = await bench.client(), await bench.client()
    first.send(STATUS)
    while not bench.host.rendered:
        await asyncio.sleep(0)
    second.send(STATUS)
    while not bench.server._renderer._waiting:
        await asyncio.sleep(0)
    instance = bench.host.instance

    def fail_once(_name):
        bench.host.instance = instance
        raise RuntimeError

    bench.host.instance = fail_once
    assert await first.is_dropped()
    assert set(await second.states()) == set(MANY)
    assert len(bench.defects) == 1
    bench.defects.clear()


async def test_a_client_that_goes_keeps_no_other_from_its_status(bench):
    bench.host.have(*MANY)
    gone, client = await bench.client(), await bench.client()
    for each in (gone, client):
        each.send(STATUS)
    while bench.host.rendered < 100:
        await asyncio.sleep(0)
    gone.writer.close()
    client.send(INFO)
    assert set(await client.states()) == set(MANY)
    assert (await client.reply())["parameters"]["product"] == "ucarpd"


async def test_a_client_that_has_gone_is_forgotten(bench):
    for number in range(10):
        client = await bench.client()
        client.send(STATUS, more=number % 2 == 0)
        await client.reply()
        client.writer.close()
        await asyncio.sleep(A_MOMENT)
    assert bench.server._connections == {}
