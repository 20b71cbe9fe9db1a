"""THE table of configuration keys: one row a key, and nothing about a key anywhere else.

The loader, `show-config`, the list in the man page and the shipped ucarp.conf follow it.  The module
is long because the table is; it stays in one piece, so that there is one place to look.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ucarpd.carp.params import CARP_GROUP_V4, CARP_GROUP_V6, DemoteStyle, TieBreak
from ucarpd.config import address_types, types

PREFIX = "UCARP_"
"""Keys that begin so are ours; all others are handed to the scripts untouched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One configuration key.

    `default` is written as in a file; None means that there is none, and then `without` says what
    happens and `unset` is what Config holds.  An optional key with an empty value counts as not
    set.  `fields` are the attributes of Config that come from it; where they are several, `parse`
    returns one value for each, and `write` takes as many and makes the text of a file of them.
    `reload` tells whether a running virtual host can take a new value ("live") or starts again for
    it ("restart").
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
    unset: Any = None
    write: Callable[..., str] = types.written
    required: bool = False
    secret: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


KEYS: tuple[Key, ...] = (
    Key(
        name="UCARP_INTERFACE",
        aliases=("UCARP_DEVICE",),
        parse=types.interface,
        kind="interface name",
        required=True,
        help="Interface to run on. It may be absent at start: the instance waits for it.",
        fields=("interface",),
        reload="restart",
    ),
    Key(
        name="UCARP_SRCIP",
        aliases=("UCARP_SOURCEADDRESS",),
        parse=address_types.own_addresses,
        kind="address, or one of IPv4 and one of IPv6",
        without="the one in UCARP_PEERS, or the first of the interface",
        unset=(),
        help="This host's real address, from which it advertises. Another interface may have it.",
        fields=("sources",),
        reload="restart",
    ),
    Key(
        name="UCARP_VHID",
        aliases=("UCARP_VID",),
        parse=types.integer(1, 255),
        kind="1 to 255",
        required=True,
        help="Number of the virtual host, the same on all its hosts and unique on the segment.",
        fields=("vhid",),
        reload="restart",
    ),
    Key(
        name="UCARP_PASS",
        aliases=("UCARP_PASSWORD", "UCARP_PASSWD"),
        parse=types.password,
        kind="1 to 19 bytes",
        required=True,
        secret=True,
        help="Password, the same on all hosts. UCARP_PASSFILE or the systemd credential NAME.pass"
        " may hold it instead, and UCARP_KEY stands for any key.",
        fields=("key",),
        reload="live",
    ),
    Key(
        name="UCARP_PASSFILE",
        aliases=("UCARP_PASS_FILE",),
        parse=types.absolute_path,
        kind="absolute path",
        help="File whose first line is the password; instead of UCARP_PASS.",
        fields=("key",),
        reload="live",
    ),
    Key(
        name="UCARP_KEY",
        parse=types.hex_key,
        kind="2 to 40 hexadecimal digits",
        secret=True,
        help="The bytes of the key itself, 1 to 20; instead of UCARP_PASS.",
        fields=("key",),
        reload="live",
    ),
    Key(
        name="UCARP_PASS_OLD",
        parse=types.password,
        kind="1 to 19 bytes",
        secret=True,
        help="Also accepted, never sent: the other password while you change it.",
        fields=("old_keys",),
        reload="live",
    ),
    Key(
        name="UCARP_KEY_OLD",
        parse=types.hex_keys,
        kind="2 to 40 hexadecimal digits, or a list",
        unset=(),
        secret=True,
        help="Also accepted, never sent: other keys.",
        fields=("old_keys",),
        reload="live",
    ),
    Key(
        name="UCARP_ADDR",
        aliases=("UCARP_VIP", "UCARP_VIRTUALADDRESS"),
        parse=address_types.virtual_addresses,
        kind="address, ADDRESS/PREFIX, or a list with commas or spaces",
        unset=(),
        required=True,
        help="The virtual address, or several, of IPv4 and IPv6. Part of the digest: the same on all hosts.",
        fields=("addresses",),
        reload="restart",
    ),
    Key(
        name="UCARP_MASK",
        aliases=("UCARP_NETMASK", "UCARP_MASKLEN", "UCARP_VIRTUALPREFIX"),
        parse=address_types.mask,
        kind="dotted mask or prefix length 1 to 32; 1 to 128 for IPv6",
        default=str(address_types.PREFIX_LENGTHS[4]),
        help="Network mask of the IPv4 virtual addresses. Without IPv4 addresses, the prefix length"
        " of the IPv6 ones; otherwise, IPv6 addresses without a prefix length get /128. If the"
        " interface's own address has a shorter prefix, ucarpd adds the virtual address without a"
        " route (noprefixroute), so that it is not the source of the host's own connections.",
        fields=("addresses",),
        reload="restart",
    ),
    # Where scripts own the addresses it is not live: see Config.needs_restart.
    Key(
        name="UCARP_EXTRA_ADDRS",
        parse=address_types.virtual_addresses,
        kind="as UCARP_ADDR",
        unset=(),
        help="More virtual addresses, not covered by the digest. Hosts may list different ones, so"
        " you can add an address on one host at a time. With scripts, a new value restarts the"
        " virtual host.",
        fields=("extra_addresses",),
        reload="live",
    ),
    Key(
        name="UCARP_IF_ALIAS",
        parse=types.label,
        kind="at most 15 bytes, INTERFACE:SOMETHING",
        help="Label for the virtual address, such as eth0:0.",
        fields=("label",),
        reload="restart",
    ),
    Key(
        name="UCARP_ADVBASE",
        parse=types.integer(0, 253),
        kind="seconds, 0 to 253",
        default="1",
        help="Time between two advertisements. The host with the smallest becomes master.",
        fields=("advbase",),
        reload="live",
    ),
    Key(
        name="UCARP_ADVSKEW",
        parse=types.integer(0, 254),
        kind="1/256 s, 0 to 254",
        default="0",
        help="Added to UCARP_ADVBASE. Give the preferred host the smaller one.",
        fields=("advskew",),
        reload="live",
    ),
    Key(
        name="UCARP_DEADRATIO",
        parse=types.dead_ratio,
        kind="advertisements, 2 to 255",
        default="3",
        help="Missed advertisements after which a backup takes over.",
        fields=("deadratio",),
        reload="live",
    ),
    Key(
        name="UCARP_ANNOUNCE_INTERVAL",
        parse=types.seconds(0, 3600),
        kind="seconds, 0 to 3600",
        default="60",
        help="A master announces its addresses to the neighbours several times in the first three"
        " seconds, after 10 and 30 seconds, and then at this interval. 0: only in the first seconds.",
        fields=("announce_interval",),
        reload="live",
    ),
    Key(
        name="UCARP_PREEMPT",
        aliases=("UCARP_MASTER",),
        parse=types.boolean,
        kind="yes or no",
        default="no",
        help="Take over from a master that advertises more slowly. Every healthy host takes over"
        " from a master that is less fit, whatever this key says.",
        fields=("preempt",),
        reload="live",
    ),
    Key(
        name="UCARP_NEUTRAL",
        parse=types.boolean,
        kind="yes or no",
        default="no",
        help="Do not run the down-script at start.",
        fields=("neutral",),
        reload="live",
    ),
    Key(
        name="UCARP_SHUTDOWN",
        parse=types.boolean,
        kind="yes or no",
        default="yes",
        help="Give the address up when ucarpd stops, and tell the peers.",
        fields=("shutdown",),
        reload="live",
    ),
    Key(
        name="UCARP_IGNOREIFSTATE",
        parse=types.boolean,
        kind="yes or no",
        default="no",
        help="Keep running when the interface has no link.",
        fields=("ignore_carrier",),
        reload="restart",
    ),
    Key(
        name="UCARP_IFDOWN_DEMOTION",
        parse=types.integer(0, 254),
        kind="0 to 254",
        default="240",
        help="While this interface is unusable, the other virtual hosts of the process are less fit"
        " by this amount, so that they move to a healthy host. If no host is healthy, the one with"
        " the smallest sum serves. 0: they stay.",
        fields=("ifdown_demotion",),
        reload="live",
    ),
    # What an up-script put up, the down-script of the same configuration has to take away: hence
    # a restart for everything that the scripts are told.
    Key(
        name="UCARP_UPSCRIPT",
        parse=types.absolute_path,
        kind="absolute path",
        without="ucarpd sets the address itself",
        help="Run when this host becomes master: SCRIPT INTERFACE ADDRESS [XPARAM].",
        fields=("up_script",),
        reload="restart",
    ),
    Key(
        name="UCARP_DOWNSCRIPT",
        parse=types.absolute_path,
        kind="absolute path",
        without="ucarpd removes the address itself",
        help="Run when this host stops being master, and at start: SCRIPT INTERFACE ADDRESS [XPARAM].",
        fields=("down_script",),
        reload="restart",
    ),
    Key(
        name="UCARP_SCRIPT_TIMEOUT",
        parse=types.seconds(0, 3600),
        kind="seconds, 0 to 3600",
        default="30",
        help="ucarpd terminates a script that runs longer, and kills it two seconds later. 0: it may"
        " run as long as it likes.",
        fields=("script_timeout",),
        reload="live",
    ),
    Key(
        name="UCARP_RERUN_UPSCRIPT",
        parse=types.boolean,
        kind="yes or no",
        default="yes",
        help="Run the up-script again (UCARP_REASON is then contested) after another host was master"
        " too and has given way, because its script may have taken a cloud address away. no: for"
        " scripts that must not run twice.",
        fields=("rerun_up_script",),
        reload="live",
    ),
    Key(
        name="UCARP_XPARAM",
        parse=types.plain_text,
        kind="text",
        help="Third argument of the scripts. If it is not set, they get the value of"
        " UCARP_VIRTUALPREFIX or UCARP_MASKLEN, as the file spells it.",
        fields=("xparam",),
        reload="restart",
    ),
    Key(
        name="UCARP_SCRIPT_INTERFACE",
        parse=types.label,
        kind="at most 15 bytes",
        without="UCARP_INTERFACE",
        help="First argument of the scripts, if it is not the interface that advertises: another"
        " interface, or a label such as eth0:0.",
        fields=("script_interface",),
        reload="restart",
    ),
    Key(
        name="UCARP_MCAST",
        parse=address_types.multicast_groups,
        kind="multicast address, or one of IPv4 and one of IPv6",
        default=f"{CARP_GROUP_V4},{CARP_GROUP_V6}",
        help="Group that the advertisements go to. A family you leave out keeps its default.",
        fields=("group", "group6"),
        reload="restart",
    ),
    Key(
        name="UCARP_NOMCAST",
        aliases=("UCARP_BROADCAST",),
        parse=types.boolean,
        kind="yes or no",
        default="no",
        help="Broadcast the advertisements instead.",
        fields=("broadcast",),
        reload="restart",
    ),
    Key(
        name="UCARP_PEERS",
        parse=address_types.address_list,
        kind="address, or a list with commas or spaces",
        without="advertisements go to UCARP_MCAST",
        unset=(),
        help="Hosts to advertise to, each by unicast, instead of to the group of their family. The"
        " list may include this host's own address, from which it then advertises; without"
        " UCARP_SRCIP it must.",
        fields=("peers",),
        reload="restart",
    ),
    Key(
        name="UCARP_VMAC",
        parse=types.boolean,
        kind="yes or no",
        default="no",
        help="Serve the addresses at the virtual MAC address 00:00:5e:00:01:VHID, on a macvlan"
        " device.",
        fields=("virtual_mac",),
        reload="restart",
    ),
    Key(
        name="UCARP_SRCMAC",
        parse=types.one_of({"real": "real", "virtual": "virtual"}),
        kind="real or virtual",
        without="virtual with UCARP_VMAC=yes, else real",
        help="MAC address that the advertisements come from.",
        fields=("source_mac",),
        reload="restart",
    ),
    Key(
        name="UCARP_HASH_ADDRS",
        parse=address_types.address_list,
        kind="address, or a list with commas or spaces",
        unset=(),
        help="Addresses that the other hosts have on this vhid and this one does not serve. Part of"
        " the digest.",
        fields=("hash_addresses",),
        reload="restart",
    ),
    Key(
        name="UCARP_HASH_LINKLOCAL",
        parse=types.boolean,
        kind="yes or no",
        default="yes",
        help="Send the digest with the link-local addresses in it, as FreeBSD and NetBSD do; no:"
        " without them, as OpenBSD does. Both are accepted.",
        fields=("hash_link_local",),
        reload="restart",
    ),
    Key(
        name="UCARP_LLADDR",
        parse=address_types.mac,
        kind="MAC address",
        help="MAC address that an OpenBSD peer has in its digest, if it was set there by hand with"
        " ifconfig carpN lladdr.",
        fields=("lladdr",),
        reload="restart",
    ),
    Key(
        name="UCARP_TIEBREAK",
        parse=types.one_of({each.value: each for each in TieBreak}),
        kind="reversed, numeric or yield",
        default=TieBreak.REVERSED.value,
        help="Which of two masters that advertise equally fast stays. The one with the lower"
        " address, compared from its last octet on (reversed, as ucarp does) or in the usual order"
        " (numeric, as ucarp on big-endian machines does); or neither (yield, as the BSDs do).",
        fields=("tiebreak",),
        reload="live",
    ),
    Key(
        name="UCARP_DEMOTE_STYLE",
        parse=types.one_of({each.value: each for each in DemoteStyle}),
        kind="skew or openbsd",
        default=DemoteStyle.SKEW.value,
        help="How a host says that it is less fit than usual: skew, by stating an interval of 254 s,"
        " from which every kind of peer takes over; openbsd, by the demotion counter that only"
        " OpenBSD knows.",
        fields=("demote_style",),
        reload="live",
    ),
    Key(
        name="UCARP_CHECKSUM6",
        parse=types.one_of({"plain": False, "pseudo": True}),
        write=lambda with_pseudo_header: "pseudo" if with_pseudo_header else "plain",
        kind="plain or pseudo",
        default="plain",
        help="Checksum of IPv6 advertisements, without or with the pseudo-header. Only NetBSD wants"
        " pseudo.",
        fields=("pseudo_checksum",),
        reload="restart",
    ),
    Key(
        name="UCARP_FACILITY",
        parse=types.facility,
        kind="syslog facility",
        default="daemon",
        help="Facility of the log lines in syslog.",
        fields=("facility",),
        reload="live",
    ),
)

BY_NAME: dict[str, Key] = {name: key for key in KEYS for name in key.names}
"""The rows by canonical name and by alias."""
