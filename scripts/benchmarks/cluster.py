"""A few hosts of the laboratory that run one daemon, watched and, for one address, asked by a client.

Every run has a laboratory of its own, so no timer in step with another, no neighbour entry and no
address is left from the run before.
"""

import contextlib
import random
import time
from collections.abc import Iterable, Sequence

from lab import Host, Lab, LabError

from benchmarks.daemons import NORMAL, Daemon, Instance, Pace
from benchmarks.observer import Observer, wait
from benchmarks.prober import INTERVAL, Prober
from benchmarks.processes import Running

NUMBER = 7
"""The instance of clusters with one address, and its vhid."""


class BenchmarkError(Exception):
    """The hosts did not reach the initial state of a measure, or its event never happened."""


class Stage:
    """Hosts with cables to switches, and their observers; daemons are not started yet."""

    def __init__(
        self, daemon: Daemon, hosts: int = 2, pace: Pace = NORMAL, segments: int = 1
    ) -> None:
        self.daemon = daemon
        self.pace = pace
        self.running: dict[str, Running] = {}
        self._segments = segments
        self._count = hosts
        self._exits = contextlib.ExitStack()

    def __enter__(self) -> "Stage":
        with contextlib.ExitStack() as exits:
            self.lab = exits.enter_context(Lab())
            self.hosts = [
                self.lab.host("abc"[i], f"10.77.0.{i + 1}/16") for i in range(self._count)
            ]
            self.client = self.lab.host("client", "10.77.0.250/16")
            for segment in range(1, self._segments):
                self._add_segment(segment)
            self.observer = exits.enter_context(Observer(self.lab.switch.namespace, self.hosts))
            exits.callback(self._end_daemons)
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def _end_daemons(self) -> None:
        for running in self.running.values():
            running.kill()
            running.wait(5)

    def _add_segment(self, number: int) -> None:
        """One more switch, with a cable to each host."""
        bridge, interface = f"br{number}", f"eth{number}"
        self.lab.switch.add_bridge(bridge)
        for index, host in enumerate(self.hosts):
            self.lab.switch.connect(f"{host.name}{number}", host.namespace, interface, bridge)
            host.ip("address", "add", f"10.{77 + number}.0.{index + 1}/16", "dev", interface)
            host.ip("link", "set", interface, "up")

    # -- acting on the hosts -----------------------------------------------------------------------

    def start(self, host: Host, instances: Sequence[Instance], delay: float = 0) -> None:
        self.running[host.name] = self.daemon.launch(host, instances, self.pace, delay)

    def instances(self, host: Host, numbers: Iterable[int]) -> list[Instance]:
        skew = self.pace.skews[self.hosts.index(host)]
        return [Instance(number, skew) for number in numbers]

    def crash(self, host: Host) -> float:
        """Kill the daemon and pull the cable; returns the moment."""
        running = self.running[host.name]
        pids = running.pids()
        at = time.time()
        running.kill(pids)
        host.cable(False)
        return at

    def interval(self, host: Host) -> float:
        return self.daemon.interval(self.pace, self.hosts.index(host))

    def dead_interval(self, host: Host) -> float:
        return self.daemon.dead_interval(self.pace, self.hosts.index(host))

    def wait_for_backups(self, host: Host, count: int) -> None:
        """Wait until so many instances of a host have logged that they are ready."""
        words, running = self.daemon.backup_words, self.running[host.name]
        if not wait(lambda: running.text().count(words) >= count, 60 + count / 10):
            ready = running.text().count(words)
            raise BenchmarkError(f"{ready} of {count} are ready; {self.log_tails()}")

    def log_tails(self) -> str:
        """The last words of each daemon, for the message of an error."""
        return "; ".join(
            f"{name}: {' | '.join(running.text().splitlines()[-3:])}"
            for name, running in self.running.items()
        )


class Cluster(Stage):
    """One address, that the first host serves when the `with` block begins, and a client of it."""

    def __init__(
        self,
        daemon: Daemon,
        hosts: int = 2,
        pace: Pace = NORMAL,
        *,
        delay: float = 0,
        probe_interval: float = INTERVAL,
    ) -> None:
        super().__init__(daemon, hosts, pace)
        self.address = Instance(NUMBER, 0).address
        self._delay = delay
        self._probe_interval = probe_interval

    def __enter__(self) -> "Cluster":
        super().__enter__()
        try:
            args = (self.hosts, self.client, self.address, self._probe_interval)
            self.prober = Prober(*args)
            self._exits.callback(self.prober.close)
            first, *others = self.hosts
            self.boot(first)
            self.first_reply([first], time.time(), 30)
            for other in others:
                self.random_phase()
                self.boot(other)
            for host in self.hosts:
                self.wait_for_backups(host, 1)
            self.settle(first, hold=max(0.5, 1.5 * self.interval(others[0])))
            self.random_phase()
        except BaseException:
            self._exits.close()
            raise
        return self

    def boot(self, host: Host) -> None:
        """Start the daemon; the first host's up-script is never a slow one."""
        delay = self._delay if host is not self.hosts[0] else 0
        self.start(host, self.instances(host, [NUMBER]), delay)

    def random_phase(self) -> None:
        """Wait for a random part of an interval, so no run is in step with another."""
        time.sleep(random.uniform(0, self.interval(self.hosts[0])))

    def settle(self, host: Host, hold: float = 1.0, limit: float = 30.0) -> float:
        """Wait until the host alone has and serves the address, for `hold` seconds; returns when."""
        since: float | None = None

        def is_settled() -> bool:
            nonlocal since
            is_good = self.observer.holders(self.address) == [host.name]
            is_good = is_good and self.prober.answering() == {host.name}
            since = (since or time.monotonic()) if is_good else None
            return since is not None and time.monotonic() - since >= hold

        if not wait(is_settled, limit + hold):
            raise BenchmarkError(
                f"{host.name} is not the only master after {limit + hold:.0f} s: "
                f"{self.observer.holders(self.address)} have the address, "
                f"{sorted(self.prober.answering())} answer; {self.log_tails()}"
            )
        return time.time()

    def first_reply(self, hosts: Iterable[Host], since: float, limit: float = 20.0) -> float:
        """Return when any of the hosts first answered a client; an error if none ever does."""
        names = [host.name for host in hosts]
        at = self.prober.first_reply(names, since, limit)
        if at is None:
            raise BenchmarkError(
                f"{' and '.join(names)} did not answer in {limit:g} s; {self.log_tails()}"
            )
        return at


FAILURES = (BenchmarkError, LabError, OSError)
"""Exceptions that make one run fail, but do not end the benchmark."""
