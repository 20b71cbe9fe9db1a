"""Checks of servers: a connection, or a page.

They need no process.  Each connection ends with a reset, which leaves no TIME_WAIT on this host, and
so no port of the virtual address in use.
"""

import asyncio
import os
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

from ucarpd.checks.beside import Beside
from ucarpd.checks.probe import Failed, fit
from ucarpd.config import Check, Endpoint

LARGEST_ANSWER = 1 << 16
"""Bytes of an answer that are read at most."""

REST_OF_ANSWER = 0.2
"""Seconds for the rest of an answer after its header, if only the status matters."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_STATUS = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})[^\r\n]*")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r\n")
_END_OF_HEADER = b"\r\n\r\n"

Address = tuple[int, Any]
"""Family and address of a socket."""


class _Server:
    """A server by its name or address."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self.endpoint = endpoint
        self._timeout = timeout
        self._names: Beside[list[Address]] = Beside(timeout)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[socket.socket]:
        """A connection to the first of its addresses that takes one."""
        why = "it has no address"
        addresses = await self._addresses()
        for place, (family, address) in enumerate(addresses, 1):
            # A silent address leaves time for the next one.
            limit = None if place == len(addresses) else self._timeout / len(addresses)
            made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            with made:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                try:
                    async with asyncio.timeout(limit):
                        await asyncio.get_running_loop().sock_connect(made, address)
                except OSError as error:
                    why = _words(error)
                    continue
                yield made
                return
        raise Failed(why)

    async def _addresses(self) -> list[Address]:
        host, port = self.endpoint.host, self.endpoint.port
        flags = socket.AI_NUMERICHOST if _is_numeric(host) else 0

        def look_up() -> list[Address]:
            # As a str, Python would load the codec of international names.
            found = socket.getaddrinfo(host.encode(), port, type=socket.SOCK_STREAM, flags=flags)
            return list(dict.fromkeys((family, address) for family, *_, address in found))

        try:
            # Numbers need no name server.
            return look_up() if flags else await self._names.call(look_up, f"looking up {host}")
        except (OSError, UnicodeError) as error:
            raise Failed(f"{host}: {getattr(error, 'strerror', None) or error}") from None


class Connection:
    """A TCP server takes a connection."""

    watches = None

    def __init__(self, check: Check) -> None:
        assert isinstance(check.where, Endpoint)
        self._server = _Server(check.where, check.timeout)

    async def run(self) -> str:
        async with self._server.connected():
            return "connected"


class Page:
    """A web server answers with a good status, and with a text if one is wanted.

    No proxy and no redirect is followed.  With TLS the certificate is verified, and the name is sent.
    """

    watches = None

    def __init__(self, check: Check) -> None:
        assert isinstance(check.where, Endpoint)
        self._check = check
        self._server = _Server(check.where, check.timeout)
        self._context: ssl.SSLContext | None = None
        self._contexts: Beside[ssl.SSLContext] = Beside(check.timeout)

    async def run(self) -> str:
        endpoint, context = self._server.endpoint, await self._tls()
        async with self._server.connected() as connection:
            name = endpoint.host if context else None
            try:
                reader, writer = await asyncio.open_connection(
                    sock=connection, ssl=context, server_hostname=name, limit=LARGEST_ANSWER
                )
                try:
                    writer.write(self._request())
                    answer = await self._read(reader)
                finally:
                    # Otherwise a server that does not answer would keep the connection open.
                    writer.transport.abort()
            except ssl.SSLCertVerificationError as error:
                raise Failed(f"the certificate is not valid: {error.verify_message}") from None
            except OSError as error:
                raise Failed(_words(error)) from None
        return self._judge(answer)

    async def _tls(self) -> ssl.SSLContext | None:
        """Return the context for TLS, or None; reading the certificates of all authorities is slow."""
        if self._check.kind == "https" and self._context is None:
            make = ssl.create_default_context if self._check.verify else _unverified
            self._context = await self._contexts.call(make, "reading certificates")
        return self._context

    def _request(self) -> bytes:
        endpoint = self._server.endpoint
        host = endpoint.host.partition("%")[0]  # A zone has a meaning on this host only.
        usual = 443 if self._check.kind == "https" else 80
        port = "" if endpoint.port == usual else f":{endpoint.port}"
        lines = [
            f"GET {endpoint.path} HTTP/1.1",
            f"Host: {f'[{host}]' if ':' in host else host}{port}",
            "User-Agent: ucarpd",
            "Accept: */*",
            "Connection: close",
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """Return the answer, as much of it as is needed."""
        answer = b""
        try:
            async with asyncio.timeout(None) as limit:
                while len(answer) < LARGEST_ANSWER:
                    part = await reader.read(LARGEST_ANSWER - len(answer))
                    answer += part
                    if not part:
                        break
                    if limit.when() is None and self._is_enough(answer):
                        # A reset before its last byte makes a server log an error.
                        rest = min(REST_OF_ANSWER, self._check.timeout / 2)
                        limit.reschedule(asyncio.get_running_loop().time() + rest)
        except OSError:
            if not self._is_enough(answer):
                raise
        return answer

    def _is_enough(self, answer: bytes) -> bool:
        """Return whether the rest is not needed.  Some servers keep the connection open."""
        header, end, body = answer.partition(_END_OF_HEADER)
        if not end:
            return False
        length = re.search(rb"(?im)^content-length:\s*([0-9]{1,18})\s*$", header)
        return (
            self._check.body.encode() in body
            or (length is not None and len(body) >= int(length[1]))
            or (_is_chunked(header) and body.endswith(b"0\r\n\r\n"))
        )

    def _judge(self, answer: bytes) -> str:
        header, _, body = answer.partition(_END_OF_HEADER)
        status = _STATUS.match(header)
        if status is None:
            raise Failed("the answer is not HTTP" if answer else "no answer")
        line = fit(status[0].decode("ascii", "replace"))
        if not any(low <= int(status[1]) <= high for low, high in self._check.statuses):
            raise Failed(line)
        if _is_chunked(header):
            body = _unchunked(body)
        if self._check.body.encode() not in body:
            raise Failed(f"{line}, but the text is not in the answer")
        return line


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _is_chunked(header: bytes) -> bool:
    return re.search(rb"(?im)^transfer-encoding:\s*chunked", header) is not None


def _unchunked(body: bytes) -> bytes:
    """Join the chunks of a body, as far as they are complete (RFC 9112, 7.1)."""
    chunks, at = [], 0
    while size := _SIZE.match(body, at):
        begin, length = size.end(), int(size[1], 16)
        chunks.append(body[begin : begin + length])
        at = begin + length + 2
    return b"".join(chunks)


def _is_numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {(error.reason or str(error)).replace('_', ' ').lower()}"
    # The texts of asyncio repeat the address instead, or are empty at an end during the handshake.
    if error.errno:
        return os.strerror(error.errno).lower()
    return str(error) or "the server closed the connection"
