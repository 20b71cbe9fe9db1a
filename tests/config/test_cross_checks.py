"""Lines of one file that contradict each other."""

import pytest
from config_files import faults, minimal

pytestmark = pytest.mark.usefixtures("home")

# -- virtual addresses and their masks -------------------------------------------------------------


VIRTUAL = ("UCARP_ADDR", "UCARP_EXTRA_ADDRS", "UCARP_HASH_ADDRS")


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (VIRTUAL[0], VIRTUAL[1], "keep it in one key"),
        (VIRTUAL[0], VIRTUAL[2], "keep it in one key"),
        (VIRTUAL[1], VIRTUAL[2], "keep it in one key"),
        *((name, "UCARP_SRCIP", "a virtual address cannot be a host's own") for name in VIRTUAL),
        *((name, "UCARP_PEERS", "a peer is a host, not a virtual address") for name in VIRTUAL),
    ],
)
def test_an_address_has_one_role(one, other, why):
    rest = minimal(ADDR=None if one == "UCARP_ADDR" else "10.0.0.9")
    numbers = rest.count("\n") + 1, rest.count("\n") + 2
    for first, second in ((one, other), (other, one)):
        assert faults(rest + f"{first}=10.0.0.1,fe80::1\n{second}=FE80::1\n") == [
            (
                f"{numbers[1]}: {second}: fe80::1 is {first} in line {numbers[0]} as well: {why}"
                " (got 'FE80::1')"
            )
        ]


# -- keys that cannot be used together -------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (
            "UCARP_SRCIP=10.0.0.2,fe80::1\nUCARP_PEERS=10.0.0.2,fe80::1,fe80::2",
            (
                "6: UCARP_PEERS: for IPv4 it names only this host, which then has no host to advertise to:"
                " add the other hosts (got '10.0.0.2,fe80::1,fe80::2')"
            ),
        ),
        (
            "UCARP_PEERS=10.0.0.2\nUCARP_BROADCAST=yes",
            (
                "6: UCARP_BROADCAST: cannot be used together with UCARP_PEERS in line 5:"
                " advertisements go either to peers or to all (got 'yes')"
            ),
        ),
        (
            "UCARP_NOMCAST=yes\nUCARP_PEERS=10.0.0.2",
            (
                "6: UCARP_PEERS: cannot be used together with UCARP_NOMCAST in line 5:"
                " advertisements go either to peers or to all (got '10.0.0.2')"
            ),
        ),
        (
            "UCARP_EXTRA_ADDRS=10.0.0.9\nUCARP_ROUTES='10.1.0.0/16 via 10.0.0.7; default via 10.0.0.9'",
            (
                "6: UCARP_ROUTES: default via 10.0.0.9: its gateway is UCARP_EXTRA_ADDRS, which this host"
                " has (got '10.1.0.0/16 via 10.0.0.7; default via 10.0.0.9')"
            ),
        ),
        (
            "UCARP_IF_ALIAS=eth0:0\nUCARP_VMAC=yes",
            (
                "6: UCARP_VMAC: cannot be used together with UCARP_IF_ALIAS in line 5: a label"
                " belongs to the interface, and the address would be on a macvlan device (got 'yes')"
            ),
        ),
        (
            "UCARP_VMAC=on\nUCARP_UPSCRIPT=/up\nUCARP_IF_ALIAS=web",
            (
                "7: UCARP_IF_ALIAS: cannot be used together with UCARP_VMAC in line 5: a label"
                " belongs to the interface, and the address would be on a macvlan device (got 'web')"
            ),
        ),
    ],
)
def test_two_lines_that_contradict_each_other(lines, fault):
    assert faults(minimal(lines)) == [fault]
