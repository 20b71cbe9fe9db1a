"""THE table of configuration keys: one row a key, and nothing about a key anywhere else.

The loader, `show-config`, the list in the man page and the shipped ucarp.conf follow it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from ucarpd.carp.params import CARP_GROUP_V4
from ucarpd.config import values

PREFIX = "UCARP_"
"""Keys that begin so are ours; all others are handed to the scripts untouched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One configuration key.

    `default` is written as in a file; None means that there is none, and `without` says what
    happens then.  An optional key with an empty value counts as not set.  `fields` are the
    attributes of Config that come from it.  `reload` tells whether a running virtual host can take
    a new value ("live") or starts again for it ("restart").
    """

    name: str
    parse: Callable[[str], Any]
    kind: str
    help: str
    fields: tuple[str, ...]
    reload: Literal["live", "restart"]
    aliases: tuple[str, ...] = ()
    default: str | None = None
    without: str = "none"
    required: bool = False
    secret: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


KEYS: tuple[Key, ...] = (
    Key(
        name="UCARP_INTERFACE",
        aliases=("UCARP_DEVICE",),
        parse=values.interface,
        kind="interface name",
        required=True,
        help="Interface to run on. It may be absent at start: the instance waits for it.",
        fields=("interface",),
        reload="restart",
    ),
    Key(
        name="UCARP_SRCIP",
        aliases=("UCARP_SOURCEADDRESS",),
        parse=values.address,
        kind="address",
        without="first address of the interface",
        help="This host's real address, from which it advertises.",
        fields=("source",),
        reload="restart",
    ),
    Key(
        name="UCARP_VHID",
        aliases=("UCARP_VID",),
        parse=values.integer(1, 255),
        kind="1 to 255",
        required=True,
        help="Number of the virtual host, the same on all its hosts and unique on the segment.",
        fields=("vhid",),
        reload="restart",
    ),
    Key(
        name="UCARP_PASS",
        aliases=("UCARP_PASSWORD", "UCARP_PASSWD"),
        parse=values.password,
        kind="1 to 19 bytes",
        required=True,
        secret=True,
        help="Password, the same on all hosts. UCARP_PASSFILE or the systemd credential NAME.pass"
        " may hold it instead.",
        fields=("key",),
        reload="live",
    ),
    Key(
        name="UCARP_PASSFILE",
        aliases=("UCARP_PASS_FILE",),
        parse=values.absolute_path,
        kind="absolute path",
        help="File whose first line is the password; instead of UCARP_PASS.",
        fields=("key",),
        reload="live",
    ),
    Key(
        name="UCARP_ADDR",
        aliases=("UCARP_VIP", "UCARP_VIRTUALADDRESS"),
        parse=values.address_list,
        kind="address, ADDRESS/PREFIX, or a list with commas or spaces",
        required=True,
        help="The virtual address, or several.",
        fields=("addresses",),
        reload="restart",
    ),
    Key(
        name="UCARP_MASK",
        aliases=("UCARP_NETMASK", "UCARP_MASKLEN", "UCARP_VIRTUALPREFIX"),
        parse=values.prefix_length,
        kind="dotted mask or prefix length 1 to 32",
        default="32",
        help="Network mask of the virtual address.",
        fields=("addresses",),
        reload="restart",
    ),
    Key(
        name="UCARP_IF_ALIAS",
        parse=values.label,
        kind="at most 15 bytes, INTERFACE:SOMETHING",
        help="Label for the virtual address, such as eth0:0.",
        fields=("label",),
        reload="restart",
    ),
    Key(
        name="UCARP_ADVBASE",
        parse=values.integer(0, 254),
        kind="seconds, 0 to 254",
        default="1",
        help="Time between two advertisements. The host with the smallest becomes master.",
        fields=("advbase",),
        reload="live",
    ),
    Key(
        name="UCARP_ADVSKEW",
        parse=values.integer(0, 254),
        kind="1/256 s, 0 to 254",
        default="0",
        help="Added to UCARP_ADVBASE. Give the preferred host the smaller one.",
        fields=("advskew",),
        reload="live",
    ),
    Key(
        name="UCARP_DEADRATIO",
        parse=values.dead_ratio,
        kind="advertisements, 2 to 255",
        default="3",
        help="How many advertisements must fail to come before a backup takes over.",
        fields=("deadratio",),
        reload="live",
    ),
    Key(
        name="UCARP_PREEMPT",
        aliases=("UCARP_MASTER",),
        parse=values.boolean,
        kind="yes or no",
        default="no",
        help="Take over from a master that advertises more slowly.",
        fields=("preempt",),
        reload="live",
    ),
    Key(
        name="UCARP_NEUTRAL",
        parse=values.boolean,
        kind="yes or no",
        default="no",
        help="Do not run the down-script at start.",
        fields=("neutral",),
        reload="live",
    ),
    Key(
        name="UCARP_SHUTDOWN",
        parse=values.boolean,
        kind="yes or no",
        default="yes",
        help="Give the address up when ucarpd stops, and tell the peers.",
        fields=("shutdown",),
        reload="live",
    ),
    Key(
        name="UCARP_IGNOREIFSTATE",
        parse=values.boolean,
        kind="yes or no",
        default="no",
        help="Go on when the interface has no link.",
        fields=("ignore_carrier",),
        reload="restart",
    ),
    # What an up-script put up, the down-script of the same configuration has to take away: hence
    # a restart for everything that the scripts are told.
    Key(
        name="UCARP_UPSCRIPT",
        parse=values.absolute_path,
        kind="absolute path",
        without="ucarpd sets the address itself",
        help="Run when this host becomes master: SCRIPT INTERFACE ADDRESS [XPARAM].",
        fields=("up_script",),
        reload="restart",
    ),
    Key(
        name="UCARP_DOWNSCRIPT",
        parse=values.absolute_path,
        kind="absolute path",
        without="ucarpd removes the address itself",
        help="Run when this host is master no longer: SCRIPT INTERFACE ADDRESS [XPARAM].",
        fields=("down_script",),
        reload="restart",
    ),
    Key(
        name="UCARP_SCRIPT_TIMEOUT",
        parse=values.seconds(1, 3600),
        kind="seconds, 1 to 3600",
        default="30",
        help="A script that runs longer is terminated, then killed.",
        fields=("script_timeout",),
        reload="live",
    ),
    Key(
        name="UCARP_XPARAM",
        parse=values.plain_text,
        kind="text",
        help="Third argument of the scripts.",
        fields=("xparam",),
        reload="restart",
    ),
    Key(
        name="UCARP_MCAST",
        parse=values.multicast_group,
        kind="multicast address",
        default=str(CARP_GROUP_V4),
        help="Group that the advertisements go to.",
        fields=("group",),
        reload="restart",
    ),
    Key(
        name="UCARP_NOMCAST",
        aliases=("UCARP_BROADCAST",),
        parse=values.boolean,
        kind="yes or no",
        default="no",
        help="Broadcast the advertisements instead.",
        fields=("broadcast",),
        reload="restart",
    ),
    Key(
        name="UCARP_FACILITY",
        parse=values.facility,
        kind="syslog facility",
        default="daemon",
        help="Facility of the log lines, where they go to syslog.",
        fields=("facility",),
        reload="live",
    ),
)

BY_NAME: dict[str, Key] = {name: key for key in KEYS for name in key.names}
"""The rows by canonical name and by alias."""


def nearest(name: str, cutoff: float = 0.6) -> str | None:
    """The known key that `name` was most likely meant to be."""
    # The common prefix would make everything look alike.
    known = {known.removeprefix(PREFIX): known for known in BY_NAME}
    word = name.upper().removeprefix(PREFIX.rstrip("_")).lstrip("_")
    close = get_close_matches(word, known, n=1, cutoff=cutoff)
    return known[close[0]] if close else None
