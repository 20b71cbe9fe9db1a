"""The virtual addresses in the records of other processes."""

import json
import os
from ipaddress import ip_address
from pathlib import Path

import pytest
from recorded import content

from ucarpd.record.elsewhere import sharers, virtual_addresses_elsewhere
from ucarpd.record.record import Record


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The record of an instance of this process."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    record = Record("web", tmp_path / "run")
    record.write(content(tmp_path, "web", ADDR="10.0.0.1/24"))
    return tmp_path / "run/private/web.record"


def test_a_process_that_lives_and_is_another_serves_them(file):
    written = json.loads(file.read_bytes())
    for pid, served in ((os.getpid(), False), (os.getppid(), True), (1 << 22, False)):
        file.write_text(json.dumps(written | {"pid": pid}))
        found = virtual_addresses_elsewhere()
        assert found == ({ip_address("10.0.0.1")} if served else set())


@pytest.mark.parametrize(
    ("change", "is_served"),
    [({"namespace": 0}, False), ({"boot": "another"}, False), ({"pid_namespace": None}, True)],
)
def test_which_records_are_of_this_host(file, change, is_served):
    """Version 0.2.0 wrote no process namespace."""
    written = json.loads(file.read_bytes()) | {"pid": os.getppid()}
    file.write_text(json.dumps(written | change))
    assert bool(virtual_addresses_elsewhere()) is is_served


def test_a_record_that_cannot_be_read_does_not_hide_the_others(file):
    file.with_name("a.record").mkdir()
    written = json.loads(file.read_bytes())
    file.write_text(json.dumps(written | {"pid": os.getppid()}))
    assert virtual_addresses_elsewhere() == {ip_address("10.0.0.1")}


def test_which_file_has_the_same_address(file, tmp_path):
    written = json.loads(file.read_bytes())
    file.write_text(json.dumps(written | {"pid": os.getppid()}))
    (told,) = sharers([ip_address("10.0.0.1"), ip_address("10.0.0.3")])
    assert told.startswith(f"{tmp_path}/web.conf, ")
    assert "also has 10.0.0.1:" in told
    assert sharers([ip_address("10.0.0.3")]) == []


def test_thousands_of_unchanged_files_are_read_once(file, monkeypatch):
    for number in range(2000):
        file.with_name(f"{number}.record").hardlink_to(file)
    reads = []
    monkeypatch.setattr(Path, "read_bytes", lambda path: reads.append(path) or b"")
    virtual_addresses_elsewhere()
    virtual_addresses_elsewhere()
    assert len(reads) == 2001


def test_records_that_cannot_be_read_name_no_address(run_directory):
    run_directory.mkdir()
    (run_directory / "private").symlink_to("private")
    assert virtual_addresses_elsewhere() == frozenset()
