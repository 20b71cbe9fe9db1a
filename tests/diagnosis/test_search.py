"""The search for the cause of a wrong digest, outside the loop, and its failures."""

import asyncio
import threading

import pytest

from ucarpd.carp.receive import UNEXPLAINED
from ucarpd.diagnosis import search
from ucarpd.diagnosis.search import DigestSearch
from ucarpd.linux import threads
from ucarpd.linux.worker import Worker


def ask(monkeypatch, explain, hosts=1, times=1):
    """The log lines for several frames that arrive at once, for each of so many virtual hosts."""
    monkeypatch.setattr(search, "explain", explain)

    async def scenario():
        defects = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: defects.append(context["exception"]))
        answers = []
        all_there = asyncio.Event()

        def done(text):
            answers.append(text)
            if len(answers) == hosts * times:
                all_there.set()

        searches = Worker("search")
        for each in [DigestSearch(lambda: None, searches.do) for _ in range(hosts)]:
            for _ in range(times):
                each.look_into(None, done)
        await asyncio.wait_for(all_there.wait(), 10)
        await searches.finish()
        return answers, defects

    return asyncio.run(scenario())


def found(_evidence, _background):
    yield None
    yield "another password"


@pytest.mark.parametrize("end", ["another password", None])
def test_what_a_search_tells(monkeypatch, end):
    monkeypatch.setattr(search, "explain", lambda *_: iter([None, end]))
    told = []
    DigestSearch(lambda: None, lambda look, done, _: done(look())).look_into(None, told.append)
    assert told == [end or UNEXPLAINED]


def test_one_search_at_a_time(monkeypatch):
    answers, defects = ask(monkeypatch, found, times=2)
    assert answers == [UNEXPLAINED, "another password"]
    assert defects == []


def test_the_searches_of_many_virtual_hosts_take_turns(monkeypatch):
    threads = set()

    def note(_evidence, _background):
        threads.add(threading.get_ident())
        yield None
        yield "another password"

    answers, defects = ask(monkeypatch, note, hosts=20)
    assert answers == ["another password"] * 20
    assert defects == []
    assert len(threads) == 1


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

    monkeypatch.setattr(threads, "start_new_thread", refuse)
    assert ask(monkeypatch, found, times=2) == ([UNEXPLAINED] * 2, [])


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(search, "PAUSE", 0.0)
