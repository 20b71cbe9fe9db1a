"""Reads the text of a file that is not ours, and may be in any encoding."""

import os
import re
from pathlib import Path

from ucarpd.config import files
from ucarpd.config.problems import ConfigError, Problem
from ucarpd.migrate.findings import Findings, Source

NOT_UTF_8 = re.compile(r"[\udc80-\udcff]")
"""What stands in a text for a byte that is not UTF-8, as in the words of a command line."""


def read_text(path: Path) -> str:
    """Return the text, without a byte order mark and carriage returns.  Raises ConfigError.

    Bytes that are not UTF-8 are in it as NOT_UTF_8, since a password may have them.
    """
    try:
        content = files.read(path)
    except OSError as error:
        raise ConfigError([Problem(path, None, None, files.why_not(error))]) from None
    text = content.decode("utf-8-sig", "surrogateescape").replace("\r\n", "\n")
    # Only the command line of a process has NUL bytes for a reason.
    return text if re.match(r"(\S*/)?ucarp\0", text) else text.replace("\0", "")


def read_named(findings: Findings, source: Source, path: Path) -> tuple[Path, str]:
    """Return the text of a file that another one names in `source`, and its path.

    A file of that name beside the other one stands in for it, with a remark: files are often looked
    at on another host.  Raises ConfigError.
    """
    beside = source.path.parent / path.name
    try:
        return path, read_text(path)
    except ConfigError:
        # Path.is_file() raises an error for a name that is too long.
        if beside == path or not os.path.isfile(beside):  # noqa: PTH113
            raise
    findings.remark(source, f"{path} is not here; {beside} is read instead")
    return beside, read_text(beside)
