"""Faults of a link that keep it from carrying any virtual host."""

from ucarpd.linux.netlink import Link, Lookups

_DEAF = {"bridge", "bond", "team", "openvswitch", "hsr"}
"""Kinds of masters that take the frames of their ports.  A VRF does not."""


def deafness(link: Link, table: Lookups) -> str | None:
    """Return why the link receives no frames, with the remedy; None if it does receive them."""
    if link.slave_kind not in _DEAF:
        return None
    master = table.link_of_index(link.master) if link.master is not None else None
    if link.slave_kind == "openvswitch":
        # The master of the port is the switch itself; the hosts' interfaces on it have other names.
        whose, remedy = "an Open vSwitch", "set UCARP_INTERFACE to the interface of its bridge"
    elif master is None:
        whose, remedy = f"a {link.slave_kind}", f"set UCARP_INTERFACE to the {link.slave_kind}"
    else:
        whose, remedy = master.name, f"UCARP_INTERFACE={master.name}"
    return f"{link.name} is a port of {whose} and receives nothing itself: {remedy}"


def outage(link: Link) -> str | None:
    """Return why nothing gets through the link; None if it is up and has a carrier."""
    if not link.is_up:
        return f"interface {link.name} is down"
    return None if link.has_carrier else f"no carrier on {link.name}"


def other_name(interface: str, table: Lookups) -> str | None:
    """Return a text with the real name for an alternative name or NAME@PARENT, otherwise None."""
    plain, at, _ = interface.partition("@")
    for link in table.links(plain):
        if interface in link.altnames or (at and link.name == plain):
            return f"{interface} is another name of {link.name}: write UCARP_INTERFACE={link.name}"
    return None
