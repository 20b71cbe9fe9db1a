"""What a reload or a stop does when something in it fails."""

import asyncio

from fake_kernel import FakeLog

from ucarpd import supervisor
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
