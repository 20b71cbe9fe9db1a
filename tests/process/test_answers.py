"""A process that is asked and steered at its control socket."""

import asyncio
import os
import shutil
import signal
from contextlib import asynccontextmanager

from one_process import A_MOMENT, TAKES_OVER, advertised, send
from varlink_bench import Client, as_user

from ucarpd.process.upkeep import LOOK_AFTER

STATUS = "org.ucarpd.GetStatus"


@asynccontextmanager
async def connected(host):
    path = host.run_directory / "ctl" / f"{os.getpid()}.sock"
    client = Client(*await asyncio.open_unix_connection(path, limit=2**20))
    yield client
    client.writer.close()
    await client.writer.wait_closed()


async def test_its_status_is_that_of_its_instances_and_files(host, log_lines):
    host.write()
    host.write("mail", VHID=2, ADDR="10.0.0.20/24")
    host.write("bad", VHID=300)
    async with host.running(), connected(host) as client:
        status = (await client.call(STATUS))["parameters"]
        assert status["revision"] == 1
        assert status["process"]["pid"] == os.getpid()
        assert {each["name"]: each["state"] for each in status["instances"]} == {
            "mail": "BACKUP",
            "web": "BACKUP",
        }
        assert [each["name"] for each in status["refused"]] == ["bad"]
        client.send(STATUS, {"name": "web"})
        assert await client.states() == {"web": "BACKUP"}
        reply = await client.call(STATUS, {"name": "other"})
        assert reply["error"] == "org.ucarpd.NoSuchInstance"


async def test_changes_of_a_state_and_a_reload_are_told(host, log_lines):
    host.write()
    async with host.running(), connected(host) as client:
        client.send(STATUS, more=True)
        assert await client.states() == {"web": "BACKUP"}
        assert await client.states() == {"web": "MASTER"}
        host.write("mail", VHID=2, ADDR="10.0.0.20/24")
        send(signal.SIGHUP)
        states = await client.states()
        while states != {"web": "MASTER", "mail": "MASTER"}:
            states = await client.states()


async def test_one_or_all_are_asked_to_step_down(host, monkeypatch, log_lines):
    as_user(monkeypatch, 0)
    host.write()
    host.write("mail", VHID=2, ADDR="10.0.0.20/24")
    async with host.running() as process, connected(host) as client:
        reply = await client.call("org.ucarpd.StepDown")
        assert reply["parameters"]["offered"] == []
        await asyncio.sleep(TAKES_OVER)
        advertised(process)
        reply = await client.call("org.ucarpd.StepDown", {"name": "mail"})
        assert reply["parameters"]["offered"] == ["mail"]
        assert (2, 254) in advertised(process)
        reply = await client.call("org.ucarpd.StepDown")
        assert sorted(reply["parameters"]["offered"]) == ["mail", "web"]


async def test_its_socket_comes_back_and_goes_with_it(host, log_lines):
    host.write()
    async with host.running():
        shutil.rmtree(host.run_directory / "ctl")
        await asyncio.sleep(LOOK_AFTER + A_MOMENT)
        async with connected(host) as client:
            client.send(STATUS)
            assert set(await client.states()) == {"web"}
    assert list((host.run_directory / "ctl").iterdir()) == []


async def test_without_a_socket_it_still_serves(host, log_lines):
    host.write()
    host.run_directory.mkdir()
    (host.run_directory / "ctl").write_text("")
    async with host.serving():
        assert host.serves("10.0.0.10")
    (line,) = (each for each in log_lines.told() if "control socket" in each)
    assert line.endswith("; ucarpctl cannot ask this process")
