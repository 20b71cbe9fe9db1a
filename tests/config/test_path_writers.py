"""Which users other than root can change a file, by itself or by a directory on the way to it."""

import os
import subprocess
from pathlib import Path

import pytest

from ucarpd.config import path_writers
from ucarpd.config.path_writers import find

BOB = 4321
BOBS_GROUP = 4322


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """The file `opt/app/up.sh` below a safe directory, and a way to give paths to other owners."""

    class Tree:
        root = tmp_path
        file = tmp_path / "opt/app/up.sh"

        def __init__(self):
            self.owners = {}
            self.trusted = {0, os.geteuid()}
            self.file.parent.mkdir(parents=True)
            self.file.write_text("#!/bin/sh\n")
            for path in (self.file, self.file.parent, self.root / "opt"):
                path.chmod(0o755)
                self.give(path)

        def give(self, path, uid=0, gid=0):
            # The tests may run as anybody, who cannot give files away.
            self.owners[path] = (uid, gid)

        def status(self, step):
            path = Path(step)
            real = list(path.lstat())
            real[4:6] = self.owners.get(path, real[4:6])
            return os.stat_result(real)

        def found(self, path=None):
            return find(path or self.file, self.trusted)

        def commands(self, path=None):
            return [each.command for each in self.found(path)]

    tree = Tree()
    monkeypatch.setattr(path_writers, "_status", tree.status)
    return tree


def test_a_file_of_root_in_directories_of_root(tree):
    assert tree.found() == []


@pytest.mark.parametrize(
    ("mode", "command"),
    [
        (0o775, "chmod g-w"),
        (0o757, "chmod o-w"),
        (0o777, "chmod go-w"),
        (0o755, None),
        (0o700, None),
    ],
)
@pytest.mark.parametrize("step", ["opt/app/up.sh", "opt/app", "opt"])
def test_a_mode_that_lets_others_write(tree, step, mode, command):
    path = tree.root / step
    path.chmod(mode)
    tree.give(path, gid=BOBS_GROUP)
    assert tree.commands() == ([f"{command} {path}"] if command else [])
    for each in tree.found():
        assert each.is_grave
        assert each.is_directory == path.is_dir()
        subprocess.run(["sh", "-c", each.command], check=True)
    assert tree.found() == []


@pytest.mark.parametrize("gid", [0, 50])
def test_the_groups_of_root_and_staff_are_no_grave_matter(tree, gid):
    tree.file.chmod(0o775)
    tree.give(tree.file, gid=gid)
    (found,) = tree.found()
    assert (found.is_grave, found.command) == (False, f"chmod g-w {tree.file}")
    assert found.text == f"group {gid} can write {tree.file}"
    tree.file.chmod(0o777)
    (found,) = tree.found()
    assert (found.is_grave, found.command) == (True, f"chmod go-w {tree.file}")


@pytest.mark.parametrize("step", ["opt/app/up.sh", "opt/app", "opt"])
def test_another_owner(tree, step):
    path = tree.root / step
    tree.give(path, uid=BOB)
    (found,) = tree.found()
    assert (found.is_grave, found.command) == (True, f"chown root {path}")
    what = "the directory " if path.is_dir() else ""
    assert found.text == f"user {BOB} owns {what}{path}"
    assert find(tree.file, {*tree.trusted, BOB}) == []


def test_everything_is_told_from_the_outside_in(tree):
    tree.file.chmod(0o777)
    tree.give(tree.file, uid=BOB)
    (tree.root / "opt").chmod(0o777)
    assert tree.commands() == [
        f"chmod go-w {tree.root}/opt",
        f"chown root {tree.file}",
        f"chmod go-w {tree.file}",
    ]


def test_in_a_sticky_directory_only_the_owner_of_a_file_can_replace_it(tree):
    tree.file.parent.chmod(0o1777)
    assert tree.found() == []
    tree.give(tree.file, uid=BOB)
    assert tree.commands() == [f"chown root {tree.file}"]
    tree.give(tree.file)
    tree.give(tree.file.parent, uid=BOB)
    assert tree.commands() == [f"chown root {tree.file.parent}"]


def test_a_sticky_file_is_a_file(tree):
    tree.file.chmod(0o1777)
    assert tree.commands() == [f"chmod go-w {tree.file}"]


@pytest.mark.parametrize("is_relative", [True, False])
def test_a_link_leads_to_other_directories(tree, is_relative):
    home = tree.root / "home"
    home.mkdir()
    target = home / "real.sh"
    target.write_text("")
    target.chmod(0o755)
    home.chmod(0o777)
    tree.file.unlink()
    tree.file.symlink_to("../../home/real.sh" if is_relative else target)
    # The link itself has mode 777, which means nothing.
    assert tree.commands() == [f"chmod go-w {home}"]
    home.chmod(0o755)
    assert tree.found() == []
    (tree.root / "opt").chmod(0o777)
    assert tree.commands() == [f"chmod go-w {tree.root}/opt"]


def test_a_directory_that_is_a_link(tree):
    (tree.root / "short").symlink_to("opt/app")
    tree.file.parent.chmod(0o777)
    assert tree.commands(tree.root / "short/up.sh") == [f"chmod go-w {tree.file.parent}"]
    assert tree.commands(tree.root / "short/../app/up.sh") == [f"chmod go-w {tree.file.parent}"]


def test_the_owner_of_a_link_in_a_sticky_directory_can_replace_it(tree):
    link = tree.root / "tmp/up.sh"
    link.parent.mkdir()
    link.symlink_to(tree.file)
    tree.give(link, uid=BOB)
    link.parent.chmod(0o755)
    assert tree.found(link) == []
    link.parent.chmod(0o1777)
    assert tree.commands(link) == [f"chown -h root {link}"]


def test_links_that_lead_nowhere_or_round(tree):
    tree.file.parent.chmod(0o777)
    loop = tree.file.with_name("loop.sh")
    loop.symlink_to(loop)
    gone = tree.file.with_name("gone.sh")
    gone.symlink_to("none.sh")
    for path in (loop, gone, tree.file.with_name("none.sh"), tree.file / "under-a-file"):
        assert tree.commands(path) == [f"chmod go-w {tree.file.parent}"]


def test_mode_bits_that_are_reported_elsewhere_are_left_out(tree):
    tree.file.chmod(0o757)
    assert find(tree.file, tree.trusted, known=0o002) == []
    tree.file.parent.chmod(0o757)
    (found,) = find(tree.file, tree.trusted, known=0o002)
    assert found.command == f"chmod o-w {tree.file.parent}"


def test_a_command_can_be_pasted_whatever_the_name(tree):
    odd = tree.file.with_name("it's up;.sh")
    tree.file.rename(odd)
    tree.give(odd)
    odd.chmod(0o757)
    (found,) = tree.found(odd)
    subprocess.run(["sh", "-c", found.command], check=True)
    assert tree.found(odd) == []


def test_a_relative_path(tree, monkeypatch):
    monkeypatch.chdir(tree.root)
    tree.file.parent.chmod(0o777)
    assert tree.commands(tree.file.relative_to(tree.root)) == [f"chmod go-w {tree.file.parent}"]
