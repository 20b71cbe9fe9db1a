"""A call beside the event loop."""

import pytest

from ucarpd.checks.beside import Beside
from ucarpd.checks.probe import Failed
from ucarpd.linux import threads


async def test_a_thread_that_does_not_begin_fails_the_run_and_the_next_one_tries_again(monkeypatch):
    begun = []
    monkeypatch.setattr(threads, "start_new_thread", lambda *thread: begun.append(thread))
    beside = Beside(30.0)
    for number in (1, 2):
        with pytest.raises(Failed, match="looking up www: its thread has not begun within 10 s"):
            await beside.call(pytest.fail, "looking up www")
        assert len(begun) == number
