"""Varlink messages: JSON objects, each ended by a NUL byte, on a stream socket.

A client sends calls, and a server answers them in order.  Source: https://varlink.org/Method-Call
"""

import json
from typing import Any

SERVICE = "org.varlink.service"
"""The interface that every Varlink service has; it describes the other ones."""

INTERFACE = "org.ucarpd"

REVISION = 1
"""Of the interface; a release that adds to it has the next number."""

Message = dict[str, Any]


class Malformed(ValueError):
    """The other end sent something that is no message; the rest of its stream has no meaning."""


class VarlinkError(Exception):
    """An error reply: its full name, such as org.varlink.service.PermissionDenied, and its fields."""

    def __init__(self, name: str, /, **parameters: Any) -> None:
        super().__init__(name, parameters)
        self.name = name
        self.parameters = parameters

    def __str__(self) -> str:
        fields = ", ".join(f"{key} {value}" for key, value in self.parameters.items())
        return f"{self.name} ({fields})" if fields else self.name


class Splitter:
    """The bytes of a stream, cut into messages of at most `longest` bytes."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._buffer = bytearray()
        self._searched = 0
        """Bytes without a NUL at the start of the buffer."""

    def feed(self, chunk: bytes) -> None:
        self._buffer += chunk

    def next(self) -> Message | None:
        """Return the next message, or None if it is not complete yet.  Raises Malformed."""
        end = self._buffer.find(b"\0", self._searched)
        if (len(self._buffer) if end < 0 else end) > self._longest:
            raise Malformed(f"a message is longer than {self._longest} bytes")
        if end < 0:
            self._searched = len(self._buffer)
            return None
        raw = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        return decode(raw)


def decode(raw: bytes) -> Message:
    """Return the message in `raw`, which lacks its NUL.  Raises Malformed."""
    try:
        message = json.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise Malformed(f"no JSON: {error}") from error
    if not isinstance(message, dict):
        raise Malformed("a message that is no JSON object")
    return message


def encode(message: Message) -> bytes:
    """Return the bytes of a message, with its NUL."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\0"


def call(method: str, parameters: Message | None = None, *, more: bool = False) -> bytes:
    """Return a call; with `more` it may have several replies."""
    message: Message = {"method": method}
    if parameters:
        message["parameters"] = parameters
    if more:
        message["more"] = True
    return encode(message)


def reply(parameters: Message) -> bytes:
    """Return the last reply to a call."""
    return encode({"parameters": parameters})


def error_reply(error: VarlinkError) -> bytes:
    return encode({"error": error.name, "parameters": error.parameters})


def result(message: Message) -> tuple[Message, bool]:
    """Return the parameters of a reply, and whether more replies follow.

    Raises VarlinkError if it is an error, and Malformed.
    """
    parameters = message.get("parameters")
    if parameters is None:
        parameters = {}
    error = message.get("error")
    if not isinstance(parameters, dict) or not isinstance(error, str | None):
        raise Malformed("a reply without a result")
    if error is not None:
        raise VarlinkError(error, **{str(key): value for key, value in parameters.items()})
    return parameters, message.get("continues") is True
