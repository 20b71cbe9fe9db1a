"""Each event of an instance reaches every listener once."""

import asyncio
from ipaddress import ip_address

from instance_bench import TAKES_OVER
from two_addresses import ONE

from ucarpd import __version__
from ucarpd.carp.actions import Finding, Report, State
from ucarpd.health.crashes import Crashes
from ucarpd.process.restart_pause import FIRST_RESTART_PAUSE
from ucarpd.record.maintenance import INSTANCE, Note

NEVER = Note(level="never", since=1.0)
LAST_RESORT = Note(level="maintenance", since=1.0, scope=INSTANCE)


def told(bench):
    happenings, bench.happenings[:] = list(bench.happenings), []
    return [(each.event, each.state, each.reason) for each in happenings]


async def test_a_start_after_a_run_that_was_killed(make):
    bench = make()
    Crashes("web", bench.directory).begin(0.0)
    await bench.serve()
    text = f"ucarpd {__version__}, after a run that ended without a stop"
    assert bench.happenings[0].reason == text


async def test_its_life(make):
    bench = make()
    await bench.serve()
    start, backup, master = bench.happenings
    assert (start.event, start.reason) == ("start", f"ucarpd {__version__}")
    assert (backup.previous, backup.state, backup.lasted) == ("INIT", "BACKUP", 0.0)
    assert (master.previous, master.state) == ("BACKUP", "MASTER")
    assert 2.9 < master.lasted < TAKES_OVER
    assert {each.instance for each in bench.happenings} == {"web"}
    told(bench)
    await bench.instance.stop("the file is gone")
    assert told(bench) == [
        ("transition", "INIT", "the file is gone"),
        ("stop", "INIT", "the file is gone"),
    ]


async def test_its_faults_and_findings(make):
    bench = make()
    await bench.serve()
    told(bench)
    bench.instance.sending(True)
    bench.host_demotion.set("eth1 cannot be used", 240)
    bench.instance.demotion_changed()
    bench.instance.demotion_changed()
    bench.instance.sending(False)
    bench.instance.found(Report(Finding.RIVAL_GONE, peer=ip_address("10.0.0.2")))
    bench.instance.unserved((ONE,))
    # An event would make the notify script that is the cause do the same again.
    bench.instance.found(Report(Finding.NOT_REASSERTED))
    bench.instance.contested()
    assert bench.happenings.pop().event == "contested"
    assert [each.peer for each in bench.happenings if each.peer] == ["10.0.0.2"]
    assert [each.unfitness for each in bench.happenings] == [240, 252, 240, 240, 240, 252]
    assert told(bench) == [
        ("demotion", "MASTER", "demoted by 240: sending fails"),
        ("demotion", "MASTER", "demoted by 252: eth1 cannot be used, sending fails"),
        ("demotion", "MASTER", "demoted by 240: eth1 cannot be used"),
        ("finding", "MASTER", "10.0.0.2 is no longer MASTER"),
        (
            "finding",
            "MASTER",
            f"this host cannot serve {ONE}: another host should take over",
        ),
        (
            "demotion",
            "MASTER",
            "demoted by 252: eth1 cannot be used, an address cannot be put in place",
        ),
    ]


async def test_maintenance_is_told_when_it_begins_changes_and_ends(make):
    bench = make()
    bench.instance.maintain((LAST_RESORT,))
    await bench.serve()
    assert [event for event, *_ in told(bench)] == [
        "start",
        "demotion",
        "transition",
        "transition",
    ], "one that holds since before the start is no news"
    bench.instance.maintain((NEVER, LAST_RESORT))
    bench.instance.maintain((NEVER, LAST_RESORT))
    bench.instance.maintain(())
    heads = [(event, reason.split(",")[0]) for event, _, reason in told(bench)]
    assert heads == [
        ("maintenance", "maintenance of this host: does not serve"),
        ("demotion", "demoted by 255: maintenance"),
        ("transition", "demoted by 255: maintenance"),
        ("maintenance", "maintenance of this host is over"),
        ("maintenance", "maintenance of this instance is over"),
        ("demotion", "no longer demoted"),
    ]


async def test_a_defect_and_the_start_after_it(make):
    bench = make()
    bench.breaks_as = State.MASTER
    bench.instance.start()
    await asyncio.sleep(TAKES_OVER)
    bench.breaks_as = None
    await asyncio.sleep(FIRST_RESTART_PAUSE)
    kinds = [(event, state) for event, state, _ in told(bench)]
    assert ("transition", "MASTER") in kinds
    assert kinds.count(("start", "INIT")) == 2
