"""The HTTP server, with clients that are as they should be, and others."""

import socket
import threading
import time
from http.client import HTTPConnection

import pytest

from ucarpd.ctl.exporter import reception, server
from ucarpd.ctl.failure import Failure


class Served:
    """A server in a thread, and the requests to it."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.page = lambda accept: ("text/x-accepts", accept.encode())
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        with pytest.raises(OSError):
            server.serve([self.listening], self._page)

    def _page(self, accept):
        return self.page(accept)

    def connect(self):
        return socket.create_connection(self.listening.getsockname(), timeout=10)

    def ask(self, method, path, **headers):
        client = HTTPConnection(*self.listening.getsockname(), timeout=10)
        client.request(method, path, headers=headers)
        response = client.getresponse()
        body = response.read()
        client.close()
        return response, body

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.listening.close()


@pytest.fixture
def served():
    served = Served()
    yield served
    served.close()


def all_of(connection):
    """What arrives until the server closes the connection."""
    data = b""
    try:
        while chunk := connection.recv(65536):
            data += chunk
    except ConnectionResetError:
        pass  # It had more to send than the server reads.
    return data


def test_the_page(served):
    response, body = served.ask("GET", "/metrics", Accept="text/plain")
    assert (response.status, body) == (200, b"text/plain")
    assert response.headers["Content-Type"] == "text/x-accepts"
    assert response.headers["Content-Length"] == "10"


def test_a_query_is_ignored(served):
    assert served.ask("GET", "/metrics?name=web")[0].status == 200


def test_a_head_has_no_body(served):
    response, body = served.ask("HEAD", "/metrics", Accept="text/plain")
    assert (response.status, body) == (200, b"")
    assert response.headers["Content-Length"] == "10"


def test_the_root_points_to_it_and_nothing_else_is_there(served):
    response, body = served.ask("GET", "/")
    assert (response.status, b" /metrics" in body) == (200, True)
    for path in ("/metrics/", "/../etc/passwd", "/favicon.ico"):
        assert served.ask("GET", path)[0].status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "OPTIONS"])
def test_other_methods_are_refused(served, method):
    assert served.ask(method, "/metrics")[0].status == 501


def test_a_failure_is_no_empty_page(served):
    def page(_accept):
        raise Failure("permission denied")

    served.page = page
    response, body = served.ask("GET", "/metrics")
    assert (response.status, body) == (503, b"permission denied\n")


def test_no_version_is_told(served):
    assert served.ask("GET", "/")[0].headers["Server"] == "ucarpd"


@pytest.mark.parametrize(
    "sent", [b"\0\xff\r\n\r\n", b"GET\r\n\r\n", b"GET /metrics HTTP/9.9\r\n\r\n", b"\r\n\r\n"]
)
def test_garbage_is_answered_or_dropped_and_the_next_client_is_served(served, sent):
    with served.connect() as connection:
        connection.sendall(sent)
        assert b"text/x-accepts" not in all_of(connection)
    assert served.ask("GET", "/metrics")[0].status == 200


def test_a_request_without_an_end_is_read_up_to_a_limit(served):
    with served.connect() as connection:
        connection.sendall(b"GET /metrics HTTP/1.0\r\nX: " + b"x" * reception.LONGEST_HEAD)
        assert all_of(connection) == b""
    assert served.ask("GET", "/metrics")[0].status == 200


def test_half_a_request_is_dropped(served):
    with served.connect() as connection:
        connection.sendall(b"GET /metrics HTTP/1.0\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert all_of(connection) == b""


def test_silent_clients_delay_nobody(served, monkeypatch):
    monkeypatch.setattr(reception, "LIMIT", 1000.0)
    silent = [served.connect() for _ in range(reception.MOST + 1)]
    silent[-1].sendall(b"GET /metrics HTTP/1.0\r\n")
    assert served.ask("GET", "/metrics")[0].status == 200
    # The oldest ones have made room for the last two.
    assert [all_of(connection) for connection in silent[:2]] == [b"", b""]
    silent[2].sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
    assert all_of(silent[2]).startswith(b"HTTP/1.0 200")
    for connection in silent:
        connection.close()


def test_silent_clients_are_left_after_the_limit(served, monkeypatch):
    monkeypatch.setattr(reception, "LIMIT", 0.2)
    with served.connect() as one, served.connect() as other:
        assert all_of(one) == all_of(other) == b""


def is_closed_after(connection, data):
    try:
        connection.sendall(data)
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_client_that_trickles_has_the_same_limit(served, monkeypatch):
    monkeypatch.setattr(reception, "LIMIT", 0.2)
    deadline = time.monotonic() + 10
    with served.connect() as connection:
        connection.settimeout(0.05)
        while not is_closed_after(connection, b"x"):
            assert time.monotonic() < deadline
    assert served.ask("GET", "/metrics")[0].status == 200


def test_a_client_that_does_not_read_is_left(served, monkeypatch):
    monkeypatch.setattr(server, "LIMIT", 0.2)
    contents = {"long": b"x" * 20_000_000, "short": b"short"}
    served.page = lambda accept: ("text/plain", contents[accept])
    deaf = [served.connect() for _ in range(server.WORKERS)]
    for connection in deaf:
        connection.sendall(b"GET /metrics HTTP/1.0\r\nAccept: long\r\n\r\n")
    assert served.ask("GET", "/metrics", Accept="short")[1] == b"short"
    for connection in deaf:
        connection.close()


def test_a_defect_ends_it(served):
    def page(_accept):
        raise ZeroDivisionError

    def serve():
        with pytest.raises(ZeroDivisionError):
            server.serve([other], page)

    with socket.create_server(("127.0.0.1", 0)) as other:
        thread = threading.Thread(target=serve)
        thread.start()
        with socket.create_connection(other.getsockname()) as connection:
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            assert all_of(connection) == b""
        thread.join()
        other.shutdown(socket.SHUT_RDWR)
