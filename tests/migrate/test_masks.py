"""A mask goes behind the addresses that it holds for, or is told."""

import pytest
from imported import read, values

REST = "INTERFACE=eth0\nID=1\nPASSWORD=x\n"


@pytest.mark.parametrize(
    ("lines", "addresses"),
    [
        ("VIP=10.0.0.1\nNETMASK=255.255.255.0\n", ("10.0.0.1/24", None)),
        (
            "VIP=10.0.0.1,2001:db8::1\nNETMASK=255.255.255.0\n",
            ("10.0.0.1/24,2001:db8::1/128", None),
        ),
        (
            "VIP=2001:db8::1\nPREFIX=64\nEXTRA_IPS=2001:db8::2\n",
            ("2001:db8::1/64", "2001:db8::2/64"),
        ),
        ("VIP=2001:db8::1\nPREFIX=24\nEXTRA_IPS=10.0.0.1\n", ("2001:db8::1/128", "10.0.0.1/24")),
        ("VIP=10.0.0.1/16\nEXTRA_IPS=10.0.0.2\nPREFIX=/24\n", ("10.0.0.1/16", "10.0.0.2/24")),
    ],
)
def test_the_mask_is_that_of_ipv4_if_there_is_any(tmp_path, lines, addresses):
    findings = read(tmp_path, REST + lines, "web")
    host = findings.hosts[0]
    assert (host.text("UCARP_ADDR"), host.text("UCARP_EXTRA_ADDRS")) == addresses
    assert not any("cannot be the mask" in each for each in findings.remarks)


@pytest.mark.parametrize(
    ("address", "mask", "longest"),
    [
        ("10.0.0.1", "255.255.255.256", 32),
        ("10.0.0.1", "64", 32),
        ("2001:db8::1", "255.255.255.0", 128),
    ],
)
def test_a_mask_that_does_not_fit_is_told(tmp_path, address, mask, longest):
    findings = read(tmp_path, f"{REST}VIP={address}\nNETMASK={mask}\n", "web")
    assert values(findings)["UCARP_ADDR"] == f"{address}/{longest}"
    told = f"{tmp_path}/web:5: NETMASK: cannot be the mask: left out (got '{mask}')"
    assert told in findings.remarks


def test_a_mask_stays_if_the_address_is_not_known(tmp_path):
    findings = read(tmp_path, f"{REST}VIP=$(lookup)\nNETMASK=255.255.255.0\n", "web")
    assert values(findings)["UCARP_MASK"] == "24"
