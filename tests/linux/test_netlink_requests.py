"""Requests that have nothing to do, or fail; and the modules that the worker loads."""

import asyncio
import errno
import struct
import subprocess
import sys
from ipaddress import ip_address

import pytest
from fed_netlink import ADDRESS, ADDRESS6, Told

from ucarpd.linux.netlink import InterfaceAddress, Netlink, Placed, address_requests
from ucarpd.linux.netlink.address_requests import _addition, _refusal
from ucarpd.linux.netlink.messages import address_of, decoded
from ucarpd.linux.netlink.pyroute import ifaddrmsg


def outcomes(*requests):
    """What each request, a function of the table and a callback, comes to."""

    async def scenario():
        netlink = Netlink(Told())
        results = [asyncio.get_running_loop().create_future() for _ in requests]
        for request, result in zip(requests, results, strict=True):
            request(netlink, result.set_result)
        ended = [await result for result in results]
        await netlink.close()
        return ended

    return asyncio.run(scenario())


def test_the_end_of_a_guard_that_nobody_has_begun():
    assert outcomes(lambda netlink, done: netlink.end_guard("eth0", done)) == [None]


@pytest.mark.parametrize("interface", ["nowhere", "much-too-long-for-a-name"])
def test_changing_an_interface_that_is_gone(interface):
    refused, removed = outcomes(
        lambda netlink, done: netlink.add(interface, [ADDRESS], None, done, pytest.fail),
        lambda netlink, done: netlink.remove(interface, [ADDRESS], done),
    )
    error = refused[ADDRESS]
    assert (error.errno, error.strerror) == (errno.ENODEV, f"interface {interface} does not exist")
    assert removed is None


def test_a_kernel_without_ipv6_is_named(monkeypatch):
    monkeypatch.setattr(address_requests.sysctl, "knows_ipv6", lambda: False)
    refusal = _refusal(errno.EOPNOTSUPP, ADDRESS6, "eth0")
    assert refusal.strerror == "fd00::1: this host's kernel has no IPv6"
    assert (
        _refusal(errno.EOPNOTSUPP, ADDRESS, "eth0").strerror == "10.0.0.1: Operation not supported"
    )


@pytest.mark.parametrize(
    ("ip", "prefixlen", "label"),
    [
        ("10.0.0.100", 24, None),
        ("10.0.0.101", 24, None),
        ("254.220.186.152", 32, "eth0:1"),
        ("2001:db8::100", 64, None),
        ("fedc:ba98:7654:3210:fedc:ba98:7654:3210", 128, None),
    ],
)
def test_a_request_has_its_own_address_though_all_share_a_model(ip, prefixlen, label):
    address = InterfaceAddress(ip_address(ip), prefixlen)
    for index in (3, 4):
        addition = _addition(index, address, label, is_routeless=index == 4)
        entry = address_of(addition)
        assert (entry.index, entry.placed) == (index, Placed(address, label))
        assert bool(entry.flags & ifaddrmsg.IFA_F_NOPREFIXROUTE) == (index == 4)
        assert bool(entry.flags & ifaddrmsg.IFA_F_NODAD) == (address.ip.version == 6)
        whole = decoded(ifaddrmsg.ifaddrmsg, addition)
        assert whole.get_attr("IFA_LOCAL") == whole.get_attr("IFA_ADDRESS") == ip
        assert whole["header"]["length"] == len(addition)
        behind = _addition(index, address, label, is_routeless=index == 4, metric=7)
        assert address_of(behind) == entry
        assert behind[4:] == addition[4:] + struct.pack("=HHI", 8, 9, 7)
        assert int.from_bytes(behind[:4], sys.byteorder) == len(behind)


def test_of_pyroute2_only_the_messages_are_loaded_and_no_program_runs():
    """With all of it a start takes a third longer, and root runs `uname` and `file`."""
    watched = (
        "import sys\n"
        "programs, ran = {'subprocess.Popen', 'os.fork', 'os.posix_spawn', 'os.system'}, []\n"
        "sys.addaudithook(lambda event, _: ran.append(event) if event in programs else None)\n"
        "import ucarpd.process.main\n"
        "print(*sys.modules)\n"
        "print(*ran)\n"
    )
    command = [sys.executable, "-c", watched]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded, ran = (set(line.split()) for line in done.stdout.split("\n")[:2])
    assert "pyroute2.netlink.rtnl.rtmsg" in loaded
    assert loaded & {"pyroute2.config", "pyroute2.netlink.rtnl.ifinfmsg"} == set()
    assert loaded & {"pyroute2.iproute", "multiprocessing", "unittest"} == set()
    assert ran == set()
