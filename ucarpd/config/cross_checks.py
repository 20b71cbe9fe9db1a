"""Checks of keys that are valid alone, but not together.  The later line is refused."""

from itertools import combinations

from ucarpd.carp.params import IPAddress
from ucarpd.config.parsed import Draft, Given
from ucarpd.config.problems import got

_VIRTUAL = {"UCARP_ADDR", "UCARP_EXTRA_ADDRS", "UCARP_HASH_ADDRS"}


def check(draft: Draft) -> None:
    """Refuse every line of the draft that contradicts an earlier one."""
    _check_addresses(draft)
    _check_label(draft)
    _check_peers(draft)
    _check_virtual_mac(draft)
    _check_neighbours(draft)
    _check_gateways(draft)


def _check_addresses(draft: Draft) -> None:
    """Refuse an address in two roles; only a peer may be the host itself."""
    given = [
        (name, draft.given[name])
        for name in ("UCARP_SRCIP", *sorted(_VIRTUAL), "UCARP_PEERS")
        if name in draft.given
    ]
    for (one_name, one), (other_name, other) in combinations(given, 2):
        names = {one_name, other_name}
        if names == {"UCARP_SRCIP", "UCARP_PEERS"}:
            continue
        if names <= _VIRTUAL:
            why = "keep it in one key"
        elif "UCARP_PEERS" in names:
            why = "a peer is a host, not a virtual address"
        else:
            why = "a virtual address cannot be a host's own"
        earlier, later = _in_order(one, other)
        known = _addresses(earlier)
        for ip in _addresses(later):
            if ip in known:
                text = f"{ip} is {earlier.name} in line {earlier.line} as well: {why}"
                draft.refuse(later.line, later.name, f"{text} {got(later.text)}")


def _addresses(given: Given) -> list[IPAddress]:
    """Return the addresses of a list, with or without prefix lengths."""
    return [each[0] if isinstance(each, tuple) else each for each in given.meaning]


def _check_label(draft: Draft) -> None:
    """Refuse a label without the interface's name: ifconfig would not show the address."""
    label, interface = draft.given.get("UCARP_IF_ALIAS"), draft.lines_of("UCARP_INTERFACE")
    scripts = {"UCARP_UPSCRIPT", "UCARP_DOWNSCRIPT"}
    if not label or not interface or scripts & draft.given.keys():
        return
    # Without the label that some write there.
    name = (interface[0].value or "").partition(":")[0]
    if label.meaning != name and not label.meaning.startswith(f"{name}:"):
        text = f"must begin with the interface, as {name}:0 does {got(label.text)}"
        draft.refuse(label.line, label.name, text)


def _check_peers(draft: Draft) -> None:
    _exclude(draft, "UCARP_PEERS", "UCARP_NOMCAST", "advertisements go either to peers or to all")
    peers, own = draft.given.get("UCARP_PEERS"), draft.given.get("UCARP_SRCIP")
    if not (own and peers):
        return
    for source in own.meaning:
        if [ip for ip in peers.meaning if ip.version == source.version] == [source]:
            text = f"for IPv{source.version} it names only this host, which then has no host to advertise to"
            draft.refuse(peers.line, peers.name, f"{text}: add the other hosts {got(peers.text)}")


def _check_virtual_mac(draft: Draft) -> None:
    why = "a label belongs to the interface, and the address would be on a macvlan device"
    _exclude(draft, "UCARP_IF_ALIAS", "UCARP_VMAC", why)


def _check_neighbours(draft: Draft) -> None:
    """Refuse a health check that asks for an address of this host: it gets no answer."""
    for name in ("UCARP_SRCIP", *sorted(_VIRTUAL)):
        own = _addresses(draft.given[name]) if name in draft.given else ()
        for check in draft.members.values():
            if check.meaning.where in own:
                text = (
                    f"must be a neighbour, but {check.meaning.where} is {name}, which this host has"
                )
                draft.refuse(check.line, check.name, f"{text} {got(check.text)}")


def _check_gateways(draft: Draft) -> None:
    """Refuse a route through this host itself."""
    routes = draft.given.get("UCARP_ROUTES")
    for name in ("UCARP_SRCIP", "UCARP_ADDR", "UCARP_EXTRA_ADDRS"):
        if routes is None or name not in draft.given:
            continue
        own = _addresses(draft.given[name])
        for route in routes.meaning:
            if route.gateway in own:
                text = f"{route}: its gateway is {name}, which this host has {got(routes.text)}"
                draft.refuse(routes.line, routes.name, text)


def _exclude(draft: Draft, value: str, switch: str, why: str) -> None:
    """Refuse a key that cannot be set while a switch is on."""
    one, other = draft.given.get(value), draft.given.get(switch)
    if one and other and other.meaning:
        earlier, later = _in_order(one, other)
        text = f"cannot be used together with {earlier.name} in line {earlier.line}: {why}"
        draft.refuse(later.line, later.name, f"{text} {got(later.text)}")


def _in_order(one: Given, other: Given) -> tuple[Given, Given]:
    """Return the two in the order of their lines; the later one is refused."""
    return (one, other) if one.line < other.line else (other, one)
