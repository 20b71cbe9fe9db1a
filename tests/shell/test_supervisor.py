"""What a reload or a stop does when something in it fails."""

import asyncio

from fake_kernel import FakeLog

from ucarpd import supervisor
from ucarpd.carp.actions import State
from ucarpd.supervisor import Supervisor


class Journal(FakeLog):
    AFTER_THE_WORK = 0.0


def run(monkeypatch, tmp_path, scenario):
    journal = Journal()
    monkeypatch.setattr(supervisor, "journal", journal)

    async def with_supervisor():
        host = Supervisor([tmp_path], stay=True)
        await scenario(host)
        await host._netlink.close()

    asyncio.run(with_supervisor())
    return journal.told()


def test_a_reload_that_fails_is_told_and_the_stop_works(monkeypatch, tmp_path):
    def load_all(_paths):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(supervisor.config, "load_all", load_all)

    async def scenario(host):
        host.reload()
        await host._stop_all()

    told = run(monkeypatch, tmp_path, scenario)
    assert any("the reload failed" in line for line in told)


def test_one_instance_that_fails_to_stop_does_not_keep_the_others_running(monkeypatch, tmp_path):
    class Instance:
        def __init__(self, name, fails):
            self.config = type("Config", (), {"name": name})
            self.fails = fails
            self.stopped = False

        async def stop(self, reason):
            if self.fails:
                raise ZeroDivisionError
            await asyncio.sleep(0.01)
            self.stopped = True

    instances = {name: Instance(name, name == "one") for name in ("one", "two")}

    async def scenario(host):
        host._instances = dict(instances)
        await host._stop_all()

    told = run(monkeypatch, tmp_path, scenario)
    assert instances["two"].stopped
    assert any("ZeroDivisionError" in line for line in told)


def test_the_status_line_says_what_an_instance_waits_for(monkeypatch, tmp_path):
    told = []
    monkeypatch.setattr(supervisor.systemd, "notify_status", told.append)

    class Instance:
        config = type("Config", (), {"interface": "hots0", "vhid": 1})
        state = State.INIT
        duration = 3.0
        trouble = "waiting, interface hots0 does not exist"

    async def scenario(host):
        host._instances = {"web": Instance()}
        for _ in range(2):
            host._show_status()
        Instance.state, Instance.trouble = State.MASTER, ""
        host._show_status()

    run(monkeypatch, tmp_path, scenario)
    assert len(told) == 2
    assert told[0].startswith("INIT on hots0, vhid 1, since ")
    assert told[0].endswith(": waiting, interface hots0 does not exist")
    assert told[1].startswith("MASTER on hots0")
