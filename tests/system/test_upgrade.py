"""Upgrades of a pair that serves: from the first release, and from this version to the next.

None of them may be an outage: if the new version refuses a file, the old process keeps running.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from lab import wait_for
from machines import repacked
from web import VIP, conf

MASTER = "Switching to state: MASTER"
BOB = 4321


@pytest.fixture(scope="module")
def layers(root):
    """Without the package."""
    return [root]


@pytest.fixture
def pair(a, b, client, first_release):
    """Both machines run ucarpd@web of the first release, and a serves.  When that began."""
    for machine in (a, b):
        machine.run("systemctl", "stop", "ucarpd@*", check=False)
        machine.copy(first_release, "/root/first.deb")
        machine.run("apt-get", "install", "-y", "--allow-downgrades", "/root/first.deb")
        conf(machine)
        machine.run("systemctl", "start", "ucarpd@web")
    client.wait_for("a", 30)
    return time.monotonic()


def install(machine, package):
    """Install the package; returns what apt says."""
    machine.copy(package, "/root/new.deb")
    result = machine.run("apt-get", "install", "-y", "/root/new.deb")
    return result.stdout + result.stderr


def version(machine):
    return machine.run("dpkg-query", "-f", "${Version}", "-W", "ucarpd").stdout


def status(machine):
    return machine.run("systemctl", "show", "-P", "StatusText", "ucarpd@web").stdout


def log(machine):
    return machine.journal("-u", "ucarpd@web", "-o", "cat")


def test_a_file_that_the_new_version_refuses_is_no_outage(a, b, pair, client, package):
    """The longest interval of 0.1.0 has another meaning now."""
    conf(a, ADVBASE=254)
    pid = a.main_pid("ucarpd@web")
    said = install(a, package)
    assert "ucarpd@web.service keeps running the old version" in said
    assert "/etc/ucarp/web.conf:10: UCARP_ADVBASE: must be" in said
    assert "ucarpd: and then type: systemctl restart ucarpd@web.service" in said
    assert version(a) != "0.1.0-1"
    assert "keeps running" not in install(b, package)

    # It runs on under the unit of the new version, and systemd hears from it.
    fed = a.run("systemctl", "show", "-P", "WatchdogTimestampMonotonic", "ucarpd@web").stdout
    wait_for(
        "the watchdog to be fed",
        lambda: (
            a.run("systemctl", "show", "-P", "WatchdogTimestampMonotonic", "ucarpd@web").stdout
            != fed
        ),
    )
    assert a.main_pid("ucarpd@web") == pid
    assert a.has(VIP)
    silence = client.silence(pair)
    print(f"a refused file: nobody answered for {silence:.2f} s at most")
    assert silence < 0.5

    conf(a)
    a.run("ucarpd", "check", "/etc/ucarp/web.conf")
    a.run("systemctl", "restart", "ucarpd@web")
    client.wait_for("a", 30)
    assert a.main_pid("ucarpd@web") not in (0, pid)
    assert not b.has(VIP)


def test_a_script_of_another_user_runs_on_and_is_named(a, pair, client, package):
    a.shell(f"install -D -o {BOB} /etc/ucarp/ucarp-up.sh /srv/scripts/up.sh")
    conf(a, UPSCRIPT="/srv/scripts/up.sh")
    a.run("systemctl", "reload", "ucarpd@web")
    command = "chown root /srv/scripts/up.sh"
    said = install(a, package)
    assert f"user {BOB} owns /srv/scripts/up.sh" in said
    assert f"type: {command} (ERROR)" in said
    client.wait_for("a", 30)
    wait_for("the line in the log", lambda: f"0.3 will refuse that: type: {command}" in log(a))
    wait_for(
        "the status", lambda: "users other than root can change /srv/scripts/up.sh" in status(a)
    )
    checked = a.run("ucarpd", "check", "/etc/ucarp/web.conf")
    assert f"type: {command} (ERROR)" in checked.stderr
    a.shell(command)
    a.run("systemctl", "reload", "ucarpd@web")
    wait_for("the status", lambda: "users other than root" not in status(a))
    assert "ERROR" not in a.run("ucarpd", "check", "/etc/ucarp/web.conf").stderr


@pytest.mark.parametrize("old", ["first-release", "this-version"])
def test_both_hosts_are_upgraded_in_the_same_second(a, b, pair, client, package, tmp_path, old):
    if old == "this-version":
        for machine in (a, b):
            install(machine, package)
        package = repacked(package, tmp_path)
        client.wait_for("a", 30)
    pids = {machine: machine.main_pid("ucarpd@web") for machine in (a, b)}
    takeovers = {machine: log(machine).count(MASTER) for machine in (a, b)}
    began = time.monotonic()
    with ThreadPoolExecutor(2) as both:
        list(both.map(install, (a, b), (package, package)))
    client.wait_for("a", 30)
    for machine, pid in pids.items():
        assert machine.main_pid("ucarpd@web") not in (0, pid)
        assert log(machine).count(MASTER) <= takeovers[machine] + 1
        for name in ("ucarp-up.sh", "ucarp-down.sh"):
            machine.run("cmp", f"/usr/share/ucarpd/{name}", f"/etc/ucarp/{name}")
        conffiles = machine.run("dpkg-query", "-W", "-f", "${Conffiles}", "ucarpd").stdout
        assert "/etc/ucarp/" not in conffiles
        assert machine.run("dpkg-divert", "--list", "/etc/ucarp/*").stdout == ""
    silence = client.silence(began)
    print(f"both upgraded at once, from {old}: nobody answered for {silence:.2f} s at most")
    assert silence < 1.5


SITES = """\
[Service]
ExecStart=
ExecStart=/usr/bin/ucarpd run --stay /srv/sites
"""


def test_the_restart_of_the_service_does_not_reach_a_refused_instance(a, pair, client, package):
    """A restart of ucarpd.service usually also restarts its instances."""
    a.write("/etc/systemd/system/ucarpd.service.d/sites.conf", SITES, 0o644)
    conf(a, "mail", VHID=2, ADDR="172.16.0.2")
    a.shell("mkdir -p /srv/sites && mv /etc/ucarp/mail.conf /srv/sites/ && systemctl daemon-reload")
    a.run("systemctl", "start", "ucarpd.service")
    wait_for("the other address", lambda: a.has("172.16.0.2"))
    pids = {unit: a.main_pid(unit) for unit in ("ucarpd.service", "ucarpd@web")}
    conf(a, ADVSKEW=300)
    said = install(a, package)
    assert "ucarpd@web.service keeps running the old version" in said
    assert "ucarpd.service keeps" not in said
    assert a.main_pid("ucarpd.service") not in (0, pids["ucarpd.service"])
    assert a.main_pid("ucarpd@web") == pids["ucarpd@web"]
    assert a.has(VIP)
    silence = client.silence(pair)
    print(f"beside a restart of ucarpd.service: nobody answered for {silence:.2f} s at most")
    assert silence < 0.5
    a.shell("rm -r /etc/systemd/system/ucarpd.service.d && systemctl daemon-reload")
    a.run("systemctl", "stop", "ucarpd.service", "ucarpd@web")


def test_needrestart_reads_the_drop_in(a):
    program = (
        "our %nrconf = (override_rc => {}); do '/etc/needrestart/conf.d/ucarpd.conf'; die $@ if $@;"
        " my ($rule) = keys %{$nrconf{override_rc}};"
        " print 'ucarpd@web.service' =~ /$rule/ ? $nrconf{override_rc}{$rule} : 'other';"
    )
    assert a.run("perl", "-we", program).stdout == "0"
