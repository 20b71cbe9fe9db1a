"""`ucarpctl` as a program of its own, on a host that has these files and no systemd."""

import sys

_BEGIN = """
import sys
from pathlib import Path
from ucarpd.ctl import not_running, units
from ucarpd.ctl.entry import main

def look(event, arguments):
    if event in {"open", "os.listdir", "subprocess.Popen"}:
        assert not str(arguments[0]).startswith(("/etc/ucarp", "systemctl")), arguments

sys.addaudithook(look)
not_running.DIRECTORY = Path(sys.argv.pop(1))
units._BOOTED = not_running.DIRECTORY / "no systemd"
"""


def ctl_program(files, code="sys.exit(main())"):
    """The command, up to its arguments; a look at the machine that it runs on is a defect."""
    return [sys.executable, "-c", f"{_BEGIN}{code}", str(files)]
