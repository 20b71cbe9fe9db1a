"""A first check of this host, which gives --daemonize its status even on a busy host."""

import errno
import socket

from ucarpd.migrate.ucarp_settings import EXIT_CANNOT_RUN, Refused, Settings


def look(settings: Settings) -> None:
    """Raise Refused if the interface or the source address is not there; `placement` looks closer."""
    source, interface = settings.keys["UCARP_SRCIP"], settings.keys.get("UCARP_INTERFACE")
    if interface is not None:
        try:
            socket.if_nametoindex(interface)
        except OSError:
            names = sorted(name for _, name in socket.if_nameindex() if name != "lo")
            text = f"--interface: this host has no {interface}; it has {', '.join(names) or 'none'}"
            raise Refused(text, EXIT_CANNOT_RUN) from None
    if ":" in source:
        return  # A link-local address belongs to an interface.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((source, 0))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                text = f"--srcip: no interface of this host has {source}"
                raise Refused(text, EXIT_CANNOT_RUN) from None
