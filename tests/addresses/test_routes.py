"""Routes that move with the addresses: set, looked after, and removed."""

import asyncio
import errno

import pytest
from fake_kernel import FakeLog, FakeNetlink
from two_addresses import config_of

from ucarpd.addresses.routes import LOOK_AFTER, RoleRoutes, SharedRoutes

ONE, TWO = "192.0.2.0/24 via 10.0.0.254", "default via 10.0.0.253 metric 50"
A_MOMENT = 0.01


class Bench:
    def __init__(self, tmp_path, value=f"{ONE}; {TWO}", beside=None):
        self.netlink = beside.netlink if beside else FakeNetlink()
        self.shared = beside.shared if beside else SharedRoutes()
        self.log, self.told = FakeLog(), []
        config = config_of(tmp_path, f"UCARP_ROUTES='{value}'\n")
        self.routes = RoleRoutes(config, self.netlink, self.log, self.shared, self.told.append)

    async def put(self):
        self.routes.put()
        await asyncio.sleep(A_MOMENT)


async def test_they_are_set_and_removed(tmp_path):
    bench = Bench(tmp_path)
    await bench.put()
    assert bench.netlink.routes == [ONE, TWO]
    bench.routes.take_off()
    await asyncio.sleep(2 * LOOK_AFTER)
    assert bench.netlink.routes == []
    assert (bench.log.told(), bench.told) == ([], [])


async def test_what_an_earlier_run_has_left_is_set_anew(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.routes = [TWO]
    await bench.put()
    assert bench.netlink.routes == [ONE, TWO]
    assert bench.log.told() == []


async def test_one_that_another_program_removes_is_put_back(tmp_path):
    bench = Bench(tmp_path)
    await bench.put()
    bench.netlink.routes.remove(ONE)
    await asyncio.sleep(LOOK_AFTER)
    assert bench.netlink.routes == [TWO, ONE]
    assert bench.log.told() == [f"route_put_back {ONE}"]
    # With an address that was put back, at once.
    bench.netlink.routes.remove(ONE)
    await bench.put()
    assert bench.netlink.routes == [TWO, ONE]
    bench.routes.close()


async def test_one_that_another_process_has_set_too_is_no_fault(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.route_errors[ONE] = errno.EBUSY
    await bench.put()
    # When the other process has gone.
    bench.netlink.route_errors[ONE] = errno.EALREADY
    await asyncio.sleep(LOOK_AFTER)
    assert (bench.log.told(), bench.told) == ([], [])
    bench.routes.take_off()


async def test_one_of_the_administrator_is_left_alone_until_it_goes(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.route_errors[ONE] = errno.EEXIST
    await bench.put()
    assert bench.netlink.routes == [TWO]
    await asyncio.sleep(3 * LOOK_AFTER)
    (line,), (told,) = bench.log.told(), bench.told
    assert line == f"warning {told}"
    assert told.startswith(
        f"the route {ONE} is not set: this host has one to the same destination;"
    )
    bench.netlink.route_errors.clear()
    await asyncio.sleep(LOOK_AFTER)
    assert set(bench.netlink.routes) == {ONE, TWO}
    assert bench.told[1:] == [""]
    assert bench.log.told() == []
    bench.routes.take_off()


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (errno.EEXIST, f"the route {ONE} is not set: this host has one"),
        (errno.ENETUNREACH, f"cannot set the route {ONE}: Network is unreachable"),
    ],
)
async def test_one_that_cannot_be_put_back_is_told_until_it_can(tmp_path, code, fault):
    bench = Bench(tmp_path)
    await bench.put()
    bench.netlink.routes.remove(ONE)
    bench.netlink.route_errors[ONE] = code
    await asyncio.sleep(2 * LOOK_AFTER)
    (line,), (told,) = bench.log.told(), bench.told
    assert line == f"warning {told}"
    assert told.startswith(fault)
    bench.netlink.route_errors.clear()
    await asyncio.sleep(LOOK_AFTER)
    assert set(bench.netlink.routes) == {ONE, TWO}
    assert (bench.log.told(), bench.told[1:]) == ([], [""])
    bench.routes.take_off()


async def test_one_that_another_process_has_set_is_told(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.route_errors[ONE] = errno.EALREADY
    await bench.put()
    assert bench.told[0].startswith(f"the route {ONE} is not set: this host has one")
    bench.routes.take_off()


async def test_of_two_faults_only_the_new_one_is_logged(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.route_errors[ONE] = errno.ENETUNREACH
    await bench.put()
    bench.netlink.route_errors[TWO] = errno.ENETDOWN
    await asyncio.sleep(LOOK_AFTER)
    assert [line.rpartition(": ")[2] for line in bench.log.told()] == [
        "Network is unreachable",
        "Network is down",
    ]
    bench.routes.take_off()


async def test_a_fault_ends_with_the_role(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.route_errors[ONE] = errno.ENETUNREACH
    await bench.put()
    bench.routes.take_off()
    fault, end = bench.told
    assert (fault.startswith(f"cannot set the route {ONE}"), end) == (True, "")


async def test_the_next_look_is_one_however_often_they_were_set(tmp_path, monkeypatch):
    bench = Bench(tmp_path)
    for _ in range(3):
        await bench.put()
    looks = []
    monkeypatch.setattr(bench.netlink, "put_routes", lambda *_request: looks.append("look"))
    await asyncio.sleep(1.5 * LOOK_AFTER)
    assert looks == ["look"]
    bench.routes.close()


async def test_a_role_that_is_lost_at_once_leaves_nothing(tmp_path):
    bench = Bench(tmp_path)
    bench.netlink.route_errors[ONE] = errno.ENETUNREACH
    bench.netlink.pause = 1.0
    bench.routes.put()
    bench.routes.take_off()
    await asyncio.sleep(2 * LOOK_AFTER)
    assert bench.netlink.routes == []
    assert (bench.log.told(), bench.told) == ([], [])


async def test_a_role_that_comes_back_at_once_has_them_without_a_warning(tmp_path):
    bench = Bench(tmp_path, ONE)
    bench.netlink.pause = 1.0
    bench.routes.put()
    bench.routes.take_off()
    bench.routes.put()
    await asyncio.sleep(LOOK_AFTER / 2)
    assert bench.netlink.routes == [ONE]
    assert (bench.log.told(), bench.told) == ([], [])
    bench.routes.take_off()


async def test_a_route_that_cannot_be_removed_is_told(tmp_path):
    bench = Bench(tmp_path)

    def refuse(_routes, done):
        done(OSError(errno.EPERM, "no"))

    bench.netlink.remove_routes = refuse
    bench.routes.take_off()
    assert bench.log.told() == ["route_not_removed [Errno 1] no"]


async def test_one_of_two_virtual_hosts_stays_until_both_have_left(tmp_path):
    first = Bench(tmp_path)
    second = Bench(tmp_path, ONE, beside=first)
    await first.put()
    first.netlink.told()
    await second.put()
    assert first.netlink.told() == [], "it is not removed for a moment"
    first.routes.take_off()
    await asyncio.sleep(A_MOMENT)
    assert first.netlink.routes == [ONE]
    first.netlink.routes.clear()
    await asyncio.sleep(LOOK_AFTER)
    assert first.netlink.routes == [ONE], "the second one looks after it now"
    assert second.log.told() == [f"route_put_back {ONE}"]
    second.routes.take_off()
    await asyncio.sleep(A_MOMENT)
    assert first.netlink.routes == []
    assert (first.told, second.told, first.log.told()) == ([], [], [])


@pytest.mark.parametrize("is_set", [True, False], ids=["long ago", "right now"])
async def test_one_virtual_host_hands_it_to_another_at_the_same_moment(tmp_path, is_set):
    first = Bench(tmp_path, ONE)
    second = Bench(tmp_path, ONE, beside=first)
    first.netlink.pause = 1.0
    first.routes.put()
    if is_set:
        await asyncio.sleep(2.0)
    second.routes.put()
    first.routes.take_off()
    await asyncio.sleep(2 * LOOK_AFTER)
    assert first.netlink.routes == [ONE]
    assert (second.told, second.log.told()) == ([], [])
    second.routes.take_off()
    await asyncio.sleep(2.0)
    assert first.netlink.routes == []


async def test_without_routes_nothing_is_asked(tmp_path):
    bench = Bench(tmp_path, "")
    await bench.put()
    bench.routes.take_off()
    assert bench.netlink.told() == []
