"""The files of a running instance are compared with what its process has read."""

import json
import os

import pytest

from ucarpd import config
from ucarpd.record.edited import edited, kept, reload_command
from ucarpd.record.last_good import LastGood

US = os.getpid()


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The file of an instance that runs, and the file with its password."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    secret, file = tmp_path / "secret", tmp_path / "web.conf"
    secret.write_text("one\n")
    file.write_text(
        f"UCARP_INTERFACE=eth0\nUCARP_VHID=7\nUCARP_ADDR=10.0.0.1\nUCARP_PASSFILE={secret}\n"
    )
    LastGood("web", tmp_path / "run").keep(config.load(file, {}))
    return file, secret


@pytest.mark.parametrize("number", [0, 1])
def test_a_file_that_has_changed_is_named(files, number):
    assert edited("web", US) == ""
    file = files[number]
    file.write_text("another\n")
    assert edited("web", US) == f"{file} has changed since the process read it: kill -HUP {US}"
    file.unlink()
    assert edited("web", US) == "", "that is told elsewhere"


def test_nothing_is_known_of_an_instance_that_does_not_run(files):
    assert kept("mail") == {}
    assert edited("mail", US) == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"contents": {"/x": "zz"}})])
def test_a_damaged_copy_tells_nothing(files, tmp_path, text):
    (tmp_path / "run/private/web.good").write_text(text)
    assert kept("web") == {}


@pytest.mark.parametrize(
    ("cgroup", "command"),
    [
        (
            "0::/system.slice/system-ucarpd.slice/ucarpd@web.service\n",
            "systemctl reload ucarpd@web",
        ),
        ("0::/system.slice/ucarpd.service\n", "systemctl reload ucarpd"),
        ("1:name=systemd:/system.slice/ucarpd.service\n0::/\n", "systemctl reload ucarpd"),
        ("0::/system.slice/ucarp-web.service\n", "kill -HUP 7"),
        ("0::/user.slice/session-1.scope\n", "kill -HUP 7"),
    ],
)
def test_the_command_that_makes_it_read_the_file(tmp_path, cgroup, command):
    (tmp_path / "7").mkdir()
    (tmp_path / "7/cgroup").write_text(cgroup)
    assert reload_command(7, tmp_path) == command
    assert reload_command(8, tmp_path) == "kill -HUP 8"
