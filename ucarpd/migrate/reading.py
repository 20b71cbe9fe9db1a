"""Reads the text of a file that is not ours, and may be in any encoding."""

from pathlib import Path

from ucarpd.config import files
from ucarpd.config.problems import ConfigError, Problem


def read_text(path: Path) -> str:
    """The text, without a byte order mark and carriage returns.  Raises ConfigError."""
    try:
        content = files.read(path)
    except OSError as error:
        raise ConfigError([Problem(path, None, None, files.why_not(error))]) from None
    for encoding in ("utf-8-sig", "latin-1"):
        try:
            return content.decode(encoding).replace("\r\n", "\n")
        except UnicodeDecodeError:
            continue
    raise AssertionError("every byte is a letter of Latin-1")
