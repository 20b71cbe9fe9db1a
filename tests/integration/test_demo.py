"""scripts/demo, as a person or a script runs it."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sweep
from lab import PROJECT, wait_for

LIMIT = 90
SVG = "{http://www.w3.org/2000/svg}"
COMMAND = (sys.executable, "-P", "-m", "demonstration")
STEPS = (
    "Both hosts start",
    "Nothing is touched",
    "web1's cable is pulled",
    "web1's cable is back",
    "web1's ucarpd is stopped",
    "web1's ucarpd is started again",
)


_numbers = itertools.count()


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of the files of this test's demos."""
    directory = tmp_path / "demo"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))
    monkeypatch.delenv("NO_COLOR", raising=False)
    # With a name of its own, --remove finds no laboratory of another test.
    run_name = os.environ.get("UCARPD_LAB", "lab")
    monkeypatch.setenv("UCARPD_LAB", f"{run_name}n{os.getpid()}d{next(_numbers)}")
    return directory


@pytest.fixture
def demo(directory: Path) -> Iterator["Demo"]:
    demo = Demo()
    yield demo
    demo.end()


class Demo:
    """A run of scripts/demo, without what its launcher installs, and its output in a pipe."""

    def __init__(self) -> None:
        self._popen: subprocess.Popen[str] | None = None

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        self._popen = subprocess.Popen(
            [*COMMAND, *arguments],
            env={**os.environ, "PYTHONPATH": str(PROJECT / "scripts")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self._popen

    def output(self, *arguments: str) -> str:
        """Of a run that must succeed."""
        popen = self.start(*arguments)
        output, _ = popen.communicate(timeout=LIMIT)
        assert popen.returncode == 0, output
        return output

    def end(self) -> None:
        if self._popen is not None and self._popen.poll() is None:
            self._popen.terminate()
            self._popen.communicate(timeout=LIMIT)
        self.output("--remove")


def namespaces() -> list[str]:
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    names = [row.split()[0] for row in listed.stdout.splitlines()]
    return [name for name in names if name.startswith(f"{os.environ['UCARPD_LAB']}n")]


def left_behind(directory: Path) -> list[str]:
    """Namespaces, files, and processes that were started with this directory as TMPDIR."""
    return [
        *namespaces(),
        *(path.name for path in directory.iterdir()),
        *(str(path) for path in Path("/proc").glob("[0-9]*") if is_of(path, directory)),
    ]


def is_of(process: Path, directory: Path) -> bool:
    try:
        environment = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"TMPDIR={directory}".encode() in environment


def test_shows_every_step_and_leaves_nothing(demo: Demo, directory: Path, tmp_path: Path):
    output = demo.output("--svg", str(tmp_path / "picture.svg"))
    assert "\x1b" not in output
    assert "\r" not in output

    _, timeline = output.split("What happened")
    begins = [
        re.search(rf"^ +(\d+\.\d\d) s  {step}$", timeline, re.MULTILINE).start() for step in STEPS
    ]
    assert begins == sorted(begins)
    pull, back, stop = timeline[begins[2] :], timeline[begins[3] :], timeline[begins[4] :]
    assert logged(pull) == ("web1", "INIT", "no carrier on eth0")
    assert logged(pull, 1)[:2] == ("web2", "MASTER")
    assert "no advertisement from 172.16.0.11 for 3." in logged(pull, 1)[2]
    assert logged(back) == ("web1", "BACKUP", "ready with source 172.16.0.11")
    # Within a few milliseconds: the lines of two hosts may come in either order.
    assert {logged(stop), logged(stop, 1)} == {
        ("web1", "INIT", "stopping"),
        ("web2", "MASTER", "172.16.0.11 bowed out"),
    }

    rows = {step: row(timeline, step) for step in STEPS}
    assert [cells[0] for cells in rows.values()] == ["web1", "web1", "web2", "web1", "web2", "web1"]
    after, silence, lost = rows["web1's cable is pulled"][1:]
    assert 2 < float(after.removesuffix(" s")) < 6
    assert 2 < float(silence.removesuffix(" s")) < 6
    assert int(lost.split(" of ")[0]) > 20
    assert int(rows["web1's ucarpd is stopped"][3].split(" of ")[0]) <= 10
    assert "\nAll went as it should.\n" in output
    _, next_steps = output.split("What you can do next:")
    assert "scripts/demo --keep" in next_steps
    assert "scripts/build-deb" in next_steps
    check_picture((tmp_path / "picture.svg").read_text())
    assert left_behind(directory) == []


def logged(timeline: str, index: int = 0) -> tuple[str, ...]:
    """Host, state and reason of a transition in the timeline."""
    found = re.findall(r"(web\d) +Switching to state: (\w+) \((.*)\)$", timeline, re.MULTILINE)
    return tuple(found[index])


def row(timeline: str, step: str) -> list[str]:
    """The cells of the closing table beside a step."""
    found = re.search(rf"^{step} {{2,}}(.*)$", timeline, re.MULTILINE)
    assert found is not None, timeline
    return re.split(r" {2,}", found[1])


def check_picture(svg: str) -> None:
    """Both hosts were master, and all requests of the client are marked, lost ones included."""
    assert len(svg) < 60_000
    root = ElementTree.fromstring(svg)
    bars = [each.get("class") for each in root.iter(f"{SVG}rect")]
    for host in ("web1", "web2"):
        assert f"{host} MASTER" in bars
        assert f"{host} BACKUP" in bars
    assert "web1 INIT" in bars
    marks = {each.get("class"): each.get("d").count("M") for each in root.iter(f"{SVG}path")}
    assert marks["web1"] > 20
    assert marks["web2"] > 20
    assert marks["nobody"] > 20


def test_the_picture_of_the_documentation_needs_nothing_else():
    svg = (PROJECT / "docs/failover.svg").read_text()
    check_picture(svg)
    assert not re.findall(r"href|url\(|@import|@font-face|<script|<image", svg)
    assert "(docs/failover.svg)" in (PROJECT / "README.md").read_text()
    assert "(failover.svg)" in (PROJECT / "docs/failover.md").read_text()


def test_a_picture_needs_a_folder(demo: Demo, directory: Path):
    popen = demo.start("--svg", str(directory / "none/picture.svg"))
    output, _ = popen.communicate(timeout=LIMIT)
    assert popen.returncode == 2
    assert f"--svg: {directory}/none is not a directory" in output


def test_kept_hosts_work_until_they_are_removed(demo: Demo, directory: Path):
    output = demo.output("--keep")
    enter = re.findall(r"^  (ip netns exec \S+)(?:web1|client) bash", output, re.MULTILINE)
    assert len(enter) == 2
    [curl] = re.findall(r"^  (ip netns exec \S+client curl \S+) {2,}ask", output, re.MULTILINE)
    pid = int(re.search(r"web1: ucarpd is process (\d+)", output)[1])
    log = Path(re.search(r"web1: .*\n +log +(\S+)", output)[1])
    assert "Switching to state: MASTER" in log.read_text()

    assert [name for name in left_behind(directory) if name.startswith("/proc/")]
    # The next run begins with this.
    sweep.dead()
    # Both daemons and both web servers are there: the role moves, and the other answers.
    assert ask(curl) == "web1"
    subprocess.run(["kill", "-TERM", str(pid)], check=True)
    wait_for("web2 to answer", lambda: ask(curl) == "web2")

    assert "removed" in demo.output("--remove")
    assert left_behind(directory) == []
    assert demo.output("--remove") == "There is nothing to remove.\n"


def ask(curl: str) -> str:
    """Who answers to the command that the demo has printed."""
    command = [*curl.split(), "-s", "--max-time", "1"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing(demo: Demo, directory: Path, number: signal.Signals):
    popen = demo.start()
    for line in popen.stdout:
        if "ucarpd starts on both hosts" in line:
            break
    assert namespaces()
    popen.send_signal(number)
    output, _ = popen.communicate(timeout=LIMIT)
    assert popen.returncode == 128 + number, output
    assert left_behind(directory) == []


def test_killed_it_is_cleared_by_the_next_run(demo: Demo, directory: Path):
    popen = demo.start()
    for line in popen.stdout:
        if "ucarpd starts on both hosts" in line:
            break
    popen.kill()
    popen.communicate(timeout=LIMIT)
    assert len(left_behind(directory)) > 4
    output = demo.output()
    assert "\nAll went as it should.\n" in output
    assert left_behind(directory) == []


def test_a_running_demo_is_not_removed(demo: Demo, directory: Path):
    popen = demo.start()
    wait_for("its namespaces", lambda: len(namespaces()) == 4)
    assert "is still running; left alone" in Demo().output("--remove")
    assert len(namespaces()) == 4
    popen.terminate()
    popen.communicate(timeout=LIMIT)


def test_host_that_does_not_answer_is_a_failure(demo: Demo, directory: Path, tmp_path: Path):
    """A copy of the project whose hosts have two passwords: both become master."""
    copy = tmp_path / "project"
    copy.mkdir()
    for name in ("etc", "ucarpd"):
        (copy / name).symlink_to(PROJECT / name)
    shutil.copytree(PROJECT / "scripts", copy / "scripts")
    stage = copy / "scripts/demonstration/stage.py"
    source = stage.read_text()
    spoilt = source.replace('"PASS": password', '"PASS": f"{password}{name[-1]}"')
    assert spoilt != source
    stage.write_text(spoilt)
    picture = directory / "picture.svg"
    failed = subprocess.run(
        [*COMMAND, "--svg", str(picture)],
        env={**os.environ, "PYTHONPATH": str(copy / "scripts")},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert failed.returncode == 1
    assert "It did not go as it should:\n  " in failed.stdout
    # It ends at the first fault; later lines of the log may or may not be there by then.
    for name, address in (("web1", "172.16.0.11"), ("web2", "172.16.0.12")):
        _, log = failed.stdout.split(f"All that the ucarpd of {name} logged")
        assert f"Switching to state: BACKUP (ready with source {address})" in log
    assert left_behind(directory) == []
