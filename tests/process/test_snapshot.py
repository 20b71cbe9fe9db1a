"""The reply of GetStatus: its shape by the interface file, and its contents."""

import asyncio
import errno
import json
import os
import re
from dataclasses import replace
from importlib.resources import files
from ipaddress import ip_address

import pytest
from instance_bench import TAKES_OVER
from one_process import A_MOMENT, instances
from real_loop import in_real_time
from two_addresses import ONE, TWO
from varlink_types import Interface

from ucarpd import __version__
from ucarpd.carp.actions import SendAdvertisement, State
from ucarpd.carp.transmit import Transmitter
from ucarpd.process.moments import Moments
from ucarpd.process.snapshot import of_instance
from ucarpd.record.maintenance import Note

INTERFACE = Interface(
    files("ucarpd.control").joinpath("org.ucarpd.varlink").read_text(encoding="utf-8")
)
PEER = ip_address("10.0.0.2")
NOON = 1_800_000_000.0
"""The wall clock at the start of the virtual loop, in seconds of the epoch."""


def status(bench):
    """What GetStatus says of the virtual host, after its shape was checked."""
    now = asyncio.get_running_loop().time()
    found = of_instance(bench.instance.parts, Moments(now, NOON + now - 1000.0))
    assert list(INTERFACE.faults(found, "Instance")) == []
    return json.loads(json.dumps(found))


def hear(bench, advbase=1, advskew=0, counter=1, key=b"secret", source=PEER):
    params = replace(bench.config.params(), key=key)
    action = SendAdvertisement(source, advbase, advskew, counter)
    (frame,) = Transmitter(params).advertisement(action, bytes(6))
    bench.interface.engine.receive(frame, asyncio.get_running_loop().time())


def findings(found):
    return {each["finding"]: each["text"] for each in found["findings"]}


# -- one virtual host ------------------------------------------------------------------------------


async def test_before_the_start(make):
    bench = make()
    found = status(bench)
    assert (found["state"], found["since"]) == ("INIT", "2027-01-15T08:00:00.000Z")
    assert found["addresses"] == [
        {"address": str(ip), "present": False, "served": False} for ip in (ONE, TWO)
    ]
    assert [found[key] for key in ("peers", "script", "last_transition", "next_deadline")] == [
        [],
        None,
        None,
        None,
    ]


async def test_a_master(make):
    bench = make("UCARP_ADVSKEW=128\n")
    await bench.serve()
    found = status(bench)
    assert found["name"] == "web"
    assert found["path"] == str(bench.config.path)
    assert (found["interface"], found["vhid"], found["preempt"]) == ("eth0", 1, False)
    assert found["state"] == "MASTER"
    assert found["reason"].startswith("no advertisement heard for 3.50 s")
    assert found["since"] == "2027-01-15T08:00:03.500Z"
    assert found["last_transition"] == {
        "at": found["since"],
        "from": "BACKUP",
        "to": "MASTER",
        "reason": found["reason"],
        "peer": None,
        "lasted": 3.5,
    }
    assert all(each["present"] and each["served"] for each in found["addresses"])
    assert (found["advbase"], found["advskew"]) == (1, 128)
    assert (found["interval"], found["effective_interval"]) == (1.5, 1.5)
    assert (found["master_down_interval"], found["unfitness"]) == (3.5, 0)
    assert not found["holding"]
    assert found["next_deadline"] == "2027-01-15T08:00:06.500Z"
    assert (found["worst_gap"], found["recent_gap"], found["findings"]) == (None, None, [])
    assert found["counters"] == {
        "sent": 2,
        "accepted": 0,
        "dropped": {},
        "transitions": {"BACKUP": {"ready": 1}, "MASTER": {"silence": 1}},
        "addresses_removed": 0,
        "scripts": {},
    }
    bench.instance.parts.log.same_mac(PEER)
    assert bench.instance.shown.note == "; 10.0.0.2 has the MAC address of this host"


async def test_a_backup_and_the_master_that_it_waits_for(make):
    bench = make()
    bench.instance.start()
    for counter, pause in enumerate((0.5, 1.0, 1.5), start=1):
        await asyncio.sleep(pause)
        hear(bench, counter=counter)
    hear(bench, counter=9, key=b"wrong", source=ip_address("10.0.0.3"))
    found = status(bench)
    assert found["state"] == "BACKUP"
    assert found["next_deadline"] == "2027-01-15T08:00:06.000Z"
    assert found["peers"] == [
        {
            "address": "10.0.0.2",
            "interval": 1.0,
            "demotion": 0,
            "last_seen": "2027-01-15T08:00:03.000Z",
            "worst_gap": 1.5,
            "is_master": True,
        }
    ]
    assert (found["worst_gap"], found["recent_gap"]) == (0.5, 0.5)
    assert found["counters"]["accepted"] == 3
    assert found["counters"]["dropped"] == {"badauth": 1}
    assert findings(found)["wrong_digest"].startswith("10.0.0.3: the digest is wrong: ")
    bench.instance.parts.log.same_mac(PEER)
    assert findings(status(bench))["same_mac"] == "10.0.0.2 has the MAC address of this host"
    await asyncio.sleep(TAKES_OVER)
    found = status(bench)
    assert found["last_transition"]["peer"] == "10.0.0.2"
    assert not found["peers"][0]["is_master"]
    assert found["worst_gap"] == 1.0


async def test_a_step_of_the_wall_clock_moves_every_time(make):
    bench = make()
    await bench.serve()
    now = asyncio.get_running_loop().time()
    before, after = (
        of_instance(bench.instance.parts, Moments(now, wall)) for wall in (NOON, NOON + 3600)
    )
    assert before["since"][11:13] == "07"
    assert after["since"][11:13] == "08"


async def test_every_reason_to_be_less_fit(make):
    bench = make()
    await bench.serve()
    bench.host_demotion.set("eth1 cannot be used", 100)
    bench.interface.demote({"no IPv6": 20})
    found = status(bench)
    assert found["demotion"] == [
        {"reason": "eth1 cannot be used", "amount": 100, "level": "failing"},
        {"reason": "no IPv6", "amount": 20, "level": "failing"},
    ]
    assert found["unfitness"] == 120
    bench.instance.maintain((Note(level="maintenance", since=NOON, by="root", scope="instance"),))
    found = status(bench)
    assert found["unfitness"] == 254
    assert found["demotion"][-1]["level"] == "maintenance"
    assert found["maintenance"] == [
        {
            "level": "maintenance",
            "scope": "instance",
            "since": "2027-01-15T08:00:00.000Z",
            "until": None,
            "by": "root",
            "reason": None,
        }
    ]


async def test_an_address_that_another_program_has_taken_away(make):
    bench = make()
    await bench.serve()
    bench.netlink.take("eth0", TWO)
    assert [each["present"] for each in status(bench)["addresses"]] == [True, False]
    bench.netlink.table["eth1"] = {TWO: None}
    assert [each["present"] for each in status(bench)["addresses"]] == [True, False], "elsewhere"


async def test_what_is_wrong_and_lasts(make):
    bench = make()
    bench.netlink.refuses = {ONE}
    bench.instance.start()
    await asyncio.sleep(2 * TAKES_OVER)
    bench.interface.error = OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
    bench.instance.parts.exposure.trouble = "users other than root can change web.conf"
    await asyncio.sleep(4)
    for counter in range(3):
        hear(bench, 254, 254, counter)
        await asyncio.sleep(1)
    found = status(bench)
    assert found["addresses"][0]["served"] is False
    assert findings(found) == {
        "unserved": f"cannot add {ONE}: no",
        "sending_fails": "advertisements do not get out",
        "another_master": "10.0.0.2 is MASTER too",
        "exposed": "users other than root can change web.conf",
    }
    bench.interface.error = None
    bench.netlink.refuses = set()
    bench.instance.parts.exposure.trouble = ""
    await asyncio.sleep(60)
    assert findings(status(bench)) == {}


async def test_one_that_waits_for_a_new_start(make):
    bench = make()
    bench.breaks_as = State.BACKUP
    bench.instance.start()
    await asyncio.sleep(0.1)
    found = status(bench)
    assert (found["state"], list(findings(found))) == ("INIT", ["internal_error"])
    assert found["counters"]["transitions"]["INIT"] == {"internal_error": 1}
    assert found["effective_interval"] == 1.0
    bench.breaks_as = None


# -- scripts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "told"), [(0, ["script_goes_on"]), (300, [])])
async def test_a_script_without_a_time_limit_that_does_not_end(make, limit, told):
    bench = make(f"UCARP_SCRIPT_TIMEOUT={limit}\n")
    await bench.serve()
    runs = bench.instance.parts.runs
    runs.begin("down", asyncio.get_running_loop().time())
    await asyncio.sleep(29)
    assert findings(status(bench)) == {}
    await asyncio.sleep(2)
    assert list(findings(status(bench))) == told
    runs.end(asyncio.get_running_loop().time(), "ok", "ok")
    assert findings(status(bench)) == {}


@in_real_time
async def test_a_script_that_runs_and_its_result(make, tmp_path):
    """In real time: the scripts are real."""
    up, go = tmp_path / "up.sh", tmp_path / "go"
    os.mkfifo(go)
    up.write_text(f"#!/bin/sh\nread word <{go}\nexit 3\n")
    up.chmod(0o755)
    bench = make(f"UCARP_UPSCRIPT={up}\nUCARP_ADVBASE=0\nUCARP_ADVSKEW=1\n")
    bench.instance.start()
    while not (found := status(bench))["script"]:
        await asyncio.sleep(0.01)
    assert (found["script"]["name"], found["script"]["running"]) == ("up", True)
    assert found["script"]["result"] == ""
    bench.instance.step_down("not now")
    await asyncio.to_thread(go.write_text, "go\n")
    while (found := status(bench))["script"]["running"]:
        await asyncio.sleep(0.01)
    assert found["script"]["result"] == "exit status 3"
    assert found["counters"]["scripts"] == {"up": {"failed": 1}}
    assert found["addresses"][0] == {"address": str(ONE), "present": False, "served": False}
    up.write_text("#!/bin/sh\n")
    while not (found := status(bench))["addresses"][0]["served"]:
        await asyncio.sleep(0.01)
    assert found["addresses"][0]["present"] is False
    assert found["script"]["result"] == "ok"
    await bench.instance.stop("stopping")


# -- the process -----------------------------------------------------------------------------------


async def test_a_process_with_its_refused_files(host):
    host.write()
    host.write("mail", VHID=2, ADDR="10.0.0.20/24")
    bad = host.write("bad", VHID=300)
    async with host.serving() as process:
        answers = process._answers
        reply = answers.overview() | {"instances": [answers.instance(n) for n in answers.names()]}
        assert list(INTERFACE.faults(reply, INTERFACE.replies["GetStatus"])) == []
        assert reply["revision"] == 1
        assert (reply["process"]["pid"], reply["process"]["version"]) == (os.getpid(), __version__)
        assert [each["name"] for each in reply["instances"]] == list(instances(process))
        (refused,) = reply["refused"]
        assert (refused["name"], refused["path"]) == ("bad", str(bad))
        assert refused["problems"][0].startswith(f"{bad}:2: UCARP_VHID: ")


async def test_a_file_that_the_check_before_a_reload_has_refused(host):
    path = host.write()
    async with host.running() as process:
        supervisor = process._supervisor
        supervisor.reading = supervisor.reading.__class__(refused=frozenset({path}))
        (refused,) = process._answers.overview()["refused"]
        assert refused["problems"] == ["type `ucarpd check` for the reason"]
        await asyncio.sleep(A_MOMENT)


# -- the check itself ------------------------------------------------------------------------------


def test_the_whole_interface_file_is_read():
    assert INTERFACE.name == "org.ucarpd"
    assert {"Process", "Instance", "Refused"} <= INTERFACE.types.keys()
    assert INTERFACE.replies.keys() == {"GetStatus", "StepDown", "ApplyMaintenance"}


@pytest.mark.parametrize(
    ("value", "of", "fault"),
    [
        (1, "float", "reply: 1 is no float"),
        (True, "int", "reply: True is no int"),
        (None, "string", "reply: None is no string"),
        ({"name": "web", "path": "/web.conf"}, "Refused", "reply: no problems"),
        (
            {"address": "", "present": True, "served": True, "more": 1},
            "Address",
            "reply: more is not in it",
        ),
        ({"name": "", "path": "", "problems": [1]}, "Refused", "reply.problems[0]: 1 is no string"),
    ],
)
def test_what_the_interface_does_not_allow(value, of, fault):
    assert list(INTERFACE.faults(value, of)) == [fault]
    assert not re.search(r"\?|\[", of)
