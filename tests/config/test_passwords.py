"""A password in a file of its own, or in a systemd credential."""

import pytest
from config_files import faults, loaded, minimal

from ucarpd.config import passwords

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"geheim7", b"geheim7"),
        (b"geheim7\r\nmore\n", b"geheim7"),
        (b" a b \n", b" a b "),
        # Other programs do not ask which encoding the password is in.
        (b"\xe4\xf6\n", b"\xe4\xf6"),
    ],
)
def test_a_password_file(home, content, key):
    file = home / "pass"
    file.write_bytes(content)
    config = loaded(minimal(f"UCARP_PASS_FILE={file}", PASS=None))
    assert config.key == key
    assert config.script_environment["UCARP_PASSFILE"] == str(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", " has no password in its first line"),
        (b"\r\ngeheim7\n", " has no password in its first line"),
        (b"12345678901234567890", ": a password has 1 to 19 bytes, this one has 20"),
        (b"ge\0heim", ": a password cannot contain a NUL byte"),
        (None, " does not exist"),
    ],
)
def test_a_bad_password_file(home, content, words):
    file = home / "pass"
    if content is not None:
        file.write_bytes(content)
    [fault] = faults(minimal(f"UCARP_PASSFILE={file}", PASS=None))
    assert fault.startswith(f"4: UCARP_PASSFILE: {file}{words}")
    assert "geheim7" not in fault


def test_a_directory_is_no_password_file(home):
    assert faults(minimal(f"UCARP_PASSFILE={home}", PASS=None)) == [
        f"4: UCARP_PASSFILE: {home} is a directory, not a file"
    ]


def test_a_password_and_a_password_file(home):
    (home / "pass").write_text("geheim7")
    assert faults(minimal(f"UCARP_PASS_FILE={home / 'pass'}")) == [
        "5: UCARP_PASS_FILE: cannot be used together with UCARP_PASS in line 3: keep one"
    ]
    assert faults(f"UCARP_PASSFILE={home / 'pass'}\n" + minimal()) == [
        "4: UCARP_PASS: cannot be used together with UCARP_PASSFILE in line 1: keep one"
    ]


def test_a_command_outside_of_the_unit_finds_its_credential(home, monkeypatch):
    monkeypatch.setattr(passwords, "_OF_UNITS", home)
    assert faults(minimal(PASS=None)) == ["UCARP_PASS: missing: add UCARP_PASS=… (1 to 19 bytes)"]
    for unit in ("ucarpd.service", "ucarpd@web.service"):
        (home / unit).mkdir()
        (home / unit / "web.pass").write_text(f"of {unit[:7]}\n")
        assert loaded(minimal(PASS=None)).key == f"of {unit[:7]}".encode()


def test_a_systemd_credential_serves_when_the_file_has_no_password(home):
    environ = {"CREDENTIALS_DIRECTORY": str(home)}
    (home / "web.pass").write_text("credential\n")
    assert loaded(minimal(PASS=None), environ).key == b"credential"
    assert loaded(minimal(PASS=""), environ).key == b"credential"
    assert loaded(minimal(), environ).key == b"geheim7"
    (home / "web.pass").write_text("")
    assert faults(minimal(PASS=None), environ) == [
        f"UCARP_PASS: {home}/web.pass has no password in its first line"
    ]
    (home / "web.pass").unlink()
    assert faults(minimal(PASS=None), environ) == [
        "UCARP_PASS: missing: add UCARP_PASS=… (1 to 19 bytes)"
    ]
