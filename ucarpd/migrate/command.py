"""The command `ucarp`: the options of ucarp 1.5.2, and one virtual host of ucarpd.

The options become a configuration file in the private directory, which lives as long as the process.
Most is imported late, because the password must leave the command line early.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ucarpd.linux import command_line
from ucarpd.migrate import typed_options

if TYPE_CHECKING:
    from ucarpd.migrate.background import Background
    from ucarpd.migrate.ucarp_settings import Settings

PROGRAM = "ucarp"
EXIT_FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    reading = typed_options.read(words)
    if arguments is None:
        command_line.show([sys.argv[0], *reading.shown])
        command_line.name(PROGRAM)
    if not words or "help" in reading.values:
        print(typed_options.usage(), end="")
        return 0
    if words == ["/"]:
        return _refuse(typed_options.slash_advice().rstrip())
    if reading.fault:
        return _refuse(f"{reading.fault} (ucarp --help lists the options)")

    from pathlib import Path

    from ucarpd.migrate import first_look, ucarp_settings

    directory = Path.cwd()
    try:
        settings = ucarp_settings.settings(reading.values, directory)
        first_look.look(settings)
    except ucarp_settings.Refused as refused:
        return _refuse(str(refused), refused.status)
    if reading.words:
        settings.remarks.append(f"ignored: {_strays(reading.words)}")
    if not _has_privileges():
        return _refuse("must run as root (CAP_NET_RAW and CAP_NET_ADMIN)")

    from ucarpd.linux.standard_files import open_standard_files

    open_standard_files()
    background = None
    if "daemonize" in reading.values:
        from ucarpd.migrate import background as in_background

        background = in_background.enter()
    return _run(settings, background, is_debugged="debug" in reading.values)


def _strays(words: Sequence[str]) -> str:
    if set(words) <= {"/"}:
        return "'/' (a command continues on the next line after \\, not after /)"
    # A word may be a part of a password with a space in it, so it is not repeated.
    what = "words that belong" if words[1:] else "word that belongs"
    return f"{len(words)} {what} to no option"


def _refuse(text: str, status: int = EXIT_FAILED) -> int:
    print(f"{PROGRAM}: {text}", file=sys.stderr)
    return status


def _has_privileges() -> bool:
    import socket

    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError:
        return False
    return True


def _run(settings: "Settings", background: "Background | None", *, is_debugged: bool) -> int:
    # Before the other imports, because the log processes need no memory for them.
    from ucarpd.log.process import fork

    log_processes = [(kind, fork(kind)) for kind in _log_kinds(settings, background)]

    import logging
    from contextlib import ExitStack, closing

    from ucarpd.log import lines
    from ucarpd.log.output import Output
    from ucarpd.migrate.session import Session

    lines.root.name = PROGRAM
    level = logging.DEBUG if is_debugged else logging.INFO
    with ExitStack() as stack:
        outputs = [
            stack.enter_context(closing(Output(kind, process, level)))
            for kind, process in log_processes
        ]
        try:
            return Session(settings, background, outputs).run()
        except Exception as error:  # noqa: BLE001 - the interpreter would wait for standard error
            lines.write_failure("cannot run", error)
            return EXIT_FAILED


def _log_kinds(settings: "Settings", background: "Background | None") -> list[str]:
    """Return the destinations of the log: as with ucarp, syslog, and in the foreground stderr."""
    from ucarpd.log.process import stderr_is_the_journal
    from ucarpd.log.writer import SYSLOG_SOCKET

    if background is None and stderr_is_the_journal():
        return ["journal"]
    kinds = [] if background else ["stderr"]
    # In the foreground, a host without syslog is a container; at boot, syslog may come later.
    if settings.is_logged_to_syslog and (background or os.path.exists(SYSLOG_SOCKET)):  # noqa: PTH110
        kinds.append("syslog")
    return kinds
