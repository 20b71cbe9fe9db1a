"""The command `ucarpd import`: it prints its findings, or writes files that only root can read."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from ucarpd.config import ConfigError, load_all
from ucarpd.config.problems import place, printable
from ucarpd.configuration_directory import DIRECTORY
from ucarpd.exit_status import EXIT_CONFIG, EXIT_INCOMPLETE
from ucarpd.migrate import finish, importer
from ucarpd.migrate.findings import Findings, Host


def run(
    path: Path | None,
    pids: Sequence[int],
    command: Sequence[str],
    write: Path | None,
    name: str | None,
) -> int:
    """Import the file `path`, processes, or the words of `command`; return the exit status.

    With `write`, the files NAME.conf are made in that directory.
    """
    try:
        if path:
            findings = importer.of_file(path)
        else:
            findings = importer.of_processes(pids) if pids else importer.of_command(command)
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return EXIT_CONFIG
    is_complete = True
    taken: set[str] = set()
    there = [each.config for each in load_all([write or DIRECTORY])[0] if each.config.path != path]
    for host in findings.hosts:
        chosen = _name(findings, host, name, taken)
        taken.add(chosen)
        text = finish.text(host, f"{DIRECTORY}/{chosen}.conf, from {host.source}")
        problems = importer.check(text, chosen, there) if host.is_complete else []
        for problem in problems:
            findings.remark(None, str(problem))
        is_complete = is_complete and host.is_complete and not problems
        if write is None:
            _show(text)
        elif not _write(write / f"{chosen}.conf", text):
            return EXIT_CONFIG
    for remark in findings.remarks:
        print(remark, file=sys.stderr)
    if not findings.hosts:
        why = "nothing of it can be imported" if findings.remarks else "no ucarp found in it"
        print(f"{place(path) if path else '--command'}: {why}", file=sys.stderr)
        return EXIT_CONFIG
    return 0 if is_complete else EXIT_INCOMPLETE


def _name(findings: Findings, host: Host, name: str | None, taken: set[str]) -> str:
    if name and len(findings.hosts) == 1:
        return name
    return finish.name(host, taken, name)


def _show(text: str) -> None:
    """Print it; a terminal gets no control characters, which the command of any user may have."""
    if sys.stdout.isatty():
        text = "\n".join(map(printable, text.split("\n")))
    print(text)


def _write(path: Path, text: str) -> bool:
    """Make the file with mode 0600; an existing one is left alone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        print(f"{place(path)}: {error.strerror}; nothing is written", file=sys.stderr)
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    print(f"{place(path)}: written; try it with  ucarpd check {shlex.quote(place(path))}")
    return True
