"""The form of a log line for its receiver: the journal, syslog or standard error."""

import logging
import os
import re

from ucarpd.log.lines import root
from ucarpd.log.writer import RECORD_MAX, SEPARATOR

_TEXT_MAX = RECORD_MAX // 2
_FIELD_MAX = RECORD_MAX // 32
_FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron"),
    *("authpriv", "ftp", "ntp", "audit", "alert", "clock"),
    *(f"local{number}" for number in range(8)),
)
"""By number (RFC 5424).  `logging.handlers` has them too, but would load pickle with them."""
_PRIORITIES = {
    logging.CRITICAL: 2,
    logging.ERROR: 3,
    logging.WARNING: 4,
    logging.INFO: 6,
    logging.DEBUG: 7,
}


def encode(kind: str, record: logging.LogRecord, text: str) -> bytes:
    """Return a record for `writer`; `text` is the whole line, and is cut if it is too long.

    Records of the loggers of other modules have no `facility` and no `fields`.
    """
    if kind == "journal":
        return SEPARATOR.join(_fields(record, text))
    line = f"{root.name}[{os.getpid()}]: {text}"
    if kind == "stderr":
        return _bytes(line, _TEXT_MAX) + b"\n"
    facility = _FACILITIES.index(getattr(record, "facility", "daemon"))
    priority = _PRIORITIES.get(record.levelno, 6)
    return _bytes(f"<{facility << 3 | priority}>{line}", _TEXT_MAX) + b"\0"


def plain(encoded: bytes) -> bytes:
    """Return the line of a record of any form, in the form for standard error."""
    first = encoded.split(SEPARATOR)[0].removeprefix(b"MESSAGE=")
    return re.sub(rb"^<\d+>", b"", first).rstrip(b"\0\n") + b"\n"


def _fields(record: logging.LogRecord, text: str) -> list[bytes]:
    fields = {
        "MESSAGE": text,
        "PRIORITY": _PRIORITIES.get(record.levelno, 6),
        "SYSLOG_IDENTIFIER": root.name,
        # The journal itself adds the pid of the log process.
        "SYSLOG_PID": os.getpid(),
        "LOGGER": record.name,
        "CODE_FILE": record.pathname,
        "CODE_LINE": record.lineno,
        "CODE_FUNC": record.funcName,
        **getattr(record, "fields", {}),
    }
    return [
        _bytes(f"{name}={value}", _TEXT_MAX if name == "MESSAGE" else _FIELD_MAX)
        for name, value in fields.items()
    ]


def _bytes(text: str, limit: int) -> bytes:
    return text.replace("\0", " ").encode(errors="backslashreplace")[:limit]
