"""The form that a log line has for its receiver: the journal, syslog or standard error."""

import logging
import logging.handlers
import os

from ucarpd.log.lines import root
from ucarpd.log.writer import RECORD_MAX, SEPARATOR

_TEXT_MAX = RECORD_MAX // 2
_FIELD_MAX = RECORD_MAX // 32
_FACILITIES = logging.handlers.SysLogHandler.facility_names
_PRIORITIES = {
    logging.CRITICAL: 2,
    logging.ERROR: 3,
    logging.WARNING: 4,
    logging.INFO: 6,
    logging.DEBUG: 7,
}


def encode(kind: str, record: logging.LogRecord, text: str) -> bytes:
    """Return a record for `log_writer`, where `text` is the whole line; too long a text is cut.

    Records of other modules' loggers lack `facility` and `fields`.
    """
    if kind == "journal":
        return SEPARATOR.join(_fields(record, text))
    line = f"{root.name}[{os.getpid()}]: {text}"
    if kind == "stderr":
        return _bytes(line, _TEXT_MAX) + b"\n"
    facility = _FACILITIES[getattr(record, "facility", "daemon")]
    priority = _PRIORITIES.get(record.levelno, 6)
    return _bytes(f"<{facility << 3 | priority}>{line}", _TEXT_MAX) + b"\0"


def plain(encoded: bytes) -> bytes:
    """Return the line in a record of any form, as standard error gets it."""
    first = encoded.split(SEPARATOR)[0].removeprefix(b"MESSAGE=")
    return first.rstrip(b"\n") + b"\n"


def _fields(record: logging.LogRecord, text: str) -> list[bytes]:
    fields = {
        "MESSAGE": text,
        "PRIORITY": _PRIORITIES.get(record.levelno, 6),
        "SYSLOG_IDENTIFIER": root.name,
        # The journal adds the pid of the log process by itself.
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
