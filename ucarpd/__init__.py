"""ucarpd: a userland CARP daemon for Linux.

The rooms, from the protocol outwards (docs/architecture.md has more):

    carp       the protocol: a pure state machine, and the bytes
    engine     drives one machine: events in, actions out, one timer
    interface  checks of the interface, source addresses, frames in and out
    addresses  adding and removing them: by netlink, by scripts, or on a virtual MAC device
    record     files that outlive the process, and clearing up by them
    health     reasons why this host should serve, or not
    diagnosis  mistakes on other hosts: the cause of a wrong digest
    scripts    child processes
    config     a file becomes a configuration, or a list of problems
    log        the wording, the rate and the destination of log lines
    linux      adapters to the kernel and to systemd
    process    one process: its instances, reload, signals, systemd
    commands   the commands that take more than a few lines
    cli        the command line
"""

__version__ = "0.2.0"
