"""What `clear` acts on, with a table of addresses that stands for the kernel's.

With the kernel's own table: tests/integration/test_clear.py.
"""

import asyncio
import errno
import os
import subprocess
import sys
import time
from ipaddress import ip_address

import pytest
from beside import serving
from fake_table import FakeTable
from recorded import content

from ucarpd.linux import sysctl
from ucarpd.linux.lock import BeingCleared, InstanceLock
from ucarpd.record.clearing import clear
from ucarpd.record.leftovers import clear_leftovers
from ucarpd.record.record import Record, read


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    return tmp_path / "run"


class Sent(list):
    """The packets that would go out, each with its interface."""

    def send_frame(self, interface, frame):
        self.append((interface, frame))

    def send_packet(self, interface, packet, destination):
        self.append((interface, packet, destination))


class Refused:
    """An interface that is down."""

    def send_frame(self, interface, frame):
        raise OSError(errno.ENETDOWN, os.strerror(errno.ENETDOWN))


def leave(tmp_path, run, name="web", placed=True, ago=None, device="gone0", **keys):
    """Leave the record of an instance; its interface has gone with it unless another one is given."""
    left = content(tmp_path, name, INTERFACE=device, VHID=len(name), **keys)
    record = Record(name, run)
    record.write(left)
    record.placed = placed
    if ago is not None:
        record.advertised(time.monotonic() - ago)
    return left


def run_clear(tmp_path, sent=None, **environ):
    return clear([str(tmp_path)], Sent() if sent is None else sent, environ)


def cleared(*paths):
    outcome = clear([str(path) for path in paths], Sent(), {})
    for each in outcome.cleared:
        each.lock.release()
    return [each.content.instance for each in outcome.cleared]


def test_an_instance_is_found_by_its_file_or_the_directory_of_that(tmp_path, run):
    leave(tmp_path, run, "web")
    leave(tmp_path, run, "mail")
    assert cleared(tmp_path / "web.conf") == ["web"]
    assert cleared(tmp_path / "x/../mail.conf", tmp_path / "web.conf") == ["mail", "web"]
    assert cleared(tmp_path) == ["mail", "web"]
    assert cleared(tmp_path, tmp_path / "web.conf") == ["mail", "web"]
    (tmp_path / "web").mkdir()
    assert cleared(tmp_path / "other.conf", tmp_path / "web", "/", "/nonexistent") == []


def test_neither_file_nor_directory_need_exist(tmp_path, run):
    away = tmp_path / "etc"
    away.mkdir()
    leave(away, run)
    (away / "web.conf").unlink()
    assert cleared(away / "web.conf") == ["web"]
    away.rmdir()
    assert cleared(away) == ["web"]


def test_what_was_never_placed_or_is_to_stay_is_left_alone(tmp_path, run):
    leave(tmp_path, run, placed=False)
    leave(tmp_path, run, "mail", SHUTDOWN="no")
    assert run_clear(tmp_path) == ([], [])


def test_what_a_master_has_left_comes_first(tmp_path, run):
    leave(tmp_path, run, "mail", placed=False, VMAC="yes")
    leave(tmp_path, run, "web", VMAC="yes")
    assert cleared(tmp_path) == ["web", "mail"]


def test_a_record_that_cannot_be_read_does_not_keep_the_others(tmp_path, run):
    for name in ("mail", "web"):
        leave(tmp_path, run, name)
    record = run / "private/mail.record"
    record.unlink()
    record.mkdir()
    assert cleared(tmp_path) == ["web"]


def test_there_is_nothing_at_all(tmp_path, run):
    assert run_clear(tmp_path) == ([], [])
    assert not run.exists()


def test_many_records_are_read_twice_each(tmp_path, run, monkeypatch):
    reads = []

    def counted(name, directory):
        reads.append(name)
        return read(name, directory)

    monkeypatch.setattr("ucarpd.record.record.read", counted)
    monkeypatch.setattr("ucarpd.record.clearing.read", counted)
    for name in ("a", "bb", "ccc"):
        leave(tmp_path, run, name, device="lo")
    outcome = clear([str(tmp_path)], Sent(), {}, FakeTable())
    assert len(outcome.cleared) == 3
    assert sorted(reads) == ["a", "a", "bb", "bb", "ccc", "ccc"], "once for all, once with the lock"
    for each in outcome.cleared:
        each.lock.release()


@pytest.mark.parametrize("left", [None, {"placed": False}, {"device": "gone1"}])
def test_a_record_that_changes_before_it_is_locked_is_left_alone(tmp_path, run, left):
    leave(tmp_path, run, "mail", ago=0.5)
    content = leave(tmp_path, run, "web")

    class Meanwhile(Sent):
        """The second instance starts and ends while the first one is being cleared."""

        def send_frame(self, interface, frame):
            Record("web", run).remove()
            if left is not None:
                leave(tmp_path, run, "web", **left)

    outcome = run_clear(tmp_path, Meanwhile())
    assert [each.content.instance for each in outcome.cleared] == ["mail"]
    assert outcome.left_alone == []
    outcome.cleared[0].lock.release()
    InstanceLock("web", run, "gone0", content.vhid, tmp_path / "web.conf").release()


def test_an_instance_that_runs_is_left_alone(tmp_path, run):
    left = leave(tmp_path, run)
    lock = InstanceLock("web", run, "gone0", left.vhid, tmp_path / "web.conf")
    outcome = run_clear(tmp_path)
    assert outcome.cleared == []
    (sentence,) = outcome.left_alone
    assert sentence.startswith(f"web is already run by process {os.getpid()} (")
    lock.release()


def test_a_virtual_host_that_another_file_runs_is_left_alone(tmp_path, run):
    left = leave(tmp_path, run)
    lock = InstanceLock("copy", run, "gone0", left.vhid, tmp_path / "copy.conf")
    outcome = run_clear(tmp_path)
    assert outcome.cleared == []
    assert "copy.conf" in outcome.left_alone[0]
    lock.release()


# -- the addresses ---------------------------------------------------------------------------------


@pytest.fixture
def promotes(tmp_path, monkeypatch):
    """The setting of the loopback interface: whether a secondary address becomes a primary one."""
    setting = tmp_path / "net/ipv4/conf/lo/promote_secondaries"
    setting.parent.mkdir(parents=True)
    setting.write_text("0\n")
    monkeypatch.setattr(sysctl, "ROOT", tmp_path / "net")
    return setting


def take_off(tmp_path, table, sent=None):
    sent = Sent() if sent is None else sent
    (each,) = clear([str(tmp_path / "web.conf")], sent, {}, table).cleared
    each.lock.release()
    return each


def test_what_the_record_names_is_taken_off_and_told(tmp_path, run, promotes):
    leave(tmp_path, run, device="lo", ADDR="10.0.0.1/24", EXTRA_ADDRS="2001:db8::1/64,10.0.0.2/24")
    table = FakeTable("127.0.0.1", "10.0.0.1", "2001:db8::1")
    each = take_off(tmp_path, table)
    assert each.found == ["10.0.0.1", "2001:db8::1"]
    assert each.error is None
    assert table.story == ["open", "remove 10.0.0.1", "remove 2001:db8::1", "close"]
    assert table.left() == ["127.0.0.1"]


def test_what_another_process_serves_stays(tmp_path, run, promotes):
    leave(tmp_path, run, device="lo", ADDR="10.0.0.1/24,10.0.0.2/24")
    table = FakeTable("127.0.0.1", "10.0.0.1", "10.0.0.2")
    with serving(run, "lo", ip_address("10.0.0.2").packed):
        each = take_off(tmp_path, table)
    assert (each.found, each.error) == (["10.0.0.1"], None)
    assert table.left() == ["127.0.0.1", "10.0.0.2"]


def test_what_is_not_there_is_not_taken_off(tmp_path, run, promotes):
    leave(tmp_path, run, device="lo")
    table = FakeTable("127.0.0.1")
    each = take_off(tmp_path, table)
    assert (each.found, each.error) == ([], None)
    assert table.left() == ["127.0.0.1"]


def test_secondaries_stay_and_the_setting_is_as_before(tmp_path, run, promotes):
    leave(tmp_path, run, device="lo")
    table = FakeTable("10.0.0.1", "10.0.0.9")
    take_off(tmp_path, table)
    assert table.left() == ["10.0.0.9"]
    assert promotes.read_text().strip() == "0"


def test_where_the_setting_cannot_be_made_the_secondaries_are_put_back(
    tmp_path, run, promotes, monkeypatch
):
    def refuse(*_arguments):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(sysctl, "set", refuse)
    leave(tmp_path, run, device="lo")
    leave(tmp_path, run, "mail", device="lo", ADDR="10.0.0.8/24")
    leave(tmp_path, run, "stays", device="lo", ADDR="10.0.0.7/24", SHUTDOWN="no")
    table = FakeTable("10.0.0.1", "10.0.0.7", "10.0.0.8", "10.0.0.9")
    assert take_off(tmp_path, table).error is None
    assert table.left() == ["10.0.0.7", "10.0.0.9"], (
        "10.0.0.8 is for its own instance to take care of"
    )


@pytest.mark.parametrize(
    ("ours", "other", "at_risk"),
    [
        ("10.0.0.1", None, True),
        ("10.0.0.1", "2001:db8::9", True),
        ("10.0.0.1", "10.0.0.9", False),
        ("2001:db8::1", None, False),
    ],
)
def test_the_routes_need_care_if_the_last_ipv4_address_goes(
    tmp_path, run, promotes, ours, other, at_risk
):
    leave(tmp_path, run, device="lo", ADDR=f"{ours}/24")
    table = FakeTable(ours, *([other] if other else []))
    take_off(tmp_path, table)
    assert ("keep routes" in table.story) is at_risk


def test_one_that_stays_keeps_neither_the_others_nor_the_error(tmp_path, run, promotes):
    leave(tmp_path, run, device="lo", ago=0.5, EXTRA_ADDRS="10.0.0.2/24")
    table = FakeTable("10.0.0.1", "10.0.0.2", keeps={"10.0.0.1"})
    sent = Sent()
    each = take_off(tmp_path, table, sent)
    assert each.error.errno == errno.EPERM
    assert table.left() == ["10.0.0.1"]
    assert sent == [], "a host that still answers gives nothing away"


def test_a_table_that_cannot_be_read_is_the_error(tmp_path, run, promotes):
    leave(tmp_path, run, device="lo")
    table = FakeTable(fails=OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS)))
    each = take_off(tmp_path, table)
    assert (each.found, each.error) == ([], table.fails)
    assert table.story[-1] == "close"


def test_a_table_that_cannot_be_opened_is_the_error(tmp_path, run, promotes):
    def refuse():
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    leave(tmp_path, run, device="lo")
    assert take_off(tmp_path, refuse).error.errno == errno.EMFILE


# -- the bow-out -----------------------------------------------------------------------------------


def test_both_bow_outs_are_sent_one_after_the_other(tmp_path, run):
    left = leave(tmp_path, run, ago=0.5)
    began, sent = time.monotonic(), Sent()
    (each,) = run_clear(tmp_path, sent).cleared
    assert each.bowed_out
    assert sent == [("gone0", packet.data) for (packet,) in left.bow_outs]
    assert time.monotonic() - began >= 0.05


def test_each_unicast_peer_is_told(tmp_path, run):
    leave(tmp_path, run, ago=0.5, PEERS="10.0.0.12 10.0.0.13")
    sent = Sent()
    run_clear(tmp_path, sent)
    assert [(name, to) for name, _, to in sent] == 2 * [
        ("gone0", "10.0.0.12"),
        ("gone0", "10.0.0.13"),
    ]


def test_a_peer_that_cannot_be_reached_does_not_keep_the_others_from_it(tmp_path, run):
    leave(tmp_path, run, ago=0.5, PEERS="10.0.0.12 10.0.0.13")

    class Unreachable(Sent):
        def send_packet(self, interface, packet, destination):
            if destination == "10.0.0.12":
                raise OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))
            super().send_packet(interface, packet, destination)

    sent = Unreachable()
    (each,) = run_clear(tmp_path, sent).cleared
    assert each.bowed_out
    assert [to for _, _, to in sent] == 2 * ["10.0.0.13"]


@pytest.mark.parametrize(
    ("ago", "result", "bows_out"),
    [
        (1.5, None, True),
        (1.5, "signal", True),
        (1.5, "watchdog", False),
        (1.5, "timeout", False),
        (2.1, "signal", False),
        (None, "signal", False),
    ],
)
def test_when_a_bow_out_is_worth_it(tmp_path, run, ago, result, bows_out):
    leave(tmp_path, run, ago=ago)
    sent = Sent()
    (each,) = run_clear(tmp_path, sent, **({"SERVICE_RESULT": result} if result else {})).cleared
    assert each.bowed_out is bool(sent) is bows_out


def test_a_bow_out_that_does_not_get_out_is_none(tmp_path, run):
    leave(tmp_path, run, ago=0.5)
    (each,) = run_clear(tmp_path, Refused()).cleared
    assert (each.bowed_out, each.error) == (False, None)


def test_of_a_backup_only_the_virtual_mac_device_is_cleared(tmp_path, run, promotes):
    """It may have been master a moment ago; an address of the same name is the operator's."""
    keys = {"VMAC": "yes", "ROUTES": "'192.0.2.0/24 dev eth1'", "UNITS": "web.service"}
    left = leave(tmp_path, run, placed=False, ago=0.5, device="lo", **keys)
    sent, table = Sent(), FakeTable("10.0.0.1")
    each = take_off(tmp_path, table, sent)
    assert (each.content.device, each.content.virtual_mac) == (left.device, True)
    assert (each.content.routes, each.content.units, each.content.down_script) == ("", (), None)
    assert (each.found, each.bowed_out, sent, table.story) == ([], False, [], [])


# -- the end ---------------------------------------------------------------------------------------


def test_what_is_being_cleared_cannot_be_started_and_is_forgotten_at_the_end(tmp_path, run):
    left = leave(tmp_path, run)
    outcome = run_clear(tmp_path)
    (each,) = outcome.cleared
    assert (each.found, each.bowed_out, each.error) == ([], False, None)
    with pytest.raises(BeingCleared):
        InstanceLock("web", run, "gone0", left.vhid, tmp_path / "web.conf")
    assert asyncio.run(clear_leftovers(outcome.cleared))
    assert read("web", run) is None
    InstanceLock("web", run, "gone0", left.vhid, tmp_path / "web.conf").release()


def test_without_privileges_it_says_so(tmp_path, run):
    leave(tmp_path, run)
    command = [sys.executable, "-m", "ucarpd", "clear", tmp_path]
    # Without any capability, be it root's or not.
    drop = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    wrap = drop if os.geteuid() == 0 else []
    ended = subprocess.run([*wrap, *command], capture_output=True, text=True, check=False)
    assert ended.returncode == 77
    assert ended.stderr.startswith("ucarpd: must run as root")


def test_the_way_to_the_bow_out_imports_little():
    """The daemon's modules take longer to load than a client should wait."""
    command = [
        sys.executable,
        "-c",
        "import sys, ucarpd.cli, ucarpd.record.clearing; print(*sys.modules)",
    ]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    heavy = {"asyncio", "argparse", "logging", "dataclasses", "dotenv", "pyroute2", "subprocess"}
    assert heavy & loaded == set()
    assert {name for name in loaded if name.startswith("ucarpd")} == {
        "ucarpd",
        "ucarpd.cli",
        "ucarpd.exit_status",
        "ucarpd.record",
        "ucarpd.record.clearing",
        "ucarpd.linux",
        "ucarpd.linux.address_table",
        "ucarpd.linux.namespace",
        "ucarpd.linux.netlink_framing",
        "ucarpd.linux.netlink_socket",
        "ucarpd.linux.packet_out",
        "ucarpd.linux.scarcity",
        "ucarpd.linux.sysctl",
        "ucarpd.linux.lock",
        "ucarpd.linux.run_directory",
        "ucarpd.linux.served",
        "ucarpd.record.record",
    }
