"""The search for the cause of a wrong digest, beside the loop: what comes of it when it cannot run."""

import asyncio

import pytest

from ucarpd import inquiry
from ucarpd.carp.detective import NOTHING_FITS
from ucarpd.inquiry import Inquiry


def ask(monkeypatch, explain, times=1):
    """What the operator reads for each of several frames that come at once."""
    monkeypatch.setattr(inquiry, "explain", explain)

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

        asked = Inquiry(lambda: None)
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
    assert answers == [NOTHING_FITS, "another password"]
    assert defects == []


def test_a_search_that_fails_is_a_line_all_the_same(monkeypatch):
    def broken(_evidence, _background):
        raise ZeroDivisionError
        yield

    answers, defects = ask(monkeypatch, broken)
    assert answers == [NOTHING_FITS]
    assert [type(each) for each in defects] == [ZeroDivisionError]


def test_without_a_thread_the_line_comes_without_a_cause(monkeypatch):
    def refuse(*_arguments):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(asyncio.BaseEventLoop, "run_in_executor", refuse)
    inquiry_of_two = []

    async def scenario():
        asked = Inquiry(lambda: None)
        for _ in range(2):
            asked.look_into(None, inquiry_of_two.append)

    asyncio.run(scenario())
    assert inquiry_of_two == [NOTHING_FITS, NOTHING_FITS]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(inquiry, "PAUSE", 0.0)
