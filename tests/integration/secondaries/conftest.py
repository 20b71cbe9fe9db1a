"""A host whose own address is a secondary of the virtual one; see tests/support/secondaries.py."""

from functools import partial
from types import SimpleNamespace

import pytest
from beside import serving
from secondaries import OTHER_VIP, VIP, promote, run_in

from ucarpd.linux.served import Served


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


@pytest.fixture
def two_daemons(a, tmp_path):
    """The address of another process, then ours, and the host's own after both.

    `other_leaves` keeps the secondaries for the moment in which that process removes its address.
    """
    own = "172.16.0.11/16"
    a.ip("address", "flush", "dev", "eth0")
    for address in (f"{VIP.ip}/16", f"{OTHER_VIP.ip}/16", own):
        a.ip("address", "add", address, "dev", "eth0")

    def other_leaves():
        promote(a, 1)
        a.ip("address", "del", f"{VIP.ip}/16", "dev", "eth0")
        promote(a, 0)

    with serving(tmp_path, "eth0", VIP.ip.packed):
        served = Served(tmp_path)
        served.add("eth0", OTHER_VIP.ip.packed)
        run = partial(run_in, a, elsewhere=lambda: {VIP.ip}, served=served)
        yield SimpleNamespace(other_leaves=other_leaves, run=run)
