"""`ucarpd run --env`: the environment takes the place of a file, as in a container."""

import signal
import sys
from pathlib import Path

from nodes import MASTER, PASSWORD, VIP, wait_for_address, wait_for_no_address

SCRIPT = """\
#!/bin/sh
{ env; cat /proc/$PPID/environ; } >{to}
"""


def start(host, **keys):
    variables = {"INTERFACE": "eth0", "VHID": 1, "ADDR": f"{VIP}/16", **keys}
    environment = {f"UCARP_{key}": str(value) for key, value in variables.items()}
    command = (sys.executable, "-m", "ucarpd", "run", "--env")
    return host.start(*command, environment=environment)


def test_a_fault_ends_it_with_the_exit_status_of_a_bad_file(a):
    daemon = start(a, VHID=300, PASS=PASSWORD)
    assert daemon.popen.wait(15) == 78
    daemon.wait_for_line("[ERROR] environment: UCARP_VHID: must be from 1 to 255 (got '300')")


def test_the_password_is_seen_nowhere_and_a_reload_changes_nothing(a):
    seen = a.root / "seen"
    a.write("up.sh", SCRIPT.replace("{to}", str(seen)))
    daemon = start(a, NAME="web", PASS=PASSWORD, UPSCRIPT="/etc/up.sh", DOWNSCRIPT="/bin/true")
    daemon.wait_for_line("web: Switching to state: MASTER")
    daemon.wait_for_line("/up.sh eth0")
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line("[WARNING] environment: it cannot change while ucarpd runs")
    daemon.wait_for_line("reloaded: 0 changed")
    assert PASSWORD not in Path(f"/proc/{daemon.pid}/environ").read_text()
    private = a.root / "run/private"
    assert all(PASSWORD.encode() not in each.read_bytes() for each in private.iterdir())
    assert daemon.stop() == 0
    text = seen.read_text()
    assert "UCARP_INSTANCE=web" in text
    assert PASSWORD not in text


def test_two_hosts_one_with_a_password_file(a, b):
    a.write("secret", f"{PASSWORD}\n", 0o600)
    on_a = start(a, PASSFILE="/etc/secret")
    on_a.wait_for_line(MASTER)
    wait_for_address(a)
    start(b, PASS=PASSWORD, ADVSKEW=100).wait_for_line("vhid-1: Switching to state: BACKUP")
    on_a.signal(signal.SIGTERM)
    wait_for_address(b)
    wait_for_no_address(a)
