"""A laboratory of hosts on one switch, for the demo and the integration tests.

    [host a]  [host b]  ...  [client]      each a network namespace with an eth0
        \\        |             /
         '-- bridge in [switch] --'

Nothing leaves these namespaces.  A cable is pulled at the switch, so that the host sees its carrier
go; a path is broken by taking the port out of the bridge, so that it does not.  Every host has an
/etc of its own, laid over the machine's, and a run and a state directory of its own.
"""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from runs import this_process

PROJECT = Path(__file__).resolve().parent.parent
LONGEST_COMMAND = 60.0
"""Seconds after which a command that is run to its end is given up."""

_numbers = itertools.count()


class LabError(Exception):
    """The laboratory cannot do what was asked; the message says what happened instead."""


def run(*command: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command; a failure is told with what the command said."""
    options = {"timeout": LONGEST_COMMAND, **options}
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(command)}: not done after {options['timeout']} s") from None
    if check and result.returncode:
        raise LabError(f"{' '.join(command)}: exit {result.returncode}: {result.stderr.strip()}")
    return result


def wait_for(what: str, condition: Callable[[], Any], limit: float = 15.0) -> Any:
    """Poll until the condition is true, and return it; LabError after `limit` seconds."""
    started = time.monotonic()
    while True:
        asked = time.monotonic()
        if result := condition():
            return result
        now = time.monotonic()
        if now > started + limit:
            raise LabError(f"waited {limit:g} s in vain for: {what}")
        # A question that is dear is asked less often: others need the processor too.
        time.sleep(max(0.01, now - asked))


class Process:
    """A program on a host.  What it writes goes to a file."""

    def __init__(self, popen: subprocess.Popen[bytes], output: Path) -> None:
        self.popen = popen
        self.output = output

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def lines(self, *words: str) -> list[str]:
        """The lines written so far that have all these words."""
        return [line for line in self.text().splitlines() if all(word in line for word in words)]

    def wait_for_line(self, *words: str, limit: float = 15.0, count: int = 1) -> str:
        """Wait for the `count`-th line that has all these words, and return it."""
        try:
            lines = wait_for(
                f"line {count} with {words}",
                lambda: found if len(found := self.lines(*words)) >= count else None,
                limit,
            )
        except LabError as error:
            raise LabError(f"{error}; the log so far:\n{self.text()}") from None
        line: str = lines[count - 1]
        return line

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)

    def kill(self) -> None:
        """End it without a chance to clean up."""
        if self.is_running:
            self.popen.kill()
        self.popen.wait()

    def stop(self, limit: float = 15.0) -> int:
        """End it with SIGTERM; returns its exit status."""
        if self.is_running:
            self.popen.terminate()
        try:
            return self.popen.wait(limit)
        except subprocess.TimeoutExpired:
            raise LabError(f"did not end within {limit:g} s; its log:\n{self.text()}") from None


class Host:
    """One machine of the laboratory."""

    def __init__(self, lab: "Lab", name: str, address: str) -> None:
        self.lab = lab
        self.name = name
        self.namespace = f"{lab.prefix}{name}"
        self.address, _, self.prefixlen = address.partition("/")
        self.root = lab.directory / name
        self.etc = self.root / "etc"
        self.conf = self.etc / "ucarp"
        self.conf.mkdir(parents=True)
        self._starts = itertools.count(1)

    # -- programs --------------------------------------------------------------------------------------

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs a program on this host, with the host's own /etc."""
        # Layers to read alone: several programs of one host mount them, also at the same moment.
        overlay = f"lowerdir={self.etc}:/etc"
        # Overlays do not see for certain what is changed below them later; a bind mount does.
        script = (
            'mount -t overlay overlay -o "$0" /etc && mount --bind "$1" /etc/ucarp && '
            'shift && exec "$@"'
        )
        enter = ["ip", "netns", "exec", self.namespace, "unshare", "--mount"]
        return [*enter, "sh", "-c", script, overlay, str(self.conf), *arguments]

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Process:
        """Start a program on this host; it ends with the laboratory."""
        output = self.root / f"{next(self._starts)}-{Path(arguments[0]).name}.log"
        with output.open("wb") as file:
            popen = subprocess.Popen(
                self.command(*arguments),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment(), **(environment or {})},
                start_new_session=True,
            )
        process = Process(popen, output)
        self.lab.processes.append(process)
        return process

    def environment(self) -> dict[str, str]:
        return {
            "RUNTIME_DIRECTORY": str(self.root / "run"),
            "STATE_DIRECTORY": str(self.root / "state"),
            "PYTHONPATH": str(PROJECT),
            "PYTHONUNBUFFERED": "1",
        }

    def ucarpd(self, *paths: str, environment: Mapping[str, str] | None = None) -> Process:
        """Start `ucarpd run` on files or directories, /etc/ucarp unless told otherwise."""
        return self.start(
            sys.executable,
            "-m",
            "ucarpd",
            "run",
            *(paths or ("/etc/ucarp",)),
            environment=environment,
        )

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end in the host's network."""
        return run("ip", "netns", "exec", self.namespace, *command, check=check)

    def processes(self) -> list[int]:
        """The ids of all processes in the host's network."""
        return [int(pid) for pid in run("ip", "netns", "pids", self.namespace).stdout.split()]

    # -- files -----------------------------------------------------------------------------------------

    def write_conf(self, name: str, text: str) -> Path:
        """Write /etc/ucarp/NAME.conf on this host."""
        return self.write(f"ucarp/{name}.conf", text, 0o600)

    def write(self, path: str, text: str, mode: int = 0o755) -> Path:
        """Write a file below the host's /etc."""
        file = self.etc / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    # -- the network -----------------------------------------------------------------------------------

    def ip(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run("ip", "-n", self.namespace, *arguments, check=check)

    def addresses(self, interface: str = "eth0") -> list[dict[str, Any]]:
        """What `ip address` knows of the interface: a list of {local, prefixlen, label, …}."""
        answer = self.ip("-json", "address", "show", "dev", interface, check=False)
        if answer.returncode:
            return []
        return [info for link in json.loads(answer.stdout) for info in link.get("addr_info", ())]

    def has(self, address: str, interface: str = "eth0") -> bool:
        return any(info["local"] == address for info in self.addresses(interface))

    def enable_ipv6(self, address: str | None = None) -> str:
        """Switch IPv6 on, and wait until the link-local address of eth0 can be used; returns it.

        `address` is one more (ADDRESS/PREFIXLEN).
        """
        for scope in ("all", "default", "eth0"):
            self.sysctl(f"net/ipv6/conf/{scope}/disable_ipv6", "0")
        if address:
            self.ip("address", "add", address, "dev", "eth0", "nodad")

        def link_local() -> str | None:
            # Duplicate address detection takes a second or two.
            ready = (a for a in self.addresses() if a["scope"] == "link" and "tentative" not in a)
            return next((str(a["local"]) for a in ready if a["family"] == "inet6"), None)

        found: str = wait_for(f"{self.name}'s link-local address", link_local)
        return found

    def sysctl(self, path: str, value: str) -> None:
        self.run("sh", "-c", f"echo {value} > /proc/sys/{path}")

    def drop(self, hook: str, *expression: str) -> None:
        """Drop what passes eth0 (`hook` ingress or egress) and matches the nftables expression."""
        chain = f"{{ type filter hook {hook} device eth0 priority 0 ; }}"
        self.run("nft", f"add table netdev {hook}")
        self.run("nft", f"add chain netdev {hook} c {chain}")
        self.run("nft", f"add rule netdev {hook} c {' '.join(expression)} drop")

    def cable(self, connected: bool) -> None:
        """Pull or plug the cable at the switch; the host sees its carrier go and come."""
        state = "up" if connected else "down"
        run("ip", "-n", self.lab.switch, "link", "set", "dev", self.name, state)

    def path(self, connected: bool) -> None:
        """Break or mend the way behind the switch port; the host's carrier stays."""
        to = ("master", "br0") if connected else ("nomaster",)
        run("ip", "-n", self.lab.switch, "link", "set", "dev", self.name, *to)

    def connect(self) -> None:
        """Make eth0 and its cable to the switch, with the host's address on it."""
        run(
            *("ip", "link", "add", "name", self.name, "netns", self.lab.switch, "type", "veth"),
            *("peer", "name", "eth0", "netns", self.namespace),
        )
        run("ip", "-n", self.lab.switch, "link", "set", "dev", self.name, "master", "br0", "up")
        self.ip("address", "add", f"{self.address}/{self.prefixlen}", "dev", "eth0")
        self.ip("link", "set", "eth0", "up")


class Lab:
    """Use it as a context manager; on leaving, all that it made is gone."""

    host_type = Host

    def __init__(self, prefix: str | None = None) -> None:
        # From the name the next run can tell what a run that was killed has left (sweep.py).
        run_name = os.environ.get("UCARPD_LAB", "lab")
        self.prefix = prefix or f"{run_name}n{this_process()}x{next(_numbers)}"
        self.directory = Path(tempfile.mkdtemp(prefix=f"ucarpd-{self.prefix}-"))
        self.switch = f"{self.prefix}sw"
        self.processes: list[Process] = []
        self._namespaces: list[str] = []

    def __enter__(self) -> "Lab":
        try:
            self._add_namespace(self.switch)
            options = ("type", "bridge", "stp_state", "0", "forward_delay", "0")
            # A snooping bridge without a querier would not show whether we keep our membership.
            run("ip", "-n", self.switch, "link", "add", "br0", *options, "mcast_snooping", "0")
            run("ip", "-n", self.switch, "link", "set", "br0", "up")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def host(self, name: str, address: str) -> Host:
        """Add a host with `address` (ADDRESS/PREFIXLEN) on its eth0."""
        host = self.host_type(self, name, address)
        self._add_namespace(host.namespace)
        host.connect()
        return host

    def _add_namespace(self, name: str) -> None:
        run("ip", "netns", "add", name)
        self._namespaces.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        # IPv6's own traffic would only blur what is watched; tests of IPv6 switch it on again.
        for scope in ("all", "default"):
            run(
                *("ip", "netns", "exec", name, "sysctl", "-qw"),
                f"net.ipv6.conf.{scope}.disable_ipv6=1",
                check=False,
            )

    def close(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.popen.wait()
        for name in self._namespaces:
            sweep_namespace(name)
        self._namespaces.clear()
        shutil.rmtree(self.directory, ignore_errors=True)


def sweep_namespace(name: str) -> None:
    """End what still runs in a namespace, and remove it."""

    def is_empty() -> bool:
        pids = run("ip", "netns", "pids", name, check=False).stdout.split()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        return not pids

    with contextlib.suppress(LabError):
        wait_for(f"the processes in {name} to end", is_empty, limit=5)
    run("ip", "netns", "delete", name, check=False)


def frames(host: Host, *expression: str) -> Iterator[str]:
    """What tcpdump prints on the host's eth0, line by line, until the caller has seen enough."""
    command: Sequence[str] = host.command("tcpdump", "-lnn", "-vv", "-i", "eth0", *expression)
    popen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert popen.stdout is not None
        yield from popen.stdout
    finally:
        popen.kill()
        popen.wait()
