"""The shipped scripts, run by hand as ucarpd runs them, on an interface with more addresses."""

import pytest
from lab import PROJECT, run
from nodes import BACKUP, MASTER, VIP, conf, use_shipped_scripts, wait_for_address
from old_down import OLD_DOWN

VIP6 = "2001:db8:0:5::10"
OWN6 = "2001:db8:0:5::12/64"
# Of the host's provider, and of another customer of that: all in 2001:db8::/32.
FOREIGN = (OWN6, "2001:db8:0:5::25/64", "2001:db8:ffff::1/64", "172.16.0.99/16", "172.17.0.1/32")


@pytest.fixture
def host(a):
    a.enable_ipv6(OWN6)
    for address in FOREIGN[1:]:
        a.ip("address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
    return a


def script(host, name, argument, check=True, **environment):
    command = (str(PROJECT / "etc/ucarp" / f"ucarp-{name}.sh"), "eth0", argument)
    variables = (f"UCARP_{key}={value}" for key, value in environment.items())
    return host.run("env", *variables, *command, check=check)


def shown(host):
    """Address and prefix length to the rest of what `ip` tells, for all but link-local ones."""
    return {
        f"{each['local']}/{each['prefixlen']}": each
        for each in host.addresses()
        if each["scope"] == "global"
    }


CASES = [
    pytest.param(VIP, {"ADDRESSES": f"{VIP}/16"}, {f"{VIP}/16"}, id="ipv4"),
    pytest.param(VIP6, {"ADDRESSES": f"{VIP6}/64"}, {f"{VIP6}/64"}, id="ipv6"),
    pytest.param(
        VIP,
        {"ADDR": f"{VIP},{VIP6}", "PREFIXLEN": "16", "ADDRESSES": f"{VIP}/16 {VIP6}/128"},
        {f"{VIP}/16", f"{VIP6}/128"},
        id="mixed",
    ),
    pytest.param(
        VIP6,
        {"ADDR": VIP6, "ADDRESSES": f"{VIP6}/64 {VIP}/32 172.16.0.3/16"},
        {f"{VIP6}/64", f"{VIP}/32", "172.16.0.3/16"},
        id="extras",
    ),
    # From ucarp, or from a ucarpd that is not yet restarted after the upgrade.
    pytest.param(VIP, {}, {f"{VIP}/32"}, id="argument"),
    pytest.param(VIP6, {}, {f"{VIP6}/128"}, id="argument-ipv6"),
    pytest.param(VIP, {"ADDR": VIP, "PREFIXLEN": "16"}, {f"{VIP}/16"}, id="length"),
    pytest.param(VIP6, {"ADDR": VIP6, "PREFIXLEN": "64"}, {f"{VIP6}/64"}, id="length-ipv6"),
    pytest.param(
        VIP,
        {"ADDR": f"{VIP}, 172.16.0.3/24,{VIP6}", "PREFIXLEN": "16"},
        {f"{VIP}/16", "172.16.0.3/24", f"{VIP6}/128"},
        id="list",
    ),
    pytest.param(
        VIP6,
        {"ADDR": f"{VIP6}/64,{VIP}", "PREFIXLEN": "64"},
        {f"{VIP6}/64", f"{VIP}/32"},
        id="list-ipv6-first",
    ),
]


@pytest.mark.parametrize(("argument", "environment", "expected"), CASES)
def test_up_and_down_again_and_nothing_else_changes(host, argument, environment, expected):
    before = shown(host)
    assert before.keys() == {f"{host.address}/16", *FOREIGN}
    # The down-script at start finds nothing; each may be run twice.
    for _ in range(2):
        script(host, "down", argument, **environment)
        assert shown(host).keys() == before.keys()
    for _ in range(2):
        script(host, "up", argument, **environment)
        assert shown(host).keys() == before.keys() | expected
    for _ in range(2):
        script(host, "down", argument, **environment)
        assert shown(host).keys() == before.keys()


def test_an_ipv6_address_is_usable_at_once_and_never_the_source(host):
    script(host, "up", VIP6, ADDRESSES=f"{VIP6}/64")
    address = shown(host)[f"{VIP6}/64"]
    assert address["nodad"]
    assert "tentative" not in address
    assert address["preferred_life_time"] == 0
    assert address["valid_life_time"] == 0xFFFFFFFF
    host.ip("-6", "route", "add", "default", "via", "2001:db8:0:5::1")
    source = host.ip("-6", "route", "get", "2001:db8:9::1").stdout
    assert VIP6 not in source


def test_a_label_is_for_ipv4(host):
    script(host, "up", VIP, ADDRESSES=f"{VIP}/16 {VIP6}/128", IF_ALIAS="eth0:0")
    assert shown(host)[f"{VIP}/16"]["label"] == "eth0:0"
    assert f"{VIP6}/128" in shown(host)
    script(host, "down", VIP, ADDRESSES=f"{VIP}/16 {VIP6}/128", IF_ALIAS="eth0:0")
    assert not {f"{VIP}/16", f"{VIP6}/128"} & shown(host).keys()


@pytest.mark.parametrize(("address", "edited"), [(f"{VIP}/24", 16), (f"{VIP6}/128", 64)])
def test_the_prefix_length_on_the_interface_counts(host, address, edited):
    """The file has been edited while the address was there."""
    ip = address.partition("/")[0]
    host.ip("address", "add", address, "dev", "eth0")
    script(host, "down", ip, ADDRESSES=f"{ip}/{edited}")
    assert address not in shown(host)


def test_one_address_that_fails_does_not_keep_the_others_off(host):
    host.sysctl("net/ipv6/conf/eth0/disable_ipv6", "1")
    addresses = f"172.16.0.3/16 {VIP6}/128 {VIP}/16"
    assert script(host, "up", VIP, check=False, ADDRESSES=addresses).returncode == 2
    assert {"172.16.0.3/16", f"{VIP}/16"} <= shown(host).keys()
    script(host, "down", VIP, ADDRESSES=addresses)
    assert not {"172.16.0.3/16", f"{VIP}/16"} & shown(host).keys()


def test_an_interface_that_is_gone_is_no_failure_of_the_down_script(host):
    """The address has gone with it."""
    host.ip("link", "delete", "eth0")
    assert script(host, "down", VIP, ADDRESSES=f"{VIP}/16").returncode == 0
    assert script(host, "up", VIP, check=False, ADDRESSES=f"{VIP}/16").returncode != 0


@pytest.mark.parametrize("name", ["ucarp-up.sh", "ucarp-down.sh"])
def test_they_are_posix_shell(name):
    path = PROJECT / "etc/ucarp" / name
    assert path.stat().st_mode & 0o777 == 0o755
    run("dash", "-n", str(path))


# -- a copy of 0.1.0's down-script, as an edited script keeps it -----------------------------------


def use_old_scripts(host):
    host.write("ucarp/my-down.sh", OLD_DOWN)
    return {**use_shipped_scripts(host), "DOWNSCRIPT": "/etc/ucarp/my-down.sh"}


def test_the_down_script_of_0_1_0_does_not_delete_the_hosts_own_addresses(host):
    before = shown(host).keys()
    host.write_conf(
        "web", conf(host.address, ADDR=f"{VIP},{VIP6}", MASK=None, **use_old_scripts(host))
    )
    host.ip("address", "add", f"{VIP6}/128", "dev", "eth0", "nodad")
    daemon = host.ucarpd()
    daemon.wait_for_line(
        "[ERROR] web: cannot run [/etc/ucarp/my-down.sh", "a line from ucarpd 0.1.0"
    )
    daemon.wait_for_line(BACKUP)
    daemon.wait_for_line(MASTER)
    wait_for_address(host, VIP6)
    wait_for_address(host)
    assert daemon.stop() == 0
    assert shown(host).keys() == before
    assert daemon.lines("Spawning", "my-down.sh") == []


def test_the_down_script_of_0_1_0_is_run_for_ipv4(host):
    before = shown(host).keys()
    host.write_conf("web", conf(host.address, **use_old_scripts(host)))
    daemon = host.ucarpd()
    wait_for_address(host)
    assert daemon.stop() == 0
    assert shown(host).keys() == before
    daemon.wait_for_line("Spawning", "my-down.sh", count=2)
