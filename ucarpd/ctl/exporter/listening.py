"""The sockets at which the exporter listens."""

import os
import socket

from ucarpd.ctl.failure import Failure
from ucarpd.linux.socket_activation import activated_sockets

PORT = 10112
"""Free in Prometheus' list of default ports, as far as is known.  CARP is IP protocol 112."""

DEFAULT = f"127.0.0.1:{PORT}"

_FORM = f"must be ADDRESS:PORT, such as {DEFAULT}, [::1]:{PORT}, or :{PORT} for all addresses"


def listening_sockets(place: str) -> list[socket.socket]:
    """Return the sockets from systemd, or else one at ADDRESS:PORT.  Raises Failure."""
    found = activated_sockets()
    for each in found:
        each.setblocking(True)
    return found or [_socket_at(place)]


def _socket_at(place: str) -> socket.socket:
    host, _, port = place.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host or place.count(":") == 0:
        raise Failure(f"--listen: {_FORM} (got {place!r})")
    if not port.isdecimal() or int(port) > 65535:
        raise Failure(f"--listen: the port must be from 0 to 65535 (got {port!r}); {_FORM}")
    try:
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", int(port)), family=socket.AF_INET6, dualstack_ipv6=True
            )
        family, *_, address = socket.getaddrinfo(
            host or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address, family=family)
    except UnicodeError:  # a host name with an empty part
        raise Failure(f"--listen: {_FORM} (got {place!r})") from None
    except OSError as error:
        # For a bind, Python adds the address to the words of the system; a name has no such number.
        number = error.errno or 0
        why = os.strerror(number) if number > 0 else error.strerror or error
        raise Failure(f"cannot listen on {place}: {why}") from None


def url(listening: socket.socket) -> str:
    """Return where the metrics of a socket are."""
    if listening.family == socket.AF_UNIX:
        return f"the socket {listening.getsockname()}"
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"
