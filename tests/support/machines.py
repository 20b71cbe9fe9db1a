"""Whole Debian systems with systemd, booted by systemd-nspawn on the switch of a laboratory.

One root file system a Debian release is built a run; every machine lies over it, most of them with a
layer in between that has the package installed.  A machine's network is set up at boot and taken down
at shutdown by Debian's ifupdown.

  machines.py RELEASE DIRECTORY    build a file system there
"""

import contextlib
import fcntl
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lab import Lab, LabError, run, wait_for
from lab.hosts import addresses_in
from mirrors import cause, proxy_options

PACKAGES = (
    *("systemd-sysv", "dbus", "iproute2", "iputils-ping", "procps", "apache2", "rsyslog", "curl"),
    *("python3-cryptography", "python3-dotenv", "python3-pyroute2", "python3-systemd"),
    *("bash-completion", "ifupdown", "net-tools", "ucarp"),
)
"""The packages of a machine before ucarpd: its dependencies, as no mirror is in reach."""

NETWORK_UNIT = """\
[Unit]
Description=Give the interface its usual name
DefaultDependencies=no
Before=networking.service
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/ip link set host0 name eth0
ExecStop=/bin/sh -c 'ip link set eth0 down; ip link set eth0 name host0'

[Install]
WantedBy=multi-user.target
"""

INTERFACES = """\
auto eth0
iface eth0 inet static
    address {address}
"""


def build_root(release: str, directory: Path) -> Path:
    """A root file system of this Debian release (bookworm, trixie) with PACKAGES, if not there.

    It needs nothing that Debian's own Python has not.
    """
    root = directory / release
    if root.exists():
        return root
    directory.mkdir(parents=True, exist_ok=True)
    unfinished = directory / f"{release}.{os.getpid()}"
    run(
        *("mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"),
        *(f"--aptopt={option}" for option in proxy_options(run("apt-config", "dump").stdout)),
        *("--dpkgopt=path-exclude=/usr/share/locale/*", release, str(unfinished)),
        timeout=3600,  # The line to the mirror may be slow, and the machine busy.
    )
    _complete(unfinished)
    return unfinished.rename(root)


def _complete(root: Path) -> None:
    """Add the lab's network to a root file system, and leave out unneeded parts."""
    (root / "etc/systemd/system/lab-network.service").write_text(NETWORK_UNIT)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    (wants / "lab-network.service").symlink_to("/etc/systemd/system/lab-network.service")
    for unwanted in ("systemd-networkd-wait-online.service", "getty.target", "ucarp.service"):
        (root / "etc/systemd/system" / unwanted).symlink_to("/dev/null")


def install(package: Path, root: Path, directory: Path) -> Path:
    """A layer over a root file system, with the package installed by apt, if not there."""
    layer = directory / f"installed-{root.name}"
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not layer.exists():
            unfinished = directory / f"installing-{root.name}"
            # Of an attempt that failed.
            if (unfinished / "root").is_mount():
                run("umount", str(unfinished / "root"))
            if unfinished.exists():
                shutil.rmtree(unfinished)
            merged = mount_layers([root], unfinished)
            # Without --kill-child, apt would outlive a run that is killed.
            enter = ("unshare", "--kill-child", "--fork", "--pid", "--mount-proc")
            try:
                shutil.copy(package, merged / "root")
                run(*enter, f"--root={merged}", "apt-get", "install", "-y", f"/root/{package.name}")
            except BaseException:
                # This error counts, not one of umount.
                run("umount", str(merged), check=False)
                raise
            run("umount", str(merged))
            (unfinished / "upper").rename(layer)
    return layer


def mount_layers(layers: list[Path], directory: Path) -> Path:
    """Mount file systems one over the other, the uppermost first; DIRECTORY/upper takes changes."""
    upper, work, root = (directory / each for each in ("upper", "work", "root"))
    for each in (upper, work, root):
        each.mkdir(parents=True)
    lower = ":".join(map(str, layers))
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    run("mount", "-t", "overlay", "overlay", "-o", options, str(root))
    return root


class Machine:
    """One booted system.  `run` types a command on it."""

    def __init__(self, lab: Lab, layers: list[Path], name: str, address: str) -> None:
        self.lab = lab
        self.name = name
        self.address = address.partition("/")[0]
        # Two runs at one time must not share a name: nspawn keeps state under it.
        self._unique = f"{name}{os.getpid()}"
        self.directory = lab.directory / f"machine-{name}"
        self.root = mount_layers(layers, self.directory)
        self.write("/etc/network/interfaces", INTERFACES.format(address=address), 0o644)
        (self.root / "etc/hostname").write_text(f"{name}\n")
        (self.root / "var/www/html/index.html").write_text(f"this is {name}\n")
        self._cgroups = [parent / f"{lab.prefix}{name}" for parent in _own_cgroups()]
        self._console = self.directory / "console"
        self._nspawn: subprocess.Popen[bytes] | None = None

    def boot(self) -> None:
        self.switch_on()
        self.wait_until_up()

    def switch_on(self) -> None:
        """Begin to boot; `wait_until_up` waits for the end."""
        console = self._console.open("ab")
        for directory in self._cgroups:
            directory.mkdir(exist_ok=True)
        join = 'for each in $0; do echo $$ >"$each/cgroup.procs" || exit; done; exec "$@"'
        # Not `ip netns exec`: that would hide /sys/fs/cgroup.
        self._nspawn = subprocess.Popen(
            [
                *("sh", "-c", join, " ".join(map(str, self._cgroups))),
                *(
                    "nsenter",
                    f"--net=/run/netns/{self.lab.switch.namespace}",
                    "systemd-nspawn",
                    "--boot",
                ),
                *("--quiet", f"--directory={self.root}", f"--hostname={self.name}"),
                f"--machine={self._unique}",
                *("--register=no", "--keep-unit", "--network-bridge=br0", "--console=pipe"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        )
        console.close()

    def wait_until_up(self) -> None:
        def is_up() -> bool:
            # While there is no systemd to talk to, it fails at once.
            state = self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
            return state in ("running", "degraded")

        try:
            wait_for(f"{self.name} to boot", is_up, 180)
        except LabError as error:
            raise LabError(f"{error}\n{self._console.read_text(errors='replace')}") from None

    @property
    def leader(self) -> str:
        """The pid of the machine's init, as seen from outside; empty while there is none."""
        assert self._nspawn is not None
        pid = self._nspawn.pid
        try:
            return Path(f"/proc/{pid}/task/{pid}/children").read_text().partition(" ")[0]
        except FileNotFoundError:
            # A kernel without CONFIG_PROC_CHILDREN never has this file.
            if Path(f"/proc/{pid}").exists():
                raise
            return ""

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        if not (leader := self.leader):
            if check:
                raise LabError(f"{self.name} is not running")
            return subprocess.CompletedProcess(command, 1, "", "")
        enter = ("nsenter", "--target", leader, "--all", "env", "--ignore-environment", "--chdir=/")
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return run(*enter, path, "LC_ALL=C.UTF-8", "TERM=dumb", *command, check=check)

    def shell(self, line: str, check: bool = True) -> str:
        """Type a line into the machine's shell; return its output."""
        return self.run("sh", "-c", line, check=check).stdout

    def write(self, path: str, text: str, mode: int = 0o600) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def copy(self, file: Path, to: str) -> None:
        (self.root / to.lstrip("/")).write_bytes(file.read_bytes())

    def has(self, address: str) -> bool:
        answer = self.run("ip", "-json", "-4", "address", "show", check=False).stdout or "[]"
        return any(info["local"] == address for info in addresses_in(answer))

    def cable(self, connected: bool) -> None:
        """Pull or plug the cable at the switch."""
        self.lab.switch.cable(f"vb-{self._unique}", connected)

    def journal(self, *arguments: str) -> str:
        return self.run("journalctl", "--no-pager", "--output=short", *arguments).stdout

    def main_pid(self, unit: str) -> int:
        """The pid of a service inside the machine; 0 for none."""
        return int(self.run("systemctl", "show", "-P", "MainPID", unit).stdout)

    def reboot(self) -> None:
        """Shut it down as an administrator would, and switch it on again."""
        assert self._nspawn is not None
        self.run("systemctl", "poweroff", "--no-block")
        self._nspawn.wait(180)
        self.boot()

    def switch_off(self) -> None:
        """Cut the power; `close` waits for the end."""
        if self._nspawn is not None and (leader := self.leader):
            run("kill", "-KILL", leader, check=False)

    def close(self) -> None:
        self.switch_off()
        if self._nspawn is not None:
            self._nspawn.wait(30)
        for directory in filter(Path.exists, self._cgroups):
            run("find", str(directory), "-depth", "-type", "d", "-exec", "rmdir", "{}", ";")
        run("umount", str(self.root), check=False)
        with contextlib.suppress(FileNotFoundError):
            Path("/run/systemd/nspawn/propagate", self._unique).rmdir()


def _own_cgroups() -> list[Path]:
    """The place of this process in the hierarchies that systemd uses.

    nspawn would boot all machines in one control group, and each systemd in there would wait for
    the processes of the others.
    """
    paths = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    own = {controllers: path for _, controllers, path in paths}
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return [
        Path(point + own[controllers].rstrip("/"))
        for _, point, kind, options, *_ in mounts
        for controllers in ("", "name=systemd")
        if (kind == "cgroup2" and not controllers)
        or (kind == "cgroup" and controllers and controllers in options.split(","))
    ]


_versions = itertools.count(1)


def repacked(package: Path, directory: Path) -> Path:
    """The same package with a higher version."""
    tree = directory / f"repacked-{next(_versions)}"
    run("dpkg-deb", "--raw-extract", str(package), str(tree))
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+next", control.read_text()))
    higher = directory / f"{package.stem}+next.deb"
    run("dpkg-deb", "--root-owner-group", "--build", str(tree), str(higher))
    return higher


if __name__ == "__main__":
    try:
        build_root(sys.argv[1], Path(sys.argv[2]))
    except LabError as error:
        sys.exit(f"cannot build a Debian {sys.argv[1]}: {cause(str(error))}")
