"""The environment of a process as others see it."""

import subprocess
import sys

PROGRAM = """
import os, sys
from ucarpd.linux import command_line
command_line.forget(["UCARP_PASS", "UCARP_NONE"])
pid = os.fork()
if pid == 0:
    # As another process of the same user sees it.
    text = open(f"/proc/{os.getppid()}/environ").read() + open("/proc/self/environ").read()
    print("geheim7" in text, "BEFORE=1" in text, "PASS_AFTER=geheim" in text, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
print(os.environ.get("UCARP_PASS"), os.environ["PASS_AFTER"])
"""


def test_a_forgotten_variable_is_gone_for_all_and_the_others_stay():
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"BEFORE": "1", "UCARP_PASS": "geheim7", "PASS_AFTER": "geheim"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines() == ["False True True", "None geheim"]
