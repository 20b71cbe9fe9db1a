"""Debian's ucarp in /etc/network/interfaces, replaced by the package ucarpd-ucarp and back."""

import re
import shutil
import time

import pytest
from lab import run, wait_for
from web import VIP

HOOK = "/etc/network/if-up.d/ucarp"
MASTER = "Switching to state: MASTER"

INTERFACES = """\
auto eth0
iface eth0 inet static
    address {address}/16
    ucarp-vid 3
    ucarp-vip {vip}
    ucarp-password geheim
    ucarp-advskew {skew}
    ucarp-master {master}

iface eth0:ucarp inet static
    address {vip}
    netmask 255.255.255.255
    up touch /run/alias-is-up
"""


@pytest.fixture(scope="module")
def old_package(root, tmp_path_factory):
    """Debian's ucarp, made again from the file system that it is installed on."""
    tree = tmp_path_factory.mktemp("ucarp") / "tree"
    info = root / "var/lib/dpkg/info"
    for name in (info / "ucarp.list").read_text().splitlines():
        source, target = root / name.lstrip("/"), tree / name.lstrip("/")
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif source.exists():
            shutil.copy2(source, target)
    stanza = run("dpkg-query", f"--admindir={root}/var/lib/dpkg", "--status", "ucarp").stdout
    stanza = re.sub(r"Status: .*\n|Conffiles:\n( .*\n)+", "", stanza)
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(stanza)
    (tree / "DEBIAN/conffiles").write_text(f"{HOOK}\n")
    run("dpkg-deb", "--root-owner-group", "--build", str(tree), str(tree.with_name("ucarp.deb")))
    return tree.with_name("ucarp.deb")


@pytest.fixture(scope="module")
def pair(a, b, command_package, old_package):
    """Both have Debian's ucarp in their interfaces files, and all packages at hand."""
    for machine, skew, master in ((a, 0, "yes"), (b, 100, "no")):
        text = INTERFACES.format(address=machine.address, vip=VIP, skew=skew, master=master)
        machine.write("/etc/network/interfaces", text, 0o644)
        machine.copy(command_package, "/root/ours.deb")
        machine.copy(old_package, "/root/old.deb")
        start_again(machine)
    return a, b


def daemons(machine):
    """The command lines of what runs by the name of ucarp."""
    return machine.shell("pgrep -a -x ucarp", check=False).splitlines()


def states(machine):
    """The package manager's word on both packages, ii or rc for example."""
    text = machine.shell(
        "dpkg -l ucarp ucarpd-ucarp 2>/dev/null | grep -E '^[a-z][a-z] '", check=False
    )
    rows = [line.split()[:2] for line in text.splitlines()]
    return {name: state for state, name in rows}


def start_again(machine):
    """What an administrator types after the installation."""
    machine.shell("ifdown eth0; ifup eth0")


def replace(machine, package):
    """Install a package, and end the processes of the other one; return the output of apt."""
    before = [line.split()[0] for line in daemons(machine)]
    said = machine.shell(f"apt-get install -y /root/{package} 2>&1")
    if before:
        machine.run("kill", *before, check=False)
    wait_for("its end", lambda: daemons(machine) == [], 30)
    start_again(machine)
    return said


def wait_for_one(machine, program):
    """Wait for one daemon, of the interpreter or in C, and return its command line."""

    def one():
        found = daemons(machine)
        if len(found) != 1:
            return None
        exe = machine.shell(f"readlink /proc/{found[0].split()[0]}/exe", check=False)
        return found[0] if program in exe else None

    return wait_for(f"one {program} on {machine.name}", one, 30)


def test_ours_on_the_backup_then_on_the_master_and_back_on_one(pair, client):
    a, b = pair
    client.wait_for("a", 30)
    wait_for_one(a, "ucarp")

    began = time.monotonic()

    def note(step):
        nonlocal began
        client.wait_for("a", 30)
        print(f"{step}: nobody answered for {client.silence(began):.2f} s at most")
        began = time.monotonic()

    (old,) = daemons(b)
    said = replace(b, "ours.deb")
    assert f"process {old.split()[0]} is the old ucarp, and keeps running" in said
    line = wait_for_one(b, "python3")
    # A check of the process list finds it by its path and its address, and never the password.
    assert f"/usr/sbin/ucarp --interface=eth0 --srcip={b.address} --vhid=3 --addr={VIP} " in line
    assert "geheim" not in line
    note("ours on the backup")

    replace(a, "ours.deb")
    wait_for_one(a, "python3")
    note("ours on the master too")
    assert a.shell("ls /run/alias-is-up").strip() == "/run/alias-is-up"
    assert "eth0:ucarp=eth0:ucarp" in a.shell("cat /run/network/ifstate")

    replace(b, "old.deb")
    wait_for_one(b, "ucarp")
    note("ucarp on the backup again")
    a.shell("kill -USR2 $(pidof ucarp)")
    client.wait_for("b", 30)
    replace(b, "ours.deb")
    note("a hand-over to ucarp, and ours in its place")


def test_restarts_of_the_network(pair, client):
    a, _ = pair
    client.wait_for("a", 30)
    (before,) = daemons(a)
    began = time.monotonic()
    a.run("systemctl", "restart", "networking")
    # It waits for nothing that waits for the network.
    assert time.monotonic() - began < 30
    (after,) = daemons(a)
    assert after.split()[0] != before.split()[0]
    client.wait_for("a", 30)

    a.run("ifdown", "eth0")
    assert daemons(a) == []
    client.wait_for("b", 30)
    a.run("ifup", "eth0")
    client.wait_for("a", 30)


def test_it_starts_at_boot(pair, client):
    a, _ = pair
    a.reboot()
    client.wait_for("a", 30)
    assert len(daemons(a)) == 1
    assert a.shell("systemctl is-active networking").strip() == "active"


def test_a_hook_with_mistakes_does_not_keep_the_interface_down(pair):
    _, b = pair
    text = INTERFACES.format(address=b.address, vip=VIP, skew=300, master="maybe")
    b.write("/etc/network/interfaces", text, 0o644)
    said = b.shell("ifdown eth0 2>&1; ifup eth0 2>&1")
    assert "WARNING: ucarp-master 'maybe' is taken for yes" in said
    assert "--advskew must be from 0 to 254 (got '300')" in said
    assert "WARNING: vhid 3 has not been started" in said
    assert b.has(b.address)


def test_numbered_virtual_hosts_with_aliases_of_their_own(pair):
    _, b = pair
    b.write(
        "/etc/network/interfaces",
        f"auto eth0\niface eth0 inet static\n    address {b.address}/16\n"
        "    ucarp-password geheim\n    ucarp-vid-1 11\n    ucarp-vip-1 172.16.0.111\n"
        "    ucarp-vid-2 12\n    ucarp-vip-2 172.16.0.112\n    ucarp-xparam-2 second word\n"
        "iface eth0:first inet static\n    address 172.16.0.111/32\n",
        0o644,
    )
    start_again(b)
    wait_for("both addresses", lambda: b.has("172.16.0.111") and b.has("172.16.0.112"), 30)
    assert "eth0:first=eth0:first" in b.shell("cat /run/network/ifstate")
    lines = daemons(b)
    assert [" --xparam=second " in line for line in lines].count(True) == 1
    assert len(lines) == 2
    b.run("ifdown", "eth0")
    assert daemons(b) == []


def test_the_hook_is_handed_over_in_both_orders(pair):
    """Without a question while it is unmodified, and without a loss when it is not."""
    _, b = pair
    b.shell("apt-get install -y /root/old.deb && apt-get purge -y ucarpd-ucarp")
    old = b.shell(f"md5sum <{HOOK}")

    def install(name):
        # A question would find no answer, and fail.
        return b.shell(f"apt-get install -y --allow-downgrades /root/{name} </dev/null 2>&1")

    assert "==>" not in install("ours.deb")
    ours = b.shell(f"md5sum <{HOOK}")
    assert ours != old
    # Configuration files alone are left of it.
    assert [states(b)[name][1] for name in ("ucarp", "ucarpd-ucarp")] == ["c", "i"]
    b.run("dpkg", "--purge", "ucarp")
    assert b.shell(f"md5sum <{HOOK}") == ours
    assert "==>" not in install("old.deb")
    assert b.shell(f"md5sum <{HOOK}") == old
    b.run("dpkg", "--purge", "ucarpd-ucarp")
    assert b.shell(f"md5sum <{HOOK}") == old
    assert b.shell("ls /etc/network/if-down.d/ucarp", check=False) == ""

    # Removed first, the other one then comes, and both go.
    b.run("dpkg", "--remove", "ucarp")
    assert "==>" not in install("ours.deb")
    b.run("dpkg", "--purge", "ucarpd-ucarp")
    b.run("dpkg", "--purge", "ucarp")
    assert b.shell(f"ls {HOOK}", check=False) == ""

    # With a line of the administrator in it.
    install("old.deb")
    b.shell(f"echo '# mine' >>{HOOK}")
    b.shell("apt-get install -y -o Dpkg::Options::=--force-confold /root/ours.deb")
    b.run("dpkg", "--purge", "ucarp")
    assert "# mine" in b.shell(f"cat {HOOK}")
    b.run("dpkg", "--remove", "ucarpd-ucarp")
    assert "# mine" in b.shell(f"cat {HOOK}")


def test_the_paths_are_those_of_ucarp(command_package, old_package):
    def paths(package):
        listing = run("dpkg-deb", "--contents", str(package)).stdout.splitlines()
        return {line.split()[5][1:] for line in listing}

    expected = {HOOK, "/usr/sbin/ucarp", "/usr/share/ucarp/vip-up", "/usr/share/ucarp/vip-down"}
    assert expected <= paths(old_package)
    assert expected | {"/usr/share/man/man8/ucarp.8.gz"} <= paths(command_package)
