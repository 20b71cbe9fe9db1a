"""Names that say which process they belong to."""

import os
import subprocess

import pytest
import runs


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("lab12t34n56t78x0sw", "lab12t34n56t78x0"),
        ("lab12t34n56t78x10client", "lab12t34n56t78x10"),
        ("labmine-n56t78x0", ""),
        ("labn56t78x0-9t9x", "labn56t78x0"),
        ("demo12t34-web1", "demo12t34"),
        ("lab12t34ndemo5t6-web2", "lab12t34ndemo5t6"),
        ("lab12t34-abcd", "lab12t34"),
        ("lab12t34-1t2x", "lab12t34"),
        ("build1t2-abc", "build1t2"),
        ("labn123x4sw", ""),
        ("lab123", ""),
        ("blue", ""),
    ],
)
def test_the_prefix_of_a_laboratory_or_a_run(name, prefix):
    assert runs.prefix(name) == prefix


def test_a_name_without_an_owner_is_never_dead():
    assert not runs.is_dead("")
    assert not runs.is_dead("lab123")


def test_a_process_that_ended_or_whose_id_is_used_again_is_dead():
    me = runs.this_process()
    assert me.pid == os.getpid()
    assert not runs.is_dead(f"lab{me}n{me}x0")
    assert runs.is_dead(f"lab{me}n{me.pid}t{me.started + 1}x0")
    with subprocess.Popen(["true"]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        # It is still listed, with its exit status.
        started = runs._start_time(1)
        assert runs.is_dead(f"lab{ended.pid}t{started}")
    assert runs.is_dead(f"lab{ended.pid}t1n{me}x0")
    assert runs.is_dead(f"lab{me}n{ended.pid}t1x0")
    assert not runs.is_dead(f"lab{me}n{ended.pid}t1x0", kept=True)


def test_the_shell_scripts_name_a_run_alike():
    script = '. "$1"; this_run; read -r _'
    with subprocess.Popen(
        [
            "bash",
            "-c",
            script,
            "scripts/test",
            str(runs.Path(__file__).parents[2] / "scripts/setup.sh"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as shell:
        [owner] = runs.owners(shell.stdout.readline())
        assert owner.pid == shell.pid
        assert owner.is_alive
        shell.communicate("\n")
