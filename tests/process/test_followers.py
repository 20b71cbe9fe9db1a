"""systemd units that follow the role: when they start, and what waits for their stop."""

import asyncio
import errno

import pytest
from fake_systemd import FakeSystemd
from instance_bench import TAKES_OVER, Bench, Maker
from two_addresses import ONE, TWO, config_of

from ucarpd.addresses.routes import LOOK_AFTER
from ucarpd.carp.actions import State
from ucarpd.process import followers
from ucarpd.process.moments import Moments
from ucarpd.process.restart_pause import FIRST_RESTART_PAUSE
from ucarpd.process.snapshot import of_instance
from ucarpd.record.maintenance import INSTANCE, Note
from ucarpd.scripts import units

START, STOP = "start a.service b.timer", "stop b.timer a.service"
MAINTENANCE = Note(level="maintenance", since=1.0, scope=INSTANCE)
EITHER_MEANS = pytest.mark.parametrize("means", ["step down", "maintenance"])


class Host(Bench):
    """An instance with units, and the systemd that has them."""

    def __init__(self, monkeypatch, tmp_path, directory, more):
        self.systemd = FakeSystemd(monkeypatch, units)
        super().__init__(tmp_path, directory, f"UCARP_UNITS='a.service b.timer'\n{more}")

    async def serve(self):
        await super().serve()
        assert self.systemd.told() == [STOP, START]
        self.happenings.clear()

    async def begin_to_leave(self, means):
        """Ask a master for its role while its units do not stop."""
        await self.serve()
        self.systemd.hangs.add("stop")
        if means == "step down":
            before = self.changes_told
            self.instance.step_down("asked to step down")
            assert self.changes_told == before + 1
        else:
            self.instance.maintain((MAINTENANCE,))

    async def put_back(self, ip):
        """Another program removes the address, and ucarpd puts it back."""
        self.netlink.take("eth0", ip)
        self.interface.engine.address_removed(ip)
        await asyncio.sleep(1.0)
        assert self.addresses() == {ONE, TWO}

    def findings(self):
        found = of_instance(self.instance.parts, Moments.at_present(asyncio.get_running_loop()))[
            "findings"
        ]
        return [each["finding"] for each in found]


@pytest.fixture
def make(monkeypatch, tmp_path, run_directory):
    return Maker(lambda more: Host(monkeypatch, tmp_path, run_directory, more))


async def test_what_a_crash_has_left_running_is_stopped_at_start(make):
    host = make()
    host.instance.start()
    await asyncio.sleep(0.1)
    assert host.instance.state is State.BACKUP
    assert host.systemd.told() == [STOP]
    await host.instance.stop("stopping")
    assert host.systemd.told() == []


async def test_what_a_crash_has_left_running_does_not_wait_for_the_scripts(make, tmp_path):
    host = make(f"UCARP_UPSCRIPT={tmp_path / 'missing.sh'}\n")
    host.instance.start()
    await asyncio.sleep(0.1)
    assert host.instance.state is State.INIT
    assert host.systemd.told() == [STOP]


async def test_a_master_that_stops_serves_until_the_units_have_stopped(make):
    host = make()
    await host.serve()
    host.systemd.hangs.add("stop")
    stopping = asyncio.create_task(host.instance.stop("stopping"))
    await asyncio.sleep(10.0)
    assert host.systemd.told() == [STOP]
    assert (host.instance.state, host.addresses()) == (State.MASTER, {ONE, TWO})
    assert len(host.interface.advertised()) >= 9
    await host.put_back(ONE)
    assert host.systemd.told() == []
    host.systemd.go_on()
    await stopping
    assert host.addresses() == set()
    assert 255 in host.interface.advertised(), "it bows out"
    assert host.systemd.told() == []


async def test_units_that_do_not_stop_hold_the_stop_up_for_the_time_out_only(make, log_lines):
    host = make("UCARP_SCRIPT_TIMEOUT=7\n")
    await host.serve()
    host.systemd.hangs.add("stop")
    before = asyncio.get_running_loop().time()
    await host.instance.stop("stopping")
    assert 7 <= asyncio.get_running_loop().time() - before < 8
    assert any("did not end within 7 s" in line for line in log_lines.told())
    host.systemd.told()
    await asyncio.sleep(units.LONGEST_PAUSE)
    assert host.systemd.told() == [], "another instance may have started them by now"


async def test_a_reload_changes_the_time_out_of_the_units(make, tmp_path, log_lines):
    host = make("UCARP_SCRIPT_TIMEOUT=20\n")
    await host.serve()
    units = "UCARP_UNITS='a.service b.timer'\n"
    host.instance.reconfigure(config_of(tmp_path, f"{units}UCARP_SCRIPT_TIMEOUT=7\n"))
    host.systemd.hangs.add("stop")
    await host.instance.stop("stopping")
    assert any("did not end within 7 s" in line for line in log_lines.told())


async def test_a_host_that_keeps_its_address_when_it_stops_keeps_its_units(make):
    host = make("UCARP_SHUTDOWN=no\n")
    await host.serve()
    await host.instance.stop("stopping")
    assert host.addresses() == {ONE, TWO}
    assert host.systemd.told() == []


async def test_a_lost_role_takes_the_address_at_once_and_the_units_beside(make):
    host = make()
    await host.serve()
    host.systemd.hangs.add("stop")
    host.interface.engine.interface_lost("eth0 is down", can_send=False)
    await asyncio.sleep(0.01)
    assert host.addresses() == set()
    assert host.systemd.told() == [STOP]
    host.interface.engine.interface_ready((ONE,))
    host.systemd.go_on()
    await asyncio.sleep(5.0)
    assert host.instance.state is State.MASTER
    assert host.systemd.told() == [START]


async def test_an_address_that_is_put_back_starts_nothing_again(make):
    host = make()
    await host.serve()
    await asyncio.sleep(2.0)
    await host.put_back(ONE)
    assert host.systemd.told() == []
    assert host.findings() == ["address_removed"]


@EITHER_MEANS
async def test_units_stop_before_the_role_is_offered_and_start_again_if_nobody_takes_it(
    make, means
):
    host = make()
    await host.begin_to_leave(means)
    await asyncio.sleep(1.5)
    assert host.systemd.told() == [STOP]
    assert set(host.interface.advertised()) == {0}
    assert host.findings() == ["units_stopping"]
    await host.put_back(ONE)
    host.instance.step_down("asked once more")
    await asyncio.sleep(1.5)
    assert set(host.interface.advertised()) == {0}
    assert host.systemd.told() == []
    before = host.changes_told
    host.systemd.go_on()
    await asyncio.sleep(0.1)
    assert "units_stopping" not in host.findings()
    assert host.changes_told == before + 2, "the end of the wait, and another unfitness"
    assert set(host.interface.advertised()) & {253, 254}
    assert host.systemd.told() == []
    await asyncio.sleep(followers.RESUME_AFTER)
    assert host.systemd.told() == [START]
    host.instance.maintain(())
    await asyncio.sleep(0.1)
    assert host.systemd.told() == []


@pytest.mark.parametrize("ends", ["the role", "the instance"])
async def test_an_offer_starts_no_units_after_the_end(make, ends):
    host = make("UCARP_SHUTDOWN=no\n")
    await host.serve()
    host.instance.step_down("asked to step down")
    await asyncio.sleep(0.1)
    if ends == "the role":
        host.interface.engine.interface_lost("eth0 is down", can_send=False)
    else:
        await host.instance.stop("stopping")
    await asyncio.sleep(2 * followers.RESUME_AFTER)
    assert START not in host.systemd.told()


async def test_a_role_that_comes_back_after_an_offer_starts_the_units_at_once(make):
    host = make()
    await host.serve()
    host.instance.step_down("asked to step down")
    await asyncio.sleep(0.1)
    host.interface.engine.interface_lost("eth0 is down", can_send=False)
    host.interface.engine.interface_ready((ONE,))
    assert host.systemd.told() == [STOP]
    while host.instance.state is not State.MASTER:
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.1)
    assert host.systemd.told() == [START]


@EITHER_MEANS
async def test_a_role_that_is_lost_while_the_units_stop_needs_no_offer_when_it_returns(make, means):
    host = make()
    await host.begin_to_leave(means)
    await asyncio.sleep(0.1)
    host.interface.engine.interface_lost("eth0 is down", can_send=False)
    await asyncio.sleep(0.1)
    assert "units_stopping" not in host.findings()
    assert (host.instance.parts.engine.machine.rank.unfitness > 0) == (means == "maintenance")
    host.interface.advertised()
    host.interface.engine.interface_ready((ONE,))
    while host.instance.state is not State.MASTER:
        await asyncio.sleep(0.1)
    host.systemd.go_on()
    await asyncio.sleep(2.0)
    assert len(set(host.interface.advertised())) == 1
    assert host.systemd.told() == [STOP, START]


@EITHER_MEANS
async def test_an_engine_that_fails_while_the_units_stop_leaves_nothing_to_offer(make, means):
    defects = []
    asyncio.get_running_loop().set_exception_handler(lambda *defect: defects.append(defect))
    host = make()
    await host.begin_to_leave(means)
    host.interface.error = ZeroDivisionError("a defect")
    while host.instance.state is State.MASTER:
        await asyncio.sleep(0.1)
    host.interface.error = None
    host.systemd.go_on()
    await asyncio.sleep(FIRST_RESTART_PAUSE + 0.1)
    assert defects == []
    unfitness = host.instance.parts.engine.machine.rank.unfitness
    assert (unfitness > 0) == (means == "maintenance")


async def test_each_offer_that_nobody_takes_ends(make):
    host = make()
    await host.serve()
    for _ in range(2):
        host.instance.step_down("asked to step down")
        await asyncio.sleep(followers.RESUME_AFTER + 1)
        assert host.systemd.told() == [STOP, START]


async def test_an_offer_after_another_has_its_own_time(make):
    host = make()
    await host.serve()
    host.instance.step_down("asked to step down")
    await asyncio.sleep(followers.RESUME_AFTER - 1)
    host.instance.maintain((MAINTENANCE,))
    await asyncio.sleep(followers.RESUME_AFTER - 1)
    assert host.systemd.told() == [STOP]
    await asyncio.sleep(2)
    assert host.systemd.told() == [START]


async def test_a_backup_whose_units_hang_is_in_maintenance_at_once(make):
    host = make()
    host.systemd.hangs.add("stop")
    host.instance.start()
    await asyncio.sleep(0.1)
    host.instance.maintain((MAINTENANCE,))
    assert host.instance.parts.engine.machine.rank.unfitness > 0
    host.systemd.go_on()


async def test_a_stop_during_an_offer_starts_nothing_again(make):
    host = make()
    await host.serve()
    host.instance.step_down("asked to step down")
    await asyncio.sleep(0.1)
    assert host.systemd.told() == [STOP]
    host.systemd.hangs.add("stop")
    await host.instance.stop("stopping")
    await asyncio.sleep(2 * followers.RESUME_AFTER)
    assert host.systemd.told() == []


async def test_other_reasons_to_be_less_fit_do_not_touch_the_units(make):
    host = make()
    await host.serve()
    host.instance.demote({"check": 100})
    await asyncio.sleep(0.1)
    assert host.instance.state is State.MASTER
    assert host.systemd.told() == []


async def test_units_that_fail_are_a_finding_and_no_reason_to_leave(make, log_lines):
    host = make()
    host.systemd.status = 1
    await Bench.serve(host)
    assert host.findings() == ["units_failed"]
    assert host.instance.parts.standing.unfitness == 0
    finding = host.happenings[-1]
    assert finding.event == "finding"
    assert finding.reason.startswith("systemctl start a.service b.timer failed, exit status 1")
    assert any(finding.reason in line for line in log_lines.told())
    host.systemd.status, before = 0, host.changes_told
    await asyncio.sleep(units.FIRST_PAUSE)
    assert host.systemd.told()[-1] == START
    assert host.findings() == []
    assert host.changes_told == before + 1
    assert host.happenings[-1] is finding


@pytest.mark.parametrize("more", ["", "UCARP_SHUTDOWN=no\n"])
async def test_routes_come_after_the_addresses_and_go_before_them(make, more):
    host = make(f"UCARP_UNITS=\nUCARP_ROUTES='192.0.2.0/24 via 10.0.0.254'\n{more}")
    host.netlink.routes = ["192.0.2.0/24 via 10.0.0.254"]
    host.instance.start()
    await asyncio.sleep(0.1)
    assert host.netlink.routes == [], "a crash had left it"
    await asyncio.sleep(TAKES_OVER)
    assert host.netlink.routes == ["192.0.2.0/24 via 10.0.0.254"]
    host.netlink.story.clear()
    host.interface.engine.interface_lost("eth0 is down", can_send=False)
    await asyncio.sleep(0.1)
    route, addresses = host.netlink.story
    assert (route.split()[1], addresses.split()[0]) == ("routes", "remove")
    assert host.netlink.routes == []


async def test_a_route_that_cannot_be_set_is_a_finding(make, log_lines):
    host = make("UCARP_UNITS=\nUCARP_ROUTES='192.0.2.0/24 via 10.0.0.254'\n")
    host.netlink.route_errors["192.0.2.0/24 via 10.0.0.254"] = errno.ENETUNREACH
    await Bench.serve(host)
    text = "cannot set the route 192.0.2.0/24 via 10.0.0.254: Network is unreachable"
    assert host.findings() == ["routes_failed"]
    assert host.happenings[-1].reason == text
    host.netlink.route_errors.clear()
    await asyncio.sleep(LOOK_AFTER)
    assert host.findings() == []
    assert log_lines.told().count(f"web: {text}") == 1


@pytest.mark.parametrize(("shutdown", "kept"), [("no", ["192.0.2.0/24 dev eth1"]), ("yes", [])])
async def test_routes_stay_at_a_stop_only_with_the_address(make, shutdown, kept):
    host = make(f"UCARP_UNITS=\nUCARP_ROUTES='192.0.2.0/24 dev eth1'\nUCARP_SHUTDOWN={shutdown}\n")
    await Bench.serve(host)
    await host.instance.stop("stopping")
    assert host.netlink.routes == kept
    host.netlink.routes.clear()
    await asyncio.sleep(2 * LOOK_AFTER)
    assert host.netlink.routes == []


async def test_without_units_systemd_is_not_asked(make):
    host = make("UCARP_UNITS=\n")
    await Bench.serve(host)
    host.instance.step_down("asked to step down")
    assert set(host.interface.advertised()) & {253, 254}
    await host.instance.stop("stopping")
    assert host.systemd.told() == []
