"""The words that scrapers look for, and the fields beside them."""

import errno
import logging
from ipaddress import IPv4Address, IPv6Address

import pytest

from ucarpd.carp.actions import State, StateChanged
from ucarpd.carp.receive import Dropped, DropReason, Evidence
from ucarpd.carp.why import Cause
from ucarpd.linux.netlink import LeftInPlace
from ucarpd.log import lines, message_ids, segment_messages

PEER = IPv4Address("172.16.0.11")
PEER6 = IPv6Address("fd00::1")
NO_IPV6 = OSError(errno.EAFNOSUPPORT, "fd00::1: eth0 has no IPv6")


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


def test_many_lines_leave_the_loop_its_turn(collected, web):
    timers = []
    lines.postpone(lambda delay, function: timers.append((delay, function)))
    texts = [f"[INFO] web: {number}" for number in range(2 * lines.LINES_AT_ONCE + 1)]
    for number in range(len(texts)):
        web.info(str(number))
    for turn, (delay, write) in enumerate(timers):
        assert delay == (0 if turn else lines.AFTER_THE_WORK)
        write()
        if not turn:
            assert len(collected()) == lines.LINES_AT_ONCE
    assert len(timers) == 3
    assert [line for line, _ in collected()][-1] == texts[-1]
    lines.postpone(None)


def test_a_master_names_the_host_that_it_does_not_believe(collected, web):
    """Otherwise the line says that none was heard, right below a line that says the contrary."""
    web.dropped(Dropped(DropReason.BAD_DIGEST, PEER, "the digest is wrong"))
    for new in (State.MASTER, State.BACKUP):
        web.transition(
            StateChanged(State.BACKUP, new, "no advertisement heard for 3.00 s", Cause.SILENCE)
        )
    (_, (line, fields), (other, _)) = collected()
    told = "no advertisement heard for 3.00 s"
    assert line == (
        f"[WARNING] web: Switching to state: MASTER ({told}; {PEER} also advertises, but with a wrong"
        " digest)"
    )
    assert fields["UCARPD_REASON"] == told
    assert other == f"[WARNING] web: Switching to state: BACKUP ({told})"


def test_a_route_that_is_removed_again_and_again_does_not_fill_the_log(collected, web):
    for _ in range(100):
        web.route_put_back("192.0.2.0/24 via 10.0.0.254")
    web.route_put_back("default via 10.0.0.254")
    assert [line for line, _ in collected()] == [
        f"[WARNING] web: the route {route} via 10.0.0.254 was removed by another program; put back"
        for route in ("192.0.2.0/24", "default")
    ]


def test_an_address_that_moves_to_the_front_again_and_again_does_not_fill_the_log(collected, web):
    """As with NetworkManager, if its active connection has the virtual address, too."""
    for _ in range(100):
        web.address_stepped_behind([PEER], [IPv4Address("172.16.0.12")])
    assert [line for line, _ in collected()] == [
        "[INFO] web: 172.16.0.11 had become the source of this host's own connections; added again "
        "behind 172.16.0.12"
    ]


def test_a_line_is_not_written_before_its_time(collected, web):
    lines.postpone(lambda _delay, _function: None)
    web.info("never mind")
    lines._postponed.clear()
    assert collected() == []


def test_a_transition_in_the_words_of_ucarp_with_its_fields(collected, web):
    web.transition(
        StateChanged(State.BACKUP, State.MASTER, "no advertisement for 3.00 s", Cause.SILENCE, PEER)
    )
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


def test_what_is_wrong_with_the_hosts_that_are_heard_now(collected, web, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(segment_messages.time, "monotonic", lambda: clock[0])
    assert list(web.heard_now()) == []
    for clock[0] in (1000.0, 1009.0):
        web.differs(Dropped(DropReason.BAD_DESTINATION, PEER, "sent to 239.1.1.1"))
    web.same_mac(PEER)
    web.source_taken(PEER6)
    assert list(web.heard_now()) == [
        ("mismatch", 9.0, "172.16.0.11: sent to 239.1.1.1"),
        ("same_mac", 0.0, "172.16.0.11 has the MAC address of this host"),
        ("source_taken", 0.0, "another host advertises from fd00::1"),
    ]
    clock[0] = 1019.0
    web.differs(Dropped(DropReason.MISTYPED_VHID, PEER, "172.16.0.11 advertises the same"))
    assert list(web.heard_now()) == [("mismatch", 0.0, "172.16.0.11 advertises the same")]


def test_a_mistake_of_another_host_is_an_event_once_an_hour(collected, web, monkeypatch):
    """Whoever forges such packets fills no history, and starts no notify script again and again."""
    clock = [1000.0]
    monkeypatch.setattr(segment_messages.time, "monotonic", lambda: clock[0])
    told = []
    web.tell_mistake = lambda *what: told.append(what)
    evidence = Evidence(PEER, bytes(6), 1, bytes(20))
    for clock[0] in (1000.0, 1100.0, 4500.0, 4601.0):
        web.differs(Dropped(DropReason.MISTYPED_VHID, PEER, "172.16.0.11 advertises the same"))
        web.dropped(Dropped(DropReason.BAD_DIGEST, PEER6, "the digest is wrong", evidence))
        web.dropped(Dropped(DropReason.BAD_CHECKSUM, PEER, "the checksum is wrong"))
    assert told == 2 * [
        ("172.16.0.11 advertises the same", PEER),
        ("fd00::1: the digest is wrong", PEER6),
    ]
    web.inquiry = type(
        "Detective", (), {"look_into": lambda _, evidence, done: done("too short")}
    )()
    clock[0] = 9000.0
    web.dropped(Dropped(DropReason.BAD_DIGEST, PEER6, "the digest is wrong", evidence))
    assert told[4:] == [("fd00::1: the digest is wrong: too short", PEER6)]


def test_what_is_known_of_a_wrong_digest_and_since_when(collected, web, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(segment_messages.time, "monotonic", lambda: clock[0])
    assert web.wrong_digest() is None
    web.inquiry = type(
        "Detective", (), {"look_into": lambda _, evidence, done: done("too short")}
    )()
    evidence = Evidence(PEER, bytes(6), 1, bytes(20))
    dropped = Dropped(DropReason.BAD_DIGEST, PEER, "the digest is wrong", evidence)
    for clock[0] in (1000.0, 1009.0, 1018.0):
        web.dropped(dropped)
    assert web.wrong_digest() == (18.0, "172.16.0.11: the digest is wrong: too short")
    web.inquiry = None
    web.dropped(Dropped(DropReason.BAD_DIGEST, PEER6, "the digest is wrong", evidence))
    age, text = web.wrong_digest()
    assert age == 18.0
    assert text.startswith("fd00::1: the digest is wrong: password or virtual addresses differ")
    clock[0] = 1028.0
    assert web.wrong_digest() is None
    web.dropped(dropped)
    assert web.wrong_digest()[0] == 0.0


def test_a_host_has_a_wrong_digest_in_both_families(web, monkeypatch):
    """Whichever of its two advertisements was read last."""
    clock = [1000.0]
    monkeypatch.setattr(segment_messages.time, "monotonic", lambda: clock[0])
    assert not web.has_wrong_digest(PEER)
    for source in (PEER, PEER6):
        web.dropped(Dropped(DropReason.BAD_DIGEST, source, "the digest is wrong"))
    assert [web.has_wrong_digest(source) for source in (PEER, PEER6)] == [True, True]
    assert not web.has_wrong_digest(IPv4Address("172.16.0.12"))
    clock[0] = 1010.0
    assert not web.has_wrong_digest(PEER)


def test_a_fault_in_a_file_has_an_id_of_its_own(collected):
    lines.write_problem("web.conf:2: UCARP_VHID: no")
    ((line, fields),) = collected()
    assert line == "[ERROR] web.conf:2: UCARP_VHID: no"
    assert fields == {"MESSAGE_ID": message_ids.MESSAGE_ID_CONFIG_PROBLEM}


def test_the_end_of_failures_to_send_is_told(collected, web):
    for failed, over in ((web.send_failed, web.sent), (web.announce_failed, web.announced)):
        failed(OSError(100, "Network is down"))
        over()
    assert [line for line, _ in collected()] == [
        "[ERROR] web: cannot send on eth0: Network is down",
        "[INFO] web: sending on eth0 works again",
        "[ERROR] web: cannot announce the addresses on eth0: Network is down",
        "[INFO] web: announcing the addresses on eth0 works again",
    ]


def test_sends_that_fail_now_and_then_do_not_fill_the_log(collected, web, monkeypatch):
    """As when the queue of a busy interface drops every tenth packet."""
    clock = [1000.0]
    monkeypatch.setattr(segment_messages.time, "monotonic", lambda: clock[0])
    for clock[0] in range(1000, 1300, 10):
        web.send_failed(OSError(errno.ENOBUFS, "No buffer space available"))
        web.sent()
    failed = "[ERROR] web: cannot send on eth0: No buffer space available"
    lines = [line for line, _ in collected()]
    assert [line.startswith(failed) for line in lines] == [True, False, True, False]
    assert lines[2].endswith("(6 times since the last such line)")


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
    web.announce_failed(OSError(number, "says the kernel"))
    assert collected()[-1][0].endswith(
        f" (does {filters} on this host drop ARP or neighbour advertisements?)"
    )


def test_a_copied_source_address_is_told_once_not_with_every_advertisement(collected, web):
    for _ in range(100):
        web.source_taken(PEER)
    ((line, _),) = collected()
    assert line.startswith("[WARNING] web: another host advertises from 172.16.0.11")


def test_a_cloned_machine_is_told_once(collected, web):
    for _ in range(100):
        web.same_mac(PEER)
    assert len(collected()) == 1


def test_other_virtual_hosts_are_told_once_an_hour_and_leave_room_for_ours(
    collected, web, monkeypatch
):
    clock = [1000.0]
    monkeypatch.setattr(segment_messages.time, "monotonic", lambda: clock[0])
    for reason in (DropReason.BAD_VHID, DropReason.BAD_TTL):
        foreign = Dropped(reason, PEER, "foreign", concerns_us=False)
        for clock[0] in range(1000, 4600):
            web.dropped(foreign)
    for number in range(100):
        web.dropped(foreign._replace(source=PEER + number))
    web.dropped(Dropped(DropReason.BAD_TTL, PEER, "ours"))
    told = [line for line, _ in collected()]
    assert told[:2] == ["[INFO] web: dropped a packet from 172.16.0.11: foreign"] * 2
    assert told[-1] == "[WARNING] web: dropped a packet from 172.16.0.11: ours"


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


def test_the_end_of_a_refusal_is_told(collected, web):
    web.addresses_refused({PEER: OSError(13, "172.16.0.11: no")})
    web.addresses_refused({PEER: OSError(13, "172.16.0.11: no")})
    assert web.refusal == "no"
    web.addresses_refused({})
    web.addresses_refused({})
    assert web.refusal == ""
    assert [line for line, _ in collected()] == [
        "[ERROR] web: cannot add the address on eth0: 172.16.0.11: no",
        "[INFO] web: the addresses can be added on eth0 again",
    ]


def test_an_address_left_to_another_process_hides_no_failure(collected, web):
    for error in (LeftInPlace({PEER: 123}), OSError(errno.EPERM, "172.16.0.11: no")):
        web.address_not_removed(error)
        web.address_not_removed(error)
    assert [line.split(" the address")[0] for line, _ in collected()] == [
        "[WARNING] web: not removing",
        "[ERROR] web: cannot remove",
    ]


def test_without_its_device_the_addresses_are_refused(web):
    web.device = "eth0-v1"
    web.device_refused(OSError(1, "cannot make eth0-v1"))
    assert web.refusal == "virtual MAC address, device eth0-v1: cannot make eth0-v1"


def test_the_addresses_are_on_the_device_with_the_virtual_mac(collected, web):
    web.device = "eth0-v1"
    web.addresses_refused({PEER: OSError(13, "172.16.0.11: no")})
    web.address_taken_away(PEER)
    for line, _ in collected():
        assert " eth0-v1" in line
    web.send_failed(OSError(100, "Network is down"))
    assert "cannot send on eth0: " in collected()[-1][0]


def test_each_term_names_the_first_removed_address(collected, web):
    """Without it, the line about the cause would be the only one about a removal."""
    for _term in range(2):
        web.address_taken_away(PEER)
        web.address_taken_away(PEER)
        web.removals_forgotten()
    assert [f"{PEER} was removed" in line for line, _ in collected()] == [True, True]


def test_what_is_not_served_for_want_of_ipv6_is_no_error(collected, web):
    """The operator has made the MTU so small; the line about it says so."""
    web.addresses_refused({PEER6: NO_IPV6})
    web.unserved([PEER6])
    web.unserved([PEER6, PEER])
    web.addresses_refused({PEER6: OSError(errno.EACCES, "fd00::1: no")})
    web.unserved([PEER6])
    levels = [line.partition("]")[0] for line, _ in collected() if "cannot serve" in line]
    assert levels == ["[WARNING", "[ERROR", "[ERROR"]
