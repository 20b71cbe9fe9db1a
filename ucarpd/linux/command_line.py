"""The command line of this process as others see it, in `ps` for example.

The kernel shows the memory in which the words were when the program started, so what is written there
is seen.  It is loaded before anything else, and so imports nothing that the interpreter has not got.
"""

import os
import sys


def show(words: list[str]) -> bool:
    """Show these words instead of the present ones; return False if that cannot be done.

    They must not take more room than the present ones.  What is left over is filled with zero bytes,
    which ps shows as blanks at the end.
    """
    shown = b"".join(os.fsencode(word) + b"\0" for word in words)
    try:
        start, end = _area()
        if len(shown) > end - start:
            return False
        # The last byte stays 0: otherwise, the kernel takes the area for one single word.
        _put(start, shown.ljust(end - start, b"\0"))
    except (OSError, ValueError, IndexError):
        return False
    # The interpreter's own copies are in its memory, which root alone can read.
    sys.orig_argv[:] = list(words)
    return True


def name(text: str) -> None:
    """Change the name in the process list, at most 15 bytes."""
    try:
        with open("/proc/self/comm", "wb", buffering=0) as file:  # noqa: PTH123
            file.write(os.fsencode(text))
    except OSError:
        return  # It keeps the old one.


def _area() -> tuple[int, int]:
    """Return arg_start and arg_end of proc_pid_stat(5)."""
    with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - pathlib takes long to load
        words = file.read().rpartition(b")")[2].split()
    return int(words[45]), int(words[46])


def _put(address: int, data: bytes) -> None:
    descriptor = os.open("/proc/self/mem", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, data, address)
    finally:
        os.close(descriptor)
