"""Asking all processes of a host at once."""

import os
import socket
import time

import pytest
from fake_process import BACKUP, MASTER
from other_user import as_nobody

from ucarpd.ctl import processes
from ucarpd.ctl.failure import EXIT_UNKNOWN, Failure
from ucarpd.ctl.naming import names
from ucarpd.ctl.processes import Answer, Feed, ask

pytestmark = pytest.mark.usefixtures("run_directory")


def until(feed, condition):
    """Wait until the answers are as they should be."""
    deadline = time.monotonic() + 10
    while not condition(answers := feed.answers()):
        assert time.monotonic() < deadline, answers
        feed.changed(0.05)
        feed.look()


def test_without_a_process_nobody_answers():
    assert ask() == []


def test_each_process_answers_with_its_instances(process):
    process(MASTER)
    process(BACKUP, pid=1)
    assert [answer.pid for answer in ask()] == [1, os.getpid()]
    assert names(ask()) == {"web", "mail"}


def test_processes_that_hang_cost_one_time_out_together(process):
    for pid in range(101, 121):
        process(pid=pid, hangs=True)
    process(MASTER)
    before = time.monotonic()
    answers = ask()
    assert time.monotonic() - before < 20 * processes.TIMEOUT
    assert names(answers) == {"web"}
    assert [answer.fault for answer in answers if answer.fault] == ["does not answer"] * 20


def test_a_socket_of_a_dead_process_is_no_process(run_directory):
    (run_directory / "ctl").mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(run_directory / "ctl/99.sock"))
    assert ask() == []


@pytest.mark.parametrize("answer", [b"hello\0", b'{"parameters":{}}\0'])
def test_a_process_that_answers_garbage_does_not_hide_the_others(process, answer, monkeypatch):
    garbage = process(pid=1)
    monkeypatch.setattr(garbage, "_answer", lambda connection, _: connection.sendall(answer))
    process(MASTER)
    bad, good = ask()
    assert bad.fault.startswith("does not speak ucarpd's protocol")
    assert names([good]) == {"web"}
    assert Feed().settle()[0] == bad


def test_a_process_that_closes_the_connection_says_so_while_it_lives(process, monkeypatch):
    closing = process()
    monkeypatch.setattr(
        closing, "_answer", lambda connection, _: connection.shutdown(socket.SHUT_RDWR)
    )
    [answer] = ask()
    assert answer.fault == "cannot be asked: the process has closed the connection"


def test_an_error_has_its_name(process):
    process(MASTER)
    [answer] = ask(parameters={"name": "mail"})
    assert answer.error == processes.NO_SUCH_INSTANCE


def test_another_user_is_told_who_may_ask(process):
    process(MASTER)
    (processes.sockets()[0].parent).chmod(0)
    with as_nobody(), pytest.raises(Failure, match="permission denied.* group ucarpd") as denied:
        ask()
    assert denied.value.status == EXIT_UNKNOWN


# -- the feed --------------------------------------------------------------------------------------


def test_a_feed_tells_changes(process):
    web = process(MASTER)
    feed = Feed()
    assert names(feed.settle()) == {"web"}
    web.change("web", state="BACKUP")
    until(feed, lambda answers: answers[0].reply["instances"][0]["state"] == "BACKUP")
    assert len(web.calls) == 1


def test_a_feed_forgets_a_process_that_ends_and_finds_its_successor(process):
    web = process(MASTER)
    feed = Feed("web")
    assert names(feed.settle()) == {"web"}
    web.close()
    until(feed, lambda answers: answers == [])
    web = process(MASTER)
    until(feed, lambda answers: names(answers) == {"web"})


def test_a_feed_of_one_instance_waits_until_a_process_has_it(process):
    web = process()
    feed = Feed("web")
    assert names(feed.settle()) == set()
    web.instances.append(MASTER)
    until(feed, lambda answers: names(answers) == {"web"})


def test_a_feed_finds_a_process_that_does_not_listen_yet(process, run_directory):
    process(MASTER)
    with socket.socket(socket.AF_UNIX) as starting:
        starting.bind(str(run_directory / "ctl/99.sock"))
        feed = Feed()
        until(feed, lambda answers: len(answers) == 1)
        starting.listen()
        until(feed, lambda answers: len(answers) == 2)


def test_a_feed_asks_at_a_dead_socket_only_once(process, run_directory, monkeypatch):
    monkeypatch.setattr(processes, "YOUNG", 0)
    process(MASTER)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(run_directory / "ctl/99.sock"))
    feed = Feed()
    until(feed, lambda answers: names(answers) == {"web"} and len(answers) == 1)
    for _ in range(50):
        feed.look()
        assert feed.is_settled


def test_a_feed_says_who_does_not_answer_and_asks_again(process, monkeypatch):
    monkeypatch.setattr(processes, "TIMEOUT", 0.2)
    web = process(MASTER, hangs=True)
    feed = Feed()
    assert feed.settle() == [Answer(os.getpid(), fault="does not answer")]
    web.hangs = False
    until(feed, lambda answers: names(answers) == {"web"})


def test_a_feed_notices_that_a_silent_process_hangs(process, monkeypatch):
    monkeypatch.setattr(processes, "TIMEOUT", 0.2)
    web = process(MASTER)
    feed = Feed(quiet=0.2)
    feed.settle()
    web.hangs = True
    until(feed, lambda answers: answers[0].fault == "does not answer")
