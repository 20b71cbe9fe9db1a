"""The socket in the file system: who may use it, and what happens to what others leave there."""

import os
import socket
import stat
from pathlib import Path

import pytest

from ucarpd.control import place
from ucarpd.control.place import Place
from ucarpd.ctl.processes import pid_of
from ucarpd.linux.namespace import process_namespace


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=[0o022, 0o077, 0o000], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def groups(tmp_path):
    """A file of groups in which a group of ours is called ucarpd."""
    path = tmp_path / "group"
    path.write_text(f"root:x:0:\nucarpd-test:x:1:\nucarpd:x:{os.getegid()}:joe\n")
    return path


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "run/ctl"


def opened(tmp_path, groups):
    made = Place(tmp_path / "run", groups)
    made.open().close()
    return made


@pytest.mark.usefixtures("umask")
def test_the_group_may_connect(tmp_path, groups, directory):
    made = Place(tmp_path / "run", groups)
    with made.open():
        assert made.path == directory / f"{os.getpid()}.sock"
        assert mode(directory.parent) == 0o755
        assert mode(directory) == 0o750
        assert mode(made.path) == 0o660
        assert {directory.lstat().st_gid, made.path.lstat().st_gid} == {os.getegid()}
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(made.path))
    assert list(directory.iterdir()) == [made.path]


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("text", ["root:x:0:\n", "ucarpd\n", "ucarpd:x:\n", "ucarpd:x:-1:\n", None])
def test_without_the_group_only_root_may(tmp_path, directory, text):
    groups = tmp_path / "group"
    if text is not None:
        groups.write_text(text)
    made = opened(tmp_path, groups)
    assert mode(directory) == 0o750
    assert mode(made.path) == 0o600
    assert made.is_in_place()


def test_what_belongs_to_another_group_changes_its_group_alone(
    tmp_path, groups, directory, monkeypatch
):
    given = []
    monkeypatch.setattr(place.os, "chown", lambda *how: given.append(how))
    gid = os.getegid() + 1
    groups.write_text(f"ucarpd:x:{gid}:\n")
    made = opened(tmp_path, groups)
    assert given == [(directory, -1, gid), (made.path.with_suffix(".new"), -1, gid)]
    assert mode(made.path) == 0o660


def test_if_the_group_of_a_file_cannot_be_set_only_root_may(tmp_path, groups, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError

    monkeypatch.setattr(place.os, "chown", refuse)
    groups.write_text(f"ucarpd:x:{os.getegid() + 1}:\n")
    made = opened(tmp_path, groups)
    assert mode(made.path) == 0o600
    assert made.is_in_place()


@pytest.mark.parametrize(
    ("before", "after"),
    [(0o777, 0o750), (0o755, 0o750), (0o2750, 0o2750), (0o700, 0o700), (0o770, 0o750)],
)
def test_the_directory_gets_no_more_rights_than_it_has(tmp_path, groups, directory, before, after):
    directory.mkdir(parents=True)
    directory.chmod(before)
    made = opened(tmp_path, groups)
    assert mode(directory) == after
    directory.chmod(before)
    assert made.is_in_place()
    assert mode(directory) == after


@pytest.mark.parametrize("what", ["file", "link"])
def test_something_else_in_its_place_is_left_alone(tmp_path, groups, directory, what):
    directory.parent.mkdir()
    if what == "file":
        directory.touch()
    else:
        directory.symlink_to(tmp_path)
    with pytest.raises(OSError, match=r"control socket .*/ctl/\d+.sock: .*remove it"):
        Place(tmp_path / "run", groups).open()


def test_a_socket_that_has_gone_or_changed_is_missed(tmp_path, groups, directory):
    made = opened(tmp_path, groups)
    assert made.is_in_place()
    made.path.chmod(0o666)
    assert not made.is_in_place()
    made.open().close()
    assert made.is_in_place()
    made.path.unlink()
    assert not made.is_in_place()
    directory.rmdir()
    assert not made.is_in_place()


def test_what_a_crash_has_left_of_a_new_socket_is_replaced(tmp_path, groups, directory):
    directory.mkdir(parents=True)
    (directory / f"{os.getpid()}.new").touch()
    assert opened(tmp_path, groups).is_in_place()


def test_sockets_of_the_dead_are_removed_and_no_others(tmp_path, groups, directory):
    made = Place(tmp_path / "run", groups)
    with made.open(), socket.socket(socket.AF_UNIX) as living:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(directory / "1.sock"))
        living.bind(str(directory / "2.sock"))
        living.listen(1)
        (directory / "notes.txt").touch()
        made.remove_stale()
        names = {path.name for path in directory.iterdir()}
        assert names == {made.path.name, "2.sock", "notes.txt"}


def test_the_socket_of_another_container_stays(tmp_path, groups, monkeypatch):
    """In its own namespace its process has the same number."""
    monkeypatch.chdir(tmp_path)  # A path of a socket must not be long.
    directory = Path("run/ctl")
    usual = directory / f"{os.getpid()}.sock"
    directory.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(str(usual))
        living.listen(1)
        made = Place(Path("run"), groups)
        with made.open():
            assert made.path == directory / f"{os.getpid()}-{process_namespace()}.sock"
            assert made.is_in_place()
            assert pid_of(made.path) == os.getpid()
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(usual))
                living.accept()[0].close()
        made.remove()
    assert list(directory.iterdir()) == [usual]
    made.open().close()
    assert made.path == usual, "that container has died"


def test_it_takes_its_own_socket_away_and_no_other(tmp_path, groups):
    first, second = opened(tmp_path, groups), opened(tmp_path, groups)
    first.remove()
    assert second.path.is_socket()
    second.remove()
    assert not second.path.exists()
    second.remove()
