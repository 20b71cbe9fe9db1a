"""The client's end, against sockets that answer, hang, or are gone."""

import socket
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ucarpd.control import wire
from ucarpd.control.client import Client
from ucarpd.control.wire import VarlinkError


@pytest.fixture
def listener(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "1.sock"))
        listener.listen(1)
        yield listener


@contextmanager
def served(listener, *replies):
    """A client, and the other end of its connection, which has answered in advance."""
    with Client(Path(listener.getsockname()), 10) as client, listener.accept()[0] as connection:
        connection.sendall(b"".join(replies))
        yield client, connection


def test_a_call(listener):
    with served(listener, wire.reply({"offered": ["web"]})) as (client, connection):
        assert client.call("org.ucarpd.StepDown", {"name": "web"}) == {"offered": ["web"]}
        assert connection.recv(1000) == (
            b'{"method":"org.ucarpd.StepDown","parameters":{"name":"web"}}\0'
        )


def test_an_error(listener):
    reply = wire.error_reply(VarlinkError("org.ucarpd.NoSuchInstance", name="web"))
    with served(listener, reply) as (client, _), pytest.raises(VarlinkError, match="web"):
        client.call("org.ucarpd.StepDown", {"name": "web"})


def test_several_replies_to_one_call(listener):
    replies = [wire.encode({"parameters": {"n": n}, "continues": n < 3}) for n in (1, 2, 3)]
    with served(listener, *replies) as (client, connection):
        assert [reply["n"] for reply in client.more("org.ucarpd.GetStatus")] == [1, 2, 3]
        assert connection.recv(1000) == b'{"method":"org.ucarpd.GetStatus","more":true}\0'


def test_later_replies_may_take_their_time(listener):
    with served(listener, wire.encode({"parameters": {"n": 1}, "continues": True})) as (client, _):
        replies = client.more("org.ucarpd.GetStatus", until=time.monotonic() + 0.05)
        assert next(replies) == {"n": 1}
        with pytest.raises(TimeoutError):
            next(replies)


def test_a_process_that_does_not_answer(listener):
    path = Path(listener.getsockname())
    with ExitStack() as clients:
        # The queue has room for one more than it was told.
        first, _ = (clients.enter_context(Client(path, 0.05)) for _ in range(2))
        with pytest.raises(TimeoutError):
            Client(path, 0.05)
        with pytest.raises(TimeoutError):
            first.call("org.ucarpd.GetStatus")


def test_a_process_that_has_gone(listener):
    with served(listener, b'{"parameters"') as (client, connection):
        connection.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionResetError):
            client.call("org.ucarpd.GetStatus")
    path = Path(listener.getsockname())
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        Client(path)
