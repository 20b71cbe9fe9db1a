"""What is said when descriptors or memory are lacking."""

import errno
import subprocess
import sys

import pytest

from ucarpd.linux.scarcity import scarcity

COMMAND = """\
import atexit
from ucarpd.linux.scarcity import guarded
def load():
    raise {error}
atexit.register(print, "the end of the interpreter")
guarded("ucarpd", load)
"""


def run(error):
    code = COMMAND.format(error=error)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_command_without_memory_for_its_modules_ends_with_a_line_and_no_other():
    assert run("MemoryError") == (1, "", "ucarpd: cannot run: Cannot allocate memory\n")


def test_another_error_has_its_traceback():
    status, _, said = run("ImportError('no module')")
    assert (status, said.splitlines()[-1]) == (1, "ImportError: no module")


@pytest.mark.parametrize(
    "error",
    [
        ImportError("/usr/lib/_ctypes.so: failed to map segment from shared object"),
        SystemError("error return without exception set"),
        SystemError("<built-in function exec> returned NULL without setting an exception"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
    ids=str,
)
def test_the_forms_that_lack_of_memory_has(error):
    """As seen under `ulimit -v`."""
    assert scarcity(error) == "Cannot allocate memory"
