"""The sysctls of a macvlan that carries virtual addresses."""

from collections.abc import Callable

from ucarpd.linux import sysctl

_IPV4 = {
    # Answers to a client leave by the parent interface, not by this device.
    "rp_filter": "2",
    # The device answers ARP for its own addresses only, not for addresses of its parent …
    "arp_ignore": "1",
    # … and does not name the parent's addresses as the sender.
    "arp_announce": "2",
}

_IPV6 = {
    # No link-local address: the kernel would derive it from the virtual MAC, so every host of the
    # group would have the same one.
    "addr_gen_mode": "1",
    "accept_ra": "0",
    "autoconf": "0",
    # Two masters that meet must not silence each other.
    "accept_dad": "0",
    "disable_ipv6": "0",
}


def prepare_macvlan(
    name: str,
    parent: str,
    with_ipv6: bool,
    changed: Callable[[str], None] = lambda _setting: None,
) -> None:
    """Set the sysctls of the macvlan; call it before the device comes up.

    The device forwards packets if the `parent` does.  If its MTU is too small for IPv6, it serves
    IPv4 alone.  `changed` gets each other setting that had another value.  Raises OSError that names
    the setting which the kernel refused.
    """

    def ensure(family: int, settings: dict[str, str]) -> None:
        for setting, value in settings.items():
            if _ensure(name, family, setting, value):
                changed(f"{setting} of {name}")
        _ensure(name, family, "forwarding", sysctl.get(parent, family, "forwarding"))

    ensure(4, _IPV4)
    if not with_ipv6:
        _disable_ipv6(name)
    elif not sysctl.lacks_ipv6(name):
        ensure(6, _IPV6)


def _disable_ipv6(name: str) -> None:
    try:
        _ensure(name, 6, "disable_ipv6", "1")
    except FileNotFoundError:
        return  # this kernel has no IPv6


def _ensure(name: str, family: int, setting: str, value: str) -> bool:
    # If ucarpd may not change settings, it is enough that the administrator has set this value.
    if sysctl.get(name, family, setting) == value:
        return False
    sysctl.set(name, family, setting, value)
    return True
