"""The words that scrapers look for, the fields beside them, and how often a line may come."""

import errno
import logging
from ipaddress import IPv4Address, IPv6Address

import pytest

from ucarpd.carp.actions import Finding, Report, State, StateChanged
from ucarpd.carp.receive import Dropped, DropReason, Evidence
from ucarpd.log import lines, message_ids
from ucarpd.log.limits import LINES_PER_MINUTE, DropLimiter, LastingFaults
from ucarpd.log.messages import Journal

PEER = IPv4Address("172.16.0.11")
PEER6 = IPv6Address("fd00::1")
NO_IPV6 = OSError(errno.EAFNOSUPPORT, "fd00::1: eth0 has no IPv6")


class Collector(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append((self.format(record), record.fields))


@pytest.fixture
def collected():
    """Call it to get (line, fields) of everything written since the test began."""
    collector = Collector()
    collector.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
    lines.root.setLevel(logging.INFO)
    lines.root.addHandler(collector)
    yield lambda: collector.records
    lines.postpone(None)
    lines.root.removeHandler(collector)


@pytest.fixture
def web():
    return Journal("web", 1, "eth0", "local3")


def test_lines_come_in_their_order_when_the_work_is_done(collected, web):
    timers = []
    lines.postpone(lambda delay, function: timers.append((delay, function)))
    web.info("one")
    lines.write(logging.INFO, "two")
    ((delay, flush),) = timers
    assert delay == lines.AFTER_THE_WORK
    flush()
    web.info("three")
    assert len(timers) == 2
    # The end does not wait for the loop.
    lines.postpone(None)
    assert [line for line, _ in collected()] == [
        "[INFO] web: one",
        "[INFO] two",
        "[INFO] web: three",
    ]
    web.info("four")
    assert len(timers) == 2


def test_a_line_is_not_written_before_its_time(collected, web):
    lines.postpone(lambda _delay, _function: None)
    web.info("never mind")
    lines._postponed.clear()
    assert collected() == []


def test_a_transition_in_the_words_of_ucarp_with_its_fields(collected, web):
    web.transition(StateChanged(State.BACKUP, State.MASTER, "no advertisement for 3.00 s", PEER))
    ((line, fields),) = collected()
    assert line == "[WARNING] web: Switching to state: MASTER (no advertisement for 3.00 s)"
    assert fields == {
        "MESSAGE_ID": message_ids.MESSAGE_ID_TRANSITION,
        "UCARPD_INSTANCE": "web",
        "UCARPD_VHID": "1",
        "UCARPD_INTERFACE": "eth0",
        "UCARPD_STATE": "MASTER",
        "UCARPD_PREVIOUS_STATE": "BACKUP",
        "UCARPD_REASON": "no advertisement for 3.00 s",
        "UCARPD_PEER": "172.16.0.11",
    }


ROWS = [
    (lambda log: log.spawning("/up.sh eth0 10.0.0.1"), "[WARNING] web: Spawning [/up.sh eth0 10.0.0.1]"),
    (lambda log: log.status("MASTER", "for 3 s"), "[INFO] web: MASTER on eth0 id 1 (for 3 s)"),
    (lambda log: log.waiting("no carrier on eth0"), "[WARNING] web: Waiting: no carrier on eth0"),
    (
        lambda log: log.script_ended("/up.sh", 0, 0.5, False),
        "[INFO] web: [/up.sh] done in 0.50 s, exit status 0",
    ),
    (
        lambda log: log.script_ended("/up.sh", 3, 0.5, False),
        "[ERROR] web: [/up.sh] failed after 0.50 s, exit status 3",
    ),
    (
        lambda log: log.script_ended("/down.sh", 255, 0.5, True),
        "[INFO] web: [/down.sh] done in 0.50 s, exit status 255",
    ),
    (
        lambda log: log.addresses_refused({PEER: OSError(13, "172.16.0.11: no")}),
        "[ERROR] web: cannot add the address on eth0: 172.16.0.11: no",
    ),
    (
        lambda log: log.address_taken_away(PEER),
        "[WARNING] web: 172.16.0.11 was removed from eth0 by somebody else; putting it back",
    ),
    (
        lambda log: log.address_taken_off_early([PEER]),
        "[WARNING] web: removing 172.16.0.11 from eth0: the down-script has to wait for the up-script, "
        "which is still running",
    ),
    (
        lambda log: log.served_elsewhere([PEER]),
        "[INFO] web: the up-script succeeded, but 172.16.0.11 is not on eth0: ucarpd trusts the script, "
        "and does not say so again",
    ),
    (
        lambda log: log.script_failed_but_serves([PEER]),
        "[WARNING] web: the up-script failed, but 172.16.0.11 is on this host: it goes on serving",
    ),
    (
        lambda log: log.unserved([PEER]),
        "[ERROR] web: this host cannot serve 172.16.0.11: another host should take over",
    ),
    (
        lambda log: log.addresses_refused({PEER6: NO_IPV6}),
        "[WARNING] web: cannot add the address on eth0: fd00::1: eth0 has no IPv6",
    ),
    (lambda log: log.unserved([]), "[INFO] web: all addresses are served again"),
    (
        lambda log: log.loss_held("eth0 is down"),
        "[WARNING] web: eth0 is down while the up-script is running: does the script do that? ucarpd waits "
        "until it ends",
    ),
    (
        lambda log: log.record_fault(OSError(28, "cannot write /run/x: No space left on device")),
        "[ERROR] web: serving without a record of the addresses: after a crash, `ucarpd clear` cannot "
        "remove them (cannot write /run/x: No space left on device)",
    ),
    (
        lambda log: log.script_not_run("/up.sh", 127, "it does not exist"),
        "[ERROR] web: cannot run [/up.sh]: it does not exist; exit status 127",
    ),
    (
        lambda log: log.found(Report(Finding.RIVAL_STAYS, PEER)),
        "[WARNING] web: 172.16.0.11 does not hear this host: it is still MASTER, although this host is preferred",
    ),
    (
        lambda log: log.found(Report(Finding.RIVAL_STAYS_TIED, PEER)),
        "[WARNING] web: 172.16.0.11 is still MASTER: it does not hear this host, or has another UCARP_TIEBREAK",
    ),
    (
        lambda log: log.found(Report(Finding.RIVAL_GONE, PEER)),
        "[INFO] web: 172.16.0.11 is no longer MASTER",
    ),
    (
        lambda log: log.found(Report(Finding.FAMILY_SILENT, family=6)),
        "[WARNING] web: only IPv6 advertisements are lost: look for a filter or for multicast snooping",
    ),
    (
        lambda log: log.found(Report(Finding.FAMILY_HEARD, family=6)),
        "[INFO] web: IPv6 advertisements arrive again",
    ),
    (
        lambda log: log.found(Report(Finding.NOT_MASTER)),
        "[INFO] web: asked to step down, but this host is not MASTER",
    ),
    (
        lambda log: log.found(Report(Finding.NOBODY_TOOK_OVER)),
        "[WARNING] web: asked to step down, but no other host has taken over: this host keeps serving",
    ),
    (
        lambda log: log.dropped(Dropped(DropReason.BAD_TTL, PEER, "TTL 254, must be 255")),
        "[WARNING] web: dropped a packet from 172.16.0.11: TTL 254, must be 255",
    ),
    (
        lambda log: log.dropped(Dropped(DropReason.BAD_VHID, PEER, "vhid 2, this virtual host is 1")),
        "[INFO] web: dropped a packet from 172.16.0.11: vhid 2, this virtual host is 1",
    ),
    (
        lambda log: log.dropped(Dropped(DropReason.BAD_HEADER, None, "is a fragment")),
        "[WARNING] web: dropped a packet from an unknown source: is a fragment",
    ),
    (
        lambda log: log.dropped(Dropped(DropReason.VRRP, PEER, "a VRRP router at 10.0.0.2 uses id 1")),
        "[WARNING] web: a VRRP router at 10.0.0.2 uses id 1",
    ),
    (
        lambda log: log.source_changed(PEER, IPv4Address("172.16.0.12")),
        "[INFO] web: the source address is now 172.16.0.12; it was 172.16.0.11",
    ),
    (
        lambda log: log.source_elsewhere(PEER, "lo"),
        "[INFO] web: source address 172.16.0.11 is on lo, not on eth0; advertising from it nevertheless",
    ),
    (
        lambda log: log.same_mac(PEER),
        "[WARNING] web: 172.16.0.11 has the MAC address of this host: a cloned machine?"
        " Give eth0 there another MAC address",
    ),
    (
        lambda log: log.device_refused("eth0-v1", OSError(1, "cannot make eth0-v1")),
        "[ERROR] web: virtual MAC address, device eth0-v1: cannot make eth0-v1",
    ),
    (
        lambda log: log.device_refused("eth0-v1", OSError(22, "cannot make eth0-v1")),
        "[ERROR] web: virtual MAC address, device eth0-v1: cannot make eth0-v1: eth0 takes no other"
        " device beside it (is it a macvlan of mode passthru, or a port of a bridge?);"
        " UCARP_VMAC=no works without one",
    ),
    (
        lambda log: log.waiting("interface eth0 does not exist"),
        "[WARNING] web: Waiting: interface eth0 does not exist",
    ),
    (
        lambda log: log.status("MASTER", "for 5 s: no advertisement"),
        "[INFO] web: MASTER on eth0 id 1 (for 5 s: no advertisement)",
    ),
    (lambda log: log.error("no"), "[ERROR] web: no"),
    (lambda log: log.restarting(2.0), "[ERROR] web: starting again in 2 s"),
    (
        lambda log: log.reconfigured(restarted=False),
        "[INFO] web: new configuration, taken over while running",
    ),
    (
        lambda log: log.reconfigured(restarted=True),
        "[INFO] web: new configuration: restarting this instance",
    ),
    (
        lambda log: log.demoted(240, "eth1 cannot be used"),
        "[WARNING] web: demoted by 240: eth1 cannot be used",
    ),
    (lambda log: log.demoted(0, ""), "[INFO] web: no longer demoted"),
    (
        lambda log: log.address_left_over([PEER]),
        "[WARNING] web: 172.16.0.11 was left on eth0 by an earlier run; removed",
    ),
    (
        lambda log: log.address_not_removed_by_script([PEER]),
        "[WARNING] web: 172.16.0.11 was still on eth0 after the down-script; removed",
    ),
    (
        lambda log: log.address_left_alone(PEER),
        "[WARNING] web: 172.16.0.11 is virtual, but the only address of eth0: left alone; give this host "
        "an address of its own",
    ),
    (
        lambda log: log.address_out_of_place(PEER, State.BACKUP),
        "[WARNING] web: 172.16.0.11 came up on eth0 in state BACKUP; removing it",
    ),
    (
        lambda log: log.address_not_removed(OSError(1, "cannot remove 172.16.0.11")),
        "[ERROR] web: cannot remove the address on eth0: cannot remove 172.16.0.11",
    ),
    (lambda log: log.spawning("/up.sh eth0"), "[WARNING] web: Spawning [/up.sh eth0]"),
    (
        lambda log: log.script_ended("/up.sh", 0, 0.25, excused=False),
        "[INFO] web: [/up.sh] done in 0.25 s, exit status 0",
    ),
    (
        lambda log: log.script_ended("/down.sh", 2, 0.25, excused=True),
        "[INFO] web: [/down.sh] done in 0.25 s, exit status 2",
    ),
    (
        lambda log: log.script_ended("/up.sh", 2, 0.25, excused=False),
        "[ERROR] web: [/up.sh] failed after 0.25 s, exit status 2",
    ),
    (
        lambda log: log.script_hit("/up.sh", "SIGHUP"),
        "[WARNING] web: [/up.sh] was ended by SIGHUP, which ucarpd did not send; running it again (to "
        "signal ucarpd and not its scripts: systemctl kill --kill-whom=main, on Debian 12 "
        "--kill-who=main)",
    ),
    (
        lambda log: log.script_harmful("/down.sh removes addresses", skipped=False),
        "[WARNING] web: /down.sh removes addresses",
    ),
    (
        lambda log: log.script_harmful("/down.sh removes addresses", skipped=True),
        "[ERROR] web: /down.sh removes addresses",
    ),
    (
        lambda log: log.script_timed_out("/up.sh", 30.0),
        "[ERROR] web: [/up.sh] did not end within 30 s; terminating it",
    ),
]  # fmt: skip


def test_another_daemon_is_told_once_not_with_every_advertisement(collected, web):
    for _ in range(3):
        web.another_daemon()
    ((line, _),) = collected()
    assert line.startswith(
        "[ERROR] web: another CARP daemon on this host advertises vhid 1 on eth0"
    )


def test_a_script_that_puts_the_address_elsewhere_is_told_of_once(collected, web):
    for _ in range(2):
        web.served_elsewhere([PEER])
    assert len(collected()) == 1


def test_a_wrong_digest_is_looked_into_before_it_is_told(collected, web):
    class Detective:
        def look_into(self, evidence, done):
            self.done = done

    web.inquiry = Detective()
    evidence = Evidence(PEER, bytes(6), 1, bytes(20))
    web.dropped(Dropped(DropReason.BAD_DIGEST, PEER, "the digest is wrong", evidence))
    web.info("the search goes on")
    web.inquiry.done("another password")
    assert [line for line, _ in collected()] == [
        "[INFO] web: the search goes on",
        "[WARNING] web: dropped a packet from 172.16.0.11: the digest is wrong: another password",
    ]


def test_a_fault_in_a_file_has_an_id_of_its_own(collected):
    lines.write_problem("web.conf:2: UCARP_VHID: no")
    ((line, fields),) = collected()
    assert line == "[ERROR] web.conf:2: UCARP_VHID: no"
    assert fields == {"MESSAGE_ID": message_ids.MESSAGE_ID_CONFIG_PROBLEM}


@pytest.mark.parametrize(("write", "line"), ROWS, ids=[line for _, line in ROWS])
def test_wording(collected, web, write, line):
    write(web)
    assert [text for text, _ in collected()] == [line]


def test_a_row_of_failed_sends_is_two_lines(collected, web):
    for _ in range(100):
        web.send_failed(OSError(100, "Network is down"))
    web.sent()
    web.sent()
    assert [line for line, _ in collected()] == [
        "[ERROR] web: cannot send on eth0: Network is down",
        "[INFO] web: sending on eth0 works again",
    ]


@pytest.mark.parametrize(
    ("number", "filters"),
    [
        (errno.ENOBUFS, "a netdev table of nftables, or tc,"),
        (errno.EPERM, "a filter for outgoing packets (nftables or iptables)"),
    ],
)
def test_a_send_that_the_hosts_own_filter_may_have_refused(collected, web, number, filters):
    web.send_failed(OSError(number, "says the kernel"))
    assert [line for line, _ in collected()] == [
        "[ERROR] web: cannot send on eth0: says the kernel"
        f" (does {filters} on this host drop advertisements?)"
    ]


def test_a_copied_source_address_is_told_once_not_with_every_advertisement(collected, web):
    for _ in range(100):
        web.source_taken(PEER)
    ((line, _),) = collected()
    assert line.startswith("[WARNING] web: another host advertises from 172.16.0.11")


def test_a_cloned_machine_is_told_once(collected, web):
    for _ in range(100):
        web.same_mac(PEER)
    assert len(collected()) == 1


def test_vrrp_with_another_id_is_not_told(collected, web):
    web.dropped(Dropped(DropReason.OTHER_VRRP, PEER, "VRRP"))
    assert collected() == []


def test_a_defect_comes_with_its_traceback(collected, web):
    try:
        raise ZeroDivisionError("a defect")
    except ZeroDivisionError as error:
        web.fault(error)
    ((text, _),) = collected()
    assert text.startswith("[CRITICAL] web: internal error")
    assert "Traceback" in text


def drop(source=1, reason=DropReason.BAD_DIGEST):
    return Dropped(reason, IPv4Address(source), "")


def test_one_source_and_reason_is_reported_once_a_minute_with_what_was_passed_over():
    limiter = DropLimiter()
    assert limiter.admit(drop(), 0.0) == 0
    assert [limiter.admit(drop(), at) for at in (0.1, 30.0, 59.9)] == [None] * 3
    assert limiter.admit(drop(reason=DropReason.BAD_TTL), 30.0) == 0
    assert limiter.admit(drop(source=2), 30.0) == 0
    assert limiter.admit(drop(), 60.0) == 3
    assert limiter.admit(drop(), 120.0) == 0


@pytest.mark.parametrize("reason", [DropReason.BAD_VHID, DropReason.VRRP])
def test_another_vhid_and_vrrp_are_reported_once_an_hour(reason):
    limiter = DropLimiter()
    foreign = drop(reason=reason)
    assert limiter.admit(foreign, 0.0) == 0
    assert all(limiter.admit(foreign, at * 60.0) is None for at in range(60))
    assert limiter.admit(foreign, 3600.0) == 60


def test_a_flood_from_invented_sources_is_few_lines_and_little_memory():
    limiter = DropLimiter()
    admitted = [limiter.admit(drop(source), source / 1000) for source in range(300_000)]
    lines = sum(answer is not None for answer in admitted)
    assert lines == 5 * LINES_PER_MINUTE  # 300 s
    assert len(limiter._reported) <= 3 * LINES_PER_MINUTE


def test_a_fault_that_lasts_is_told_at_once_and_then_ever_more_seldom():
    faults = LastingFaults()
    told = {second: faults.admit("add", float(second)) for second in range(2 * 3600)}
    assert {second: n for second, n in told.items() if n is not None} == {
        0: 0,
        60: 60,
        660: 600,
        4260: 3600,
    }


def test_a_fault_that_comes_back_after_a_while_is_a_new_one():
    faults = LastingFaults()
    assert faults.admit("add", 0.0) == 0
    assert faults.admit("add", 1.0) is None
    assert faults.admit("add", 200.0) == 0


def test_faults_are_told_apart_and_end_by_their_kind():
    faults = LastingFaults()
    assert not faults.end("add ")
    assert faults.admit("add one", 0.0) == 0
    assert faults.admit("add two", 0.0) == 0
    assert faults.admit("remove", 0.0) == 0
    assert faults.end("add ")
    assert not faults.end("add ")
    assert faults.admit("add one", 1.0) == 0
    assert faults.admit("remove", 1.0) is None


def test_the_end_of_a_refusal_is_told(collected, web):
    web.addresses_refused({PEER: OSError(13, "172.16.0.11: no")})
    web.addresses_refused({PEER: OSError(13, "172.16.0.11: no")})
    web.addresses_refused({})
    web.addresses_refused({})
    assert [line for line, _ in collected()] == [
        "[ERROR] web: cannot add the address on eth0: 172.16.0.11: no",
        "[INFO] web: the addresses can be added on eth0 again",
    ]


def test_what_is_not_served_for_want_of_ipv6_is_no_error(collected, web):
    """The operator has made the MTU so small; the line about it says so."""
    web.addresses_refused({PEER6: NO_IPV6})
    web.unserved([PEER6])
    web.unserved([PEER6, PEER])
    web.addresses_refused({PEER6: OSError(errno.EACCES, "fd00::1: no")})
    web.unserved([PEER6])
    levels = [line.partition("]")[0] for line, _ in collected() if "cannot serve" in line]
    assert levels == ["[WARNING", "[ERROR", "[ERROR"]
