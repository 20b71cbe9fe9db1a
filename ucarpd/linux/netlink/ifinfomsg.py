"""The message about a link, with the attributes that ucarpd reads or sets.

pyroute2's own class knows them all, and a plug-in for each kind of link: a fortieth of the time that
ucarpd takes to start, and half a MiB.  The kernel's names and numbers are those of linux/if_link.h.
"""

from ucarpd.linux.netlink.pyroute import nl

IFF_UP, IFF_RUNNING = 0x1, 0x40
MACVLAN_MODE_BRIDGE = 4


class IfInfoMsg(nl.nlmsg):  # type: ignore[misc]  # pyroute2 has no types
    """`struct ifinfomsg` and attributes; pyroute2 decodes one when it is first read."""

    prefix = "IFLA_"
    fields = (
        *(("family", "B"), ("__align", "x"), ("ifi_type", "H")),
        *(("index", "i"), ("flags", "I"), ("change", "I")),
    )
    nla_map = (
        (1, "IFLA_ADDRESS", "l2addr"),
        (3, "IFLA_IFNAME", "asciiz"),
        (5, "IFLA_LINK", "uint32"),
        (10, "IFLA_MASTER", "uint32"),
        (18, "IFLA_LINKINFO", "link_info"),
        (29, "IFLA_EXT_MASK", "uint32"),
        (37, "IFLA_LINK_NETNSID", "int32"),
        (52, "IFLA_PROP_LIST", "property_list"),
    )

    class link_info(nl.nla):  # type: ignore[misc]  # noqa: N801 - named in the table
        prefix = "IFLA_"
        nla_map = (
            (1, "IFLA_INFO_KIND", "asciiz"),
            (2, "IFLA_INFO_DATA", "macvlan"),
            (4, "IFLA_INFO_SLAVE_KIND", "asciiz"),
        )

        class macvlan(nl.nla):  # type: ignore[misc]  # noqa: N801
            prefix = "IFLA_"
            nla_map = ((1, "IFLA_MACVLAN_MODE", "uint32"),)

    class property_list(nl.nla):  # type: ignore[misc]  # noqa: N801
        prefix = "IFLA_"
        nla_map = ((53, "IFLA_ALT_IFNAME", "asciiz"),)
