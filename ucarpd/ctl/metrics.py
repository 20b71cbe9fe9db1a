"""`ucarpctl metrics`: the metrics of this host for Prometheus, by HTTP or in a file."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ucarpd.ctl.exporter.families import families
from ucarpd.ctl.exporter.text import CONTENT_TYPE, text
from ucarpd.ctl.failure import EXIT_FAILED, Failure
from ucarpd.ctl.processes import Answer, ask, sockets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from ucarpd.ctl.exporter.listening import DEFAULT

    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--listen",
        metavar="ADDRESS:PORT",
        default=DEFAULT,
        help="serve them by HTTP, at /metrics; default: %(default)s",
    )
    where.add_argument(
        "--textfile",
        metavar="FILE",
        help="write them once, for the textfile collector of node_exporter; -: standard output",
    )
    parser.epilog = "ucarpd-exporter(8) lists the metrics; systemd's sockets replace --listen"


def run(options: argparse.Namespace) -> int:
    if options.textfile is None:
        return _serve(options.listen)
    said = text(families(ask()))
    if options.textfile == "-":
        sys.stdout.write(said)
    else:
        from ucarpd.linux.run_directory import replace_file

        try:
            replace_file(Path(options.textfile), said.encode(), 0o644)
        except OSError as error:
            raise Failure(error.strerror or str(error), EXIT_FAILED) from None
    return 0


def _serve(place: str) -> int:
    from ucarpd.ctl.exporter.listening import listening_sockets, url
    from ucarpd.ctl.exporter.server import serve
    from ucarpd.linux import systemd

    sockets()  # Tells at once if this user may not ask.
    listening = listening_sockets(place)
    told = f"serving {', '.join(map(url, listening))}"
    _say(told)
    systemd.notify_ready(told)
    serve(listening, _Page())
    return 0


class _Page:
    """The metrics as they are now; says on standard error which processes begin or cease to answer."""

    def __init__(self) -> None:
        self._faults: dict[str, str] = {}

    def __call__(self, accept: str) -> tuple[str, bytes]:
        from ucarpd.ctl.exporter import client_library

        try:
            answers = ask()
        except Failure as failure:
            _say(str(failure))
            raise
        self._tell(answers)
        found = families(answers)
        if client_library.is_installed():
            return client_library.encoded(found, accept)
        return CONTENT_TYPE, text(found).encode()

    def _tell(self, answers: Sequence[Answer]) -> None:
        before = self._faults
        self._faults = {answer.label: answer.fault for answer in answers if answer.fault}
        for answer in answers:
            if answer.fault != before.get(answer.label, ""):
                _say(f"process {answer.pid} {answer.fault or 'answers again'}")


def _say(words: str) -> None:
    print(f"ucarpctl: {words}", file=sys.stderr, flush=True)
