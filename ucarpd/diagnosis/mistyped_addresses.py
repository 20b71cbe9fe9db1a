"""Addresses that a person may have typed instead of another one."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from itertools import chain, product

from ucarpd.carp.params import IPAddress


def slips(address: IPAddress) -> Iterator[IPAddress]:
    """Yield addresses that differ in one octet (IPv4), or in the last group or one digit (IPv6):
    the last octet first, near numbers first.
    """
    number, steps = int(address), [sign * n for n in range(1, 256) for sign in (1, -1)]
    if isinstance(address, IPv4Address):
        for shift, step in product((0, 8, 16, 24), steps):
            if 0 <= (number >> shift & 0xFF) + step <= 0xFF:
                yield IPv4Address(number + (step << shift))
        return
    last = number & 0xFFFF
    digits = product(range(4, 128, 4), range(16))
    for other in chain(
        (number - last + (last << 4 & 0xFFFF | digit) for digit in range(16)),
        (number - last + (last >> 4),),
        (number + step for step in steps if 0 <= last + step <= 0xFFFF),
        (number & ~(0xF << shift) | digit << shift for shift, digit in digits),
    ):
        if other != number:
            yield IPv6Address(other)
