"""A run clears up after a killed run, and does not disturb a living one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import runs
import sweep
from lab import PROJECT

BUILDER = """
import os, subprocess, sys, time
from lab import Lab

with Lab() as lab:
    host = lab.host("a", "172.16.0.11/16")
    host.start("sleep", "1000")
    mounted = lab.directory / "machine-a" / "root"
    mounted.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", mounted], check=True)
    group = __import__("pathlib").Path("/sys/fs/cgroup", "{tree}", lab.prefix + "a")
    (group / "within").mkdir(parents=True)
    inside = subprocess.Popen(["sleep", "1000"], env={{}})
    (group / "within" / "cgroup.procs").write_text(str(inside.pid))
    print(lab.prefix, flush=True)
    time.sleep(1000)
"""


class Run:
    """A process that has built a laboratory, with all that one can have."""

    def __init__(self, name: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-c", BUILDER.format(tree=tree())],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(PROJECT / "scripts"), "UCARPD_LAB": name},
        )
        with self.popen.stdout as lines:
            self.prefix = lines.readline().strip()

    def left(self) -> set[str]:
        """The kinds of things that are there under its name."""
        places = {
            "namespace": Path("/run/netns").iterdir(),
            "directory": Path(os.environ.get("TMPDIR", "/tmp")).iterdir(),
            "group": Path("/sys/fs/cgroup", tree()).iterdir(),
        }
        found = {kind for kind, paths in places.items() if any(map(self._is_ours, paths))}
        mounts = Path("/proc/mounts").read_text()
        return found | ({"mount"} if f"/ucarpd-{self.prefix}" in mounts else set())

    def _is_ours(self, path: Path) -> bool:
        return self.prefix in path.name

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()


def tree() -> str:
    """A hierarchy of control groups in which we may make one."""
    line = Path("/proc/self/cgroup").read_text().splitlines()[-1]
    path = line.split(":", 2)[2].strip("/")
    unified = Path("/sys/fs/cgroup/unified")
    return f"unified/{path}" if unified.exists() else path


@pytest.fixture
def name(request):
    """The remains of a run go."""
    # A whole prefix: a process that has only this name, in no namespace any more, is found by it.
    name = f"{runs.name_of_part()}sweep{runs.this_process()}"
    yield name
    sweep.sweep(lambda prefix: prefix.startswith(name))


ALL = {"namespace", "directory", "group", "mount"}


def test_a_dead_run_is_cleared_and_a_living_one_is_not(name: str):
    dead, living = Run(name), Run(name)
    assert dead.left() == living.left() == ALL
    dead.kill()
    sweep.dead()
    assert dead.left() == set()
    assert living.left() == ALL
    living.kill()


def test_the_last_act_of_a_run_is_to_clear_its_own(name: str):
    me = runs.this_process()
    own, other = Run(f"{name}a{me}"), Run(f"{name}b{me}")
    sweep.of_run(f"{name}a{me}")
    assert own.popen.wait(10) == -signal.SIGKILL
    assert own.left() == set()
    assert other.left() == ALL
    other.kill()


def test_the_worker_of_a_dead_run_is_ended(name: str):
    ended = Run(name)
    worker = Run(ended.prefix)
    ended.kill()
    sweep.dead()
    assert worker.popen.wait(10) == -signal.SIGKILL
    assert worker.left() == set()


def test_the_runs_in_a_container_are_left_alone():
    """They look dead: the number in their name is that of another process here, or of none."""
    inside = "export UCARPD_LAB=lab1t1; exec sh -c 'echo begun; read _'"
    words = ["unshare", "--pid", "--fork", "sh", "-c", inside]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as container:
        assert container.stdout.readline() == b"begun\n"
        sweep.sweep(lambda prefix: prefix == "lab1t1")
        container.communicate(b"\n")
    assert container.returncode == 0


def test_a_laboratory_that_was_kept_outlives_its_process(name: str):
    run = Run(name)
    kept = f"{run.prefix}{sweep.KEPT}"
    subprocess.run(["ip", "netns", "add", kept], check=True)
    run.kill()
    sweep.dead()
    assert run.left() == ALL
    assert runs.is_dead(run.prefix)
    assert not runs.is_dead(run.prefix, kept=True)


def test_a_group_whose_processes_cannot_be_seen_is_left_alone(name: str):
    """As seen in a container, where their ids are 0, which kill(2) takes for the caller."""
    run = Run(name)
    program = (sys.executable, str(PROJECT / "scripts/sweep.py"), name)
    command = ("unshare", "--pid", "--fork", "--mount-proc", *program)
    assert subprocess.run(command, check=False, start_new_session=True).returncode == 0
    assert "group" in run.left()
    run.kill()
