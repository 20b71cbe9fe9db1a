"""The addresses of the exporter."""

import os
import socket

import pytest

from ucarpd.ctl.exporter import listening
from ucarpd.ctl.exporter.listening import listening_sockets, url
from ucarpd.ctl.failure import Failure


@pytest.mark.parametrize(
    ("place", "host"),
    [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "[::1]"), ("localhost:0", ""), (":0", "")],
)
def test_addresses(place, host):
    [each] = listening_sockets(place)
    with each:
        port = each.getsockname()[1]
        if host:
            assert url(each) == f"http://{host}:{port}/metrics"
        # Which address localhost has is up to the machine.
        with socket.create_connection((host.strip("[]") or "localhost", port)):
            pass


@pytest.mark.parametrize(
    "place",
    [
        "",
        "9100",
        "127.0.0.1",
        "::1:80",
        "[::1]",
        "127.0.0.1:",
        "127.0.0.1:http",
        ":65536",
        "a..b:80",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(place):
    with pytest.raises(Failure, match=r"--listen: .*127\.0\.0\.1:10112, \[::1\]:10112"):
        listening_sockets(place)


def test_an_address_that_is_in_use_or_elsewhere_is_named():
    [first] = listening_sockets("127.0.0.1:0")
    with first:
        place = f"127.0.0.1:{first.getsockname()[1]}"
        with pytest.raises(Failure, match=f"cannot listen on {place}: Address already in use$"):
            listening_sockets(place)
    with pytest.raises(Failure, match="cannot listen on 192.0.2.1:0: Cannot assign"):
        listening_sockets("192.0.2.1:0")


def test_sockets_of_systemd_come_first(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as given:
        given.setblocking(False)
        monkeypatch.setattr(listening, "activated_sockets", lambda: [given])
        assert listening_sockets("not used") == [given]
        assert given.getblocking()


def test_a_socket_of_the_file_system_is_named_too(run_directory):
    with socket.socket(socket.AF_UNIX) as each:
        each.bind(os.fspath(run_directory / "http"))
        assert url(each) == f"the socket {run_directory}/http"
