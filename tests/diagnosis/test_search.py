"""The search for the cause of a wrong digest, outside the loop, and its failures."""

import asyncio

import pytest

from ucarpd.carp.receive import UNEXPLAINED
from ucarpd.diagnosis import search
from ucarpd.diagnosis.search import DigestSearch


def ask(monkeypatch, explain, times=1):
    """The log lines for several frames that arrive at once."""
    monkeypatch.setattr(search, "explain", explain)

    async def scenario():
        defects = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: defects.append(context["exception"]))
        answers = []
        all_there = asyncio.Event()

        def done(text):
            answers.append(text)
            if len(answers) == times:
                all_there.set()

        asked = DigestSearch(lambda: None)
        for _ in range(times):
            asked.look_into(None, done)
        await asyncio.wait_for(all_there.wait(), 10)
        await asyncio.sleep(0)
        return answers, defects

    return asyncio.run(scenario())


def found(_evidence, _background):
    yield None
    yield "another password"


def test_one_search_at_a_time(monkeypatch):
    answers, defects = ask(monkeypatch, found, times=2)
    assert answers == [UNEXPLAINED, "another password"]
    assert defects == []


def test_a_search_that_fails_is_a_line_all_the_same(monkeypatch):
    def broken(_evidence, _background):
        raise ZeroDivisionError
        yield

    answers, defects = ask(monkeypatch, broken)
    assert answers == [UNEXPLAINED]
    assert [type(each) for each in defects] == [ZeroDivisionError]


def test_without_a_thread_the_line_comes_without_a_cause(monkeypatch):
    def refuse(*_arguments):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(asyncio.BaseEventLoop, "run_in_executor", refuse)
    answers = []

    async def scenario():
        asked = DigestSearch(lambda: None)
        for _ in range(2):
            asked.look_into(None, answers.append)

    asyncio.run(scenario())
    assert answers == [UNEXPLAINED, UNEXPLAINED]


def test_a_search_that_the_end_of_the_process_cuts_off_says_nothing(monkeypatch):
    answers = []

    async def scenario():
        search_of_ours = asyncio.get_running_loop().create_future()
        monkeypatch.setattr(
            asyncio.BaseEventLoop, "run_in_executor", lambda *_arguments: search_of_ours
        )
        DigestSearch(lambda: None).look_into(None, answers.append)
        search_of_ours.cancel()
        await asyncio.sleep(0)

    asyncio.run(scenario())
    assert answers == []


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(search, "PAUSE", 0.0)
