"""The run directory, and the private directory, closed to other users."""

import os
import stat
from pathlib import Path

import pytest

from ucarpd.linux.run_directory import (
    DEFAULT_RUN_DIRECTORY,
    private_directory,
    private_path,
    replace_file,
    run_directory,
)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_systemd_names_the_run_directory(monkeypatch):
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    assert run_directory() == Path(DEFAULT_RUN_DIRECTORY)
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/one:/run/two")
    assert run_directory() == Path("/run/one")


def test_both_are_made_where_they_are_missing(tmp_path):
    run = tmp_path / "a" / "run"
    assert private_directory(run) == private_path(run) == run / "private"
    assert mode(run / "private") == 0o700
    assert private_directory(run) == run / "private", "again is fine"


def test_all_users_may_look_into_the_run_directory_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        private_directory(tmp_path / "run")
    finally:
        os.umask(before)
    assert mode(tmp_path / "run") == 0o755


def test_a_private_directory_that_is_open_to_others_is_closed(tmp_path):
    private = tmp_path / "private"
    private.mkdir()
    private.chmod(0o755)
    private_directory(tmp_path)
    assert mode(private) == 0o700


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("/tmp")])
def test_what_stands_in_its_place_is_refused(tmp_path, make):
    make(tmp_path / "private")
    with pytest.raises(OSError, match="not a directory of ours: remove it"):
        private_directory(tmp_path)


def test_a_run_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(OSError, match="File exists|Not a directory"):
        private_directory(tmp_path / "run")


@pytest.mark.parametrize("is_link", [True, False])
def test_what_stands_in_the_place_of_the_new_file_is_not_written(tmp_path, is_link):
    file, other = tmp_path / "file", tmp_path / "other"
    other.write_text("of another program")
    if is_link:
        Path(f"{file}.new").symlink_to(other)
    else:
        os.mkfifo(f"{file}.new")
    replace_file(file, b"ours", 0o640)
    assert (file.read_bytes(), mode(file)) == (b"ours", 0o640)
    assert other.read_text() == "of another program"
    assert sorted(tmp_path.iterdir()) == [file, other]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    """For its new version this name is too long, even to be removed."""
    file = tmp_path / ("x" * 255)
    with pytest.raises(OSError, match=f"cannot write {file}: File name too long"):
        replace_file(file, b"ours")
