"""What commands say of the addresses that a dead process has left."""

import json
import os

import pytest
from fake_table import FakeTable
from recorded import leave

from ucarpd.record import left_behind as module
from ucarpd.record.left_behind import left_behind


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "AddressTable", FakeTable("10.0.0.1", "fd00::1"))
    return tmp_path / "run"


def told(run, *running):
    return [(name, text) for name, _, text in left_behind(running, run)]


def change(run, **said):
    file = run / "private/web.record"
    file.write_text(json.dumps(json.loads(file.read_text()) | said))


def test_the_address_the_device_and_the_command(tmp_path, run):
    leave(tmp_path, run, INTERFACE="lo", EXTRA_ADDRS="10.0.0.2")
    text = f"10.0.0.1 is still on lo, left by a process that has died: ucarpd clear {tmp_path}/web.conf"
    assert told(run) == [("web", text)]
    assert told(run, "web") == []


def test_both_families_of_a_process_of_env_which_is_named(tmp_path, run):
    leave(tmp_path, run, INTERFACE="lo", EXTRA_ADDRS="fd00::1")
    change(run, path="environment")
    (said,) = told(run)
    assert said[1].startswith("10.0.0.1, fd00::1 are still on lo, ")
    assert said[1].endswith(": ucarpd clear web")


@pytest.mark.parametrize(
    "keys",
    [{"placed": False}, {"SHUTDOWN": "no"}, {"ADDR": "10.0.0.2/8"}, {"INTERFACE": "gone0"}],
    ids=str,
)
def test_what_is_not_there_or_stays_on_purpose_is_no_news(tmp_path, run, keys):
    leave(tmp_path, run, **{"INTERFACE": "lo"} | keys)
    assert told(run) == []


@pytest.mark.parametrize("name", ["web", "mail"])
def test_what_a_running_instance_has_is_no_news(tmp_path, run, name):
    leave(tmp_path, run, INTERFACE="lo")
    change(run, pid=os.getppid(), instance=name)
    if name == "mail":
        (run / "private/web.record").rename(run / "private/mail.record")
        leave(tmp_path, run, INTERFACE="lo")
    assert told(run) == []


def test_a_user_who_may_not_look_sees_nothing(tmp_path, run):
    (run / "private/web.record").mkdir(parents=True)
    assert told(run) == []
