"""A machine whose virtual hosts run in one process, on a fake kernel and in virtual time."""

import asyncio
import signal
import socket
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

from fake_kernel import FakeNetlink

from ucarpd.carp.frame import parse
from ucarpd.carp.packet import decode
from ucarpd.linux.lock import InstanceLock
from ucarpd.process.main import Process

TAKES_OVER = 5.0
"""Seconds after which a host that hears no other is MASTER."""

A_MOMENT = 0.1


class Host:
    """A machine with eth0, configuration files in one directory, and one process."""

    def __init__(self, directory, run_directory):
        self.directory = directory
        self.run_directory = run_directory
        self.directory.mkdir()
        self.path = directory
        """The command of the process."""
        self.told = []
        """What systemd was told."""
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.setblocking(False)
        self.manager.bind(str(directory.with_name("notify")))

    def write(self, name="web", **keys):
        keys = {"INTERFACE": "eth0", "VHID": 1, "PASS": "geheim", "ADDR": "10.0.0.10/24", **keys}
        path = self.directory / f"{name}.conf"
        path.write_text("".join(f"UCARP_{key}={value}\n" for key, value in keys.items()))
        path.chmod(0o600)
        return path

    def process(self, stay=False):
        self.netlink = FakeNetlink()
        self.netlink.put("eth0", ip_address("10.0.0.1"))
        asyncio.get_running_loop().add_reader(self.manager, self._take_message)
        return Process([self.path], stay, lambda *_arguments: self.netlink)

    def _take_message(self):
        self.told.append(self.manager.recv(10_000).decode())

    @asynccontextmanager
    async def running(self, stay=False):
        """A process that has started all, and is stopped at the end."""
        process = self.process(stay)
        run = asyncio.create_task(process.run())
        await asyncio.sleep(A_MOMENT)
        assert not run.done()
        yield process
        send(signal.SIGTERM)
        assert await run == 0
        assert instances(process) == {}

    @asynccontextmanager
    async def serving(self):
        """The same, from the moment when it has all roles."""
        async with self.running() as process:
            await asyncio.sleep(TAKES_OVER)
            yield process

    def serves(self, ip):
        return self.netlink.has("eth0", ip_address(ip))

    def lock(self, name, vhid):
        path = Path(f"/etc/ucarp/{name}.conf")
        return InstanceLock(name, self.run_directory, "eth0", vhid, path)


def send(number):
    """As another process would send it to this one; never where it would end the tests."""
    assert signal.getsignal(number) not in {signal.SIG_DFL, signal.SIG_IGN}
    signal.raise_signal(number)


async def send_and_wait(number):
    """The same, and what it causes at once."""
    send(number)
    await asyncio.sleep(A_MOMENT)


def instances(process):
    return {each.name: each for each in process._supervisor.instances}


def states(process):
    return {name: each.state for name, each in instances(process).items()}


def advertised(process):
    """The vhid of each advertisement on eth0, and how fit it says that the host is."""
    sockets = process._supervisor._interfaces["eth0"]._sockets
    frames = [each for each in sockets.story if isinstance(each, bytes)]
    sockets.story.clear()
    said = [decode(parse(each).payload) for each in frames if each[12:14] == b"\x08\x00"]
    return [(each.vhid, each.advskew) for each in said]
