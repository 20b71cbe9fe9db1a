"""How a macvlan that carries virtual addresses has to behave, by its sysctls."""

from ucarpd.linux import sysctl

_IPV4 = {
    # The way back to a client is not by this device but by the interface below it.
    "rp_filter": "2",
    # It answers for its own addresses, not for those of the interface below it...
    "arp_ignore": "1",
    # ... nor does it name them as sender.
    "arp_announce": "2",
}

_IPV6 = {
    # No link-local address: it would be made of the virtual MAC, and there on every host of the group.
    "addr_gen_mode": "1",
    "accept_ra": "0",
    "autoconf": "0",
    # Two masters that meet must not silence each other.
    "accept_dad": "0",
    "disable_ipv6": "0",
}


def prepare_macvlan(name: str, parent: str, with_ipv6: bool) -> None:
    """To be called before the device comes up.  Raises OSError that names the setting refused.

    What comes in by it is forwarded if it would be when it came in by the `parent`.
    """
    for setting, value in _IPV4.items():
        _ensure(name, 4, setting, value)
    _ensure(name, 4, "forwarding", sysctl.get(parent, 4, "forwarding"))
    if with_ipv6:
        for setting, value in _IPV6.items():
            _ensure(name, 6, setting, value)
        _ensure(name, 6, "forwarding", sysctl.get(parent, 6, "forwarding"))
    else:
        _disable_ipv6(name)


def _disable_ipv6(name: str) -> None:
    try:
        _ensure(name, 6, "disable_ipv6", "1")
    except FileNotFoundError:
        return  # this kernel has no IPv6


def _ensure(name: str, family: int, setting: str, value: str) -> None:
    # Where settings cannot be changed, it is enough that somebody has made them so.
    if sysctl.get(name, family, setting) != value:
        sysctl.set(name, family, setting, value)
