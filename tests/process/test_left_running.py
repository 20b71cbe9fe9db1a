"""The look for processes that scripts have left."""

from types import SimpleNamespace

from fake_worker import FakeWorker

from ucarpd.linux.file_worker import FileWorker
from ucarpd.process import left_running
from ucarpd.process.left_running import LeftRunning


async def test_it_may_have_to_wait_for_another_look_that_hangs(monkeypatch):
    workers, told = [], []

    def make():
        workers.append(FakeWorker())
        workers[-1].hangs = len(workers) == 1
        return workers[-1]

    monkeypatch.setattr(left_running.survivors, "find", lambda: {"web": ["sleep"]})
    files = FileWorker(make)
    files.do(list, told.append, told.append, lambda: None)
    looks = LeftRunning(files)
    config = SimpleNamespace(name="web", is_scripted=True)
    log = SimpleNamespace(left_running=told.append)
    looks.stopped(SimpleNamespace(config=config, parts=SimpleNamespace(log=log)))
    await looks.log()
    assert told == [["sleep"]]
