"""Starting a program beside the event loop: no copy of this process is made, and no other thread waits.

A fork copies the page tables of this process, and all its threads wait for that; then each of them
copies the pages that it writes to.  vfork alone needs none of that, but Python holds its lock until the
program is executed.  Called by ctypes, posix_spawn does not hold it.
"""

import ctypes
import os
import shutil
from collections.abc import Mapping, Sequence

_libc = ctypes.CDLL(None)

_add_close_from = getattr(_libc, "posix_spawn_file_actions_addclosefrom_np", None)
"""glibc has it since 2.34.  It is for descriptors that we inherited; our own ones close at the start of
a program.
"""

_CLONE_FS = 0x200
_SETSIGDEF, _SETSID = 0x04, 0x80
_DEFAULT_SIGNALS = (13, 25)
"""SIGPIPE and SIGXFSZ, which Python ignores."""

_OPAQUE = 1024
"""Bytes for each structure of the C library; the largest has 336 in glibc and in musl."""


def unshare_directory() -> bool:
    """Give the calling thread a directory and a umask of its own; return whether that succeeded.

    The usual filter of system calls in a container forbids it.
    """
    return bool(_libc.unshare(_CLONE_FS) == 0)


def spawn(
    command: Sequence[str], environment: Mapping[str, str], *, output: int | None, umask: int
) -> int:
    """Start a program in a session of its own, in /; return its process id.

    `output` is the descriptor for its output; None: ours.  Blocks until it has been executed.  It
    changes the directory and the umask of the thread, which must have its own.  Raises OSError.
    """
    path = shutil.which(command[0], path=environment.get("PATH", os.defpath))
    os.chdir("/")
    os.umask(umask)
    attributes, signals, actions = (ctypes.create_string_buffer(_OPAQUE) for _ in range(3))
    _libc.posix_spawnattr_init(attributes)
    _libc.posix_spawn_file_actions_init(actions)
    try:
        _libc.sigemptyset(signals)
        for number in _DEFAULT_SIGNALS:
            _libc.sigaddset(signals, number)
        _libc.posix_spawnattr_setsigdefault(attributes, signals)
        _libc.posix_spawnattr_setflags(attributes, ctypes.c_short(_SETSIGDEF | _SETSID))
        _check(_libc.posix_spawn_file_actions_addopen(actions, 0, b"/dev/null", os.O_RDWR, 0))
        for descriptor in (1, 2) if output is not None else ():
            _check(_libc.posix_spawn_file_actions_adddup2(actions, output, descriptor))
        if _add_close_from is not None:
            _check(_add_close_from(actions, 3))
        pid = ctypes.c_int()
        variables = [f"{name}={value}" for name, value in environment.items()]
        words = _array(command), _array(variables)
        program = os.fsencode(path or command[0])
        _check(_libc.posix_spawn(ctypes.byref(pid), program, actions, attributes, *words))
        return pid.value
    finally:
        _libc.posix_spawn_file_actions_destroy(actions)
        _libc.posix_spawnattr_destroy(attributes)


def _check(error: int) -> None:
    if error:
        raise OSError(error, os.strerror(error))


def _array(words: Sequence[str]) -> "ctypes.Array[ctypes.c_char_p]":
    return (ctypes.c_char_p * (len(words) + 1))(*map(os.fsencode, words), None)
