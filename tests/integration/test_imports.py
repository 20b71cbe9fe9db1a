"""A running process imports nothing, because an upgrade may have replaced the files."""

import contextlib
import signal
import socket
import sys
import time

import watched_imports
from lab import wait_for
from nodes import INIT, MASTER, conf, start_master, use_shipped_scripts


@contextlib.contextmanager
def ready(path):
    """A socket for notifications; yields a function that waits for READY, and returns when."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.setblocking(False)

        def at():
            def is_ready():
                with contextlib.suppress(BlockingIOError):
                    while b"READY=1" not in manager.recv(10_000):
                        pass
                    return time.monotonic()
                return None

            return wait_for("READY", is_ready)

        yield at


def test_nothing_is_imported_after_the_start(a, b, tmp_path):
    """Through the life of three virtual hosts: addresses by netlink, by scripts, at a virtual MAC."""
    record = tmp_path / "imports"
    fast = {"ADVBASE": 0, "ADVSKEW": 50}
    scripts = use_shipped_scripts(a)
    a.write_conf("web", conf(a.address, **fast))
    a.write_conf("mail", conf(a.address, VHID=2, ADDR="172.16.0.2", **fast, **scripts))
    a.write_conf("files", conf(a.address, VHID=3, ADDR="172.16.0.3", VMAC="yes", **fast))
    with ready(tmp_path / "notify") as ready_at:
        process = a.start(
            *(sys.executable, watched_imports.__file__, str(record), "run", "/etc/ucarp"),
            environment={"NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        at = ready_at()
        process.wait_for_line(MASTER, count=3)
        process.wait_for_line("ucarp-up.sh", "exit status 0")
        other = start_master(b, PASS="another", **fast)
        process.wait_for_line("the digest is wrong")
        other.stop()
        check = {"CHECK_web": "'tcp://127.0.0.1:80 interval=0.1'"}
        a.write_conf("web", conf(a.address, **fast | check | {"ADVSKEW": 60}))
        a.write_conf("mail", conf(a.address, VHID="x"))
        a.write_conf("new", conf(a.address, VHID=4, ADDR="172.16.0.4", **fast))
        process.signal(signal.SIGHUP)
        process.wait_for_line("reloaded: 1 changed, 1 started, 1 refused")
        process.wait_for_line(MASTER, count=4)
        process.wait_for_line("check web has failed")
        process.signal(signal.SIGUSR1)
        process.wait_for_line("advertisements accepted", count=4)
        for words in ("status web", "history", "maintenance on web", "maintenance off web"):
            assert "web" in a.ucarpctl(*words.split(), check=False).stdout
        process.signal(signal.SIGUSR2)
        process.wait_for_line("asked to step down")
        a.ip("link", "set", "eth0", "down")
        process.wait_for_line(INIT, count=4)
        a.ip("link", "set", "eth0", "up")
        process.wait_for_line(MASTER, count=8)
        assert process.stop() == 0
    imports = [line.split() for line in record.read_text().splitlines()]
    loaded = {name for _, name in imports}
    assert {"asyncio", "ucarpd.process.main"} <= loaded
    # Each would cost a hundredth of the start, and more.
    assert loaded & {"argparse", "html", "logging.handlers"} == set()
    assert [name for seconds, name in imports if float(seconds) > at] == []
