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


@pytest.mark.parametrize(("value", "is_off"), [("0", False), ("1", True), (None, False)])
def test_whether_ipv6_is_switched_off(tmp_path, monkeypatch, value, is_off):
    monkeypatch.setattr(sysctl, "ROOT", tmp_path)
    assert not sysctl.knows_ipv6()
    for name in ("all", "eth0"):
        (tmp_path / "ipv6/conf" / name).mkdir(parents=True)
        (tmp_path / "ipv6/conf" / name / "forwarding").touch()
    if value is not None:
        (tmp_path / "ipv6/conf/eth0/disable_ipv6").write_text(f"{value}\n")
    assert sysctl.knows_ipv6()
    assert sysctl.has_ipv6_off("eth0") is is_off
    assert not sysctl.has_ipv6_off("eth1")
