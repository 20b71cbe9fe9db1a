"""The virtual addresses in the records of other processes."""

import json
import os
from ipaddress import ip_address
from pathlib import Path

import pytest
from recorded import content

from ucarpd.record.elsewhere import virtual_addresses_elsewhere
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


def test_thousands_of_unchanged_files_are_read_once(file, monkeypatch):
    for number in range(2000):
        file.with_name(f"{number}.record").hardlink_to(file)
    reads = []
    monkeypatch.setattr(Path, "read_bytes", lambda path: reads.append(path) or b"")
    virtual_addresses_elsewhere()
    virtual_addresses_elsewhere()
    assert len(reads) == 2001
