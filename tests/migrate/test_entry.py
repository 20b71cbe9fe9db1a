"""The first moments of the command, and who may call it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture(params=["ucarpd.migrate.entry", "ucarpd.cli"])
def ucarp(request, tmp_path):
    """A script of this name: of the package itself, or a link to ucarpd."""
    script = tmp_path / "ucarp"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nfrom {request.param} import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    return script


def run(*command, **options):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, **options
    )


def test_the_article_as_printed(ucarp):
    ended = run(ucarp, "/")
    assert ended.returncode == 1
    assert ended.stderr.startswith("ucarp: the only word after ucarp is a slash")
    assert "ucarp --interface=eth0" in ended.stderr


def test_without_options_the_help(ucarp):
    ended = run(ucarp)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("usage: ucarp")


def test_a_fault_is_told_before_anything_is_done(ucarp):
    ended = run(ucarp, "--vhid=1", "--bogus")
    assert ended.returncode == 1
    assert ended.stderr == "ucarp: there is no option --bogus (ucarp --help lists the options)\n"


SHOW = """\
import sys
from ucarpd.linux import command_line
print(command_line.show(sys.argv[1].split(",")))
command_line.name("ucarp")
print(ascii(open("/proc/self/cmdline").read().rstrip("\\0")))
print(open("/proc/self/comm").read(), end="")
"""


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        ("/usr/sbin/ucarp,-p,***", r"'/usr/sbin/ucarp\x00-p\x00***'"),
        ("ucarp", "'ucarp'"),
        # An empty word is also a word.
        ("ucarp,,-P", r"'ucarp\x00\x00-P'"),
    ],
)
def test_the_command_line_that_others_see(words, seen):
    shown = run(sys.executable, "-c", SHOW, words)
    assert shown.stdout.splitlines() == ["True", seen, "ucarp"]


def test_a_command_line_that_does_not_fit_is_left_alone():
    told, seen, _ = run(
        sys.executable, "-c", SHOW.replace("split", "center(9999).split"), "ucarp"
    ).stdout.splitlines()
    assert told == "False"
    assert seen.startswith(ascii(sys.executable)[:-1])


def test_little_is_loaded_before_the_password_is_hidden():
    code = f"import sys; sys.path.append({str(PROJECT)!r}); import ucarpd.migrate.entry"
    ended = run(sys.executable, "-ISc", f"{code}; print(*sys.modules)")
    assert ended.returncode == 0
    dear = {"typing", "collections", "re", "dataclasses", "pathlib", "logging"}
    assert dear.isdisjoint(ended.stdout.split())
