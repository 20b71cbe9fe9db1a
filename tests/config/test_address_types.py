"""IPv4 addresses with their masks."""

import pytest
from config_files import faults, loaded, minimal

pytestmark = pytest.mark.usefixtures("home")

# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "lines", "addresses"),
    [
        ({}, "UCARP_MASK=16", "172.16.0.1/16"),
        ({}, "UCARP_NETMASK=255.255.255.0", "172.16.0.1/24"),
        ({}, "UCARP_MASKLEN=1", "172.16.0.1/1"),
        ({}, "UCARP_VIRTUALPREFIX=255.255.255.255", "172.16.0.1/32"),
        ({}, "UCARP_MASK=16\nUCARP_NETMASK=255.255.0.0", "172.16.0.1/16"),
        ({"ADDR": "172.16.0.1/24"}, "", "172.16.0.1/24"),
        ({"ADDR": "172.16.0.1/255.255.0.0"}, "", "172.16.0.1/16"),
        ({"ADDR": "172.16.0.1/16"}, "UCARP_MASK=255.255.0.0", "172.16.0.1/16"),
        ({"ADDR": "10.0.0.0/31,10.0.0.1/31"}, "", "10.0.0.0/31 10.0.0.1/31"),
        ({"ADDR": "10.0.0.1,10.0.0.2"}, "UCARP_MASK=8", "10.0.0.1/8 10.0.0.2/8"),
        ({"ADDR": "'10.0.0.1/8 , 10.0.0.2  10.0.0.3'"}, "", "10.0.0.1/8 10.0.0.2/32 10.0.0.3/32"),
        ({"ADDR": None}, "UCARP_VIP=10.0.0.1", "10.0.0.1/32"),
        ({"ADDR": None}, "UCARP_VIRTUALADDRESS=10.0.0.1", "10.0.0.1/32"),
    ],
)
def test_addresses_and_masks(home, changed, lines, addresses):
    config = loaded(minimal(lines, **changed))
    assert " ".join(f"{each.ip}/{each.prefixlen}" for each in config.addresses) == addresses


# -- faults of a value -----------------------------------------------------------------------------


def test_prefix_and_mask_that_disagree_blame_the_later_line(home):
    assert faults(minimal("UCARP_NETMASK=24", ADDR="10.0.0.1/8")) == [
        (
            "5: UCARP_NETMASK: disagrees with UCARP_ADDR in line 4 about the mask of 10.0.0.1:"
            " /8 or /24? (got '24')"
        )
    ]
    assert faults("UCARP_MASK=24\n" + minimal(ADDR="10.0.0.1/8")) == [
        (
            "5: UCARP_ADDR: disagrees with UCARP_MASK in line 1 about the mask of 10.0.0.1:"
            " /8 or /24? (got '10.0.0.1/8')"
        )
    ]
