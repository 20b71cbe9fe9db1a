"""The command line of `ucarpd`: its commands, their options, and the paths that they stand for."""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path

from ucarpd import __version__
from ucarpd.configuration_directory import DIRECTORY
from ucarpd.usage import Parser

EPILOG = """\
signals:
  TERM, INT, QUIT  stop: remove the addresses, run the down-script, bow out: a peer serves at once
  HUP              read the files again; unchanged virtual hosts keep running undisturbed
  USR1             log a status line for each instance, and how late timers are
  USR2             step down: offer the role to the peers for two seconds

exit status:
  0   stopped on request, or no problems found
  1   too little memory, or too few file descriptors;
      run: an internal error;
      clear: an address or a device could not be removed;
      check --reload: the process could not be asked;
      import: a result has to be completed by hand
  2   wrong usage
  75  other processes already run every instance
  77  not enough privileges
  78  a configuration file cannot be used; the messages name file, line and key
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser.  Its result has the name of the command in `command`."""
    whole = Parser(
        prog="ucarpd",
        description="Userland CARP daemon: hosts share a virtual IP address; when the host that\n"
        "serves it fails, another takes over.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"ucarpd {__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for name, (text, add_arguments) in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        command.set_defaults(command=name, error=command.error)
        add_arguments(command)
    return whole


def settle_paths(options: argparse.Namespace) -> None:
    """Let the environment or the default take the place of paths that are not given."""
    if options.env:
        from ucarpd.config import environment

        if options.paths or getattr(options, "reload", None):
            options.error("--env takes the place of PATH, and does not go with --reload")
        if "/" in (options.name or ""):
            options.error(f"--name: a name has no / in it (got '{options.name}')")
        options.paths = [environment.take(os.environ, options.name)]
    elif getattr(options, "name", None):
        options.error("--name goes with --env only")
    elif not options.paths and options.default:
        options.paths = [options.default]
    elif not options.paths:
        options.error("PATH or --env is missing")


# -- the commands ----------------------------------------------------------------------------------


def _run(command: argparse.ArgumentParser) -> None:
    _add_paths(command)
    _add_environment(command)
    command.add_argument(
        "--stay",
        action="store_true",
        help="keep running if there is nothing to run, until a reload (SIGHUP) finds something",
    )
    _add_log_options(command)


def _clear(command: argparse.ArgumentParser) -> None:
    _add_paths(command, nargs="+")
    _add_log_options(command)


def _check(command: argparse.ArgumentParser) -> None:
    _add_paths(command, default=DIRECTORY)
    _add_environment(command)
    command.add_argument(
        "--reload",
        metavar="PID",
        type=_process_id,
        help="then let this process read its files again, except files with faults",
    )


def _fingerprint(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help=f"an instance, which is the file {DIRECTORY}/NAME.conf, or the path of a file or"
        f" directory; default: all of {DIRECTORY}",
    )


def _show_config(command: argparse.ArgumentParser) -> None:
    _add_paths(command, default=DIRECTORY)
    _add_environment(command)


def _import(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "path", metavar="FILE", type=Path, nargs="?", help="a file that starts or configures ucarp"
    )
    command.add_argument(
        "--write",
        metavar="DIRECTORY",
        type=Path,
        help="write the files NAME.conf there, with mode 0600, instead of printing them",
    )
    command.add_argument("--name", help="the name of the instance; default: the name of FILE")
    command.add_argument(
        "--pid",
        dest="pids",
        metavar="PID",
        type=_process_id,
        nargs="+",
        help="running processes of ucarp, instead of a file",
    )
    command.add_argument(
        "--command",
        dest="words",
        metavar="WORD",
        nargs=argparse.REMAINDER,
        help="the command line of ucarp that follows, instead of a file; must be the last option",
    )


_COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "run": ("run the virtual hosts of these files, in the foreground", _run),
    "clear": ("clear up after a process that died", _clear),
    "check": ("look for faults in these files and on this host", _check),
    "fingerprint": (
        "print digits that are equal on hosts with the same password, vhid and addresses",
        _fingerprint,
    ),
    "show-config": ("print what files mean, defaults included", _show_config),
    "import": (
        "print the configuration file for a start script, unit or other file of ucarp",
        _import,
    ),
}


# -- what several of them have ---------------------------------------------------------------------


def _add_paths(
    command: argparse.ArgumentParser, default: Path | None = None, nargs: str = "*"
) -> None:
    command.add_argument(
        "paths",
        metavar="PATH",
        nargs=nargs,
        type=Path,
        help="a configuration file, or a directory of files NAME.conf"
        + (f"; default: {default}" if default else ""),
    )
    command.set_defaults(default=default, env=False)


def _add_environment(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--env",
        action="store_true",
        help="instead of files, take the variables UCARP_… of the environment, as in a container",
    )
    command.add_argument(
        "--name", help="with --env, the name of the instance; otherwise UCARP_NAME, or vhid-NUMBER"
    )


def _add_log_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--log",
        choices=("auto", "journal", "syslog", "stderr"),
        default="auto",
        help="where the log goes; auto: the journal if systemd connects stderr to it, otherwise stderr",
    )
    command.add_argument("--debug", action="store_true", help="log more")


def _process_id(text: str) -> int:
    """Parse the number of one process; to kill(2), 0 and less mean many processes."""
    if not re.fullmatch("[1-9][0-9]{0,6}", text):
        raise argparse.ArgumentTypeError(f"must be the number of a process (got '{text}')")
    return int(text)
