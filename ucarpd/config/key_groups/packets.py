"""How the packets look and where they go, for the sake of other implementations; and the log."""

from ucarpd.carp.params import CARP_GROUP_V4, CARP_GROUP_V6, DemoteStyle, TieBreak
from ucarpd.config import address_types, types
from ucarpd.config.key import Key

ROWS: tuple[Key, ...] = (
    Key(
        name="UCARP_MCAST",
        parse=address_types.multicast_groups,
        kind="multicast address, or an IPv4 and an IPv6 one",
        default=f"{CARP_GROUP_V4},{CARP_GROUP_V6}",
        help="Group that the advertisements go to. A family you leave out keeps its default.",
        fields=("group", "group6"),
    ),
    Key(
        name="UCARP_NOMCAST",
        aliases=("UCARP_BROADCAST",),
        parse=types.boolean,
        kind="yes or no",
        default="no",
        help="Broadcast the advertisements instead.",
        fields=("broadcast",),
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
    ),
    Key(
        name="UCARP_VMAC",
        parse=types.boolean,
        kind="yes or no",
        default="no",
        help="Serve the addresses at the virtual MAC address 00:00:5e:00:01:VHID, on a macvlan"
        " device.",
        fields=("virtual_mac",),
    ),
    Key(
        name="UCARP_SRCMAC",
        parse=types.one_of({"real": "real", "virtual": "virtual"}),
        kind="real or virtual",
        without="virtual with UCARP_VMAC=yes, else real",
        help="MAC address that the advertisements come from.",
        fields=("source_mac",),
    ),
    Key(
        name="UCARP_HASH_ADDRS",
        parse=address_types.address_list,
        kind="address, or a list with commas or spaces",
        unset=(),
        help="Addresses that the other hosts have on this vhid and this one does not serve. Part of"
        " the digest.",
        fields=("hash_addresses",),
    ),
    Key(
        name="UCARP_HASH_LINKLOCAL",
        parse=types.boolean,
        kind="yes or no",
        default="yes",
        help="Send the digest with the link-local addresses in it, as FreeBSD and NetBSD do; no:"
        " without them, as OpenBSD does. Both are accepted.",
        fields=("hash_link_local",),
    ),
    Key(
        name="UCARP_LLADDR",
        parse=address_types.mac,
        kind="MAC address",
        help="MAC address that an OpenBSD peer has in its digest, if it was set there by hand with"
        " ifconfig carpN lladdr.",
        fields=("lladdr",),
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
        is_live=True,
    ),
    Key(
        name="UCARP_DEMOTE_STYLE",
        parse=types.one_of({each.value: each for each in DemoteStyle}),
        kind="skew or openbsd",
        default=DemoteStyle.SKEW.value,
        help="How a host says that it is demoted: skew, by stating an interval of 254 s,"
        " from which every kind of peer takes over; openbsd, by the demotion counter that only"
        " OpenBSD knows.",
        fields=("demote_style",),
        is_live=True,
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
    ),
    Key(
        name="UCARP_FACILITY",
        parse=types.facility,
        kind="syslog facility",
        default="daemon",
        help="Facility of the log lines in syslog.",
        fields=("facility",),
        is_live=True,
    ),
)
