"""Listening sockets that systemd has opened for this process (sd_listen_fds(3))."""

import os
import socket

_FIRST = 3
"""The descriptor of the first one."""


def activated_sockets() -> list[socket.socket]:
    """Return the sockets; none if systemd has not started this process for a socket."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    number = int(os.environ.get("LISTEN_FDS", "0"))
    return [socket.socket(fileno=each) for each in range(_FIRST, _FIRST + number)]
