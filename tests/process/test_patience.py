"""Looks at files that may hang."""

import threading
from concurrent.futures import wait
from pathlib import Path

import pytest
from lab import wait_for

from ucarpd.process import patience
from ucarpd.process.patience import Patience

WEB, MAIL = Path("/web"), Path("/mail")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE", 0.1)


@pytest.fixture
def answer():
    """Until it is set, a look that waits for it hangs."""
    answer = threading.Event()
    yield answer
    answer.set()


def looks(*wanted):
    """Look at all, and return what each look has found or raised."""
    found = []
    for path, look in wanted:
        try:
            found.append((yield path, look))
        except (OSError, LookupError) as error:
            found.append(type(error))
    return found


def refuse():
    raise PermissionError


def lack():
    raise KeyError


def test_each_look_has_its_result():
    wanted = looks((WEB, lambda: 1), (MAIL, refuse), (MAIL, lack), (WEB, lambda: 4))
    assert Patience().take(wanted) == [1, PermissionError, KeyError, 4]


def test_a_defect_of_the_generator_is_raised():
    def defect():
        yield WEB, refuse

    with pytest.raises(PermissionError):
        Patience().take(defect())


def test_one_that_hangs_is_given_up_and_gets_no_second_look(answer):
    patience = Patience()
    assert patience.take(looks((WEB, answer.wait), (MAIL, lambda: 2))) == [TimeoutError, 2]
    assert patience.take(looks((WEB, lambda: 1), (MAIL, lambda: 2))) == [TimeoutError, 2]
    (turn,) = patience._hanging.values()
    answer.set()
    wait_for("its end", lambda: turn.is_over)
    assert patience.take(looks((WEB, lambda: 1))) == [1]


def test_while_one_hangs_the_others_get_little_patience(answer, monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE", 3.0)
    monkeypatch.setattr(patience, "LITTLE_PATIENCE", 0.01)
    waited = []

    def note(futures, timeout):
        waited.append(timeout)
        return wait(futures, timeout)

    monkeypatch.setattr(patience, "wait", note)
    wanted = [(Path(f"/{number}"), answer.wait) for number in range(5)]
    taken = Patience()
    taken._hanging[WEB] = patience._Turn(refuse)
    assert taken.take(looks(*wanted)) == [TimeoutError] * 5
    assert max(waited) <= 0.01


def test_one_that_must_be_waited_for_is_named_once(answer):
    waited_for = []

    def must_wait(path):
        waited_for.append(path)
        answer.set()
        return True

    assert Patience().take(looks((WEB, answer.wait), (MAIL, lambda: 2)), must_wait) == [True, 2]
    assert waited_for == [WEB]


def test_without_threads_it_takes_the_looks_itself(monkeypatch):
    def start(*_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(patience, "start_new_thread", start)
    assert Patience().take(looks((WEB, lambda: 1), (MAIL, refuse))) == [1, PermissionError]


def test_if_no_thread_begins_it_takes_the_looks_itself(monkeypatch):
    begun = []
    monkeypatch.setattr(patience, "start_new_thread", lambda *thread: begun.append(thread))
    assert Patience().take(looks((WEB, lambda: 1), (MAIL, refuse))) == [1, PermissionError]
    ((take, arguments),) = begun
    take(*arguments)  # Too late: nothing is looked at twice.
