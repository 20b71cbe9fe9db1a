"""Many virtual hosts in one process: start and reload, on a fake kernel and in virtual time.

test_supervisor.py tests faults of single virtual hosts.
"""

import asyncio
import logging
import signal
from ipaddress import ip_address

import pytest
from fake_kernel import FakeLog
from one_process import A_MOMENT, TAKES_OVER, instances, send, send_and_wait, states

from ucarpd.carp.actions import State
from ucarpd.process import left_out
from ucarpd.process.supervisor import START_AT_ONCE

# -- start ------------------------------------------------------------------------------------------------


async def test_a_bad_file_does_not_keep_the_others_from_starting(host, log_lines):
    host.write()
    host.write("mail", VHID=300)
    async with host.running() as process:
        assert list(states(process)) == ["web"]
    assert any("mail.conf:2: UCARP_VHID" in line for line in log_lines.told())


async def test_the_virtual_address_of_a_file_that_comes_later_is_no_source(host):
    host.write()
    host.write("www", VHID=2, ADDR="10.0.0.20/24")
    process = host.process()
    host.netlink.take("eth0", ip_address("10.0.0.1"))
    for ip in ("10.0.0.20", "10.0.0.1"):
        host.netlink.put("eth0", ip_address(ip))
    run = asyncio.create_task(process.run())
    await asyncio.sleep(A_MOMENT)
    assert instances(process)["web"].parts.engine.sources == (ip_address("10.0.0.1"),)
    send(signal.SIGTERM)
    await run


@pytest.mark.parametrize(("stay", "level"), [(False, logging.ERROR), (True, logging.INFO)])
async def test_where_another_process_runs_one_the_others_are_run(host, monkeypatch, stay, level):
    journal = FakeLog()
    monkeypatch.setattr(left_out, "lines", journal)
    host.write()
    host.write("mail", VHID=2, ADDR="10.0.0.20/24")
    held = host.lock("web", 1)
    async with host.running(stay) as process:
        assert list(states(process)) == ["mail"]
    held.release()
    assert any(line.startswith(f"write {level} web is already run") for line in journal.told())


async def test_without_a_run_directory_it_runs_without_a_lock_and_says_so(host, log_lines):
    host.run_directory.touch()
    host.write()
    async with host.running() as process:
        assert list(states(process)) == ["web"]
    assert any("web: running without a lock" in line for line in log_lines.told())


def starting(host):
    """Begin to start five virtual hosts, each taking more time than the loop's turn has."""
    for number in range(1, 6):
        host.write(f"web{number}", VHID=number, ADDR=f"10.0.0.{10 + number}/24")
    process = host.process()
    supervisor = process._supervisor
    start = supervisor._start

    def start_slowly(*arguments):
        start(*arguments)
        asyncio.get_running_loop().jump(2 * START_AT_ONCE)

    supervisor._start = start_slowly
    return process, asyncio.create_task(process.run())


async def test_those_that_run_have_their_turn_while_others_start(host):
    process, run = starting(host)
    counts = set()
    while len(instances(process)) < 5:
        counts.add(len(instances(process)))
        await asyncio.sleep(0)
    assert counts == {0, 1, 2, 3, 4}
    send(signal.SIGTERM)
    assert await run == 0


async def test_a_signal_during_the_start_ends_those_that_run(host):
    process, run = starting(host)
    while not instances(process):
        await asyncio.sleep(0)
    send(signal.SIGTERM)
    assert await run == 0
    assert process._supervisor._started < 5
    assert instances(process) == {}


async def test_a_reload_during_the_start_follows_it(host):
    process, run = starting(host)
    while not instances(process):
        await asyncio.sleep(0)
    host.write("web9", VHID=9, ADDR="10.0.0.19/24")
    send(signal.SIGHUP)
    await asyncio.sleep(TAKES_OVER)
    assert len(instances(process)) == 6
    send(signal.SIGTERM)
    assert await run == 0


async def test_advertisements_are_spread_evenly(host):
    supervisor = host.process()._supervisor
    shares = [supervisor._next_share() for _ in range(8)]
    assert shares[0] == 1
    gaps = [
        later - sooner for sooner, later in zip([0, *sorted(shares)], sorted(shares), strict=False)
    ]
    assert min(gaps) > 1 / 20
    assert max(gaps) < 1 / 4


# -- in common --------------------------------------------------------------------------------------------


async def test_a_link_that_is_lost_makes_the_whole_host_less_fit(host):
    host.write()
    host.write("mail", INTERFACE="eth1", ADDR="10.1.0.10/24")
    async with host.running() as process:
        host.netlink.indexes["eth1"] = 3
        host.netlink.put("eth1", ip_address("10.1.0.1"))
        process.link_changed("eth1")
        process.address_added("eth1", ip_address("10.1.0.1"))
        await asyncio.sleep(TAKES_OVER)
        assert states(process) == {"web": State.MASTER, "mail": State.MASTER}
        host.netlink.down.add("eth1")
        process.link_changed("eth1")
        assert states(process)["mail"] is not State.MASTER
        assert instances(process)["web"].shown.note == "; demoted: eth1 cannot be used"
        host.netlink.down.clear()
        process.link_changed("eth1")
        assert instances(process)["web"].shown.note == ""


async def test_each_link_that_counts_is_followed(host):
    host.write(VMAC="yes")
    async with host.running():
        assert {"follow eth0", "follow eth0-v1"} <= set(host.netlink.story)


async def test_what_the_detective_may_suspect_is_what_the_other_files_have(host):
    host.write()
    host.write("mail", VHID=2, PASS="other", ADDR="10.0.0.20/24")
    async with host.running() as process:
        (suspect,) = process._supervisor._others("web")
        assert (suspect.name, suspect.vhid, suspect.key) == ("mail", 2, b"other")
        assert suspect.hashed == (ip_address("10.0.0.20"),)


async def test_the_addresses_that_a_device_has_in_use_are_those_of_its_masters(host):
    host.write()
    host.write("mail", VHID=2, ADDR="10.0.0.20/24")
    async with host.serving() as process:
        instances(process)["mail"].parts.engine.interface_lost("eth0 is down", can_send=False)
        in_use = process._supervisor._in_use
        assert in_use("eth0") == {ip_address("10.0.0.10")}
        assert in_use("eth1") is None


# -- reload ----------------------------------------------------------------------------------------


async def test_a_reload_leaves_alone_what_has_not_changed(host, log_lines):
    path = host.write()
    async with host.serving() as process:
        web = instances(process)["web"]
        host.write("mail", VHID=2, ADDR="10.0.0.20/24")
        host.told.clear()
        kept = []
        web.parts.keeper.keep_configuration = kept.append
        await send_and_wait(signal.SIGHUP)
        assert host.told[0].startswith("RELOADING=1")
        assert host.told[1].startswith("READY=1")
        assert instances(process)["web"] is web
        assert states(process) == {"web": State.MASTER, "mail": State.BACKUP}
        assert kept == []
        path.write_text(f"{path.read_text()}# a comment\n")
        await send_and_wait(signal.SIGHUP)
        assert [each.contents[path] for each in kept] == [path.read_bytes()]
        assert instances(process)["web"] is web
    assert not any("already run by" in line for line in log_lines.told())


async def test_a_reload_ends_the_pause_after_a_fault_and_forgets_its_cause(host):
    host.write()
    async with host.serving() as process:
        web = instances(process)["web"]
        web.parts.fitness.removed_too_often()
        assert "demoted" in web.shown.note
        web.parts.removals.note(ip_address("10.0.0.10"))
        assert list(web.parts.removals.lasting())
        await send_and_wait(signal.SIGHUP)
        assert web.shown.note == ""
        assert list(web.parts.removals.lasting()) == []


async def test_a_new_start_beside_a_lost_link_says_nothing_new_about_the_host(host, log_lines):
    path = host.write("mail", INTERFACE="eth1", ADDR="10.1.0.10/24")
    host.write()
    async with host.running() as process:
        host.netlink.indexes["eth1"] = 3
        host.netlink.down.add("eth1")
        process.link_changed("eth1")
        demoted = "; demoted: eth1 cannot be used"
        assert instances(process)["web"].shown.note == demoted
        await asyncio.sleep(A_MOMENT)
        log_lines.told()
        host.write("mail", INTERFACE="eth1", ADDR="10.1.0.11/24")
        await send_and_wait(signal.SIGHUP)
        assert instances(process)["web"].shown.note == demoted
        assert not any("web: " in line for line in log_lines.told())
        path.unlink()
        await send_and_wait(signal.SIGHUP)
        assert instances(process)["web"].shown.note == ""


async def test_a_file_that_is_gone_ends_its_virtual_host(host, log_lines):
    host.write("mail", VHID=2, ADDR="10.0.0.20/24")
    path = host.write()
    async with host.serving() as process:
        path.unlink()
        await send_and_wait(signal.SIGHUP)
        assert list(states(process)) == ["mail"]
        assert not host.serves("10.0.0.10")
        assert host.serves("10.0.0.20")
        host.lock("web", 1).release()


async def test_what_can_be_changed_while_it_serves_is(host, log_lines):
    host.write()
    async with host.serving() as process:
        web = instances(process)["web"]
        host.write(ADVSKEW=50)
        await send_and_wait(signal.SIGHUP)
        assert instances(process)["web"] is web
        assert web.config.advskew == 50
        assert web.state is State.MASTER
    assert not any("change it on the other hosts" in line for line in log_lines.told())


async def test_what_cannot_makes_a_new_start(host, log_lines):
    host.write()
    async with host.serving() as process:
        web = instances(process)["web"]
        host.write(VHID=9)
        await send_and_wait(signal.SIGHUP)
        assert instances(process)["web"] is not web
        assert instances(process)["web"].config.vhid == 9
        assert not host.serves("10.0.0.10")
    assert any("restarting this instance" in line for line in log_lines.told())


async def test_other_addresses_are_a_flag_day(host, log_lines):
    host.write()
    async with host.serving():
        host.write(ADDR="10.0.0.11/24")
        await send_and_wait(signal.SIGHUP)
    assert any("change it on the other hosts now" in line for line in log_lines.told())


async def test_a_file_that_was_edited_badly_changes_nothing(host, log_lines):
    host.write()
    async with host.serving() as process:
        web = instances(process)["web"]
        host.write(VHID=300)
        await send_and_wait(signal.SIGHUP)
        assert instances(process)["web"] is web
        assert host.serves("10.0.0.10")
    assert any("web.conf:2: UCARP_VHID" in line for line in log_lines.told())


async def test_a_directory_that_is_gone_changes_nothing(host):
    path = host.write()
    async with host.serving():
        path.unlink()
        host.directory.rmdir()
        await send_and_wait(signal.SIGHUP)
        assert host.serves("10.0.0.10")


async def test_a_reload_that_is_asked_for_during_another_one_is_done_afterwards(host):
    host.write()
    async with host.serving() as process:
        host.netlink.pause = 1.0
        host.write(VHID=9)
        await send_and_wait(signal.SIGHUP)
        assert host.serves("10.0.0.10"), "the first reload waits for the addresses"
        host.write("mail", VHID=2, ADDR="10.0.0.20/24")
        await send_and_wait(signal.SIGHUP)
        assert sum(each.startswith("RELOADING") for each in host.told) == 1
        assert "mail" not in states(process)
        host.netlink.pause = 0.0
        await asyncio.sleep(TAKES_OVER)
        assert set(states(process)) == {"web", "mail"}


async def test_an_address_moves_from_one_file_to_another(host, log_lines):
    host.write()
    mail = host.write("mail", VHID=2, ADDR="10.0.0.20/24", EXTRA_ADDRS="10.0.0.30/24")
    async with host.serving():
        mail.unlink()
        host.write(EXTRA_ADDRS="10.0.0.30/24")
        await send_and_wait(signal.SIGHUP)
        await asyncio.sleep(1.0)
        assert host.serves("10.0.0.30")
        assert not any("removed" in line for line in log_lines.told())
        host.write()
        await send_and_wait(signal.SIGHUP)
        assert not host.serves("10.0.0.30")
    assert not any("internal error" in line for line in log_lines.told())


async def test_a_renamed_file_keeps_its_address_when_its_old_name_comes_back(host):
    path = host.write(SHUTDOWN="no")
    async with host.serving():
        path.rename(path.with_name("site.conf"))
        await send_and_wait(signal.SIGHUP)
        await asyncio.sleep(TAKES_OVER)
        host.write(VHID=2, ADDR="10.0.0.20/24")
        await send_and_wait(signal.SIGHUP)
        assert host.serves("10.0.0.10")


async def test_no_backup_keeps_an_address_that_another_file_has_left(host):
    path = host.write(SHUTDOWN="no")
    mail = {"VHID": 2, "ADDR": "10.0.0.20/24", "CHECK_X": "'link:eth9 demote=never'"}
    host.write("mail", **mail)
    async with host.serving():
        path.unlink()
        await send_and_wait(signal.SIGHUP)
        host.write("mail", EXTRA_ADDRS="10.0.0.10/24", **mail)
        host.write(ADDR="10.0.0.30/24")
        await send_and_wait(signal.SIGHUP)
        assert not host.serves("10.0.0.10")


async def test_a_stop_that_failed_can_be_repeated(host, monkeypatch):
    path = host.write()
    async with host.serving() as process:
        web = instances(process)["web"]
        with monkeypatch.context() as broken:
            broken.setattr(web.parts.keeper, "close", refuse)
            path.unlink()
            await send_and_wait(signal.SIGHUP)
        assert instances(process) == {"web": web}
    assert web._is_over


async def refuse():
    raise OSError("no")


async def test_a_reload_stops_virtual_hosts_side_by_side(host):
    """Their scripts, units and hand-overs may each take seconds."""
    paths = [
        host.write(name, VHID=vhid, ADDR=f"10.0.0.{vhid}0/24")
        for vhid, name in enumerate(("web", "mail", "dns"), 1)
    ]
    async with host.serving() as process:
        host.netlink.pause = 1.0
        for path in paths[1:]:
            path.unlink()
        host.write("web", VHID=9)
        await send_and_wait(signal.SIGHUP)
        assert all(each._stopped is not None for each in instances(process).values())
        host.netlink.pause = 0.0


async def test_a_stop_cuts_a_reload_short(host, log_lines):
    host.write()
    async with host.serving():
        host.netlink.pause = 1.0
        host.write(VHID=9)
        host.write("mail", VHID=2, ADDR="10.0.0.20/24")
        await send_and_wait(signal.SIGHUP)
        host.told.clear()
    assert not any(each.startswith("READY") for each in host.told)
    assert not host.serves("10.0.0.10")
    assert not any("internal error" in line for line in log_lines.told())
