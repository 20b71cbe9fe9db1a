"""HTTP: answers GET and HEAD, a few clients at a time, each of them for a bounded time.

Further clients wait in the kernel's queue.
"""

import queue
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO

from ucarpd.ctl.failure import Failure

WORKERS = 4
"""Clients that are answered at one time, for each socket."""

LIMIT = 5.0
"""Seconds for a request to arrive, and for a client to take the answer."""

LONGEST_HEAD = 16384
"""Bytes of a request."""

METRICS = "/metrics"

Page = Callable[[str], tuple[str, bytes]]
"""Returns content type and content, in a format that the client accepts.  Raises Failure."""


def serve(sockets: Iterable[socket.socket], page: Page) -> None:
    """Serve until an error ends it, such as that a socket was shut down."""
    errors: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

    def work(listening: socket.socket) -> None:
        try:
            while True:
                _answer(listening, page)
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            errors.put(error)

    for each in sockets:
        for _ in range(WORKERS):
            threading.Thread(target=work, args=(each,), daemon=True).start()
    raise errors.get()


def _answer(listening: socket.socket, page: Page) -> None:
    try:
        connection, address = listening.accept()
    except ConnectionAbortedError:
        return
    with connection:
        try:
            _Handler(connection, address, page)
        except (ConnectionError, TimeoutError):
            return  # The client has gone, or is too slow.
        except OSError as error:
            print(f"ucarpctl: cannot answer {address}: {error}", file=sys.stderr, flush=True)


def _head(connection: socket.socket) -> bytes:
    """Return the request, or nothing if it is too long or not complete.  Raises OSError."""
    deadline = time.monotonic() + LIMIT
    data = b""
    while b"\r\n\r\n" not in data:
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        chunk = connection.recv(LONGEST_HEAD)
        data += chunk
        if not chunk or len(data) > LONGEST_HEAD:
            return b""
    connection.settimeout(LIMIT)
    return data


class _Handler(BaseHTTPRequestHandler):
    """Answers one request: the protocol is HTTP/1.0."""

    def __init__(self, connection: socket.socket, address: object, page: Page) -> None:
        self._page = page
        super().__init__(connection, address, None)  # type: ignore[arg-type]  # it has no server

    def setup(self) -> None:
        super().setup()
        self.rfile = BytesIO(_head(self.connection))

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == METRICS:
            try:
                content_type, content = self._page(self.headers.get("Accept", ""))
            except Failure as failure:
                self._send(HTTPStatus.SERVICE_UNAVAILABLE, f"{failure}\n")
                return
            self._send(HTTPStatus.OK, content, content_type)
        elif path == "/":
            self._send(HTTPStatus.OK, f"The metrics of ucarpd are at {METRICS}\n")
        else:
            self._send(HTTPStatus.NOT_FOUND, f"only {METRICS} is here\n")

    do_HEAD = do_GET  # noqa: N815 - its name in http.server

    def _send(
        self,
        status: HTTPStatus,
        content: bytes | str,
        content_type: str = "text/plain; charset=utf-8",
    ) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        return "ucarpd"

    def log_message(self, *_words: object) -> None:
        """Log nothing: requests come again and again."""
