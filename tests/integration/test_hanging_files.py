"""A file system that does not answer, as one on a dead NFS server: nothing but what is on it waits."""

import signal
import sys
from pathlib import Path

import pytest
from nodes import conf, wait_for_address

MOUNT = """
import ctypes, os, sys
connection = os.open("/dev/fuse", os.O_RDWR)  # Its requests are never answered.
os.set_inheritable(connection, True)
options = f"fd={connection},rootmode=40000,user_id=0,group_id=0"
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"none", sys.argv[1].encode(), b"fuse", 0, options.encode()):
    raise OSError(ctypes.get_errno(), "mount")
os.execv(sys.executable, [sys.executable, "-m", "ucarpd", "run", "/etc/ucarp"])
"""


@pytest.mark.skipif(not Path("/dev/fuse").exists(), reason="no FUSE")
def test_only_a_virtual_host_whose_script_hangs_waits(a, wire):
    hanging = a.root / "hanging"
    hanging.mkdir()
    scripts = {"UPSCRIPT": hanging / "up.sh", "DOWNSCRIPT": hanging / "down.sh"}
    a.write_conf("a-web", conf(a.address, **scripts))
    mail = a.write_conf("mail", conf(a.address, VHID=2, ADDR="172.16.0.2"))
    daemon = a.start(sys.executable, "-c", MOUNT, str(hanging))
    wait_for_address(a, "172.16.0.2")
    daemon.wait_for_line("a-web: Waiting: the file system of", f"{hanging}/up.sh or", "not answer")
    wire.wait_more(a.address, 3)
    mail.chmod(0o666)
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line("[WARNING] a-web: cannot look for files that others than root can change")
    daemon.wait_for_line("[ERROR] mail: ", "can choose what root runs")
    daemon.wait_for_line("reloaded: 0 changed")
    wire.wait_more(a.address, 3)
    assert daemon.stop() == 0
    assert not a.has("172.16.0.2")
