"""The prefix lengths of the virtual addresses."""

from ipaddress import IPv4Network, IPv6Network

from ucarpd.carp.params import IPAddress
from ucarpd.config.address_types import NOT_A_MASK, PREFIX_LENGTHS
from ucarpd.config.config import VirtualAddress
from ucarpd.config.parsed import Draft, Given
from ucarpd.config.problems import got

LISTS = ("UCARP_ADDR", "UCARP_EXTRA_ADDRS")
"""The keys whose addresses have a prefix length."""


def virtual_addresses(draft: Draft) -> list[tuple[VirtualAddress, ...]]:
    """Return the addresses of each key in LISTS; no addresses if any of the keys is faulty."""
    nothing: list[tuple[VirtualAddress, ...]] = [() for _ in LISTS]
    if draft.faulty.intersection((*LISTS, "UCARP_MASK")):
        return nothing
    versions = {ip.version for name in LISTS for ip, _ in draft.meaning(name)}
    # If there are IPv4 addresses, the mask is theirs.
    version = 4 if 4 in versions else 6
    mask = draft.given.get("UCARP_MASK")
    if mask and _refuse_mask(draft, mask, version):
        return nothing
    defaults = PREFIX_LENGTHS | ({version: mask.meaning} if mask else {})
    return [
        tuple(
            _virtual_address(
                draft,
                draft.given[name],
                mask if ip.version == version else None,
                ip,
                written,
                defaults[ip.version],
            )
            for ip, written in draft.meaning(name)
        )
        for name in LISTS
    ]


def _refuse_mask(draft: Draft, mask: Given, version: int) -> bool:
    """Report a mask that does not fit the IP version; return whether it was reported."""
    if version == 4 and mask.meaning > PREFIX_LENGTHS[4]:
        fault = NOT_A_MASK
    elif version == 6 and "." in mask.text:
        fault = "must be a prefix length from 1 to 128, because all the addresses are IPv6"
    else:
        return False
    draft.refuse(mask.line, mask.name, f"{fault} {got(mask.text)}")
    return True


def _virtual_address(
    draft: Draft, given: Given, mask: Given | None, ip: IPAddress, written: int | None, default: int
) -> VirtualAddress:
    """Return one address of a list; a written prefix length must agree with a written mask."""
    prefixlen = default if written is None else written
    if mask and prefixlen != default:
        earlier, later = (given, mask) if given.line < mask.line else (mask, given)
        text = f"disagrees with {earlier.name} in line {earlier.line} about the mask of {ip}:"
        text += f" /{written} or /{default}? {got(later.text)}"
        draft.refuse(later.line, later.name, text)
    elif kind := _not_a_host(ip, prefixlen):
        draft.refuse(given.line, given.name, f"{kind}; no host can have it {got(given.text)}")
    return VirtualAddress(ip, prefixlen)


def _not_a_host(ip: IPAddress, prefixlen: int) -> str | None:
    if ip.version == 6:
        subnet = IPv6Network((int(ip), prefixlen), strict=False)
        if prefixlen < 127 and ip == subnet.network_address:
            return f"{ip} is the anycast address of the routers in {subnet}"
        return None
    network = IPv4Network((int(ip), prefixlen), strict=False)
    if prefixlen >= 31:
        return None
    if ip == network.network_address:
        return f"{ip} is the network address of {network}"
    if ip == network.broadcast_address:
        return f"{ip} is the broadcast address of {network}"
    return None
