"""Reading the settings of an interface, in a tree that stands for /proc."""

import pytest

from ucarpd.linux import sysctl


@pytest.mark.parametrize(
    ("there", "lacks"),
    [
        ("ipv4/conf/eth0 ipv6/conf/all", True),
        ("ipv4/conf/eth0 ipv6/conf/all ipv6/conf/eth0", False),
        ("ipv6/conf/all", False),  # the interface is gone
        ("ipv4/conf/eth0", False),  # the kernel has no IPv6
    ],
)
def test_whether_the_kernel_has_taken_ipv6_off_an_interface(tmp_path, monkeypatch, there, lacks):
    monkeypatch.setattr(sysctl, "ROOT", tmp_path)
    for each in there.split():
        (tmp_path / each).mkdir(parents=True)
        (tmp_path / each / "forwarding").touch()
    assert sysctl.lacks_ipv6("eth0") is lacks
