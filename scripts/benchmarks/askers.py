"""A program: clients of a control socket that behave badly, and some that behave well, for a while.

    python askers.py SOCKET SECONDS

Prints how many of the good ones were answered, and within how many milliseconds at most.
"""

import contextlib
import select
import socket
import sys
import threading
import time

STATUS = b'{"method":"org.ucarpd.GetStatus"}\0'
STREAM = b'{"method":"org.ucarpd.GetStatus","more":true}\0'

AT_ONCE = 200
"""Clients that ask for the status at the same moment."""

NEVER_READING = 40
GARBAGE = 4
"""Clients that send a megabyte of it each, one after the other."""


def connect(path: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(30)
    client.connect(path)
    return client


def never_read(path: str, until: float) -> None:
    """Ask and ask, and do not read; when the server hangs up, come again."""
    clients: list[socket.socket] = []
    while time.monotonic() < until:
        clients += [connect(path) for _ in range(NEVER_READING - len(clients))]
        for each in list(clients):
            try:
                each.send(STREAM + STATUS * 50, socket.MSG_DONTWAIT)
            except BlockingIOError:
                pass
            except OSError:
                clients.remove(each)
                each.close()
        time.sleep(0.01)


def send_garbage(path: str, until: float) -> None:
    while time.monotonic() < until:
        with connect(path) as client, contextlib.suppress(OSError):
            client.sendall(b"{" * 1_000_000)


def ask_at_once(path: str) -> list[float]:
    """Return after how many milliseconds each client had its answer."""
    clients = {(each := connect(path)).fileno(): each for _ in range(AT_ONCE)}
    poll = select.poll()
    began = time.monotonic()
    for each in clients.values():
        with contextlib.suppress(OSError):
            each.sendall(STATUS)
        poll.register(each, select.POLLIN)
    answered = []
    while clients and (ready := poll.poll(30_000)):
        for descriptor, _ in ready:
            try:
                chunk = clients[descriptor].recv(1 << 20)
            except OSError:
                chunk = b""
            if chunk.endswith(b"\0"):
                answered.append((time.monotonic() - began) * 1000)
            if not chunk or chunk.endswith(b"\0"):
                poll.unregister(descriptor)
                clients.pop(descriptor).close()
    return answered


def main(path: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    bad = [never_read, *[send_garbage] * GARBAGE]
    for each in bad:
        threading.Thread(target=each, args=(path, until), daemon=True).start()
    answered: list[float] = []
    asked = 0
    while time.monotonic() < until:
        asked += AT_ONCE
        answered += ask_at_once(path)
    print(asked, len(answered), max(answered, default=0))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
