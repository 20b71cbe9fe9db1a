"""The form of a log line for its receiver."""

import logging
import os
from logging.handlers import SysLogHandler

import pytest

from ucarpd.config.types import FACILITIES
from ucarpd.log.form import encode, plain


@pytest.mark.parametrize("name", [*FACILITIES, "kern"])
def test_the_facilities_have_the_numbers_that_syslog_has(name):
    record = logging.makeLogRecord({"levelno": logging.INFO, "facility": name})
    first = f"<{SysLogHandler.facility_names[name] * 8 + 6}>ucarpd[{os.getpid()}]: up\0"
    assert encode("syslog", record, "up") == first.encode()


@pytest.mark.parametrize("kind", ["journal", "syslog", "stderr"])
def test_standard_error_gets_the_line_alone(kind):
    record = logging.LogRecord("x", logging.ERROR, "", 0, "", (), None)
    line = plain(encode(kind, record, "cannot run"))
    assert line.endswith(b"cannot run\n")
    assert not line.startswith((b"<", b"MESSAGE"))
    assert b"\0" not in line
