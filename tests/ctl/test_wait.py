"""`ucarpctl wait`."""

import socket
import threading

import pytest
from fake_process import BACKUP, MASTER

from ucarpd.ctl.entry import main


def wait(*words, timeout=10):
    return main(["wait", *words, "--timeout", str(timeout)])


@pytest.fixture
def meanwhile():
    """Does something as soon as the process has been asked."""
    threads = []

    def begin(fake, what):
        def run():
            with fake.asked:
                fake.asked.wait_for(lambda: fake.calls)
            what()

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield begin
    for thread in threads:
        thread.join()


def test_a_state_that_is_reached_already(process, capsys):
    process(MASTER, BACKUP)
    assert wait("web", "--state", "MASTER") == 0
    assert wait("web", "--state", "master") == 0
    assert capsys.readouterr() == ("", "")


def test_a_state_that_comes(process, meanwhile):
    web = process(BACKUP)
    meanwhile(web, lambda: web.change("mail", state="MASTER"))
    assert wait("mail", "--state", "MASTER") == 0


def test_a_state_that_does_not_come(process, capsys):
    process(MASTER, BACKUP)
    assert wait("mail", "--state", "MASTER", timeout=1) == 1
    assert capsys.readouterr().err == "ucarpctl: mail is BACKUP, not MASTER, after 1 s\n"


def test_without_a_name_all_must_reach_it(process, capsys):
    mail = process(MASTER, BACKUP)
    assert wait("--state", "MASTER", timeout=1) == 1
    assert capsys.readouterr().err == "ucarpctl: mail is BACKUP, not MASTER, after 1 s\n"
    mail.change("mail", state="MASTER")
    assert wait("--state", "MASTER") == 0


def test_a_process_that_does_not_answer_may_have_others(process, capsys):
    process(MASTER)
    process(pid=1, hangs=True)
    assert wait("--state", "MASTER", timeout=0.5) == 1
    assert capsys.readouterr().err == "ucarpctl: process 1 does not answer, after 0.5 s\n"
    assert wait("web", "--state", "MASTER") == 0


def test_the_socket_of_a_dead_process_is_not_waited_for(process, run_directory):
    process(MASTER)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(run_directory / "ctl/1.sock"))
    assert wait("--state", "MASTER") == 0


def test_a_daemon_that_starts_later(process, meanwhile):
    other = process(BACKUP, pid=1)
    meanwhile(other, lambda: process(MASTER))
    assert wait("web", "--state", "MASTER") == 0


def test_a_daemon_that_does_not_come(capsys):
    assert wait("web", "--state", "MASTER", timeout=0.2) == 1
    assert wait("--state", "MASTER", timeout=0) == 1
    assert capsys.readouterr().err == (
        "ucarpctl: no process runs web, after 0.2 s\n"
        "ucarpctl: no instance runs on this host, after 0 s\n"
    )


def test_the_state_is_one_of_three(capsys):
    assert wait("web", "--state", "SLAVE") == 3
    assert wait("web") == 3


def test_without_any_patience_it_still_looks(process, capsys):
    process(MASTER, BACKUP)
    assert wait("web", "--state", "MASTER", timeout=0) == 0
    assert wait("web", "--state", "BACKUP", timeout=0) == 1
    assert capsys.readouterr().err == "ucarpctl: web is MASTER, not BACKUP, after 0 s\n"


@pytest.mark.parametrize("timeout", ["nan", "-1", "1m"])
def test_a_time_that_is_none(timeout, capsys):
    assert wait("--state", "MASTER", timeout=timeout) == 3
    assert f"--timeout: must be a number of seconds (got '{timeout}')" in capsys.readouterr().err
