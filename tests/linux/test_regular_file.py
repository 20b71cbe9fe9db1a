"""A path that is opened as a file is a file."""

import os

import pytest

from ucarpd.linux.regular_file import open_regular


def test_a_regular_file(tmp_path):
    path = tmp_path / "file"
    descriptor = open_regular(path, os.O_RDWR | os.O_CREAT)
    assert path.stat().st_mode & 0o777 == 0o640
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR])
def test_a_named_pipe_does_not_hold_up(tmp_path, flags):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is not a regular file"):
        open_regular(tmp_path / "pipe", flags)


def test_a_directory(tmp_path):
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
