"""Starting a program in a session of its own, in a thread of its own."""

import os
import signal
import threading
from pathlib import Path

import pytest

from ucarpd.linux.spawn import spawn, unshare_directory

UMASK = 0o027


def started(*command, **variables):
    """Exit status and output of a program, or the error of its start."""
    environment = {"PATH": "/usr/bin:/bin"} | variables
    found = []

    def work():
        reading, writing = os.pipe()
        try:
            assert unshare_directory()
            pid = spawn(command, environment, output=writing, umask=UMASK)
        except OSError as error:
            found.append(error)
        else:
            os.close(writing)
            with os.fdopen(reading) as output:
                text = output.read().strip()
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            found.append((status, text))
            return
        os.close(reading)
        os.close(writing)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found[0]


def shell(text, **variables):
    return started("sh", "-c", text, **variables)


def test_its_status_output_and_environment():
    assert shell("echo $X; echo two >&2; exit 3", X="a b") == (3, "a b\ntwo")


def test_its_directory_and_umask_are_not_ours():
    before = Path.cwd(), os.umask(0o022)
    os.umask(before[1])
    assert shell("pwd; umask") == (0, "/\n0027")
    assert (Path.cwd(), os.umask(before[1])) == before


def test_it_leads_a_session_and_reads_nothing():
    # Not by `ps`, which a build on a bare Debian does not have.
    same = "read pid _ _ _ _ session _ </proc/$$/stat; [ $pid = $session ] && echo same; cat"
    assert shell(same) == (0, "same")


def test_signals_that_python_ignores_are_not_ignored():
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN
    assert shell("kill -PIPE $$; echo ignored") == (-signal.SIGPIPE, "")


@pytest.mark.parametrize("command", ["/nowhere", "no-such-program"])
def test_a_program_that_is_not_there(command):
    assert isinstance(started(command), FileNotFoundError)


def test_a_script_without_an_interpreter(tmp_path):
    script = tmp_path / "script"
    script.write_text("true\n")
    script.chmod(0o755)
    assert started(str(script)).strerror == "Exec format error"


def test_no_descriptor_of_ours_is_left_to_it():
    assert shell("ls /proc/self/fd | wc -l") == (0, "4")
