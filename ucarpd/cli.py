"""The command `ucarpd`."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ucarpd.exit_status import EXIT_CONFIG, EXIT_LEFT_OVER, EXIT_USAGE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection
    from pathlib import Path

# Each command has its own imports: `clear` is done before the rest would be loaded.

DIRECTORY = "/etc/ucarp"
"""The directory from which the units read their files."""

_OF_SYSTEMD = ("start", "stop", "restart", "reload", "status", "enable", "disable", "is-active")

_EPILOG = """\
signals:
  TERM, INT, QUIT  stop: addresses off, down-script, and a bow-out: a peer serves at once
  HUP              read the files again; unchanged virtual hosts keep running undisturbed
  USR1             log a status line for each instance, and how late timers are
  USR2             step down: offer the role to the peers for two seconds

exit status:
  0   stopped on request, or no problems found
  1   clear: an address or a device could not be removed; check --reload: no such process;
      fingerprint: not enough memory;
      import: a result has to be completed by hand
  2   wrong usage
  75  other processes already run every instance
  77  not enough privileges
  78  a configuration file cannot be used; the messages name file, line and key
"""


def main(arguments: Sequence[str] | None = None) -> int:
    if arguments is None and sys.argv[0].rpartition("/")[2] == "ucarp":
        from ucarpd.migrate.entry import main as ucarp

        return ucarp()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["run"]:
        from ucarpd.linux import held_signals

        # Before the other imports, which take much longer; `Process` releases them.
        held_signals.hold()
    from ucarpd.linux.standard_files import open_standard_files

    open_standard_files()
    paths = [word for word in words[1:] if not word.startswith("-")]
    # As the units run them: without argparse, which takes time and memory.
    if paths and words == ["clear", *paths]:
        from ucarpd.commands.clear import clear

        return clear(paths, "auto", debug=False)
    if paths and words in (["run", *paths], ["run", "--stay", *paths]):
        from ucarpd.commands.run import run

        return run(paths, "auto", stay="--stay" in words)
    if words and words[0] in _OF_SYSTEMD:
        name = words[1].removesuffix(".conf") if words[1:] else "NAME"
        print(f"ucarpd: type: systemctl {words[0]} ucarpd@{name}", file=sys.stderr)
        return EXIT_USAGE
    options = _parser().parse_args(words)
    if "paths" in options:
        _settle_paths(options)
    status: int = options.command(options)
    return status


def _parser() -> "argparse.ArgumentParser":
    import argparse
    from pathlib import Path

    from ucarpd import __version__

    parser = argparse.ArgumentParser(
        prog="ucarpd",
        description="Userland CARP daemon: hosts share a virtual IP address; when the host that "
        "serves it fails, another takes over.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ucarpd {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run the virtual hosts of these files, in the foreground")
    _add_paths(run)
    _add_environment(run)
    run.add_argument(
        "--stay",
        action="store_true",
        help="keep running if there is nothing to run, until a reload (SIGHUP) finds something",
    )
    _add_log_options(run)
    run.set_defaults(command=_run)

    clear = commands.add_parser(
        "clear", help="clear up after a process that died: addresses off, and a bow-out"
    )
    _add_paths(clear)
    _add_log_options(clear)
    clear.set_defaults(command=_clear)

    check = commands.add_parser(
        "check", help="look for faults in these files, and compare them with this host"
    )
    _add_paths(check, default=DIRECTORY)
    _add_environment(check)
    check.add_argument(
        "--reload",
        metavar="PID",
        type=int,
        help="then let this process read its files again, except files with faults",
    )
    check.set_defaults(command=_check)

    fingerprint = commands.add_parser(
        "fingerprint", help="print digits that are the same on all hosts that agree"
    )
    fingerprint.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help=f"an instance, which is the file {DIRECTORY}/NAME.conf, or the path of a file or"
        f" directory; default: all of {DIRECTORY}",
    )
    fingerprint.set_defaults(command=_fingerprint)

    show = commands.add_parser("show-config", help="print what files mean, defaults included")
    _add_paths(show, default=DIRECTORY)
    _add_environment(show)
    show.set_defaults(command=_show)

    imported = commands.add_parser(
        "import",
        help="print a configuration file that does the same as a start script, unit or other file of ucarp",
    )
    imported.add_argument(
        "path", metavar="FILE", type=Path, nargs="?", help="a file that starts or configures ucarp"
    )
    imported.add_argument(
        "--write",
        metavar="DIRECTORY",
        type=Path,
        help="write the files NAME.conf there, with mode 0600, instead of printing them",
    )
    imported.add_argument("--name", help="the name of the instance; default: the name of FILE")
    imported.add_argument(
        "--pid",
        dest="pids",
        metavar="PID",
        type=int,
        nargs="+",
        help="running processes of ucarp, instead of a file",
    )
    imported.add_argument(
        "--command",
        dest="words",
        metavar="WORD",
        nargs=argparse.REMAINDER,
        help="the command line of ucarp that follows, instead of a file; the last option",
    )
    imported.set_defaults(command=lambda options: _import(imported, options))
    return parser


def _add_paths(parser: "argparse.ArgumentParser", default: str | None = None) -> None:
    from pathlib import Path

    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        type=Path,
        help="a configuration file, or a directory of files NAME.conf"
        + (f"; default: {default}" if default else ""),
    )
    parser.set_defaults(error=parser.error, default=default, env=False)


def _add_environment(parser: "argparse.ArgumentParser") -> None:
    parser.add_argument(
        "--env",
        action="store_true",
        help="instead of files, take the variables UCARP_… of the environment, as in a container",
    )
    parser.add_argument(
        "--name", help="with --env, the name of the instance; otherwise UCARP_NAME, or vhid-NUMBER"
    )


def _settle_paths(options: "argparse.Namespace") -> None:
    """Let the environment or the default take the place of paths that are not given."""
    import os
    from pathlib import Path

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
        options.paths = [Path(options.default)]
    elif not options.paths:
        options.error("PATH is missing" + (", or --env" if "name" in options else ""))


def _add_log_options(parser: "argparse.ArgumentParser") -> None:
    parser.add_argument(
        "--log",
        choices=("auto", "journal", "syslog", "stderr"),
        default="auto",
        help="where the log goes; auto: the journal if systemd started ucarpd, otherwise stderr",
    )
    parser.add_argument("--debug", action="store_true", help="log more")


def _check(options: "argparse.Namespace") -> int:
    from ucarpd.commands.check import check

    return check(options)


def _fingerprint(options: "argparse.Namespace") -> int:
    from pathlib import Path

    from ucarpd import config
    from ucarpd.diagnosis import fingerprint

    directory = Path(DIRECTORY)
    names = [
        Path(name) if "/" in name or name.endswith(".conf") else directory / f"{name}.conf"
        for name in options.names
    ]
    loaded, problems = config.load_all(names or [directory])
    for problem in problems:
        print(problem, file=sys.stderr)
    for each, *_ in loaded:
        try:
            print(fingerprint.line(each), flush=True)
        except MemoryError:
            print(f"{each.path}: there is not enough memory (64 MiB)", file=sys.stderr)
            return EXIT_LEFT_OVER
    if not loaded and not problems:
        return _with_nothing(names or [directory])
    return _status(problems)


def _import(parser: "argparse.ArgumentParser", options: "argparse.Namespace") -> int:
    from ucarpd.migrate import import_command

    if [bool(options.path), bool(options.pids), bool(options.words)].count(True) != 1:
        parser.error("give either FILE, --pid or --command")
    return import_command.run(
        options.path, options.pids, options.words, options.write, options.name
    )


def _show(options: "argparse.Namespace") -> int:
    from ucarpd import config

    loaded, problems = config.load_all(options.paths)
    for problem in problems:
        print(problem, file=sys.stderr)
    for each, *_ in loaded:
        if len(loaded) > 1:
            print(f"# {each.path}")
        sys.stdout.write(config.show(each))
    return _with_nothing(options.paths) if not loaded and not problems else _status(problems)


def _with_nothing(paths: "Sequence[Path]") -> int:
    from ucarpd import config

    print(config.nothing_in(paths), file=sys.stderr)
    return EXIT_CONFIG


def _status(problems: "Collection[object]") -> int:
    return EXIT_CONFIG if problems else 0


def _run(options: "argparse.Namespace") -> int:
    from ucarpd.commands.run import run

    paths = [str(path) for path in options.paths]
    return run(paths, options.log, stay=options.stay, env=options.env, debug=options.debug)


def _clear(options: "argparse.Namespace") -> int:
    from ucarpd.commands.clear import clear

    return clear([str(path) for path in options.paths], options.log, debug=options.debug)
