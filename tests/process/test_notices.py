"""The notify script: its arguments, and the order of its runs."""

import asyncio
from dataclasses import replace

import pytest
from real_loop import in_real_time
from two_addresses import config_of

from ucarpd.process import notices
from ucarpd.process.notices import Notices
from ucarpd.record.happening import Event, Happening

TRANSITION = Happening(
    at=1.0,
    instance="web",
    event=Event.TRANSITION,
    state="MASTER",
    previous="BACKUP",
    lasted=3.0,
    unfitness=7,
    reason="no advertisement heard for 3 s",
    peer="10.0.0.2",
)


class Bench:
    """An instance "web", its script, and the file that the script writes to."""

    def __init__(self, tmp_path, body, *, has_script=True):
        self.told = tmp_path / "told"
        script = tmp_path / "notify.sh"
        script.write_text(f"#!/bin/sh\ntold={self.told}\n{body}\n")
        script.chmod(0o755)
        more = f"UCARP_NOTIFYSCRIPT={script}\nUCARP_SCRIPT_TIMEOUT=0\n" if has_script else ""
        self.config = config_of(tmp_path, more)

    def tell(self, *happenings):
        async def scenario():
            told = Notices({"web": self}.get)
            for each in happenings:
                told.tell(each)
            await told.finish()

        asyncio.run(asyncio.wait_for(scenario(), 30))
        return self.told.read_text().splitlines() if self.told.exists() else []


def test_arguments_and_environment(tmp_path, log_lines):
    bench = Bench(tmp_path, 'printf "%s\\n" "$@" >$told; env | grep ^UCARP_ >>$told')
    lines = bench.tell(TRANSITION)
    assert lines[:4] == ["web", "transition", "MASTER", "no advertisement heard for 3 s"]
    assert {
        "UCARP_INSTANCE=web",
        "UCARP_INTERFACE=eth0",
        "UCARP_EVENT=transition",
        "UCARP_STATE=MASTER",
        "UCARP_PREVIOUS_STATE=BACKUP",
        "UCARP_REASON=no advertisement heard for 3 s",
        "UCARP_PEER=10.0.0.2",
        "UCARP_DEMOTION=7",
    } <= set(lines)
    assert not any(line.startswith("UCARP_PASS=") for line in lines)
    assert [line for line in log_lines.told() if "running" not in line] == []


@pytest.mark.parametrize(("given", "taken"), [(7, 7), (0, notices.LONGEST_RUN)])
def test_a_script_has_the_time_out_of_the_file(tmp_path, given, taken):
    config = config_of(tmp_path, f"UCARP_SCRIPT_TIMEOUT={given}\n")
    assert notices._hook(config, tmp_path / "notify.sh", TRANSITION).timeout == taken


def test_all_events_pass_in_order_and_those_of_others_do_not(tmp_path, log_lines):
    bench = Bench(tmp_path, 'echo "$2 $3" >>$told; exit 3')
    events = [TRANSITION._replace(event=each) for each in ("finding", "finding", "check")]
    assert bench.tell(*events, TRANSITION._replace(instance="gone"), TRANSITION) == [
        "finding MASTER",
        "finding MASTER",
        "check MASTER",
        "transition MASTER",
    ]
    (line,) = (each for each in log_lines.told() if "notify" in each and "running" not in each)
    assert line.startswith("web: notify script failed after ")


@in_real_time
async def test_its_lines_follow_the_newest_configuration(tmp_path, log_lines):
    bench, records = Bench(tmp_path, '[ "$2" != check ]'), []
    log_lines.addFilter(lambda record: records.append(record) or True)
    told = Notices({"web": bench}.get)
    told.tell(TRANSITION)
    bench.config = replace(bench.config, vhid=7, facility="local3")
    told.tell(TRANSITION._replace(event="check"))
    await told.finish()
    (fault,) = (each for each in records if "failed" in each.getMessage())
    assert (fault.fields["UCARPD_VHID"], fault.facility) == ("7", "local3")


def test_without_a_script_nothing_runs(tmp_path, log_lines):
    assert Bench(tmp_path, "echo >>$told", has_script=False).tell(TRANSITION) == []
    assert log_lines.told() == []


def test_one_that_hangs_is_ended_although_the_file_sets_no_limit(tmp_path, monkeypatch, log_lines):
    monkeypatch.setattr(notices, "LONGEST_RUN", 0.2)
    bench = Bench(tmp_path, 'echo "$2" >>$told; [ $2 = finding ] || sleep 1000')
    assert bench.tell(TRANSITION, TRANSITION._replace(event="finding")) == ["transition", "finding"]
    assert any("did not end within 0.2 s; terminating it" in line for line in log_lines.told())


def test_the_end_of_the_process_waits_for_a_while(tmp_path, monkeypatch, log_lines):
    monkeypatch.setattr(notices, "PATIENCE", 2.0)
    bench = Bench(tmp_path, 'echo "$2" >>$told; sleep 1000')
    assert bench.tell(TRANSITION, TRANSITION._replace(event="stop")) == ["transition"]
    assert any("too slow" in line and "stop MASTER" in line for line in log_lines.told())
