"""The place of a virtual host of the `ucarp` command on this host, at its start.

`ucarpd run` waits for an interface or an address that is missing.  ucarp ended with an error, which
start scripts look at, and so does this.
"""

from ipaddress import ip_address

from ucarpd.linux.netlink import Link, Lookups
from ucarpd.migrate.ucarp_settings import EXIT_CANNOT_RUN, Refused, Settings


def place(settings: Settings, tables: Lookups) -> None:
    """Complete the settings with what this host has.  Raises Refused."""
    keys = settings.keys
    source = ip_address(keys["UCARP_SRCIP"])
    where = tables.where(source)
    if where is None:
        raise Refused(f"--srcip: no interface of this host has {source}", EXIT_CANNOT_RUN)
    if "UCARP_INTERFACE" not in keys:
        keys["UCARP_INTERFACE"] = where
        settings.remarks.append(f"without --interface, using {where}, which has {source}")
    name = keys["UCARP_INTERFACE"]
    link = tables.link(name) or _of_other_name(name, tables)
    if link is None:
        raise Refused(f"--interface: this host has no {name}", EXIT_CANNOT_RUN)
    if not link.is_ethernet:
        raise Refused(f"--interface: {name} is not Ethernet", EXIT_CANNOT_RUN)
    bridge = tables.link_of_index(link.master) if link.master is not None else None
    used = bridge if link.slave_kind == "bridge" and bridge is not None else link
    if used.name != name:
        why = f"{name} is a port of it" if used is bridge else f"{name} is another name of it"
        settings.remarks.append(f"advertising on {used.name}, since {why}; the scripts get {name}")
        keys["UCARP_INTERFACE"] = used.name
        keys.setdefault("UCARP_SCRIPT_INTERFACE", name)


def _of_other_name(name: str, tables: Lookups) -> Link | None:
    return next((each for each in tables.links(name) if name in each.altnames), None)
