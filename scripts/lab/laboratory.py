"""The laboratory as a whole: it makes the hosts and their switch, and removes them."""

import contextlib
import itertools
import os
import shutil
import signal
import tempfile
from pathlib import Path

from runs import name_of_part

from lab.hosts import Host
from lab.netns import add_namespace, sweep_namespace
from lab.process import Process
from lab.switch import Switch

_numbers = itertools.count()


class Lab:
    """A context manager: it removes everything that it has made when the block ends."""

    host_type = Host

    def __init__(self, prefix: str | None = None) -> None:
        # By the name, the next run finds the remains of a run that was killed (sweep.py).
        self.prefix = prefix or f"{name_of_part()}x{next(_numbers)}"
        self.directory = Path(tempfile.mkdtemp(prefix=f"ucarpd-{self.prefix}-"))
        self.switch = Switch(f"{self.prefix}sw")
        self.processes: list[Process] = []
        self._namespaces: list[str] = []

    def __enter__(self) -> "Lab":
        try:
            self.switch.set_up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def host(self, name: str, address: str) -> Host:
        """Add a host with `address` (ADDRESS/PREFIXLEN) on its eth0."""
        host = self.host_type(self, name, address)
        self._namespaces.append(host.namespace)
        add_namespace(host.namespace)
        host.connect()
        return host

    def close(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.popen.wait()
        self.switch.close()
        for name in self._namespaces:
            sweep_namespace(name)
        self._namespaces.clear()
        shutil.rmtree(self.directory, ignore_errors=True)
