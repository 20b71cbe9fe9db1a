"""The scripts in /etc/ucarp belong to the administrator, whatever dpkg does with the package.

A small package with the maintainer scripts of the real one is installed below a directory.  There is
nobody to answer a question of dpkg: it would fail.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
NAMES = ("ucarp-down.sh", "ucarp-up.sh")
OWN = "#!/bin/sh\n# mine\n"


class Host:
    """A directory with a dpkg of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.root = directory / "root"
        self.etc = self.root / "etc/ucarp"
        (self.root / "var/lib/dpkg/info").mkdir(parents=True)
        for name in ("status", "diversions"):
            (self.root / "var/lib/dpkg" / name).touch()

    def dpkg(self, *arguments, program="dpkg", check=True):
        options = (
            "--force-not-root",
            "--force-unsafe-io",
            "--force-script-chrootless",
            "--log=/dev/null",
        )
        return subprocess.run(
            [program, f"--root={self.root}", *(options if program == "dpkg" else ()), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=check,
            env={"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"},
        )

    def package(self, version, conffiles, name="ucarpd"):
        """Build a package whose scripts have the text `version`."""
        tree = self.directory / f"{name}-{version}"
        scripts = tree / ("etc/ucarp" if conffiles else "usr/share/ucarpd")
        for folder in (tree / "DEBIAN", tree / "etc/ucarp", scripts):
            folder.mkdir(parents=True, exist_ok=True)
        (tree / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
            "Maintainer: A <a@a.example>\nDescription: a test\n"
        )
        for each in NAMES:
            (scripts / each).write_text(version)
            (scripts / each).chmod(0o755)
        if conffiles:
            (tree / "DEBIAN/conffiles").write_text("".join(f"/etc/ucarp/{n}\n" for n in NAMES))
        else:
            for each in ("preinst", "postinst", "postrm"):
                (tree / "DEBIAN" / each).write_bytes(
                    (PROJECT / f"debian/ucarpd.{each}").read_bytes()
                )
                (tree / "DEBIAN" / each).chmod(0o755)
        file = tree.with_suffix(".deb")
        subprocess.run(
            ["dpkg-deb", "-Znone", "--build", tree, file], capture_output=True, check=True
        )
        return file

    def conffiles(self, version):
        """Install a version of the time when the scripts were conffiles."""
        self.dpkg("--install", self.package(version, conffiles=True))

    def install(self, version):
        self.dpkg("--install", self.package(version, conffiles=False))

    def texts(self):
        return {path.name: path.read_text() for path in self.etc.glob("*")}

    def known_to_dpkg(self):
        """The scripts that dpkg has in its lists."""
        listed = self.dpkg("--show", "--showformat=${Conffiles}", program="dpkg-query").stdout
        return listed + (self.root / "var/lib/dpkg/diversions").read_text()


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


@pytest.fixture(params=["conffiles", "install"])
def upgradable(request, host):
    """A host with a version from before or after the change."""
    getattr(host, request.param)("1")
    assert host.texts() == dict.fromkeys(NAMES, "1")
    return host


def test_they_are_put_there_once_and_go_with_the_package(host):
    host.install("1")
    assert host.texts() == dict.fromkeys(NAMES, "1")
    before = [(host.etc / name).stat() for name in NAMES]
    assert {each.st_mode & 0o777 for each in before} == {0o755}
    host.install("1")
    assert [(host.etc / name).stat().st_ino for name in NAMES] == [each.st_ino for each in before]
    host.dpkg("--remove", "ucarpd")
    assert host.texts() == dict.fromkeys(NAMES, "1")
    host.dpkg("--purge", "ucarpd")
    assert not host.etc.exists()
    assert not (host.root / "var/lib/ucarpd").exists()


def test_those_that_were_there_before_the_package_are_never_touched(host):
    host.etc.mkdir(parents=True)
    (host.etc / "ucarp-up.sh").write_text(OWN)
    (host.etc / "ucarp-down.sh").symlink_to("/opt/down.sh")
    for version in ("1", "2"):
        host.install(version)
    host.dpkg("--purge", "ucarpd")
    assert (host.etc / "ucarp-up.sh").read_text() == OWN
    assert (host.etc / "ucarp-down.sh").readlink() == Path("/opt/down.sh")


def test_an_upgrade_renews_what_nobody_has_edited(upgradable):
    (upgradable.etc / "ucarp-up.sh").chmod(0o700)
    upgradable.install("2")
    assert upgradable.texts() == dict.fromkeys(NAMES, "2")
    assert (upgradable.etc / "ucarp-up.sh").stat().st_mode & 0o777 == 0o700
    assert upgradable.known_to_dpkg() == ""
    upgradable.dpkg("--purge", "ucarpd")
    assert not upgradable.etc.exists()


def test_an_edited_one_stays_even_at_a_purge(upgradable):
    (upgradable.etc / "ucarp-up.sh").write_text(OWN)
    upgradable.install("2")
    assert upgradable.texts() == {"ucarp-down.sh": "2", "ucarp-up.sh": OWN}
    assert upgradable.known_to_dpkg() == ""
    upgradable.dpkg("--purge", "ucarpd")
    assert upgradable.texts() == {"ucarp-up.sh": OWN}


def test_one_that_already_has_the_new_text_is_renewed_by_the_next_upgrade(upgradable):
    (upgradable.etc / "ucarp-up.sh").write_text("2")
    for version in ("2", "3"):
        upgradable.install(version)
    assert upgradable.texts() == dict.fromkeys(NAMES, "3")


def test_a_host_without_the_shipped_scripts_or_the_directory(host):
    host.install("1")
    shutil.rmtree(host.etc)
    shutil.rmtree(host.root / "usr/share/ucarpd")
    run_again = ("sh", "-e", host.root / "var/lib/dpkg/info/ucarpd.postinst", "configure", "1")
    subprocess.run(run_again, check=True, env={**os.environ, "DPKG_ROOT": str(host.root)})
    assert host.texts() == {}


def test_one_that_was_moved_and_linked_stays(upgradable):
    elsewhere = upgradable.directory / "up.sh"
    (upgradable.etc / "ucarp-up.sh").rename(elsewhere)
    (upgradable.etc / "ucarp-up.sh").symlink_to(elsewhere)
    upgradable.install("2")
    upgradable.dpkg("--purge", "ucarpd")
    assert (upgradable.etc / "ucarp-up.sh").readlink() == elsewhere
    assert upgradable.texts() == {"ucarp-up.sh": "1"}


@pytest.mark.parametrize("is_link", [False, True])
def test_copies_beside_them_stay(upgradable, is_link):
    elsewhere = upgradable.directory / "mine.sh"
    elsewhere.write_text(OWN)
    for name in NAMES:
        copy = upgradable.etc / f"{name}.new"
        copy.symlink_to(elsewhere) if is_link else copy.write_text(OWN)
    upgradable.install("2")
    upgradable.conffiles("1")
    upgradable.dpkg("--purge", "ucarpd")
    assert upgradable.texts() == {f"{name}.new": OWN for name in NAMES}
    assert elsewhere.read_text() == OWN


def test_a_deleted_one_stays_deleted(upgradable):
    (upgradable.etc / "ucarp-up.sh").unlink()
    for version in ("2", "2", "3"):
        upgradable.install(version)
        assert upgradable.texts() == {"ucarp-down.sh": version}
    upgradable.dpkg("--remove", "ucarpd")
    upgradable.install("3")
    assert upgradable.texts() == {"ucarp-down.sh": "3"}


def test_an_edited_one_of_a_removed_version_stays(host):
    host.conffiles("1")
    (host.etc / "ucarp-up.sh").write_text(OWN)
    host.dpkg("--remove", "ucarpd")
    host.install("2")
    host.dpkg("--purge", "ucarpd")
    assert host.texts() == {"ucarp-up.sh": OWN}


def test_none_is_missing_during_an_upgrade(host):
    old = host.package("1", conffiles=True)
    # dpkg calls this one when the new files are there, before it looks at the conffiles.
    seen = host.directory / "seen"
    postrm = old.with_suffix("") / "DEBIAN/postrm"
    postrm.write_text(f'#!/bin/sh\nls "$DPKG_ROOT/etc/ucarp" >>{seen}\n')
    postrm.chmod(0o755)
    host.conffiles("1")
    host.dpkg("--unpack", host.package("2", conffiles=False))
    assert tuple(seen.read_text().split()) == NAMES
    assert host.texts() == dict.fromkeys(NAMES, "1")
    host.dpkg("--configure", "ucarpd")
    assert host.texts() == dict.fromkeys(NAMES, "2")


def test_an_upgrade_that_fails_changes_nothing(host):
    host.conffiles("1")
    before = host.known_to_dpkg()
    # The files of the new version belong to another package.
    host.dpkg("--unpack", host.package("1", conffiles=False, name="other"))
    result = host.dpkg("--install", host.package("2", conffiles=False), check=False)
    assert "trying to overwrite" in result.stderr
    assert host.known_to_dpkg() == before
    assert host.texts() == dict.fromkeys(NAMES, "1")


def test_an_edited_one_stays_after_an_upgrade_that_was_taken_back_half_done(host):
    host.conffiles("1")
    (host.etc / "ucarp-up.sh").write_text(OWN)
    host.dpkg("--unpack", host.package("2", conffiles=False))
    host.conffiles("1")
    assert host.texts() == {"ucarp-down.sh": "1", "ucarp-up.sh": OWN}
    host.install("2")
    assert host.texts() == {"ucarp-down.sh": "2", "ucarp-up.sh": OWN}
    assert host.known_to_dpkg() == ""
    host.dpkg("--purge", "ucarpd")
    assert host.texts() == {"ucarp-up.sh": OWN}


def test_the_way_back_to_conffiles_asks_nothing(host):
    host.conffiles("1")
    (host.etc / "ucarp-up.sh").chmod(0o700)
    host.install("2")
    host.conffiles("1")
    assert host.texts() == dict.fromkeys(NAMES, "1")
    assert (host.etc / "ucarp-up.sh").stat().st_mode & 0o777 == 0o700
    host.install("2")
    assert host.texts() == dict.fromkeys(NAMES, "2")
