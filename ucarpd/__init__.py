"""ucarpd: a userland CARP daemon for Linux.

The rooms, from the protocol outwards (docs/architecture.md has more):

    carp       the protocol: a pure state machine, and the bytes
    engine     drives one machine: events in, actions out, one timer
    interface  whether the interface is usable, and why not; frames in and out
    addresses  put on this host and taken off: by netlink, scripts, or on a virtual MAC device
    record     what outlives the process, and the clearing that goes by it
    health     why this host should serve, or not
    diagnosis  which mistake of another host explains what is heard
    scripts    child processes
    config     a file becomes a configuration, or a list of problems
    log        what lines say, how often, and where they go
    linux      adapters to the kernel and to systemd
    process    one process: its instances, reload, signals, systemd
    commands   the commands that take more than a few lines
    cli        the command line
"""

__version__ = "0.2.0"
