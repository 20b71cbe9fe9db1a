"""Failures during a reload or a stop."""

import asyncio
import threading

from fake_kernel import FakeLog, FakeNetlink
from fake_worker import FakeWorker
from storyteller import Storyteller

from ucarpd import config
from ucarpd.config import Loaded
from ucarpd.linux import file_worker
from ucarpd.process import left_running, reading_thread, supervisor, together
from ucarpd.process.supervisor import Supervisor

OBSERVER = {
    "status_changed": "status changed",
    "reload_begins": "reload begins",
    "reload_ended": "reload ended",
}
"""The calls of the supervisor."""


def run(monkeypatch, tmp_path, scenario):
    journal = FakeLog()
    monkeypatch.setattr(supervisor, "lines", journal)
    monkeypatch.setattr(together, "lines", journal)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))

    async def with_supervisor():
        await scenario(Supervisor([tmp_path], FakeNetlink(), observer, stay=True))

    observer = Storyteller(OBSERVER)
    asyncio.run(with_supervisor())
    return journal.told() + observer.told()


def test_a_reload_that_fails_is_told_and_the_stop_works(monkeypatch, tmp_path):
    def load_all(_paths, **_options):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(config, "load_all", load_all)

    async def scenario(host):
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: defects.append(context)
        )
        host.reload()
        await host.stop()

    defects = []
    told = run(monkeypatch, tmp_path, scenario)
    assert any(line.startswith("write_failure the reload failed ") for line in told)
    assert len(defects) == 1


def test_a_reload_whose_files_hang_holds_up_no_stop(monkeypatch, tmp_path):
    async def scenario(host):
        worker = FakeWorker()
        worker.hangs = True
        monkeypatch.setattr(reading_thread, "Worker", lambda _name: worker)
        host.reload()
        while not worker.stuck:
            await asyncio.sleep(0)
        host.end()
        await asyncio.wait_for(host.stop(), 30)

    assert run(monkeypatch, tmp_path, scenario) == ["reload begins"]


def test_one_instance_that_fails_to_stop_does_not_keep_the_others_running(monkeypatch, tmp_path):
    class Instance:
        def __init__(self, name, fails):
            self.config = type("Config", (), {"name": name, "is_scripted": False})
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
        await host.stop()

    told = run(monkeypatch, tmp_path, scenario)
    assert instances["two"].stopped
    assert any("ZeroDivisionError" in line for line in told)


def test_a_stop_begins_with_all_instances_while_a_reload_waits_for_one(monkeypatch, tmp_path):
    begun = []
    monkeypatch.setattr(
        config, "load_all", lambda _paths, **_: ([Loaded(Config("new"), [], {})], [])
    )

    class Config:
        is_scripted = False

        def __init__(self, name):
            self.name = name
            self.path = tmp_path / f"{name}.conf"

    class Instance:
        def __init__(self, name):
            self.config = Config(name)
            self.name = name

        def maintain(self, notes):
            pass

        async def stop(self, reason):
            begun.append(f"{self.config.name}: {reason.rpartition('/')[2]}")
            await may_end.wait()

    async def scenario(host):
        nonlocal may_end
        may_end = asyncio.Event()
        host._instances = {name: Instance(name) for name in ("one", "two")}
        host._start_all = begun.extend
        host.reload()
        while not begun:
            await asyncio.sleep(0.001)
        host.end()
        stopping = asyncio.create_task(host.stop())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gone = ["one: one.conf is gone", "two: two.conf is gone"]
        assert begun == [*gone, "one: stopping", "two: stopping"]
        may_end.set()
        await stopping

    may_end = None
    told = run(monkeypatch, tmp_path, scenario)
    assert len(begun) == 4
    assert "reload begins" in told
    assert "reload ended" not in told


def test_processes_of_scripts_are_told_once_after_their_instance_has_stopped(monkeypatch, tmp_path):
    told = []

    class Instance:
        def __init__(self, name, is_scripted):
            self.config = type("Config", (), {"name": name, "is_scripted": is_scripted})
            self.parts = type("Parts", (), {"log": self})

        async def stop(self, reason):
            told.append(f"{self.config.name} stopped")

        def left_running(self, processes):
            told.append(f"{self.config.name} left {', '.join(processes)}")

    left = {name: [f"sleep of {name}"] for name in ("one", "two", "mail")}
    monkeypatch.setattr(left_running.survivors, "find", lambda: left)

    async def scenario(host):
        instances = [Instance("one", True), Instance("two", False), Instance("three", True)]
        host._instances = {each.config.name: each for each in instances}
        await asyncio.gather(host._stop(instances[0], ""), host.stop())

    run(monkeypatch, tmp_path, scenario)
    assert [each for each in told if "left" in each] == ["one left sleep of one"]
    assert told[-1] == "one left sleep of one"


def test_without_a_thread_nobody_looks_for_survivors_and_the_rest_of_the_end_follows(
    monkeypatch, tmp_path
):
    def find():
        raise OSError

    finished = []
    monkeypatch.setattr(left_running.survivors, "find", find)

    async def scenario(host):
        async def finish(*_patience):
            finished.append(True)

        for each in (host._notices, host._history):
            monkeypatch.setattr(each, "finish", finish)
        config = type("Config", (), {"name": "web", "is_scripted": True})
        host._left_running.stopped(type("Instance", (), {"config": config}))
        await host.stop()

    run(monkeypatch, tmp_path, scenario)
    assert finished == [True, True]


def test_a_look_for_survivors_that_hangs_holds_up_neither_a_stop_nor_the_disk(
    monkeypatch, tmp_path
):
    may_end = threading.Event()
    monkeypatch.setattr(left_running.survivors, "find", may_end.wait)
    monkeypatch.setattr(file_worker, "PATIENCE", 0.05)
    monkeypatch.setattr(supervisor, "PATIENCE_WITH_DISK", 0.05)

    async def scenario(host):
        config = type("Config", (), {"name": "web", "is_scripted": True})
        host._left_running.stopped(type("Instance", (), {"config": config}))
        await host._left_running.log()
        written = asyncio.get_running_loop().create_future()
        host.disk.do(list, written.set_result, written.set_exception)
        try:
            assert await asyncio.wait_for(written, 10) == []
            await host.stop()
        finally:
            may_end.set()

    run(monkeypatch, tmp_path, scenario)


def test_a_reload_logs_what_is_newly_doubtful(monkeypatch, tmp_path):
    path = tmp_path / "web.conf"
    path.write_text(
        "UCARP_INTERFACE=eth0\nUCARP_VHID=1\nUCARP_PASS=secret\nUCARP_ADDR=10.0.0.1\nSKEW=3\n"
    )
    path.chmod(0o600)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))

    async def scenario(host):
        async def log():
            looked.append(True)

        monkeypatch.setattr(host._left_running, "log", log)
        for _ in range(2):
            host.reload()
            await host._reloading

    looked = []
    told = run(monkeypatch, tmp_path, scenario)
    assert looked == [True, True]
    assert sum("did you mean UCARP_ADVSKEW?" in line for line in told) == 1
