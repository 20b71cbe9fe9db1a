"""A Varlink server with a host that tests make up, and clients in the same event loop."""

import asyncio
import json

from ucarpd.control import connection, wire
from ucarpd.control.place import Place
from ucarpd.control.server import Server

FOR_EVER = 10_000.0
MANY = tuple(f"vip{number}" for number in range(255))


class FakeHost:
    """Instances with a name and a state."""

    def __init__(self):
        self.have("mail", "web")
        self.refused = []
        self.ordered = []
        self.reading = []
        """Who waits for the maintenance notes."""
        self.rendered = 0
        self.padding = ""

    def have(self, *names):
        self.states = dict.fromkeys(names, "BACKUP")

    def names(self):
        return list(self.states)

    def instance(self, name):
        if name not in self.states:
            return None
        self.rendered += 1
        return {"name": name, "state": self.states[name], "padding": self.padding}

    def overview(self):
        return {"revision": 1, "process": {"pid": 1}, "refused": self.refused}

    def step_down(self, name):
        self.ordered.append(("step_down", name))
        return [each for each in self.states if name in {None, each}]

    def apply_maintenance(self, done):
        self.ordered.append("apply_maintenance")
        self.reading.append(done)


class Client:
    """One connection; its methods wait for ever, which in virtual time is an error."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def send(self, method, parameters=None, **how):
        call = {"method": method, "parameters": parameters or {}, **how}
        self.writer.write(wire.encode(call))

    async def reply(self):
        return json.loads((await self.reader.readuntil(b"\0"))[:-1])

    async def call(self, method, parameters=None, **how):
        self.send(method, parameters, **how)
        return await self.reply()

    async def is_dropped(self):
        """Read all, to the end."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionResetError:
            pass
        return True

    async def states(self):
        instances = (await self.reply())["parameters"]["instances"]
        return {each["name"]: each["state"] for each in instances}


class Bench:
    """A server on a socket below `directory`; each defect that a test leaves in `defects` fails it."""

    def __init__(self, directory):
        self.host = FakeHost()
        self.place = Place(directory, groups=directory / "no groups")
        self.clients = []
        self.defects = []
        """What the event loop was told of."""

    async def __aenter__(self):
        self._limit = await asyncio.timeout(FOR_EVER).__aenter__()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, what: self.defects.append(what))
        self.server = Server(self.host)
        self.server.listen(self.place.open())

    async def client(self):
        streams = await asyncio.open_unix_connection(str(self.place.path), limit=2**26)
        self.clients.append(Client(*streams))
        return self.clients[-1]

    async def __aexit__(self, *failure):
        self.server.close()
        self.place.remove()
        for each in self.clients:
            each.writer.close()
        for each in self.clients:
            await asyncio.gather(each.writer.wait_closed(), return_exceptions=True)
        await self._limit.__aexit__(*failure)
        assert any(failure) or self.defects == []


def as_user(monkeypatch, uid):
    """Let each client connect as this user."""
    monkeypatch.setattr(connection, "peer_uid", lambda _client: uid)
