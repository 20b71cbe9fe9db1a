"""What makes two fingerprints differ, and what does not."""

import hashlib
import subprocess
import sys

import pytest
from config_files import minimal

from ucarpd import cli
from ucarpd.config import load
from ucarpd.diagnosis.fingerprint import fingerprint, line


@pytest.fixture
def config(tmp_path):
    def make(*lines, name="web", **changed):
        path = tmp_path / f"{name}.conf"
        path.write_text(minimal(*lines, **({"PASS": "geheim"} | changed)))
        return load(path, {})

    return make


@pytest.fixture
def quick(monkeypatch):
    """Each fingerprint takes a third of a second, which is its purpose, and not in question here."""
    monkeypatch.setattr("ucarpd.diagnosis.fingerprint._COST", 2)


@pytest.fixture
def usual(quick, config):
    return fingerprint(config(ADDR="10.0.0.1 10.0.0.2 fe80::1"))


def test_it_is_the_same_in_every_run_and_version(config):
    """Hosts with different releases of ucarpd and cryptography compare it."""
    salt = b"ucarpd fingerprint" + bytes([1, 0, 172, 16, 0, 1])
    key = b"geheim".ljust(20, b"\0")
    expected = hashlib.scrypt(key, salt=salt, n=65536, r=8, p=1, maxmem=1 << 27, dklen=3).hex()
    found = fingerprint(config(PASS="geheim", VHID="1", ADDR="172.16.0.1"))
    assert found == expected == "de6836"


@pytest.mark.parametrize(
    "changed",
    [
        {"PASS": "geheim2"},
        {"PASS": "Geheim"},
        {"PASS": "gehei"},
        {"VHID": "2"},
        {"ADDR": "10.0.0.1 10.0.0.3 fe80::1"},
        {"ADDR": "10.0.0.1 10.0.0.2"},
        {"ADDR": "10.0.0.1 10.0.0.2 fe80::1 10.0.0.4"},
        {"LLADDR": "02:00:00:00:00:01"},
        {"HASH_ADDRS": "10.0.0.9"},
    ],
    ids=str,
)
def test_it_differs_where_the_digest_differs(config, usual, changed):
    assert fingerprint(config(**({"ADDR": "10.0.0.1 10.0.0.2 fe80::1"} | changed))) != usual


@pytest.mark.parametrize(
    "changed",
    [
        {"ADDR": "fe80::1,10.0.0.2/24,10.0.0.1"},
        {"ADDR": "10.0.0.1 fe80::1", "HASH_ADDRS": "10.0.0.2"},
        {"PASS": None, "KEY": b"geheim".hex()},
        {"PASS": None, "KEY": b"geheim\0\0".hex()},
        {"INTERFACE": "ens18", "ADVSKEW": "100", "PREEMPT": "yes", "EXTRA_ADDRS": "10.0.0.5"},
        {"HASH_LINKLOCAL": "no", "PASS_OLD": "older"},
    ],
    ids=str,
)
def test_it_is_the_same_on_hosts_that_work_together(config, usual, changed):
    assert fingerprint(config(**({"ADDR": "10.0.0.1 10.0.0.2 fe80::1"} | changed))) == usual


def test_the_line_shows_what_must_be_alike(config):
    one = line(config(ADVSKEW="100"))
    assert one == line(config())
    assert one == "web: vhid 1, interval 1 s, de6836"


def test_the_command(config, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("ucarpd.configuration_directory.DIRECTORY", tmp_path)
    assert cli.main(["fingerprint"]) == cli.EXIT_CONFIG
    assert "no configuration file" in capsys.readouterr().err
    config()
    config(name="mail", VHID="2", ADDR="172.16.0.2", ADVBASE="3")
    web, mail = "web: vhid 1, interval 1 s, de6836", "mail: vhid 2, interval 3 s, "
    assert cli.main(["fingerprint"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(mail)
    assert second == web
    for name in ("web", str(tmp_path / "web.conf")):
        assert cli.main(["fingerprint", name]) == 0
        assert capsys.readouterr() == (f"{web}\n", "")


def test_a_bad_file_is_named_and_the_others_are_shown(config, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("ucarpd.configuration_directory.DIRECTORY", tmp_path)
    config()
    (tmp_path / "bad.conf").write_text(minimal(VHID="300", PASS="Qz9Kx"))
    assert cli.main(["fingerprint", "bad", "web", "none"]) == cli.EXIT_CONFIG
    out, err = capsys.readouterr()
    assert out.startswith("web: ")
    assert f"{tmp_path}/bad.conf:2: UCARP_VHID: must be from 1 to 255" in err
    assert f"{tmp_path}/none.conf: does not exist" in err
    assert "Qz9Kx" not in err


def test_without_memory_it_says_so(config, monkeypatch, capsys):
    def too_little(_config):
        raise MemoryError

    monkeypatch.setattr("ucarpd.diagnosis.fingerprint.fingerprint", too_little)
    assert cli.main(["fingerprint", str(config().path)]) == 1
    assert "not enough memory" in capsys.readouterr().err


def test_only_this_command_loads_the_package(config):
    """It takes time and memory to load, which the daemon needs for better things."""
    code = "import sys, ucarpd.cli; ucarpd.cli.main(sys.argv[1:]); print('cryptography' in sys.modules)"
    path = str(config().path)
    for command, loaded in (("show-config", "False"), ("fingerprint", "True")):
        words = [sys.executable, "-c", code, command, path]
        answer = subprocess.run(words, capture_output=True, text=True, check=True)
        assert answer.stdout.splitlines()[-1] == loaded
