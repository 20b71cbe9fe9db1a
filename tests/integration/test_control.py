"""The control socket of a real daemon, asked by a Varlink library that is not ours."""

import asyncio
import signal
import stat
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any, TypedDict

import pytest
from asyncvarlink import (
    GenericVarlinkErrorReply,
    VarlinkClientProtocol,
    VarlinkInterface,
    connect_unix_varlink,
    varlinkmethod,
)
from asyncvarlink.serviceinterface import VarlinkServiceInterface
from lab import wait_for
from nodes import start

from ucarpd.carp.actions import State

GROUP = 12345


class Status(TypedDict):
    revision: int
    process: Any
    instances: list[Any]
    refused: list[Any]


class Offered(TypedDict):
    revision: int
    offered: list[str]


class Once(VarlinkInterface, name="org.ucarpd"):
    @varlinkmethod(allow_foreign=True)
    def GetStatus(self, *, name: str | None = None) -> Status: ...  # noqa: N802

    @varlinkmethod
    def StepDown(self, *, name: str | None = None) -> Offered: ...  # noqa: N802


class More(VarlinkInterface, name="org.ucarpd"):
    @varlinkmethod(allow_foreign=True)
    def GetStatus(self, *, name: str | None = None) -> Iterator[Status]: ...  # noqa: N802


async def ask(path):
    transport, protocol = await connect_unix_varlink(VarlinkClientProtocol, str(path))
    service = protocol.make_proxy(VarlinkServiceInterface)
    info = await service.GetInfo()
    assert info["interfaces"] == ["org.varlink.service", "org.ucarpd"]
    for interface in info["interfaces"]:
        described = await service.GetInterfaceDescription(interface=interface)
        assert f"interface {interface}\n" in described["description"]

    proxy = protocol.make_proxy(Once)
    status = await proxy.GetStatus()
    assert status["revision"] == 1
    assert f"{status['process']['pid']}.sock" == path.name
    assert [each["name"] for each in status["instances"]] == ["web"]
    with pytest.raises(GenericVarlinkErrorReply) as caught:
        await proxy.GetStatus(name="mail")
    assert caught.value.name == "org.ucarpd.NoSuchInstance"

    watching, other = await connect_unix_varlink(VarlinkClientProtocol, str(path))
    states = []
    async with aclosing(other.make_proxy(More).GetStatus(name="web")) as replies:
        async for status in replies:
            states.append(status["instances"][0]["state"])
            if states[-1] == State.MASTER.value:
                break
    assert states[0] == State.BACKUP.value
    assert await proxy.StepDown(name="web") == {"revision": 1, "offered": ["web"]}
    transport.close()
    watching.close()


def test_a_varlink_library_reads_follows_and_steers(a):
    a.write("group", f"root:x:0:\nucarpd:x:{GROUP}:\n")
    daemon = start(a, ADVBASE=0, ADVSKEW=100)
    directory = a.root / "run/ctl"
    wait_for("the socket", lambda: list(directory.glob("*.sock")))
    (path,) = directory.glob("*")
    for each, mode in ((directory, 0o750), (path, 0o660)):
        status = each.lstat()
        assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (mode, 0, GROUP)
    asyncio.run(asyncio.wait_for(ask(path), 30))
    daemon.wait_for_line("asked to step down")
    daemon.signal(signal.SIGTERM)
    wait_for("the end", lambda: daemon.popen.poll() is not None)
    assert list(directory.iterdir()) == []
