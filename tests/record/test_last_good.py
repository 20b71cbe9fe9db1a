"""The configuration that is kept for the start after a crash."""

import json
import os
import stat

import pytest

from ucarpd import config
from ucarpd.record import last_good
from ucarpd.record.last_good import LastGood, read_all

GOOD = "UCARP_INTERFACE=eth0\nUCARP_VHID=7\nUCARP_ADDR=10.0.0.1\n"


@pytest.fixture
def run(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def kept(tmp_path, run):
    """Keeps the configuration of a text under a name; returns its file."""

    def keep(text=GOOD + "UCARP_PASS=secret\n", name="web"):
        path = tmp_path / f"{name}.conf"
        path.write_text(text)
        path.chmod(0o600)
        LastGood(name, run).keep(config.load(path, {}))
        return path

    return keep


def test_what_was_kept_is_read_although_the_file_has_changed(kept, run):
    path = kept()
    running = config.load(path, {})
    path.write_text("UCARP_VHID=300\n")
    (found,) = read_all(run, {})
    assert found.loaded.config == running
    assert found.loaded.config.key == b"secret"
    assert found.loaded.given["UCARP_VHID"].line == 2
    assert found.since == pytest.approx((run / "private/web.good").stat().st_mtime, abs=5)


def test_only_our_user_can_read_it(kept, run):
    kept()
    assert stat.S_IMODE((run / "private").stat().st_mode) == 0o700
    assert stat.S_IMODE((run / "private/web.good").stat().st_mode) == 0o600
    assert [path.name for path in (run / "private").iterdir()] == ["web.good"]


def test_the_password_file_may_be_gone(kept, run, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("inthefile\n")
    secret.chmod(0o600)
    kept(f"{GOOD}UCARP_PASSFILE={secret}\n")
    secret.unlink()
    (found,) = read_all(run, {})
    assert found.loaded.config.key == b"inthefile"


def test_a_credential_is_kept_too(run, tmp_path):
    credential = tmp_path / "web.pass"
    credential.write_text("credential\n")
    path = tmp_path / "web.conf"
    path.write_text(GOOD)
    path.chmod(0o600)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    LastGood("web", run).keep(config.load(path, environ))
    credential.write_text("another\n")
    (found,) = read_all(run, environ)
    assert found.loaded.config.key == b"credential"


def test_a_clean_stop_forgets_it(kept, run):
    kept()
    for _ in range(2):
        LastGood("web", run).forget()
    assert read_all(run, {}) == []


def test_a_path_may_have_any_bytes(run, tmp_path):
    directory = tmp_path / os.fsdecode(b"\xff")
    directory.mkdir()
    path = directory / "web.conf"
    path.write_text(GOOD + "UCARP_PASS=secret\n")
    path.chmod(0o600)
    LastGood("web", run).keep(config.load(path, {}))
    (found,) = read_all(run, {})
    assert found.loaded.config.path == path


@pytest.mark.parametrize("damage", [b"", b"[]", b"{}", b"\xff", b'{"version": 1}'])
def test_a_damaged_file_stands_in_for_nothing(kept, run, damage):
    kept()
    kept(GOOD + "UCARP_PASS=other\n", "mail")
    (run / "private/web.good").write_bytes(damage)
    assert [each.loaded.config.name for each in read_all(run, {})] == ["mail"]


@pytest.mark.parametrize("key", ["boot", "namespace", "version"])
def test_nothing_of_before_the_boot_or_of_elsewhere_is_used(kept, run, key):
    kept()
    file = run / "private/web.good"
    said = json.loads(file.read_text())
    file.write_text(json.dumps(said | {key: "another"}))
    assert read_all(run, {}) == []


def test_what_this_version_refuses_stands_in_for_nothing(kept, run):
    kept()
    file = run / "private/web.good"
    said = json.loads(file.read_text())
    contents = dict.fromkeys(said["contents"], b"UCARP_VHID=300\n".hex())
    file.write_text(json.dumps(said | {"contents": contents}))
    assert read_all(run, {}) == []


def test_without_a_private_directory_nothing_is_kept(run):
    assert read_all(run, {}) == []
    run.touch()
    assert read_all(run, {}) == []


def test_a_full_directory_is_an_error_that_names_the_file(kept, run, monkeypatch):
    path = kept()

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match=r"cannot write .*/private/web\.good: No space"):
        LastGood("web", run).keep(config.load(path, {}))
    assert not list((run / "private").glob("*.new"))
    assert last_good.read_all(run, {})
