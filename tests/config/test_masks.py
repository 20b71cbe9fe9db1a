"""Virtual addresses of both families and their masks."""

import pytest
from config_files import NO_ADDRESS, faults, loaded, minimal

pytestmark = pytest.mark.usefixtures("home")


def spelled(addresses):
    return " ".join(map(str, addresses))


@pytest.mark.parametrize(
    ("addr", "lines", "addresses"),
    [
        ("2001:db8::1", "", "2001:db8::1/128"),
        ("2001:db8::1", "UCARP_MASK=64", "2001:db8::1/64"),
        ("2001:db8::1/64", "UCARP_NETMASK=64", "2001:db8::1/64"),
        ("2001:db8::/127", "", "2001:db8::/127"),
        ("2001:db8::1/1", "", "2001:db8::1/1"),
        ("fe80::1,10.0.0.1", "", "fe80::1/128 10.0.0.1/32"),
        ("fe80::1,10.0.0.1", "UCARP_MASK=255.0.0.0", "fe80::1/128 10.0.0.1/8"),
        ("fe80::1/64,10.0.0.1", "UCARP_MASK=8", "fe80::1/64 10.0.0.1/8"),
        # There is an IPv4 address in the lists, and the mask belongs to it.
        ("fe80::1", "UCARP_EXTRA_ADDRS=10.0.0.1\nUCARP_MASK=8", "fe80::1/128 10.0.0.1/8"),
        ("fe80::1", "UCARP_EXTRA_ADDRS=fe80::2\nUCARP_MASK=64", "fe80::1/64 fe80::2/64"),
        ("10.0.0.1", "UCARP_EXTRA_ADDRS=fe80::2/64", "10.0.0.1/32 fe80::2/64"),
    ],
)
def test_addresses_and_masks(addr, lines, addresses):
    config = loaded(minimal(lines, ADDR=addr))
    assert spelled((*config.addresses, *config.extra_addresses)) == addresses


@pytest.mark.parametrize(
    ("addr", "lines", "fault"),
    [
        (
            "fe80::1,10.0.0.1",
            "UCARP_MASK=64",
            (
                "5: UCARP_MASK: must be a mask such as 255.255.0.0 or a prefix length from 1 to 32"
                " (got '64')"
            ),
        ),
        (
            "fe80::1",
            "UCARP_MASK=255.255.0.0",
            (
                "5: UCARP_MASK: must be a prefix length from 1 to 128, because all the addresses"
                " are IPv6 (got '255.255.0.0')"
            ),
        ),
        (
            "fe80::1/64",
            "UCARP_MASK=48",
            (
                "5: UCARP_MASK: disagrees with UCARP_ADDR in line 4 about the mask of fe80::1:"
                " /64 or /48? (got '48')"
            ),
        ),
        (
            "10.0.0.1",
            "UCARP_MASK=8\nUCARP_EXTRA_ADDRS=10.0.0.2/9",
            (
                "6: UCARP_EXTRA_ADDRS: disagrees with UCARP_MASK in line 5 about the mask of"
                " 10.0.0.2: /9 or /8? (got '10.0.0.2/9')"
            ),
        ),
        # The family of the mask is unclear.
        (
            "10.0.0.256",
            "UCARP_MASK=255.0.0.0\nUCARP_EXTRA_ADDRS=fe80::1",
            f"4: UCARP_ADDR: {NO_ADDRESS} (got '10.0.0.256')",
        ),
    ],
)
def test_a_mask_of_another_family(addr, lines, fault):
    assert faults(minimal(lines, ADDR=addr)) == [fault]


@pytest.mark.parametrize(
    ("addr", "mask", "expected"),
    [
        ("10.0.0.1,fe80::1", "8", ("255.0.0.0", "255.0.0.0", "8")),
        ("fe80::1/64,10.0.0.1", "8", ("64", "64", "64")),
        ("fe80::1", "", ("128", "128", "128")),
    ],
)
def test_the_mask_that_scripts_see_is_that_of_the_first_address(addr, mask, expected):
    environment = loaded(minimal(f"UCARP_MASK={mask}", ADDR=addr)).script_environment
    names = ("UCARP_MASK", "UCARP_NETMASK", "UCARP_PREFIXLEN")
    assert tuple(environment[name] for name in names) == expected
