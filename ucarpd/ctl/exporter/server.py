"""HTTP: answers complete requests (GET and HEAD), a few at a time, each for a bounded time.

`reception` reads the requests of all clients meanwhile; when too many are complete, further clients
wait in the kernel's queue.
"""

import queue
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO

from ucarpd.ctl.exporter.reception import Reception, Request
from ucarpd.ctl.failure import Failure

WORKERS = 4
"""Clients that are answered at one time, and as many whose requests are complete and wait."""

LIMIT = 5.0
"""Seconds for a client to take the answer."""

METRICS = "/metrics"

Page = Callable[[str], tuple[str, bytes]]
"""Returns content type and content, in a format that the client accepts.  Raises Failure."""


def serve(sockets: Iterable[socket.socket], page: Page) -> None:
    """Serve until an error ends it, such as that a socket was shut down."""
    errors: queue.SimpleQueue[BaseException] = queue.SimpleQueue()
    requests: queue.Queue[Request | None] = queue.Queue(WORKERS)

    def receive() -> None:
        try:
            with closing(Reception(sockets)) as reception:
                for request in reception.requests():
                    requests.put(request)
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            errors.put(error)
        requests.put(None)

    def work() -> None:
        try:
            while request := requests.get():
                _answer(request, page)
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            errors.put(error)
        requests.put(None)  # for the next worker

    for each in (receive, *[work] * WORKERS):
        threading.Thread(target=each, daemon=True).start()
    raise errors.get()


def _answer(request: Request, page: Page) -> None:
    with request.connection as connection:
        connection.settimeout(LIMIT)
        try:
            _Handler(request, page)
        except (ConnectionError, TimeoutError):
            return  # The client has gone, or is too slow.
        except OSError as error:
            said = f"cannot answer {request.address}: {error}"
            print(f"ucarpctl: {said}", file=sys.stderr, flush=True)


class _Handler(BaseHTTPRequestHandler):
    """Answers one request: the protocol is HTTP/1.0."""

    def __init__(self, request: Request, page: Page) -> None:
        self._page = page
        self._head = request.head
        super().__init__(request.connection, request.address, None)  # type: ignore[arg-type]  # it has no server

    def setup(self) -> None:
        super().setup()
        self.rfile = BytesIO(self._head)

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
