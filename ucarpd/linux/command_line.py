"""The command line and environment of this process as others see them, in `ps` for example.

The kernel shows the memory in which the words were when the program started, so words written there
are seen.  This module is loaded before anything else, and imports nothing that is not loaded yet.
"""

import os
import sys

_ARGUMENTS = 45
_ENVIRONMENT = 47
"""The fields of arg_start and env_start in proc_pid_stat(5), behind the name; the end follows each."""


def show(words: list[str]) -> bool:
    """Show these words instead of the present ones; return False if that cannot be done.

    They must not take more room than the present ones.  Zero bytes fill the rest; ps shows them as
    blanks at the end.
    """
    shown = b"".join(os.fsencode(word) + b"\0" for word in words)
    try:
        start, end = _area(_ARGUMENTS)
        if len(shown) > end - start:
            return False
        # The last byte stays 0: otherwise, the kernel takes the area for one single word.
        _put(start, shown.ljust(end - start, b"\0"))
    except (OSError, ValueError, IndexError):
        return False
    # The interpreter's own copies are in its memory, which root alone can read.
    sys.orig_argv[:] = list(words)
    return True


def show_alone(word: str) -> None:
    """Show this word alone, with no blanks behind it, if there is room for it."""
    shown = os.fsencode(word)
    try:
        start, end = _area(_ARGUMENTS)
        if len(shown) + 1 < end - start:
            # If the last byte is not 0, the kernel shows the area up to its first 0.
            _put(start, shown.ljust(end - start - 1, b"\0") + b"\1")
    except (OSError, ValueError, IndexError):
        return  # It keeps the old command line.


def name(text: str) -> None:
    """Change the name in the process list, at most 15 bytes."""
    try:
        with open("/proc/self/comm", "wb", buffering=0) as file:  # noqa: PTH123
            file.write(os.fsencode(text))
    except OSError:
        return  # It keeps the old one.


def forget(variables: list[str]) -> None:
    """Take these variables out of the environment, and out of what others with our rights can see."""
    wanted = {os.fsencode(name) for name in variables}
    for each in variables:
        os.environ.pop(each, None)
    try:
        at, end = _area(_ENVIRONMENT)
        with open("/proc/self/environ", "rb") as file:  # noqa: PTH123 - as below
            rows = file.read(end - at).split(b"\0")
        for row in rows:
            name = row.partition(b"=")[0]
            if name in wanted:
                _put(at, name.ljust(len(row), b"\0"))
            at += len(row) + 1
    except (OSError, ValueError, IndexError):
        return  # /proc may be missing; no other place needs it.


def _area(first: int) -> tuple[int, int]:
    """Return start and end of an area of memory in proc_pid_stat(5)."""
    with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - pathlib takes long to load
        words = file.read().rpartition(b")")[2].split()
    return int(words[first]), int(words[first + 1])


def _put(address: int, data: bytes) -> None:
    """Write into the memory of this process."""
    descriptor = os.open("/proc/self/mem", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, data, address)
    finally:
        os.close(descriptor)
