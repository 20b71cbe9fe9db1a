"""Health checks in a file."""

from ipaddress import ip_address

import pytest
from config_files import minimal, warnings, write

from ucarpd.config import ConfigError, Endpoint, load, script_errors, show
from ucarpd.config.health_checks import KINDS

HOST = "must be an address that a host can have, not "
OPTIONS = "its options are interval=, timeout=, rise=, fall=, demote="


@pytest.fixture
def web(home):
    return write(minimal())


@pytest.fixture
def read(web):
    def read(*lines):
        web.write_text(minimal("\n".join(lines)))
        return load(web).checks

    return read


def refused(read, *lines):
    with pytest.raises(ConfigError) as refusal:
        read(*lines)
    return [f"{each.key}: {each.text}" for each in refusal.value.problems]


def test_any_number_of_checks_in_the_order_of_the_file(read):
    checks = read(
        "UCARP_CHECK_WEB='http://127.0.0.1/ interval=2 timeout=1 rise=2 fall=3'",
        "UCARP_CHECK_db='tcp://[::1]:5432 demote=never interval=0.5'",
        "UCARP_CHECK_EMPTY=",
    )
    assert [(each.name, each.target) for each in checks] == [
        ("WEB", "http://127.0.0.1/"),
        ("db", "tcp://[::1]:5432"),
    ]
    web, database = checks
    assert (web.interval, web.timeout, web.rise, web.fall, web.demote) == (2.0, 1.0, 2, 3, 240)
    assert (database.interval, database.timeout, database.demote) == (0.5, 0.5, None)


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ("exec:/bin/test", ("/bin/test",)),
        ('exec:/bin/test -f "/tmp/a b" x=1 rise=1', ("/bin/test", "-f", "/tmp/a b", "x=1")),
        ("exec:/bin/test rise=1 -f", ("/bin/test", "rise=1", "-f")),
        ('exec:/bin/test "" rise', ("/bin/test", "", "rise")),
        ("tcp://db.example:5432", Endpoint("db.example", 5432)),
        ("http://127.0.0.1", Endpoint("127.0.0.1", 80, "/")),
        ("http://[::1]:8080/a?b=c", Endpoint("::1", 8080, "/a?b=c")),
        ("http://localhost?b=c", Endpoint("localhost", 80, "/?b=c")),
        ("https://example.org/x", Endpoint("example.org", 443, "/x")),
        ("unit:apache2.service", "apache2.service"),
        ("link:eth1", "eth1"),
        ("arp:192.0.2.254", ip_address("192.0.2.254")),
        ("arp:fe80::1", ip_address("fe80::1")),
    ],
)
def test_targets(read, value, where):
    [check] = read(f"UCARP_CHECK_X='{value}'")
    assert check.where == where


def test_options_of_single_kinds(read):
    web, program = read(
        "UCARP_CHECK_WEB='https://a/ status=200-299,401 text=\"it works\" verify=no'",
        "UCARP_CHECK_RUN='exec:/bin/true status=3 user=nobody'",
    )
    assert (web.statuses, web.body, web.verify) == (((200, 299), (401, 401)), "it works", False)
    assert (program.where, program.user) == (("/bin/true", "status=3"), "nobody")


def test_a_gateway_may_hold_up_a_takeover(read):
    first, second, third = read(
        "UCARP_CHECK_A='arp:10.0.0.254 hold'",
        "UCARP_CHECK_B='arp:10.0.0.254 hold interval=30'",
        "UCARP_CHECK_C='arp:10.0.0.254 hold=no'",
    )
    assert (first.hold, second.hold, third.hold) == (True, True, False)
    assert first.target == "arp:10.0.0.254"
    assert first.text.endswith(" hold=yes")


@pytest.mark.parametrize(
    ("interval", "timeout"),
    [("", 2.0), ("interval=0.1", 0.1), ("interval=5", 5.0), ("interval=3600", 10.0)],
)
def test_a_run_may_take_as_long_as_the_interval_or_ten_seconds(read, interval, timeout):
    [check] = read(f"UCARP_CHECK_X='tcp://a:1 {interval}'")
    assert check.timeout == timeout


def test_a_link_acts_at_once(read):
    [check] = read("UCARP_CHECK_X=link:eth1")
    assert (check.rise, check.fall) == (1, 1)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("apache", "must begin with one of exec:/PATH, tcp://HOST:PORT, http://HOST/,"),
        ("exec:", "must begin with one of"),
        (" ", "must begin with one of"),
        ("icmp:10.0.0.1", "must begin with one of"),
        ("exec:ls", "must name the program by an absolute path: exec:/PATH"),
        ('exec:/bin/ls "', "has a quote that is not closed"),
        ("tcp://a", "must be tcp://HOST:PORT"),
        ("tcp://a:80/x", "must be tcp://HOST:PORT"),
        ("tcp:a:80", "must name a host after //"),
        ("tcp://a:0", "must name a host after //"),
        ("tcp://a:99999", "must name a host after //, and a port from 1 to 65535 after :"),
        ("http://[::1/", "must name a host after //"),
        ("http:http://a/", "must name a host after //"),
        ("http://a/#b", "cannot have a fragment (#)"),
        ("http://ä/", "must not have characters outside ASCII"),
        ("unit:apache2", "must be the name of a unit with its type"),
        ("link:a/b", "cannot be the name of an interface"),
        ("arp:gateway", "must be an address such as 172.16.0.1 or 2001:db8::1"),
        ("tcp://a:1 intervall=3", f"intervall=3 is not an option of tcp: {OPTIONS} (got"),
        ("http://a/ verify=no", "verify=no is not an option of http"),
        ("link:eth1 fall=2", "fall=2 is not an option of link: its options are demote="),
        ("tcp://a:1 interval=0", "interval= must be seconds from 0.1 to 3600"),
        ("tcp://a:1 interval=3601", "interval= must be seconds from 0.1 to 3600"),
        ("tcp://a:1 timeout=1e3", "timeout= must be seconds from 0.1 to 3600"),
        ("tcp://a:1 rise=0", "rise= must be from 1 to 100"),
        ("tcp://a:1 demote=0", "demote= must be from 1 to 252, or never"),
        ("tcp://a:1 demote=253", "demote= must be from 1 to 252, or never"),
        ("tcp://a:1 fall=1 fall=1", "has fall twice"),
        ("tcp://a:1 hold", "hold is not an option of tcp"),
        (
            "http://a/ text=it works",
            f"works is not an option of http: {OPTIONS}, status=, text=; a value with spaces needs quotes",
        ),
        ("tcp://::1:80", "must have an IPv6 address in brackets, as in //[::1]:80"),
        ("http://fe80::1/", "must have an IPv6 address in brackets"),
        ("arp:127.0.0.1", f"{HOST}a loopback address"),
        ("arp:ff02::1", f"{HOST}a multicast address"),
        ("arp:0.0.0.0", f"{HOST}an unspecified address"),
        ("arp:255.255.255.255", f"{HOST}the broadcast address"),
        ("arp:fe80::1%eth0", "leave out %eth0: the interface is UCARP_INTERFACE"),
        ("arp:::ffff:10.0.0.1", "is an IPv4 address in the form of an IPv6 one: write 10.0.0.1"),
        ("arp:010.0.0.1", "has a leading zero"),
        ("arp:10.0.0.1 hold=perhaps", "hold= must be"),
        ("arp:10.0.0.1 hold interval=31", "hold needs an interval= of 30 at most"),
        ("exec:/bin/ls user=", "user= must not be empty"),
        ("http://a/ status=200,299-200", "status= must be an HTTP status such as 200"),
        ("http://a/ status=ok", "status= must be an HTTP status such as 200"),
    ],
)
def test_faults_name_what_is_wrong_and_what_was_read(read, value, fault):
    [text] = refused(read, f"UCARP_CHECK_WEB='{value}'")
    assert text.startswith(f"UCARP_CHECK_WEB: {fault}")
    assert text.endswith(f"(got '{value}')")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("UCARP_CHEK_WEB", "did you mean UCARP_CHECK_WEB?"),
        ("UCARP_CHECK", "write UCARP_CHECK_NAME: a name of your choice for NAME"),
        ("UCARP_CHECK_", "write UCARP_CHECK_NAME: a name of your choice for NAME"),
        ("UCARP_VRRP_SCRIPT", "write UCARP_CHECK_NAME: a name of your choice for NAME"),
    ],
)
def test_other_names_lead_to_the_key(read, name, advice):
    assert refused(read, f"{name}=tcp://a:1") == [f"{name}: unknown key; {advice}"]


@pytest.mark.parametrize(
    "value",
    [
        "http://127.0.0.1/?a=b timeout=1 'text=it works'",
        "https://[::1]/ verify=no text=ok status=200",
        "exec:/bin/test -f '/tmp/a b' '' demote=NEVER user=nobody",
        "tcp://[::1]:80",
        "link:eth1",
        "arp:192.0.2.254 demote=7",
    ],
)
def test_what_is_shown_is_read_alike(read, web, value):
    before = read(f'UCARP_CHECK_X="{value}"')
    [line] = [line for line in show(load(web)).splitlines() if line.startswith("UCARP_CHECK_")]
    assert read(line) == before


def test_a_live_reload_takes_new_checks(web):
    old = load(web)
    web.write_text(minimal("UCARP_CHECK_X=tcp://a:1"))
    assert not old.needs_restart(load(web))


def test_programs_are_among_the_files_that_only_root_may_change(read, web):
    """If they run as root."""
    read(
        "UCARP_CHECK_X='exec:/opt/check me'",
        "UCARP_CHECK_Y=tcp://a:1",
        "UCARP_CHECK_Z='exec:/opt/other user=nobody'",
    )
    assert {name: str(each.meaning) for name, each in load(web).named_files.items()} == {
        "UCARP_CHECK_X": "/opt/check"
    }


def test_what_cannot_run_here_is_told_with_line_and_key(read, web):
    read("UCARP_CHECK_X=exec:/nowhere", "UCARP_CHECK_Y=tcp://a:1")
    text = {"X": "it does not exist", "Y": None}
    [problem] = script_errors(web, lambda _script: None, lambda check: text[check.name])
    assert problem.text == "exec:/nowhere: it does not exist"
    assert (problem.key, problem.line) == (
        "UCARP_CHECK_X",
        web.read_text().splitlines().index("UCARP_CHECK_X=exec:/nowhere") + 1,
    )


def test_each_kind_has_an_example_that_names_it():
    assert all(kind.form.startswith(f"{name}:") for name, kind in KINDS.items())


@pytest.mark.parametrize(
    ("arguments", "warned"),
    [
        ("x intervall=2", "intervall=2 is an argument of the program: did you mean interval=?"),
        ("timout=2 fall=2", "timout=2 is an argument of the program: did you mean timeout=?"),
        ("fall=2 Timeout=2", "Timeout=2 is an argument of the program: did you mean timeout=?"),
        ("demot=never", "demot=never is an argument of the program: did you mean demote=?"),
        ("riesn=2 flal=1", "flal=1 is an argument of the program: did you mean fall=?"),
        ("interval=2 intervall=2 name", None),
        ("--timeout=2", None),
        ("host=db port=5432 remote=x", None),
        ("query=select timeout=5", None),
    ],
)
def test_an_option_that_may_be_misspelt(read, web, arguments, warned):
    read(f"UCARP_CHECK_A='exec:/bin/true {arguments}'")
    assert [each.text for each in warnings(web)] == ([warned] if warned else [])


def test_a_check_that_may_leave_nobody_is_legal_and_told(read, web):
    read("UCARP_CHECK_A='tcp://a:1 demote=never'", "UCARP_CHECK_B=tcp://a:1")
    [told] = [each for each in warnings(web) if each.key and "CHECK" in each.key]
    assert (told.key, told.text) == (
        "UCARP_CHECK_A",
        "if this check (demote=never) fails on all hosts, no host serves",
    )
    web.write_text(minimal("UCARP_CHECK_A='tcp:a demote=never'"))
    assert not any(each.key == "UCARP_CHECK_A" for each in warnings(web))


def test_a_script_without_an_interpreter_is_told(read, web, tmp_path):
    script = tmp_path / "check"
    script.write_text("true\n")
    read(f"UCARP_CHECK_X=exec:{script}")
    [problem] = script_errors(web, lambda _script: None, lambda _check: None)
    assert problem.text.startswith(f"exec:{script}: its first line names no interpreter: type: ")


@pytest.mark.parametrize("key", ["UCARP_ADDR", "UCARP_SRCIP"])
def test_a_neighbour_is_another_host(read, key):
    own = {"UCARP_ADDR": "172.16.0.1", "UCARP_SRCIP": "172.16.0.11"}[key]
    [text] = refused(
        read,
        "UCARP_SRCIP=172.16.0.11",
        f"UCARP_CHECK_X='arp:{own}'",
        "UCARP_CHECK_Y=arp:172.16.0.254",
    )
    fault = f"must be a neighbour, but {own} is {key}, which this host has"
    assert text == f"UCARP_CHECK_X: {fault} (got 'arp:{own}')"


def test_a_server_at_the_virtual_address_is_the_masters(read, web):
    read(
        "UCARP_EXTRA_ADDRS='172.16.0.2/16 2001:DB8:0::10'",
        "UCARP_CHECK_W=tcp://[2001:DB8::10]:80",
        "UCARP_CHECK_X='http://172.16.0.1/'",
        "UCARP_CHECK_Y=http://172.16.0.11/",
        "UCARP_CHECK_Z=tcp://172.16.0.2:80",
    )
    found = [each for each in warnings(web) if each.key.startswith("UCARP_CHECK_")]
    assert [each.key for each in found] == ["UCARP_CHECK_W", "UCARP_CHECK_X", "UCARP_CHECK_Z"]
    said = "172.16.0.1 is a virtual address, so a BACKUP asks the master's"
    assert found[1].text.startswith(said)


def test_a_unit_that_follows_the_role_fails_on_a_backup(read, web):
    units = "UCARP_UNITS='a.service b.timer'"
    read(units, "UCARP_CHECK_X=unit:a.service", "UCARP_CHECK_Y=unit:c.service")
    [found] = [each for each in warnings(web) if each.key.startswith("UCARP_CHECK_")]
    assert found.key == "UCARP_CHECK_X"
    assert found.text.startswith("a.service is in UCARP_UNITS, so it does not run on a BACKUP")
