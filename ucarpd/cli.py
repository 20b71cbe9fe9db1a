"""The command `ucarpd`."""

import argparse
import asyncio
import logging
import socket
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ucarpd import __version__, config
from ucarpd.config import ConfigError

if TYPE_CHECKING:
    from ucarpd.output import Output

EXIT_CONFIG = 78
EXIT_NO_PERMISSION = 77
"""EX_CONFIG and EX_NOPERM of sysexits.h."""

_EPILOG = """\
signals:
  TERM, INT, QUIT  stop: addresses off, down-script, and a bow-out so that a peer serves at once
  HUP              read the files again; what is unchanged goes on undisturbed
  USR1             log a status line for each instance, and how late timers come
  USR2             step down: let a peer serve

exit status:
  0   stopped on request, or nothing to complain about
  2   wrong usage
  75  every instance is already run by another process
  77  not enough privileges
  78  a configuration file cannot be used; the messages name file, line and key
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    status: int = options.command(options)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ucarpd",
        description="Userland CARP daemon: hosts share a virtual IP address; when the one that "
        "serves it fails, another takes over.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ucarpd {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run the virtual hosts of these files, in the foreground")
    _add_paths(run)
    run.add_argument(
        "--stay",
        action="store_true",
        help="go on when there is nothing to run, until a reload (SIGHUP) finds something",
    )
    _add_log_options(run)
    run.set_defaults(command=_run)

    clear = commands.add_parser(
        "clear", help="remove virtual addresses that a process which died has left behind"
    )
    _add_paths(clear)
    _add_log_options(clear)
    clear.set_defaults(command=_clear)

    check = commands.add_parser(
        "check", help="look for faults in these files, and for what does not fit this host"
    )
    _add_paths(check)
    check.set_defaults(command=_check)

    show = commands.add_parser("show-config", help="print what a file means, defaults included")
    show.add_argument("path", metavar="FILE", type=Path)
    show.set_defaults(command=_show)
    return parser


def _add_paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        type=Path,
        help="a configuration file, or a directory of files NAME.conf",
    )


def _add_log_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log",
        choices=("auto", "journal", "syslog", "stderr"),
        default="auto",
        help="where the log goes; auto: the journal if systemd started us, else stderr",
    )
    parser.add_argument("--debug", action="store_true", help="log more")


def _check(options: argparse.Namespace) -> int:
    # Imported here: `show-config` needs no netlink.
    from ucarpd import host_checks
    from ucarpd.lock import is_held, run_directory

    configs, problems = config.load_all(options.paths)
    found = host_checks.find(configs, lambda name: is_held(name, run_directory()))
    errors = [finding.problem for finding in found if finding.is_error]
    problems += errors
    for problem in problems:
        print(problem, file=sys.stderr)
    for each in configs:
        of_host = [f.problem for f in found if not f.is_error and f.problem.path == each.path]
        for warning in (*config.warnings(each.path), *of_host):
            print(f"{warning} (warning)", file=sys.stderr)
        if all(error.path != each.path for error in errors):
            print(f"{each.path}: OK, virtual host {each.vhid} on {each.interface}")
    if not configs and not problems:
        where = ", ".join(map(str, options.paths))
        print(f"{where}: no configuration file (NAME.conf) in it", file=sys.stderr)
        return EXIT_CONFIG
    return EXIT_CONFIG if problems else 0


def _show(options: argparse.Namespace) -> int:
    try:
        shown = config.show(config.load(options.path))
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return EXIT_CONFIG
    sys.stdout.write(shown)
    return 0


def _run(options: argparse.Namespace) -> int:
    # Imported here: `show-config` needs no netlink.
    from ucarpd.supervisor import Supervisor

    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError:
        print("ucarpd: must run as root (CAP_NET_RAW and CAP_NET_ADMIN)", file=sys.stderr)
        return EXIT_NO_PERMISSION

    # Not resolve(): the name of a link is the name of the instance.
    paths = [path.absolute() for path in options.paths]

    async def supervise() -> int:
        return await Supervisor(paths, stay=options.stay).run()

    with closing(_output(options)), asyncio.Runner(loop_factory=_event_loop) as runner:
        return runner.run(supervise())


def _event_loop() -> asyncio.AbstractEventLoop:
    from ucarpd.linux.precise_selector import PreciseSelector

    return asyncio.SelectorEventLoop(PreciseSelector())


def _clear(options: argparse.Namespace) -> int:
    from ucarpd import journal
    from ucarpd.clearing import clear

    configs, problems = config.load_all(options.paths)
    with closing(_output(options)):
        for problem in problems:
            journal.write_problem(f"cannot clear: {problem}")
        asyncio.run(clear(configs))
    return EXIT_CONFIG if problems else 0


def _output(options: argparse.Namespace) -> "Output":
    from ucarpd import output
    from ucarpd.linux.systemd import JournalHandler, stderr_is_the_journal

    level = logging.DEBUG if options.debug else logging.INFO
    if options.log == "journal" or (options.log == "auto" and stderr_is_the_journal()):
        return output.Output(JournalHandler(output.IDENTIFIER), level)
    if options.log == "syslog":
        return output.Output(output.SyslogHandler(), level)
    return output.Output(output.StderrHandler(), level)
