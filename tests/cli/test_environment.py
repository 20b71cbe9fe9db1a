"""The option --env of `run`, `check` and `show-config`."""

import os

import pytest

from ucarpd import cli
from ucarpd.interface import host_checks


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    monkeypatch.setattr(host_checks, "find", lambda _configs, _running, _held: [])
    for name in [each for each in os.environ if each.startswith("UCARP_")]:
        monkeypatch.delenv(name)
    for name, value in (
        ("INTERFACE", "eth0"),
        ("VHID", "1"),
        ("PASS", "geheim7"),
        ("ADDR", "10.0.0.1/24"),
    ):
        monkeypatch.setenv(f"UCARP_{name}", value)


def test_check_says_that_it_is_good(capsys):
    assert cli.main(["check", "--env"]) == 0
    assert capsys.readouterr() == ("environment: OK, virtual host 1 on eth0\n", "")


def test_check_names_the_faults(monkeypatch, capsys):
    monkeypatch.setenv("UCARP_VHID", "300")
    assert cli.main(["check", "--env"]) == cli.EXIT_CONFIG
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "environment: UCARP_VHID: must be from 1 to 255 (got '300')\n"


def test_check_finds_a_script_that_others_can_change(monkeypatch, tmp_path, capsys):
    script = tmp_path / "up.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o775)
    os.chown(script, -1, 12345) if os.geteuid() == 0 else None
    for key in ("UPSCRIPT", "DOWNSCRIPT"):
        monkeypatch.setenv(f"UCARP_{key}", str(script))
    assert cli.main(["check", "--env"]) == 0
    assert "environment: UCARP_UPSCRIPT: " in capsys.readouterr().err


def test_show_config_prints_a_file(capsys):
    assert cli.main(["show-config", "--env"]) == 0
    out = capsys.readouterr().out
    assert "UCARP_ADDR=10.0.0.1/24\n" in out
    assert "geheim7" not in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "--env", "/etc/ucarp"], "--env takes the place of PATH"),
        (["check", "--env", "--reload", "1"], "does not go with --reload"),
        (["run", "--env", "--name", "a/b"], "a name has no / in it (got 'a/b')"),
        (["run", "--name", "web", "web.conf"], "--name goes with --env only"),
        (["run"], "PATH or --env is missing"),
        (["clear", "--debug"], "the following arguments are required: PATH"),
    ],
)
def test_wrong_usage(words, said, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err
