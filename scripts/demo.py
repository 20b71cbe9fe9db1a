"""The demo: two hosts share an address, a client asks it all the time, and things go wrong.

The hosts are network namespaces (see lab.py).  They run with the configuration file that we ship;
only what must differ between two hosts is edited.
"""

import argparse
import asyncio
import contextlib
import http.server
import os
import re
import secrets
import shutil
import signal
import socketserver
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import runs
import sweep
from lab import PROJECT, Host, Lab, LabError, Process, run

SHIPPED = PROJECT / "etc" / "ucarp"
PREFERRED, OTHER, CLIENT = "web1", "web2", "client"
ADDRESSES = {PREFERRED: "172.16.0.11", OTHER: "172.16.0.12", CLIENT: "172.16.0.100"}
OTHERS_SKEW = "100"

ASK_EVERY = 0.05
GIVE_UP_AFTER = 0.5
"""Seconds between two requests of the client, and how long it waits for each answer."""

LOOK_EVERY = 0.02
SETTLE = 1.5
"""Seconds that are watched after a step has had its effect."""

FEW = 10
"""Requests that a step may lose when the address changes hands in good order: half a second."""

COLOURS = {PREFERRED: "32", OTHER: "36", "nobody": "31;1", "step": "1"}
"""Terminal codes by what a line is about."""

EXIT_NO_PERMISSION = 77

EPILOG = """\
exit status:
  0   every step went as it should
  1   one did not; the end of the output says what was wrong
  77  not root

On a terminal the bottom line always shows who answers.  With its output in a file or a pipe, with
NO_COLOR set, or with TERM=dumb, the demo writes plain lines only.
"""


class Interrupted(Exception):
    """A signal asked us to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


# -- what runs on the hosts ----------------------------------------------------------------------------


class WebServer(http.server.ThreadingHTTPServer):
    """Answers every GET with the name of its host."""

    def __init__(self, name: str) -> None:
        page = f"{name}\n".encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

        super().__init__(("", 80), Handler)

    def server_bind(self) -> None:
        # The library would look up the machine's name in the DNS, which is out of reach here.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "", self.server_address[1]


async def ask_for_ever(address: str) -> None:
    """Ask every 50 ms, whether or not the last answer has come; one line a request."""
    requests: set[asyncio.Task[None]] = set()
    due = time.monotonic()
    while True:
        request = asyncio.create_task(ask(address))
        requests.add(request)
        request.add_done_callback(requests.discard)
        due = max(due + ASK_EVERY, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


async def ask(address: str) -> None:
    asked_at = time.monotonic()
    try:
        async with asyncio.timeout(GIVE_UP_AFTER):
            answer = await get(address)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        answer = ""
    sys.stdout.write(f"{asked_at} {time.monotonic()} {answer}\n")
    sys.stdout.flush()


async def get(address: str) -> str:
    """The page at http://ADDRESS/, over a connection of its own."""
    reader, writer = await asyncio.open_connection(address, 80)
    try:
        writer.write(f"GET / HTTP/1.0\r\nHost: {address}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        return (await reader.read()).decode().strip()
    finally:
        writer.close()


# -- what is seen --------------------------------------------------------------------------------------


class Tail:
    """The lines that are added to a file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open(errors="replace")
        self._partial = ""

    def lines(self) -> list[str]:
        *lines, self._partial = (self._partial + self._file.read()).split("\n")
        return lines


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the client; `host` is who answered, None for nobody."""

    asked_at: float
    ended_at: float
    host: str | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something worth a line: `who` saw or did it."""

    at: float
    who: str
    text: str


class Observer:
    """Follows the client and the daemons' logs."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.sightings: list[Sighting] = []
        self.answering: str | None = None
        self._last_answered = 0.0
        self._client: Tail | None = None
        self._logs: list[tuple[str, Tail]] = []

    def follow_client(self, process: Process) -> None:
        self._client = Tail(process.output)

    def follow_daemon(self, host: str, process: Process) -> None:
        self._logs.append((host, Tail(process.output)))

    def look(self) -> list[Sighting]:
        """Take in what is new."""
        new = []
        for host, tail in self._logs:
            for line in tail.lines():
                if "Switching to state:" in line:
                    text = line[line.index("Switching to state:") :]
                    new.append(Sighting(time.monotonic(), host, text))
        for line in self._client.lines() if self._client else ():
            asked, ended, answer = line.split(" ", 2)
            request = Request(float(asked), float(ended), answer or None)
            self.requests.append(request)
            new += self._change(request)
        self.sightings += new
        return new

    def _change(self, request: Request) -> list[Sighting]:
        # That a request is lost is known late; those asked after it may have been answered.
        is_overtaken = request.asked_at < self._last_answered
        if request.host is not None:
            self._last_answered = max(self._last_answered, request.asked_at)
        if is_overtaken or request.host == self.answering:
            return []
        self.answering = request.host
        if request.host is None:
            return [Sighting(request.asked_at, CLIENT, "nobody answers")]
        return [Sighting(request.ended_at, CLIENT, f"{request.host} answers")]

    def asked(self, begin: float, end: float) -> list[Request]:
        """The requests of a time, in the order in which they were asked."""
        found = [request for request in self.requests if begin <= request.asked_at < end]
        return sorted(found, key=lambda request: request.asked_at)

    def first_answer(self, host: str, begin: float) -> float | None:
        """When this host first answered a request that was asked after `begin`."""
        answers = (r.ended_at for r in self.requests if r.host == host and r.asked_at >= begin)
        return min(answers, default=None)

    def silence(self, begin: float, end: float) -> float:
        """Seconds without any answer: each from the last answer before to the first one after."""
        silence, last_answer = 0.0, begin
        for answered, group in groupby(self.asked(begin, end), lambda r: r.host is not None):
            requests = list(group)
            if answered:
                last_answer = requests[-1].ended_at
                continue
            after = (r.ended_at for r in self.asked(requests[-1].asked_at, end) if r.host)
            silence += next(after, end) - last_answer
        return silence


class Screen:
    """Lines for a person; on a terminal there is a status line below them, updated in place."""

    def __init__(self) -> None:
        plain = "NO_COLOR" in os.environ or os.environ.get("TERM", "dumb") == "dumb"
        self.is_live = sys.stdout.isatty() and not plain
        self._status = ""

    def line(self, text: str = "", indent: int = 0, style: str = "") -> None:
        """Write a line, folded on a terminal; the folds are indented."""
        if self.is_live:
            width = max(shutil.get_terminal_size().columns, indent + 40)
            folded = textwrap.wrap(text, width, subsequent_indent=" " * indent)
            text = "\n".join(self.colour(line, style) for line in folded)
            self._put(f"\r\x1b[K{text}\n{self._status}")
        else:
            self._put(f"{text}\n")

    def status(self, before: str, name: str, after: str, strip: str) -> None:
        """Replace the status line; of the strip, what has room, from its end."""
        if self.is_live:
            width = shutil.get_terminal_size().columns
            room = width - 1 - len(before) - len(name) - len(after)
            text = before + self.colour(name, name)
            if room > 0:
                text += after + strip[-room:]
            if text != self._status:
                self._status = text
                self._put(f"\r{text}\x1b[K")

    def end_status(self) -> None:
        if self._status:
            self._status = ""
            self._put("\r\x1b[K")

    def colour(self, text: str, style: str) -> str:
        code = COLOURS.get(style) if self.is_live else None
        return f"\x1b[{code}m{text}\x1b[0m" if code else text

    @staticmethod
    def _put(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


# -- the course of the demo ----------------------------------------------------------------------------


@dataclass(slots=True)
class Step:
    """Something that is done, and what must come of it."""

    title: str
    explanation: str
    action: Callable[[], None] | None
    expected: str
    limit: float
    """Seconds within which the expected host must answer."""
    most_lost: int | None = None
    """Requests that may be lost; None for any number."""
    settle: float = SETTLE
    counts: bool = True
    began_at: float = 0.0
    ended_at: float = 0.0


class Demo:
    """Two hosts, a client, and what happens to them."""

    def __init__(self, lab: Lab, screen: Screen, wanted_to_end: Callable[[], int | None]) -> None:
        self.lab = lab
        self.screen = screen
        self.observer = Observer()
        self.faults: list[str] = []
        self.played: list[Step] = []
        self.daemons: dict[str, Process] = {}
        self.address = value_of((SHIPPED / "ucarp.conf").read_text(), "UCARP_ADDR")
        self._wanted_to_end = wanted_to_end
        self._programs: dict[str, Process] = {}
        self._stopped: set[str] = set()
        self._daemons_started: list[tuple[str, Process]] = []
        self._began_at = time.monotonic()

    def build(self) -> None:
        """Hosts, files, web servers and the client; the daemons are the first step's business."""
        password = secrets.token_hex(8)
        differences = {PREFERRED: {"PREEMPT": "yes"}, OTHER: {"ADVSKEW": OTHERS_SKEW}}
        self.hosts = {name: self.lab.host(name, f"{ip}/16") for name, ip in ADDRESSES.items()}
        for name, values in differences.items():
            host = self.hosts[name]
            values |= {"SRCIP": host.address, "PASS": password}
            conf = (SHIPPED / "ucarp.conf").read_text()
            for key, value in values.items():
                conf = edited(conf, f"UCARP_{key}", value)
            host.write_conf("ucarp", conf)
            self._programs[f"the web server on {name}"] = self._start(host, "serve", name)
        client = self._start(self.hosts[CLIENT], "ask", self.address)
        self._programs["the client"] = client
        self.observer.follow_client(client)

    def _start(self, host: Host, *arguments: str) -> Process:
        return host.start(sys.executable, str(Path(__file__).resolve()), *arguments)

    def play(self) -> None:
        """All steps, or those up to the first that fails."""
        self._began_at = time.monotonic()
        try:
            for step in self._steps():
                self._play(step)
            # The last requests may still be waiting for their answers.
            self._watch(GIVE_UP_AFTER + 0.1)
        except LabError as error:
            self.faults.append(str(error))
        finally:
            self.screen.end_status()
        self.faults += [fault for step in self.played for fault in self._losses(step)]

    def _steps(self) -> list[Step]:
        cable = self.hosts[PREFERRED].cable
        return [
            Step(
                "Both hosts start",
                "ucarpd starts on both hosts. Each listens for three seconds, then "
                f"{PREFERRED} takes the address.",
                self._start_daemons,
                PREFERRED,
                limit=10,
                settle=0.5,
                counts=False,
            ),
            Step(
                "Nothing is touched",
                "Nothing is touched for a while.",
                None,
                PREFERRED,
                limit=1,
                most_lost=2,
                settle=3,
            ),
            Step(
                f"{PREFERRED}'s cable is pulled",
                f"{PREFERRED}'s network cable is pulled. After three seconds without a sign of it "
                f"{OTHER} takes over.",
                lambda: cable(False),
                OTHER,
                limit=6,
            ),
            Step(
                f"{PREFERRED}'s cable is back",
                f"The cable is plugged in again. {PREFERRED} is preferred, so it takes the address "
                "back.",
                lambda: cable(True),
                PREFERRED,
                limit=6,
                most_lost=FEW,
            ),
            Step(
                f"{PREFERRED}'s ucarpd is stopped",
                f"ucarpd is stopped on {PREFERRED}, as for maintenance (SIGTERM). It hands the "
                f"address to {OTHER}.",
                lambda: self._stop_daemon(PREFERRED),
                OTHER,
                limit=2,
                most_lost=FEW,
            ),
            Step(
                f"{PREFERRED}'s ucarpd is started again",
                f"ucarpd is started again on {PREFERRED}. It takes the address back.",
                lambda: self._start_daemon(PREFERRED),
                PREFERRED,
                limit=10,
                most_lost=FEW,
            ),
        ]

    def _start_daemons(self) -> None:
        for name in (PREFERRED, OTHER):
            self._start_daemon(name)

    def _start_daemon(self, name: str) -> None:
        self.daemons[name] = self.hosts[name].ucarpd()
        self._daemons_started.append((name, self.daemons[name]))
        self._stopped.discard(name)
        self.observer.follow_daemon(name, self.daemons[name])

    def _stop_daemon(self, name: str) -> None:
        self.daemons[name].signal(signal.SIGTERM)
        self._stopped.add(name)

    def _play(self, step: Step) -> None:
        step.began_at = step.ended_at = time.monotonic()
        self.played.append(step)
        self.screen.line()
        self._say(step.began_at, step.explanation, "step")
        if step.action is not None:
            step.action()
        answered = self._watch(
            step.limit, lambda: self.observer.first_answer(step.expected, step.began_at) is not None
        )
        if answered:
            self._watch(step.settle)
        step.ended_at = time.monotonic()
        if not answered:
            raise LabError(f"{step.title}: {step.expected} did not answer within {step.limit:g} s")
        self._check_outcome(step)

    def _check_outcome(self, step: Step) -> None:
        if self.observer.answering != step.expected:
            now = self.observer.answering or "nobody"
            raise LabError(f"{step.title}: {step.expected} answered, but then {now} did")
        holders = [name for name in self.daemons if self.hosts[name].has(self.address)]
        if holders != [step.expected]:
            have = " and ".join(holders) or "nobody"
            raise LabError(f"{step.title}: {have} had {self.address}, not {step.expected} alone")
        for name in self._stopped:
            status = self.daemons[name].popen.poll()
            if status != 0:
                what = "did not end" if status is None else f"ended with exit status {status}"
                raise LabError(f"{step.title}: it {what}")

    def _losses(self, step: Step) -> Iterator[str]:
        lost = self.lost(step)
        if step.most_lost is not None and lost > step.most_lost:
            yield f"{step.title}: {lost} requests lost, {step.most_lost} would have been acceptable"

    def lost(self, step: Step) -> int:
        asked = self.observer.asked(step.began_at, step.ended_at)
        return sum(1 for request in asked if request.host is None)

    def stop_client(self) -> None:
        self._programs.pop("the client").kill()

    # -- watching --------------------------------------------------------------------------------------

    def _watch(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Look on for so long, or until something is true; whether it has become true."""
        end = time.monotonic() + seconds
        while True:
            if (number := self._wanted_to_end()) is not None:
                raise Interrupted(number)
            for sighting in self.observer.look():
                if sighting.who == CLIENT:
                    style = sighting.text.split()[0]
                    self._say(sighting.at, f"  -> {sighting.text}", style)
            self._check_programs()
            self._show_status()
            if until():
                return True
            if time.monotonic() > end:
                return False
            time.sleep(LOOK_EVERY)

    def _check_programs(self) -> None:
        for name, process in self._programs.items():
            if not process.is_running:
                raise LabError(f"{name} ended unexpectedly; it wrote:\n{process.text()}")
        for name, daemon in self.daemons.items():
            if name not in self._stopped and not daemon.is_running:
                raise LabError(f"ucarpd on {name} ended with exit status {daemon.popen.wait()}")

    def _say(self, at: float, text: str, style: str = "") -> None:
        self.screen.line(f"{self.since_start(at)}  {text}", 10, style)

    def since_start(self, at: float) -> str:
        return f"{max(at - self._began_at, 0):6.2f} s"

    def _show_status(self) -> None:
        now = time.monotonic()
        recent = self.observer.asked(now - 3, now)[-40:]
        marks = {None: ".", PREFERRED: PREFERRED[-1], OTHER: OTHER[-1]}
        self.screen.status(
            f"{now - self._began_at:6.1f} s  {self.address} is answered by ",
            self.observer.answering or "nobody",
            "   last requests: ",
            "".join(marks[request.host] for request in recent),
        )

    # -- telling ---------------------------------------------------------------------------------------

    def introduce(self) -> None:
        line = self.screen.line
        line(f"Two hosts share the address {self.address}. Each runs ucarpd and a web server.")
        line(f"A client asks http://{self.address}/ for a page 20 times a second.")
        line("All three are network namespaces of this machine: nothing leaves them.")
        line()
        line(f"  {PREFERRED}    {ADDRESSES[PREFERRED]}    preferred (UCARP_PREEMPT=yes)")
        line(f"  {OTHER}    {ADDRESSES[OTHER]}    stands by (UCARP_ADVSKEW={OTHERS_SKEW})")
        line(f"  {CLIENT}  {ADDRESSES[CLIENT]}")

    def report(self) -> None:
        """The timeline, the losses, and whether all is well."""
        line = self.screen.line
        line()
        line("What happened, and what the ucarpd of each host logged about it", style="step")
        line()
        line("  MASTER: has the address.  BACKUP: stands by.  INIT: cannot take part.")
        for step in self.played:
            line()
            self._say(step.began_at, step.title, "step")
            for sighting in self._sightings(step):
                text = f"{self.since_start(sighting.at)}    {sighting.who:6}  {sighting.text}"
                line(text, 20)
        line()
        self._table()
        line()
        if not self.faults:
            line("All went as it should.")
            return
        line("It did not go as it should:", style="nobody")
        for fault in self.faults:
            line(f"  {fault}", 4)
        for name, daemon in self._daemons_started:
            line()
            line(f"All that the ucarpd of {name} logged (process {daemon.pid}):")
            for text in daemon.text().splitlines():
                line(f"  {text}", 4)

    def _sightings(self, step: Step) -> list[Sighting]:
        is_last = step is self.played[-1]
        end = float("inf") if is_last else step.ended_at
        found = [s for s in self.observer.sightings if step.began_at <= s.at < end]
        return sorted(found, key=lambda sighting: sighting.at)

    def _table(self) -> None:
        rows = [("", "answers then", "after", "nobody answered", "requests lost")]
        rows += [self._row(step) for step in self.played]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        for row in rows:
            first, second, *numbers = row
            cells = [first.ljust(widths[0]), second.ljust(widths[1])]
            cells += [cell.rjust(width) for cell, width in zip(numbers, widths[2:], strict=True)]
            self.screen.line("   ".join(cells).rstrip(), style="" if first else "step")

    def _row(self, step: Step) -> tuple[str, str, str, str, str]:
        observer = self.observer
        answered_at = observer.first_answer(step.expected, step.began_at)
        if answered_at is None:
            after = "never"
        elif step.action is None:
            after = "-"
        else:
            after = f"{answered_at - step.began_at:.2f} s"
        if not step.counts:
            return step.title, step.expected if answered_at else "nobody", after, "-", "-"
        lost, asked = self.lost(step), len(observer.asked(step.began_at, step.ended_at))
        silence = f"{observer.silence(step.began_at, step.ended_at):.2f} s" if lost else "never"
        who = step.expected if answered_at else observer.answering or "nobody"
        return step.title, who, after, silence, f"{lost} of {asked}"

    def tell_how_to_enter(self) -> None:
        line = self.screen.line
        prefix, switch = self.lab.prefix, self.lab.switch
        line()
        line("The hosts stay up, with ucarpd and the web servers. As root:", style="step")
        line()
        for name in self.hosts:
            line(
                f"  ip netns exec {prefix}{name} bash".ljust(52)
                + f"a shell in the network of {name}"
            )
        line(
            f"  ip -n {switch} link set {PREFERRED} down".ljust(52)
            + f"pull the cable of {PREFERRED} (up: plug it in)"
        )
        line(f"  ip netns exec {prefix}{CLIENT} curl {self.address}".ljust(52) + "ask who answers")
        for name, daemon in self.daemons.items():
            line()
            line(f"  {name}: ucarpd is process {daemon.pid} (kill -TERM {daemon.pid} stops it)")
            line(f"        log   {daemon.output}")
            line(f"        files {self.hosts[name].conf}")
        line()
        line("Remove it all:  scripts/demo --remove")

    def tell_what_next(self) -> None:
        line = self.screen.line
        line()
        line("What you can do next:", style="step")
        line()
        line(
            "  scripts/demo --keep".ljust(27)
            + "the same, and the hosts stay up: enter them, pull cables"
        )
        line("  scripts/build-deb".ljust(27) + "the Debian package, for two hosts of your own;")
        line(" " * 27 + 'then see "Set up two hosts" in README.md')


def value_of(conf: str, key: str) -> str:
    found = re.search(rf"^{key}=(.*)$", conf, re.MULTILINE)
    if found is None:
        raise LabError(f"{SHIPPED}/ucarp.conf does not set {key}")
    return found[1]


def edited(conf: str, key: str, value: str) -> str:
    """The file with the one line of this key, commented out or not, set to `value`."""
    conf, count = re.subn(rf"^#?{key}=.*$", f"{key}={value}", conf, flags=re.MULTILINE)
    if count != 1:
        raise LabError(f"{SHIPPED}/ucarp.conf has {count} lines of {key}, not one")
    return conf


# -- keeping and removing ------------------------------------------------------------------------------


def name_stem() -> str:
    """What our laboratories' names begin with; scripts/test sweeps up after its own."""
    run_name = os.environ.get("UCARPD_LAB")
    return f"{run_name}ndemo" if run_name else "demo"


def keep_up(lab: Lab) -> None:
    """Let the laboratory outlive us: the next run will not take it for one that was killed."""
    run("ip", "netns", "add", f"{lab.prefix.rstrip('-')}{sweep.KEPT}")


def remove(screen: Screen) -> int:
    """Remove what --keep has left, or a demo that was killed."""
    ours = re.compile(rf"{re.escape(name_stem())}\d+t\d+")
    living = set[str]()

    def is_left(prefix: str) -> bool:
        if not ours.fullmatch(prefix):
            return False
        if not runs.is_dead(prefix):
            living.add(prefix)
        return prefix not in living

    removed = sweep.sweep(is_left)
    for prefix in sorted(living):
        screen.line(f"{prefix} is still running; left alone")
    for prefix in removed:
        screen.line(f"{prefix} removed")
    if not removed and not living:
        screen.line("There is nothing to remove.")
    return 0


# -- the command ---------------------------------------------------------------------------------------


def show(keep: bool, screen: Screen) -> int:
    wanted: list[int] = []
    # Only noted, and acted on between two looks: so nothing is ever left half made.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda number, _frame: wanted.append(number))
    sweep.tell(sweep.dead())
    lab = Lab(f"{name_stem()}{runs.this_process()}-")
    with contextlib.ExitStack() as stack:
        stack.enter_context(lab)
        demo = Demo(lab, screen, lambda: wanted[0] if wanted else None)
        try:
            demo.build()
        except LabError:
            if wanted:
                # Ctrl-C reached the command that we were running, too.
                raise Interrupted(wanted[0]) from None
            raise
        demo.introduce()
        demo.play()
        demo.report()
        if keep and not wanted:
            demo.stop_client()
            demo.tell_how_to_enter()
            keep_up(lab)
            stack.pop_all()
        elif not demo.faults and not wanted:
            demo.tell_what_next()
    return 1 if demo.faults else 0


def main(arguments: Sequence[str]) -> int:
    match arguments:
        case ["serve", name]:
            WebServer(name).serve_forever()
        case ["ask", address]:
            asyncio.run(ask_for_ever(address))
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Two hosts share an address through ucarpd; one fails, the other answers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--keep",
        action="store_true",
        help="leave the hosts up at the end, and tell how to enter and how to remove them",
    )
    what.add_argument("--remove", action="store_true", help="remove what --keep has left up")
    options = parser.parse_args(arguments)
    screen = Screen()
    if os.geteuid() != 0:
        sys.stderr.write("scripts/demo: must run as root: it makes network namespaces\n")
        return EXIT_NO_PERMISSION
    try:
        return remove(screen) if options.remove else show(options.keep, screen)
    except Interrupted as interrupted:
        sys.stderr.write(f"\nended by {interrupted}; nothing is left behind\n")
        return 128 + interrupted.number
    except LabError as error:
        sys.stderr.write(f"scripts/demo: {error}\n")
        return 1
    except BrokenPipeError:
        # Whoever read our output has gone; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
