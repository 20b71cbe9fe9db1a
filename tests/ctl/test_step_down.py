"""`ucarpctl step-down`."""

import threading

import pytest
from fake_process import BACKUP, MASTER, T

from ucarpd.carp import machine
from ucarpd.control.wire import VarlinkError
from ucarpd.ctl import step_down
from ucarpd.ctl.entry import main

TAKEN = {
    "state": "BACKUP",
    "last_transition": {
        "at": T.format("23:59:59"),
        "from": "MASTER",
        "to": "BACKUP",
        "reason": "192.0.2.12 is preferred",
        "peer": "192.0.2.12",
        "lasted": 11519.0,
    },
}


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(step_down, "OFFER", 0.2)


def test_it_waits_as_long_as_the_master_offers_the_role(monkeypatch):
    monkeypatch.undo()
    assert machine.STEP_DOWN_OFFER == step_down.OFFER


def test_another_host_takes_over(process, capsys):
    def steers(name):
        web.change("web", **TAKEN)
        return [name]

    web = process(MASTER, BACKUP, steers=steers)
    assert main(["step-down", "web"]) == 0
    assert capsys.readouterr() == ("web is BACKUP: 192.0.2.12 has taken over\n", "")


def test_nobody_takes_over(process, capsys):
    process(MASTER, steers=lambda name: [name])
    assert main(["step-down", "web"]) == 1
    assert capsys.readouterr() == ("", "ucarpctl: no host took over; web is still MASTER\n")


def test_a_master_whose_units_stop_first_gets_the_time_for_that(process, capsys, monkeypatch):
    monkeypatch.setattr(step_down, "_MARGIN", 0.1)
    stopping = {"finding": "units_stopping", "since": T.format("23:59:59"), "text": "stopping"}

    def steers(name):
        web.change("web", findings=[stopping])
        # Much later than the offer alone would take.
        threading.Timer(1.0, lambda: web.change("web", **TAKEN, findings=[])).start()
        return [name]

    web = process(MASTER, steers=steers)
    assert main(["step-down", "web"]) == 0
    assert capsys.readouterr() == ("web is BACKUP: 192.0.2.12 has taken over\n", "")


def test_a_host_that_is_not_master_has_no_role_to_hand_over(process, capsys):
    process(BACKUP, steers=lambda _name: [])
    assert main(["step-down", "mail"]) == 0
    assert capsys.readouterr().out == "mail is BACKUP: there is no role to hand over\n"


def test_without_a_name_all_hand_over(process, capsys):
    def steers(name):
        assert name is None
        web.change("web", **TAKEN)
        return ["dns", "web"]

    web = process(MASTER, MASTER | {"name": "dns"}, steers=steers)
    process(BACKUP, pid=1, steers=lambda _name: [])
    assert main(["step-down"]) == 1
    out, err = capsys.readouterr()
    assert out == (
        "mail is BACKUP: there is no role to hand over\nweb is BACKUP: 192.0.2.12 has taken over\n"
    )
    assert err == "ucarpctl: no host took over; dns is still MASTER\n"


def test_it_is_for_root(process, capsys):
    def steers(_name):
        raise VarlinkError("org.varlink.service.PermissionDenied")

    process(MASTER, steers=steers)
    assert main(["step-down", "web"]) == 3
    assert capsys.readouterr().err == (
        "ucarpctl: only root may do this: sudo ucarpctl step-down web\n"
    )
    assert main(["step-down"]) == 3
    assert capsys.readouterr().err.endswith("sudo ucarpctl step-down\n")


def test_an_instance_that_does_not_exist(process, capsys):
    def steers(name):
        raise VarlinkError("org.ucarpd.NoSuchInstance", name=name)

    process(MASTER, steers=steers)
    assert main(["step-down", "wbe"]) == 3
    assert capsys.readouterr().err == (
        "ucarpctl: there is no instance wbe (this host has web); did you mean web?\n"
    )


def test_a_process_that_does_not_answer_may_have_it(process, capsys):
    process(pid=1, hangs=True)
    assert main(["step-down", "web"]) == 3
    assert capsys.readouterr().err == "ucarpctl: process 1 does not answer\n"


def test_a_process_that_hangs_may_keep_a_role(process, capsys):
    process(BACKUP, steers=lambda _name: [])
    process(pid=1, hangs=True)
    assert main(["step-down"]) == 3
    out, err = capsys.readouterr()
    assert out == "mail is BACKUP: there is no role to hand over\n"
    assert err == "ucarpctl: process 1 does not answer\n"


def test_a_process_without_instances(process, capsys):
    process(steers=lambda _name: [])
    assert main(["step-down"]) == 3
    assert capsys.readouterr().err == "ucarpctl: no instance runs on this host\n"


def test_no_process(capsys):
    assert main(["step-down"]) == 3
    assert capsys.readouterr().err == "ucarpctl: no instance runs on this host\n"
    assert main(["step-down", "web"]) == 3
    assert capsys.readouterr().err == (
        "ucarpctl: there is no instance web: no instance runs on this host\n"
    )
