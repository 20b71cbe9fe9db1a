"""A configuration file as lines: name, value, fault.  The only importer of dotenv.

python-dotenv parses each line separately, so a value ends with its line.  If the parser had the
whole file, an unclosed quote would swallow the lines below it, and their faults.

Two hosts with different releases of python-dotenv must not read different passwords.  If releases
differ about a line (see `_quoted_fault` and the end of `parse_line`), ucarpd reads it as bash does,
or refuses it.
"""

import re
import shlex
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from dotenv.parser import parse_stream

from ucarpd.config import environment, files, look_alikes, other_forms
from ucarpd.config.keys import BY_NAME, PREFIX, family_of
from ucarpd.config.problems import ConfigError, Problem, place

_BYTE_ORDER_MARK = "\ufeff"


class Line(NamedTuple):
    """One line, numbered from 1.

    `name` is the key as the user wrote it; None for a blank line, a comment, or an unclear line.
    `value` is the value for ucarpd; None unless the line is a sound KEY=VALUE.  `raw` is the text
    after `=` without leading white space.  `fault` says why the line cannot be used.
    """

    number: int
    text: str
    name: str | None = None
    value: str | None = None
    raw: str = ""
    fault: str | None = None


def read_lines(path: Path, read: files.Reader = files.read) -> tuple[list[Line], list[Problem]]:
    """Return the lines of a file, and the problems of the file as a whole.

    Raises ConfigError if the file cannot be read.
    """
    try:
        content = read(path)
    except OSError as error:
        raise ConfigError([Problem(path, None, None, files.why_not(error))]) from None
    if environment.is_environment(path):
        return [_variable(*each) for each in enumerate(environment.lines(content), 1)], []
    if text := other_forms.wide_unicode(path, content):
        raise ConfigError([Problem(path, None, None, text)])
    problems = []
    is_from_old_mac = b"\n" not in content and content.count(b"\r") > 1
    rows = content.split(b"\r" if is_from_old_mac else b"\n")
    if is_from_old_mac:
        text = "has CR line ends, and to bash it is one line: convert it with  sed -i 's/\\r/\\n/g'"
        problems.append(Problem(path, 1, None, f"{text} {shlex.quote(place(path))}"))
    if rows[0].startswith(_BYTE_ORDER_MARK.encode()):
        rows[0] = rows[0].removeprefix(_BYTE_ORDER_MARK.encode())
        text = "begins with a byte order mark (BOM), which bash takes for part of the first line:"
        text += f" remove it with  sed -i '1s/^\\xEF\\xBB\\xBF//' {shlex.quote(place(path))}"
        problems.append(Problem(path, 1, None, text))
    dos = [number for number, row in enumerate(rows, 1) if row.endswith(b"\r")]
    if dos:
        rows = [row.removesuffix(b"\r") for row in rows]
        text = "has DOS line ends (CRLF), and bash would read a carriage return into each value:"
        text += f" convert it with  sed -i 's/\\r$//' {shlex.quote(place(path))}"
        problems.append(Problem(path, dos[0], None, text))
    lines: list[Line] = []
    foreign: list[tuple[int, UnicodeDecodeError]] = []
    for number, row in enumerate(rows, 1):
        try:
            lines.append(parse_line(number, row.decode()))
        except UnicodeDecodeError as error:
            # The name is noted, so the key of this line is not also reported as missing.
            lines.append(Line(number, "", name=_name_of(row.decode("utf-8", "replace"))))
            foreign.append((number, error))
    if foreign:
        problems.append(_bad_encoding(path, foreign))
    return lines, problems


def _variable(number: int, row: bytes) -> Line:
    """Return NAME=VALUE as it is, since the environment has no quotes and no comments."""
    name, _, value = row.decode(errors="replace").partition("=")
    try:
        row.decode()
    except UnicodeDecodeError as error:
        fault = f"is not UTF-8: a byte of it is 0x{row[error.start]:02X}"
        return Line(number, name, name=name, fault=fault)
    return Line(number, f"{name}={value}", name=name, value=value, raw=value)


def _bad_encoding(path: Path, faults: list[tuple[int, UnicodeDecodeError]]) -> Problem:
    """Return one problem for all such lines: in another encoding every line may have one."""
    number, error = faults[0]
    more = f" (the first of {len(faults)} such lines)" if len(faults) > 1 else ""
    text = f"is not UTF-8: byte {error.start + 1} of the line is 0x{error.object[error.start]:02X}"
    text += f"{more}; convert the file with  iconv -f ITS_ENCODING -t UTF-8"
    return Problem(path, number, None, text)


_START = re.compile(r"\s*(?:export\s+)?([^=\s]+)\s*=(\s*)")
_MAY_BE_SECRET = re.compile("PASS|KEY", re.IGNORECASE)
"""Lines that are not kept: a former password is forgotten with its configuration."""


def parse_line(number: int, text: str) -> Line:
    """Parse one line, without its line end; `number` is only copied to the result."""
    return (_parse if _MAY_BE_SECRET.search(text) else _parse_once)(number, text)


def _parse(number: int, text: str) -> Line:
    if fault := _unreadable(text):
        return Line(number, text, name=_name_of(text), fault=fault)
    binding = next(parse_stream(StringIO(text)), None)
    if binding is None or (binding.key is None and not binding.error):
        return Line(number, text)
    if binding.error or binding.key is None:
        fault = _quoted_fault(text) or _not_an_assignment(text)
        return Line(number, text, name=_name_of(text), fault=fault)
    if binding.value is None:
        fault = _not_an_assignment(text)
        return Line(number, text, name=_name_of(text), fault=fault)
    meant = look_alikes.latin(binding.key)
    is_strange = not binding.key.isascii() and meant.startswith(PREFIX)
    # A check may have such a name on purpose.
    if is_strange and (meant.isascii() or not family_of(meant)):
        fault = f"the key only looks right: {look_alikes.strange(binding.key)}: type the key again"
        return Line(number, text, name=meant, fault=fault)
    start = _START.match(text)
    is_odd = re.fullmatch("[A-Za-z0-9_]+", binding.key) is None
    ours = binding.key.startswith(PREFIX) or other_forms.key_within(text) is not None
    if start is None or start[1] != binding.key or (ours and is_odd):
        # The key is quoted or has other characters, and may be part of a password.
        fault = _not_an_assignment(text)
        return Line(number, text, name=_name_of(text), fault=fault)
    raw = text[start.end() :]
    if fault := _quoted_fault(text):
        return Line(number, text, name=binding.key, raw=raw, fault=fault)
    # To bash and newer releases this is a comment, to older releases a value.
    value = "" if start[2] and raw.startswith("#") else binding.value
    return Line(number, text, name=binding.key, value=value, raw=raw)


_parse_once = lru_cache(1024)(_parse)
"""The files of many virtual hosts differ in few lines, and each file is read several times."""


def _not_an_assignment(text: str) -> str:
    missing = "" if "=" in text else ": there is no ="
    return f"is not KEY=VALUE{other_forms.advice(text) or missing}"


def _unreadable(text: str) -> str | None:
    if "\0" in text:
        return "contains a NUL byte"
    if "\r" in text:
        return "contains a carriage return"
    # Newer releases skip the mark, older ones take it for a part of the key.
    if text.startswith(_BYTE_ORDER_MARK):
        return "begins with an invisible character (U+FEFF)"
    return None


def _quoted_fault(text: str) -> str | None:
    """Return the fault of a quoted value; None if it is sound or has no quotes.

    A backslash makes the next character literal.  Releases before 1.2 accept only a backslash
    directly before a quote, and ignore a backslash before that one.  To them `'a\\\\' '` ends at
    the last quote, and `'a\\'` is complete.
    """
    start = re.match(r"[^=]*=\s*(['\"])", text)
    if start is None:
        return None
    quote, end = start[1], start.end()
    while end < len(text) and text[end] != quote:
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        return "has a quote that is not closed on the same line"
    rest = text[end + 1 :]
    if text[end - 1] == "\\" and quote in rest:
        return "has a backslash before a quote, which is ambiguous: leave it out"
    if not re.fullmatch(r"\s*(#.*)?", rest):
        return "has text after the closing quote"
    return None


def _name_of(text: str) -> str | None:
    """Return the likely key of a faulty line, if that cannot be a secret; otherwise None."""
    word = re.match(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)(\s*=)?", text)
    if word and (word[1] in BY_NAME or (word[2] is not None and word[1].startswith(PREFIX))):
        return word[1]
    within = other_forms.key_within(text)
    return within[0] if within else None
