"""VRRP routers beside us, as keepalived and FreeBSD send."""

import pytest

from ucarpd.carp.vrrp import is_vrrp


def vrrp2(addresses, authentication=8):
    """Id 1, priority 100, every second."""
    header = bytes([0x21, 1, 100, addresses, 0, 1, 0xBA, 0x52])
    each = (bytes([10, 9, number, 10 + number]) for number in range(addresses))
    return header + b"".join(each) + bytes(authentication)


def vrrp3(addresses, size=4):
    return bytes([0x31, 1, 100, addresses, 0, 100, 0xBA, 0x52]) + bytes(size) * addresses


CARP = bytes([0x21, 1, 0, 7, 0, 1, 0, 0]) + bytes(range(28))


@pytest.mark.parametrize(
    ("payload", "family", "expected"),
    [
        (vrrp2(1), 4, True),
        (vrrp2(1, authentication=0), 4, True),
        (vrrp2(5), 4, True),
        (vrrp2(20), 4, True),
        (vrrp2(1)[:-1], 4, False),
        (vrrp3(1), 4, True),
        (vrrp3(8), 4, True),
        (vrrp3(1) + b"x", 4, False),
        (vrrp3(1, size=16), 6, True),
        (vrrp3(1), 6, False),
        (vrrp3(7), 4, True),
        (vrrp3(7)[:-1], 4, False),
        (vrrp2(7), 4, True),
        (vrrp2(7, authentication=0), 4, True),
        (vrrp2(7)[:-1], 4, False),
        (vrrp2(7), 6, False),
        (CARP, 4, False),
        (CARP, 6, False),
        (CARP + bytes(8), 4, False),
        (bytes([0x41, *vrrp2(1)[1:]]), 4, False),
        (bytes([0x22, *vrrp2(1)[1:]]), 4, False),
        (vrrp2(1)[:7], 4, False),
        (b"", 4, False),
    ],
)
def test_the_form_of_vrrp(payload, family, expected):
    assert is_vrrp(payload, family) is expected
