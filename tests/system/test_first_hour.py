"""The package as a new administrator tries it: common files and common mistakes, on hosts that have
more addresses than the virtual ones, from ifupdown's own file.
"""

import json
import time

import pytest
from lab import PROJECT, Client, wait_for
from machines import repacked
from web import VIP, conf

VIP6 = "2001:db8:0:5::10"
GATEWAY = "172.16.0.254"

INTERFACES = """\
auto eth0
{first}iface eth0 inet static
    address {address}/16
    gateway 172.16.0.254
iface eth0 inet6 static
    address 2001:db8:0:5::{number}/64
    dad-attempts 0
iface eth0 inet6 static
    address 2001:db8:ffff::{number}/48
    dad-attempts 0
"""

OLD_SERVER = f"""\
iface eth0 inet static
    address {VIP}/16
"""
"""The files of a server that was there before its clients got a virtual address."""

BUILT_IN = {"UPSCRIPT": None, "DOWNSCRIPT": None}
scripts_or_not = pytest.mark.parametrize(
    "scripts", [pytest.param({}, id="shipped"), pytest.param(BUILT_IN, id="built-in")]
)


def configure_network(machine, first=""):
    """Write /etc/network/interfaces, and have it done."""
    number = machine.address.rpartition(".")[2]
    text = INTERFACES.format(first=first, address=machine.address, number=number)
    machine.write("/etc/network/interfaces", text, 0o644)
    machine.run("systemctl", "restart", "networking")


def shown(machine):
    """The addresses of eth0, with their prefix lengths."""
    links = json.loads(machine.run("ip", "-json", "address", "show", "dev", "eth0").stdout)
    infos = (info for link in links for info in link.get("addr_info", ()))
    return {f"{i['local']}/{i['prefixlen']}" for i in infos if i["scope"] == "global"}


def start(*machines):
    for machine in machines:
        machine.run("systemctl", "start", "ucarpd@web")


def stop(*machines):
    for machine in machines:
        machine.run("systemctl", "stop", "ucarpd@*")


def log(machine):
    return machine.journal("-u", "ucarpd@web", "-o", "cat")


@pytest.fixture(scope="module")
def networks(a, b):
    for machine in (a, b):
        configure_network(machine)


@pytest.fixture
def own(networks, a, b):
    """The addresses of both before and after each test."""
    own = {machine: shown(machine) for machine in (a, b)}
    assert [len(addresses) for addresses in own.values()] == [3, 3]
    for machine in own:
        machine.shell("journalctl --rotate --vacuum-time=1s", check=False)
    yield own
    stop(a, b)
    assert {machine: shown(machine) for machine in (a, b)} == own
    for machine in own:
        assert machine.run("ip", "route", "get", "10.0.0.1").stdout.split()[2] == GATEWAY
        machine.shell("rm -f /etc/ucarp/*.conf")


@pytest.fixture(scope="module")
def client6(lab):
    host = lab.host("d", "172.16.0.98/16")
    host.enable_ipv6("2001:db8:0:5::98/64")
    return Client(host, VIP6)


@scripts_or_not
@pytest.mark.parametrize(
    ("keys", "served"),
    [
        ({"ADDR": f"{VIP},{VIP6}"}, {f"{VIP}/16", f"{VIP6}/128"}),
        ({"ADDR": f"{VIP6}/64,{VIP}", "MASK": None}, {f"{VIP6}/64", f"{VIP}/32"}),
        ({"EXTRA_ADDRS": f"172.16.0.3/16,{VIP6}"}, {f"{VIP}/16", "172.16.0.3/16", f"{VIP6}/128"}),
    ],
    ids=["mixed", "ipv6-first", "extras"],
)
def test_what_the_file_says_is_served_and_nothing_else_changes(a, b, own, scripts, keys, served):
    for machine in own:
        conf(machine, **keys, **scripts)
    start(a)
    wait_for("all addresses", lambda: shown(a) == own[a] | served)
    start(b)
    stop(a)
    wait_for("the other host", lambda: shown(b) == own[b] | served)
    assert shown(a) == own[a]
    wait_for("the work to be done", lambda: "[ERROR]" not in log(b) and MASTER in log(b))
    source = b.run("ip", "-6", "route", "get", "2001:db8:0:5::98").stdout
    assert f"src {VIP6} " not in source


MASTER = "Switching to state: MASTER"


@scripts_or_not
def test_ipv6_is_handed_over_without_a_break(a, b, own, client6, scripts):
    """The kernel would look for duplicates for a second or two."""
    for machine in own:
        conf(machine, ADDR=VIP6, SRCIP=None, MASK=None, **scripts)
    start(a, b)
    client6.wait_for("a", 30)
    began = time.monotonic()
    for _ in range(2):
        stop(a)
        client6.wait_for("b")
        start(a)
        client6.wait_for("a")
    silence = client6.silence(began)
    print(f"IPv6, hand-over: nobody answered for {silence:.2f} s at most")
    assert silence < 0.7


@scripts_or_not
def test_the_old_address_of_a_server_becomes_the_virtual_one(a, b, own, client, scripts):
    configure_network(a, OLD_SERVER)
    assert shown(a) == own[a] | {f"{VIP}/16"}
    conf(a, **scripts)
    warning = a.run("ucarpd", "check", "/etc/ucarp/web.conf", check=False)
    assert f"{VIP} is on eth0 now: remove it from /etc/network/interfaces first" in warning.stderr
    assert f"the kernel removes {a.address} with it" in warning.stderr
    start(a)
    wait_for("the role", lambda: MASTER in log(a))
    wait_for("the address", lambda: a.has(VIP))
    assert "by another program" not in log(a)
    assert own[a] <= shown(a)
    stop(a)
    assert shown(a) == own[a]
    configure_network(a)


@scripts_or_not
def test_the_own_address_is_typed_as_the_virtual_one(a, own, scripts):
    conf(a, ADDR=a.address, SRCIP=None, **scripts)
    checked = a.run("ucarpd", "check", "/etc/ucarp/web.conf", check=False)
    assert checked.returncode == 78
    text = f"eth0 has only {a.address}, which is UCARP_ADDR: give this host an address of its own"
    assert text in checked.stderr
    start(a)
    wait_for("the reason", lambda: text in log(a))
    assert shown(a) == own[a]
    stop(a)
    assert shown(a) == own[a]
    assert "removed" not in log(a)


@pytest.mark.parametrize("signal", ["USR1", "USR2"])
def test_a_signal_for_ucarpd_hits_the_up_script_too(a, own, signal):
    a.write(
        "/etc/ucarp/slow-up.sh",
        '#!/bin/sh\ntouch /run/begun\nsleep 1\nexec /etc/ucarp/ucarp-up.sh "$@"\n',
        0o755,
    )
    a.shell("rm -f /run/begun")
    conf(a, UPSCRIPT="/etc/ucarp/slow-up.sh")
    start(a)
    wait_for(
        "the script", lambda: (a.root / "run/begun").exists() or a.shell("ls /run/begun", False)
    )
    a.run("systemctl", "kill", "-s", signal, "ucarpd@web")
    wait_for("the address", lambda: a.has(VIP))
    assert f"SIG{signal}" in log(a)


@pytest.fixture
def article(a, b, own):
    """The article's files on both machines, each with its own address."""
    kept = {name: a.shell(f"cat /etc/ucarp/{name}") for name in ("ucarp-up.sh", "ucarp-down.sh")}
    for machine in own:
        for file in (PROJECT / "tests/article").iterdir():
            text = file.read_text().replace("172.16.0.11", machine.address)
            machine.write(f"/etc/ucarp/{file.name}", text, 0o755 if file.suffix == ".sh" else 0o600)
    yield
    stop(a, b)
    for machine in own:
        for name, text in kept.items():
            machine.write(f"/etc/ucarp/{name}", text, 0o755)


def page(client):
    """The page that a visitor of the virtual address sees."""
    return client.host.run("curl", "-s", "--max-time", "5", f"http://{VIP}/").stdout


def pull_and_plug_the_cable(a, b, client):
    """As the article's reader does, with a browser open; host a is master."""
    assert "eth0:0" in a.run("ifconfig").stdout
    assert page(client) == "this is a\n"
    began = time.monotonic()
    a.cable(False)
    client.wait_for("b")
    assert page(client) == "this is b\n"
    wait_for("the address to go", lambda: not a.has(VIP))
    print(f"cable pulled: nobody answered for {client.silence(began):.2f} s at most")
    began = time.monotonic()
    a.cable(True)
    wait_for("one master", lambda: a.has(VIP) != b.has(VIP) and page(client))
    print(f"cable put back: nobody answered for {client.silence(began):.2f} s at most")


def test_the_articles_files(a, b, article, client):
    for machine in (a, b):
        machine.run("systemctl", "start", "ucarpd@ucarp")
        client.wait_for("a")
    pull_and_plug_the_cable(a, b, client)


def test_the_articles_start_script(a, b, article, client, command_package):
    """As it was printed, and put right; until the last command, which ends the daemons."""
    for machine in (a, b):
        machine.copy(command_package, "/root/ucarp.deb")
        machine.run("apt-get", "install", "-y", "/root/ucarp.deb")
    said = a.shell("bash /etc/ucarp/start.sh 2>&1", check=False)
    assert "ucarp: the only word after ucarp is a slash" in said
    assert a.shell("pidof ucarp", check=False) == ""
    for machine in (a, b):
        machine.shell(r"sed -i 's, /$, \\,' /etc/ucarp/start.sh")
        machine.run("bash", "/etc/ucarp/start.sh")
        client.wait_for("a")
    assert "geheim" not in a.shell("ps -ef")
    pull_and_plug_the_cable(a, b, client)
    for machine in (b, a):
        machine.shell("kill $(pidof ucarp)")
        wait_for("its end", lambda m=machine: m.shell("pidof ucarp", check=False) == "")
        # As with ucarp, the address stays without --shutdown.
        machine.shell("ifconfig eth0:0 down", check=False)


SLOW_DOWN = """\
#!/bin/sh
/etc/ucarp/ucarp-down.sh "$@"
[ "$UCARP_PREVIOUS_STATE" = MASTER ] || exit 0
sleep 5
echo came to its end
"""


@pytest.fixture
def impatient(a, own, client):
    """Host a with a down-script that takes longer than TimeoutStopSec=; it serves."""
    directory = "/run/systemd/system/ucarpd@web.service.d"
    text = "[Service]\\nTimeoutStopSec=3\\nRestart=no\\n"
    a.shell(f"mkdir {directory} && printf '{text}' >{directory}/3s.conf; systemctl daemon-reload")
    a.write("/etc/ucarp/slow-down.sh", SLOW_DOWN, 0o755)
    conf(a, DOWNSCRIPT="/etc/ucarp/slow-down.sh")
    start(a)
    client.wait_for("a", 30)
    yield a
    a.shell(f"rm -r {directory}; systemctl daemon-reload")


def test_a_stop_waits_for_a_slow_down_script_and_the_peer_does_not(b, impatient, client):
    conf(b)
    start(b)
    client.wait_for("a")
    began = time.monotonic()
    stop(impatient)
    assert "came to its end" in log(impatient)
    assert impatient.run("systemctl", "show", "-P", "Result", "ucarpd@web").stdout == "success\n"
    client.wait_for("b")
    silence = client.silence(began)
    print(f"slow down-script: nobody answered for {silence:.2f} s at most")
    assert silence < 4


def test_a_slow_down_script_comes_to_its_end_after_a_crash_too(impatient):
    impatient.run("kill", "-KILL", str(impatient.main_pid("ucarpd@web")))
    wait_for("the address to go", lambda: not impatient.has(VIP))
    wait_for("the end of the script", lambda: "came to its end" in log(impatient))
    impatient.run("systemctl", "reset-failed")


def test_an_edited_script_with_the_old_line_is_named_at_an_upgrade(a, own, package, tmp_path):
    old = '    ip -oneline address show dev "$interface" to "$address/32" 2>/dev/null |\n'
    edited = a.shell("cat /etc/ucarp/ucarp-down.sh").replace("exit", old + "exit")
    a.write("/etc/ucarp/ucarp-down.sh", edited, 0o755)
    conf(a)
    a.copy(repacked(package, tmp_path), "/root/next.deb")
    said = a.run("apt-get", "install", "-y", "/root/next.deb")
    assert "ucarpd: /etc/ucarp/ucarp-down.sh deletes the IPv6 addresses" in said.stdout
    assert a.shell("cat /etc/ucarp/ucarp-down.sh") == edited
