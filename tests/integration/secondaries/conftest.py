"""A host whose own address is a secondary of the virtual one; see tests/support/secondaries.py."""

import pytest


@pytest.fixture(params=["settings can be changed", "settings are read-only"])
def is_container(request):
    """Whether /proc/sys cannot be written, and ucarpd cannot keep the kernel from it."""
    return request.param == "settings are read-only"


@pytest.fixture
def host(a):
    """Its own address is a secondary of the future virtual address, as after a migration."""
    a.ip("address", "flush", "dev", "eth0")
    common = ("scope", "site", "dev", "eth0")
    a.ip("address", "add", "172.16.0.1/16", *common)
    broadcast = ("broadcast", "172.16.255.255", "label", "eth0:own", "metric", "7")
    a.ip("address", "add", "172.16.0.11/16", *broadcast, *common)
    lifetimes = ("valid_lft", "3600", "preferred_lft", "1800")
    a.ip("address", "add", "172.16.0.12/16", *lifetimes, *common)
    a.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0")
    a.ip("address", "add", "fd00::11/64", "dev", "eth0", "nodad")
    return a
