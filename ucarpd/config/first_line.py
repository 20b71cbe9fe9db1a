"""The first line of a script, by which the kernel finds the program that runs it."""

import os
import shlex
from pathlib import Path

from ucarpd.config.problems import place

_MOST = 4096
"""Bytes to look at; the kernel itself reads 256."""
_PROGRAM = b"\x7fELF"


def fault(script: Path) -> str | None:
    """Say why the kernel cannot run a script that is there and executable; None if it can."""
    try:
        if os.statvfs(script).f_flag & os.ST_NOEXEC:
            return "its file system is mounted noexec"
        with script.open("rb") as file:
            start = file.read(_MOST)
    except OSError:
        return None  # A file that this user cannot read may still be run.
    if start.startswith(_PROGRAM):
        return None
    if not start.startswith(b"#!"):
        where = shlex.quote(place(script))
        return f"its first line names no interpreter: type: sed -i '1i #!/bin/sh' {where}"
    line = start.partition(b"\n")[0]
    if line.endswith(b"\r"):
        where = shlex.quote(place(script))
        text = "it has DOS line ends (CRLF), and the kernel does not find its interpreter"
        return f"{text}: type: sed -i 's/\\r$//' {where}"
    words = line[2:].split()
    interpreter = Path(words[0].decode("utf-8", "surrogateescape")) if words else None
    if interpreter is None or not _is_there(interpreter):
        return f"the interpreter in its first line ({place(interpreter or Path())}) does not exist"
    return None


def _is_there(interpreter: Path) -> bool:
    try:
        return interpreter.exists()
    except OSError:
        return True  # Root may see what this user does not.
