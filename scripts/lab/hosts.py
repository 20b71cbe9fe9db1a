"""A host of the laboratory: its files, its programs and its network."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import rtnetlink
from lab.netns import inside, ip_lines, pids_in
from lab.process import Process, run, wait_for

if TYPE_CHECKING:
    from lab.laboratory import Lab

PROJECT = Path(__file__).resolve().parents[2]


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

    # -- programs ----------------------------------------------------------------------------------

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs a program on this host, with the host's own /etc and /run."""
        # Layers to read alone: several programs of one host mount them, also at the same moment.
        overlay = f"lowerdir={self.etc}:/etc"
        # An overlay may miss a later change of the layer below it; a bind mount shows it.  In /run the
        # machine's systemd and network managers would say what is not true of this host.
        script = (
            'mount -t overlay overlay -o "$0" /etc && mount --bind "$1" /etc/ucarp && '
            'mount -t tmpfs none /run && shift && exec "$@"'
        )
        # Among other things `ip netns exec` gives the program mounts of its own.
        enter = ["ip", "netns", "exec", self.namespace]
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

    def ucarpctl(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `ucarpctl` on this host."""
        program = "import sys; from ucarpd.ctl.entry import main; sys.exit(main())"
        command = self.command(sys.executable, "-c", program, *words)
        return run(*command, check=check, env={**os.environ, **self.environment()})

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end in the host's network."""
        return run("ip", "netns", "exec", self.namespace, *command, check=check)

    def processes(self) -> list[int]:
        """The ids of all processes in the host's network."""
        return pids_in(self.namespace)

    # -- files -------------------------------------------------------------------------------------

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

    # -- the network -------------------------------------------------------------------------------

    def ip(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run("ip", "-n", self.namespace, *arguments, check=check)

    def addresses(self, interface: str = "eth0") -> list[dict[str, Any]]:
        """What `ip address` knows of the interface: a list of {local, prefixlen, label, …}."""
        answer = self.ip("-json", "address", "show", "dev", interface, check=False)
        if answer.returncode:
            return []
        return addresses_in(answer.stdout)

    def has(self, address: str, interface: str = "eth0") -> bool:
        return address in rtnetlink.addresses(self.namespace, interface)

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
        with inside(self.namespace):
            Path("/proc/sys", path).write_text(value)

    def drop(self, hook: str, *expression: str) -> None:
        """Drop frames on eth0 (`hook` ingress or egress) that match the nftables expression."""
        chain = f"{{ type filter hook {hook} device eth0 priority 0 ; }}"
        rule = f"add rule netdev {hook} c {' '.join(expression)} drop"
        self.run("nft", f"add table netdev {hook}; add chain netdev {hook} c {chain}; {rule}")

    def cable(self, connected: bool) -> None:
        """Pull or plug the cable at the switch; the host sees its carrier go and come."""
        self.lab.switch.cable(self.name, connected)

    def path(self, connected: bool) -> None:
        """Break or mend the way behind the switch port; the host's carrier stays."""
        self.lab.switch.path(self.name, connected)

    def connect(self) -> None:
        """Make eth0 and its cable to the switch, with the host's address on it."""
        self.lab.switch.connect(self.name, self.namespace, "eth0")
        address = f"address add {self.address}/{self.prefixlen} dev eth0"
        ip_lines(self.namespace, address, "link set eth0 up")


def addresses_in(output: str) -> list[dict[str, Any]]:
    """The addresses in what `ip -json address` has printed: {local, prefixlen, label, …} each."""
    return [info for link in json.loads(output) for info in link.get("addr_info", ())]
