"""The stages of scripts/test: a second attempt for a few tests, and nothing left at the end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lab import PROJECT

START = 'set -euo pipefail; cd "$1"; set -- "${@:2}"; . scripts/setup.sh; . scripts/stages.sh; '

LOST_RACE = """
from pathlib import Path

def test_race():
    marker = Path(__file__).with_name("marker")
    first = not marker.exists()
    marker.touch()
    assert not first, "lost the race"

def test_other():
    print("the other one")
"""

ALWAYS = """
import pytest

@pytest.mark.parametrize("number", range({}))
def test_broken(number):
    assert number < 0, "{}"
"""


@pytest.fixture
def bash(tmp_path: Path):
    """Start a piece of bash as scripts/test; its folder for temporary files must be empty."""
    place = tmp_path / "tmp"
    place.mkdir()
    started = []

    def start(script: str, *arguments: str) -> subprocess.Popen[str]:
        # A shell cannot trap a signal that it was started to ignore, as under nohup.
        command = ["env", "--default-signal", "bash", "-c", START + script]
        popen = subprocess.Popen(
            [*command, "scripts/test", str(PROJECT), *arguments],
            env={**os.environ, "TMPDIR": str(place)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(popen)
        return popen

    yield start
    for popen in started:
        if popen.poll() is None:
            popen.terminate()
        popen.communicate(timeout=300)
    assert list(place.iterdir()) == []


def attempted(bash, tmp_path: Path, source: str) -> tuple[int, str]:
    """The exit status and the output of a stage with this test file."""
    (tmp_path / "test_it.py").write_text(source)
    popen = bash('tests some "$@"', sys.executable, str(tmp_path / "test_it.py"))
    output, _ = popen.communicate(timeout=300)
    return popen.returncode, output


def test_a_test_that_loses_a_race_once_is_told_and_passes(bash, tmp_path: Path):
    status, output = attempted(bash, tmp_path, LOST_RACE)
    assert status == 0, output
    first, second = output.split("== some: the failed tests run once more, alone\n")
    assert "lost the race" in first
    assert "1 failed, 1 passed" in first
    assert "1 passed" in second
    assert "some: passed at the second attempt; the first one is above\n" in second


def test_a_test_that_fails_twice_fails(bash, tmp_path: Path):
    status, output = attempted(bash, tmp_path, ALWAYS.format(5, "broken"))
    assert status == 1
    first, second = output.split("== some: the failed tests run once more, alone\n")
    assert "5 failed" in first
    assert "1 failed" in second
    assert "passed" not in second


@pytest.mark.parametrize(
    "source",
    [
        ALWAYS.format(6, "broken"),
        ALWAYS.format(1, "@reproduce_failure('6.1', b'AEE=')"),
        "import no",
    ],
    ids=["too many", "refuted by hypothesis", "no test at all"],
)
def test_what_is_no_lost_race_is_not_run_again(bash, tmp_path: Path, source: str):
    status, output = attempted(bash, tmp_path, source)
    assert status in (1, 2)
    assert "once more" not in output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_at_once_and_nothing_is_left(bash, number: signal.Signals):
    popen = bash('touch "$work/file"; echo ready; await sleep 1000')
    # The first line may tell of another run that was killed.
    assert "ready\n" in iter(popen.stdout.readline, "")
    popen.send_signal(number)
    assert popen.wait(60) == 128 + number


def test_jobs_are_nicer_than_the_run_itself(bash):
    output, _ = bash("renice -n 12 $$ >/dev/null; begin 5 it nice; end it").communicate(timeout=60)
    assert output.endswith("17\n")


def test_a_file_that_vanishes_while_its_owner_changes_is_no_failure(bash, tmp_path: Path):
    (tmp_path / "bin").mkdir()
    other = tmp_path / "bin/chown"
    other.write_text('#!/bin/sh\nrm -f "${0%/bin/*}/vanishing"; exec /bin/chown "$@"\n')
    other.chmod(0o755)
    for name in ("kept", "vanishing"):
        (tmp_path / name).touch()
    os.chown(tmp_path, 4321, 4321)
    popen = bash("project=$1 PATH=$1/bin:$PATH; begin 0 it give_back; end it", str(tmp_path))
    output, _ = popen.communicate(timeout=60)
    assert popen.returncode == 0, output
    assert (tmp_path / "kept").stat().st_uid == 4321
    assert not (tmp_path / "vanishing").exists()


STUBS = """
broken=$1
wanted() { [[ " $stages " == *" $1 "* ]]; }
stages=$2
stage_style() { tests style; }
tests() { echo "this is $1"; [ "$1" != "$broken" ]; }
pytest_in() { tests "$@"; }
for job in compiled environment root-bookworm root-trixie package; do begin 0 $job tests $job; done
run_stages
echo passed
"""

FAILURES = """
pytest_in() {
    echo "this is $1"
    case $* in *--last-failed*) touch "$work/again"; return ;; esac
    mkdir -p "$work/$1.cache/v/cache"
    echo '"a::b": true' >"$work/$1.cache/v/cache/lastfailed"
    touch "$work/$1.xml"
    touch "$work/$1.begun"
    until [ -e "$work/integration.begun" ] && [ -e "$work/rest.begun" ]; do sleep 0.01; done
    # The first attempt of one lasts until the other is about to begin its second one, or has begun it.
    while [ "$1" = rest ] && [ ! -e "$work/waits" ] && [ ! -e "$work/again" ]; do sleep 0.01; done
    # So that the other one has the time to begin it, if nothing holds it back.
    for _ in {1..50}; do [ "$1" = rest ] && [ ! -e "$work/again" ] && sleep 0.01; done
    [ ! -e "$work/again" ] || echo "this is beside"
    return 1
}
await() { [ "$*" != "flock 9" ] || touch "$work/waits"; "$@"; }
wanted() { [ "$1" = rest ]; }
begin 0 compiled :
run_stages
"""


def test_a_second_attempt_runs_alone(bash):
    output, _ = bash(FAILURES).communicate(timeout=60)
    assert output.count("passed at the second attempt") == 2, output
    assert output.count("this is integration") == output.count("this is rest") == 2
    assert "beside" not in output


MADE = ["root-bookworm", "root-trixie", "package"]


@pytest.mark.parametrize(
    ("broken", "stage", "told"),
    [
        ("", "package newest", [*MADE, "environment", "bookworm", "trixie", "newest"]),
        ("", "package", [*MADE, "bookworm", "trixie"]),
        ("trixie", "package newest", [*MADE, "environment", "bookworm", "trixie", "newest"]),
        ("newest", "package newest", [*MADE, "environment", "bookworm", "trixie", "newest"]),
        ("root-trixie", "package", MADE[:2]),
        ("package", "package", MADE),
        ("environment", "package newest", [*MADE, "environment"]),
        ("style", "style core rest", ["style"]),
        ("core", "style core rest", ["style", "core"]),
        ("segment", "core", ["core", "segment"]),
        ("", "style core rest", ["style", "core", "segment", "integration", "rest"]),
        ("integration", "rest package", ["integration", "rest"]),
        ("rest", "rest newest", ["integration", "environment", "rest", "newest"]),
        ("", "rest", ["integration", "rest"]),
        ("integration", "rest", ["integration", "rest"]),
        ("rest", "rest", ["integration", "rest"]),
    ],
)
def test_what_runs_side_by_side_is_all_told(bash, broken, stage, told):
    popen = bash(STUBS, broken, stage)
    output, _ = popen.communicate(timeout=60)
    lines = [line for line in output.splitlines() if line.startswith(("this is", "passed"))]
    assert lines == [f"this is {each}" for each in told] + ["passed"] * (not broken)
    assert popen.returncode == bool(broken)
