"""The table of the options of the command `ucarp` 1.5.2, and the key of each.

A module that imports nothing that takes long: the command `ucarp` reads its options before the
password is taken out of the command line.
"""

from typing import NamedTuple


class Option(NamedTuple):
    """`key` is the configuration key of its value, and `argument` names the value in the help.

    Both are None where there is none.
    """

    long: str
    short: str
    key: str | None
    argument: str | None
    help: str

    @property
    def has_value(self) -> bool:
        """Return whether a value follows."""
        return self.argument is not None


OPTIONS = (
    Option("interface", "i", "UCARP_INTERFACE", "IF", "interface to run on"),
    Option("srcip", "s", "UCARP_SRCIP", "IP", "this host's own address"),
    Option("mcastip", "m", "UCARP_MCAST", "IP", "multicast group (default 224.0.0.18)"),
    Option("vhid", "v", "UCARP_VHID", "ID", "number of the virtual host, 1 to 255"),
    Option("pass", "p", "UCARP_PASS", "PASSWORD", "password, 1 to 19 bytes"),
    Option("passfile", "o", "UCARP_PASSFILE", "FILE", "file whose first line is the password"),
    Option("preempt", "P", "UCARP_PREEMPT", None, "take over from a master that is slower"),
    Option("neutral", "n", "UCARP_NEUTRAL", None, "do not run the down-script at start"),
    Option("addr", "a", "UCARP_ADDR", "IP", "virtual address"),
    Option("help", "h", None, None, "print this text"),
    Option("advbase", "b", "UCARP_ADVBASE", "SECONDS", "time between advertisements (default 1)"),
    Option("advskew", "k", "UCARP_ADVSKEW", "SKEW", "added to it, in 1/256 s, 0 to 254"),
    Option("upscript", "u", "UCARP_UPSCRIPT", "FILE", "run when this host becomes master"),
    Option("downscript", "d", "UCARP_DOWNSCRIPT", "FILE", "run when it stops being master"),
    Option("deadratio", "r", "UCARP_DEADRATIO", "RATIO", "missed advertisements before a takeover"),
    Option("debug", "D", None, None, "log more"),
    Option("shutdown", "z", "UCARP_SHUTDOWN", None, "run the down-script at exit"),
    Option("daemonize", "B", None, None, "run in the background"),
    Option("ignoreifstate", "S", "UCARP_IGNOREIFSTATE", None, "keep running without a link"),
    Option("nomcast", "M", "UCARP_NOMCAST", None, "broadcast instead of multicast"),
    Option(
        "facility", "f", "UCARP_FACILITY", "FACILITY", "syslog facility, or none (default daemon)"
    ),
    Option("xparam", "x", "UCARP_XPARAM", "VALUE", "third argument of the scripts"),
)
