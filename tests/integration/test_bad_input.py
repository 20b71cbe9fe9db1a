"""A bad configuration file: ucarpd names file and line, and exits with status 78."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from lab import PROJECT
from nodes import PASSWORD, conf
from other_user import UCARPD_AS_NOBODY
from runs import name_of_part

GOOD = conf("172.16.0.11")
# GOOD's lines: 1 INTERFACE, 2 SRCIP, 3 VHID, 4 PASS, 5 ADDR, 6 MASK

BAD: dict[str, tuple[str | bytes | None, str]] = {
    # the file, None for a directory, and what is said of it
    "typo": (GOOD + "UCARP_ADVSKW=1\n", ":7: UCARP_ADVSKW: "),
    "range": (GOOD + "UCARP_ADVSKEW=300\n", ":7: UCARP_ADVSKEW: .*300"),
    "missing-key": (conf("172.16.0.11", VHID=None), ": UCARP_VHID: "),
    "utf-8": (GOOD.encode() + b"# \xcf\xf0\xe8\n", ":7: .*UTF-8"),
    "crlf": (GOOD.replace("\n", "\r\n"), ":1: .*CR"),
    "directory": (None, ": is a directory"),
    "password": (conf("172.16.0.11", PASS="p" * 20), ":4: UCARP_PASS: .*19 bytes"),
    "mask": (conf("172.16.0.11", MASK="255.0.255.0"), ":6: UCARP_MASK: .*255.0.255.0"),
    "address-is-source": (
        conf("172.16.0.11", ADDR="172.16.0.11"),
        ":5: UCARP_ADDR: .*172.16.0.11",
    ),
    "boolean": (GOOD + "UCARP_PREEMPT=perhaps\n", ":7: UCARP_PREEMPT: "),
    "no-assignment": (GOOD + "no assignment\n", ":7: "),
}

COLLISIONS = [
    pytest.param(
        {"mail": GOOD, "web": conf("172.16.0.11", ADDR="172.16.0.2")},
        "web.conf:3: UCARP_VHID: .*mail.conf:3",
        id="one-vhid",
    ),
    pytest.param(
        {"mail": GOOD, "web": conf("172.16.0.11", VHID=2)},
        "web.conf:5: UCARP_ADDR: .*mail.conf:5",
        id="one-address",
    ),
]


@pytest.fixture
def directory():
    """A directory that every user may enter; only root may enter pytest's own."""
    directory = Path(tempfile.mkdtemp(prefix=f"ucarpd-{name_of_part()}-"))
    directory.chmod(0o755)
    (directory / "conf").mkdir()
    yield directory
    shutil.rmtree(directory)


def write(directory: Path, files: dict[str, str | bytes | None]) -> None:
    for name, content in files.items():
        path = directory / "conf" / f"{name}.conf"
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


def ucarpd(
    directory: Path, command: str, *paths: Path, as_nobody: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run it to its end in a network of its own, in which it can do no harm."""
    paths = paths or (directory / "conf",)
    program = UCARPD_AS_NOBODY if as_nobody else (sys.executable, "-m", "ucarpd")
    return subprocess.run(
        ["unshare", "--net", "--mount", *program, command, *map(str, paths)],
        env={
            **os.environ,
            "RUNTIME_DIRECTORY": str(directory / "run"),
            "STATE_DIRECTORY": str(directory / "state"),
            "PYTHONPATH": str(PROJECT),
        },
        cwd="/",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def assert_refused(directory: Path, result: subprocess.CompletedProcess[str], message: str) -> None:
    assert result.returncode == 78
    told = [line for line in result.stderr.splitlines() if re.search(message, line)]
    assert told, result.stderr
    assert not any(line.endswith("(warning)") for line in told)
    assert "Traceback" not in result.stderr
    assert PASSWORD not in result.stdout + result.stderr
    assert "pppp" not in result.stdout + result.stderr
    # No lock, hence no instance.
    assert not (directory / "run").exists()


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_bad_file_is_named_and_not_started(directory, command):
    write(directory, {name: content for name, (content, _) in BAD.items()})
    result = ucarpd(directory, command)
    for name, (_, message) in BAD.items():
        assert_refused(directory, result, f"/{name}.conf{message}")


@pytest.mark.parametrize("command", ["run", "check"])
def test_an_empty_directory(directory, command):
    assert_refused(directory, ucarpd(directory, command), "no configuration file")


@pytest.mark.parametrize(("files", "message"), COLLISIONS)
def test_two_files_that_collide(directory, files, message):
    """With `run` the first of them is started; test_several_files.py has that."""
    write(directory, files)
    assert_refused(directory, ucarpd(directory, "check"), message)


def test_a_file_that_may_not_be_read(directory):
    write(directory, {"web": GOOD})
    (directory / "conf" / "web.conf").chmod(0o600)
    result = ucarpd(directory, "check", as_nobody=True)
    assert_refused(directory, result, "web.conf: cannot be read: permission denied")


def test_a_file_that_does_not_exist(directory):
    missing = directory / "conf" / "web.conf"
    for command in ("run", "check"):
        assert_refused(directory, ucarpd(directory, command, missing), f"{missing}: does not exist")


def test_all_faults_at_once(directory):
    write(directory, {"mail": "UCARP_VHID=0\nUCARP_ADDRESS=1\n", "web": conf("x", VHID="seven")})
    result = ucarpd(directory, "run")
    for message in (
        "mail.conf:1: UCARP_VHID: ",
        "mail.conf:2: UCARP_ADDRESS: ",
        "mail.conf: UCARP_INTERFACE: ",
        "web.conf:2: UCARP_SRCIP: ",
        "web.conf:3: UCARP_VHID: ",
    ):
        assert_refused(directory, result, message)


def test_a_good_file_is_no_fault(directory):
    write(directory, {"web": GOOD})
    result = ucarpd(directory, "check")
    assert result.returncode == 0, result.stderr
    assert "web.conf: OK" in result.stdout


def test_without_privileges(directory):
    write(directory, {"web": GOOD})
    (directory / "conf" / "web.conf").chmod(0o644)
    result = ucarpd(directory, "run", as_nobody=True)
    assert result.returncode == 77
    assert result.stderr == "ucarpd: must run as root (CAP_NET_RAW and CAP_NET_ADMIN)\n"
