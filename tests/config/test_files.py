"""Several files: which of a directory count, and where two of them collide."""

import os
from pathlib import Path

import pytest

from ucarpd.config import ConfigError, files, find_files, load_all


def write(name: str, interface: str = "eth0", vhid: int = 1, addr: str = "10.0.0.1") -> Path:
    """A file whose vhid is in line 2 and whose address is in line 3."""
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"UCARP_INTERFACE={interface}\nUCARP_VHID={vhid}\nUCARP_VIP={addr}\nUCARP_PASS=geheim7\n"
    )
    return path


def outcome(*paths: str) -> tuple[list[str], list[str]]:
    """The names of the files that load, and the problems of the others."""
    loaded, problems = load_all([Path(path) for path in paths], {})
    return [each.config.name for each in loaded], [str(problem) for problem in problems]


def test_the_files_of_a_directory(home):
    for name in (
        *("b.conf", "a.conf", "a-1.conf"),
        *(".hidden.conf", "a.conf~", "a.conf.bak", "a.conf.example", "a.conf.dpkg-old", "notes"),
        *("a.conf.rpmsave", "a.conf.ucf-dist", ".a.conf.swp", "aconf", "mirror.rpm.conf"),
    ):
        Path(name).touch()
    Path("dir.conf").mkdir()
    expected = ("a-1.conf", "a.conf", "b.conf", "dir.conf", "mirror.rpm.conf")
    assert find_files(home) == [home / name for name in expected]


def test_a_file_that_is_named_counts_whatever_its_name(home):
    Path("web.example").touch()
    assert find_files(Path("web.example")) == [Path("web.example")]


def test_an_empty_directory(home):
    assert find_files(home) == []
    assert outcome(".") == ([], [])


def test_a_directory_in_the_place_of_a_file(home):
    (home / "web.conf").mkdir()
    fault = "web.conf: is a directory, not a file"
    assert outcome("web.conf") == ([], [fault])
    (home / "web.conf/web.conf").write_text("")
    assert find_files(Path("web.conf")) == [Path("web.conf/web.conf")]


def test_a_link_to_nothing(home):
    (home / "web.conf").symlink_to("/srv/web.conf")
    fault = "web.conf: is a link to /srv/web.conf, which does not exist"
    assert outcome("web.conf") == outcome(".") == ([], [fault])


def test_a_path_that_is_missing_or_closed(home, monkeypatch):
    with pytest.raises(ConfigError, match=r"^none: does not exist$"):
        find_files(Path("none"))

    def refuse(*_: object) -> list[str]:
        raise PermissionError(13, "Permission denied")

    # Root may read everything, and the tests may run as root.
    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(
        ConfigError, match=r": cannot be read: permission denied \(are you root\?\)$"
    ):
        find_files(home)


def test_one_bad_file_does_not_touch_the_others(home):
    write("a.conf", vhid=300)
    write("b.conf")
    Path("c.conf").mkdir()
    Path("d.conf").symlink_to("nowhere")
    assert outcome(".", "none") == (
        ["b"],
        [
            "none: does not exist (there are: a.conf, b.conf, c.conf, d.conf)",
            "a.conf:2: UCARP_VHID: must be from 1 to 255 (got '300')",
            "c.conf: is a directory, not a file",
            "d.conf: is a link to nowhere, which does not exist",
        ],
    )


def test_a_file_of_proc_is_as_large_as_what_is_read(monkeypatch):
    file = Path("/proc/self/status")
    assert file.stat().st_size == 0
    assert files.read(file).startswith(b"Name:")
    monkeypatch.setattr(files, "_LIMIT", 100)
    with pytest.raises(OSError, match="is larger than 100 bytes"):
        files.read(file)


def test_two_vhids_on_one_interface(home):
    write("a.conf", vhid=1, addr="10.0.0.1")
    write("b.conf", vhid=1, addr="10.0.0.2")
    write("c.conf", vhid=1, addr="10.0.0.2", interface="eth1")
    assert outcome("a.conf", "b.conf", "c.conf") == (
        ["a", "c"],
        [
            (
                "b.conf:2: UCARP_VHID: vhid 1 on eth0 is already taken by a.conf:2:"
                " give each virtual host on an interface its own number (got '1')"
            )
        ],
    )


def test_an_address_twice_whatever_the_interface(home):
    write("a.conf", vhid=1, addr="10.0.0.1,10.0.0.2")
    write("b.conf", vhid=2, addr="10.0.0.3,10.0.0.2/8", interface="eth1")
    # The refused file takes nothing from those after it.
    write("c.conf", vhid=2, addr="10.0.0.3", interface="eth1")
    assert outcome(".") == (
        ["a", "c"],
        ["b.conf:3: UCARP_VIP: 10.0.0.2 is already taken by a.conf:3 (got '10.0.0.3,10.0.0.2/8')"],
    )


def test_a_copy_collides_in_every_respect(home):
    write("one/web.conf")
    write("two/web.conf")
    assert outcome("two", "one") == (
        ["web"],
        [
            (
                "one/web.conf:2: UCARP_VHID: vhid 1 on eth0 is already taken by two/web.conf:2:"
                " give each virtual host on an interface its own number (got '1')"
            ),
            (
                "one/web.conf:3: UCARP_VIP: 10.0.0.1 is already taken by two/web.conf:3"
                " (got '10.0.0.1')"
            ),
            ("one/web.conf: has the same instance name as two/web.conf: rename one of the files"),
        ],
    )


def test_a_file_that_is_named_twice_is_loaded_once(home):
    write("dir/a.conf")
    assert outcome("dir", "dir/a.conf", "./dir/../dir/a.conf") == (["a"], [])
