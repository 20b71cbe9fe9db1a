"""Scripts that the kernel cannot run, each beside the kernel's own answer."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from config_files import minimal, write

from ucarpd.checks.probes import obstacle
from ucarpd.config import script_errors
from ucarpd.config.first_line import fault


@pytest.fixture
def script(tmp_path):
    def make(content):
        path = tmp_path / "my up.sh"
        path.write_bytes(content)
        path.chmod(0o755)
        return path

    return make


@pytest.mark.parametrize(
    "content",
    [b"#!/bin/sh\n", b"#! /bin/sh -eu\n", b"#!/usr/bin/env -S sh -eu\n", b"#!/bin/sh"],
)
def test_a_script_that_runs(script, content):
    path = script(content)
    subprocess.run([path], check=True)
    assert fault(path) is None


def test_a_program_that_runs():
    assert fault(Path("/bin/sh").resolve()) is None
    assert fault(Path("/nowhere")) is None, "that is said by others"


@pytest.mark.parametrize(
    ("content", "why", "command"),
    [
        (b"echo hello\n", "its first line names no interpreter", "sed -i '1i #!/bin/sh' {}"),
        (
            b"#!/bin/sh\r\necho hello\r\n",
            "it has DOS line ends (CRLF), and the kernel does not find its interpreter",
            "sed -i 's/\\r$//' {}",
        ),
    ],
)
def test_what_it_tells_to_type_mends_it(script, content, why, command):
    path = script(content)
    with pytest.raises(OSError):
        subprocess.run([path], check=True)
    typed = command.format(f"'{path}'")
    assert fault(path) == f"{why}: type: {typed}"
    subprocess.run(["/bin/sh", "-c", typed], check=True)
    assert subprocess.run([path], check=True, capture_output=True).stdout == b"hello\n"
    assert fault(path) is None


@pytest.mark.parametrize("content", [b"#!/usr/bin/nosuch -x\n", b"#!\n", b"#!bin/none\n"])
def test_an_interpreter_that_is_not_there(script, content):
    path = script(content)
    with pytest.raises(OSError):
        subprocess.run([path], check=True)
    assert fault(path).startswith("the interpreter in its first line (")


def test_a_file_system_without_programs(script, monkeypatch):
    path = script(b"#!/bin/sh\n")
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_flag=os.ST_NOEXEC))
    assert fault(path) == "its file system is mounted noexec"


def test_an_empty_file_is_no_script(script):
    assert "names no interpreter" in fault(script(b""))


@pytest.mark.usefixtures("home")
def test_check_names_the_line(script):
    path = script(b"true\n")
    web = write(minimal(f"UCARP_UPSCRIPT='{path}'", f"UCARP_DOWNSCRIPT='{path} web'"))
    up, down = [str(each) for each in script_errors(web, _missing, obstacle)]
    assert up.startswith(f"web.conf:5: UCARP_UPSCRIPT: {path} cannot be run: its first line names")
    assert down.startswith(f"web.conf:6: UCARP_DOWNSCRIPT: {path} web cannot be run: it does not")


@pytest.mark.usefixtures("home")
def test_arguments_of_a_script_go_elsewhere():
    web = write(minimal("UCARP_UPSCRIPT='/bin/sh web'", "UCARP_DOWNSCRIPT='/bin/nosuch web'"))
    up, down = [each.text for each in script_errors(web, _missing, obstacle)]
    end = "; /bin/sh does: its arguments go into UCARP_XPARAM"
    assert up == f"/bin/sh web cannot be run: it does not exist{end}"
    assert down == "/bin/nosuch web cannot be run: it does not exist"


def _missing(script):
    return None if script.exists() else "it does not exist"
