"""How bash's `source` reads a line, and how to write a value that bash and ucarpd read alike.

Shell scripts also read the configuration files.  This module is not a shell: it understands lines
that bash takes for plain assignments without any expansion, and gives a reason for all others.
"""

import re
from collections.abc import Callable

from ucarpd.config.lines import Line, parse_line

_SPECIAL = {
    "$": "expands $",
    "`": "runs the text between backquotes",
    ";": "ends the value at ;",
    "&": "ends the value at &",
    "|": "ends the value at |",
    "<": "takes < for a redirection",
    ">": "takes > for a redirection",
    "(": "does not take ( unquoted",
    ")": "does not take ) unquoted",
}
_PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+-]+")
_ALIKE = re.compile(rf"[A-Za-z_][A-Za-z0-9_]*={_PLAIN.pattern}")
"""Most lines; the rest of `difference` would find the same."""


class NotPlainError(Exception):
    """bash would do more than assign; the text says what, and continues a sentence after "bash"."""


def reading(raw: str) -> str:
    """Return the value that bash reads from `raw`, the text after `=`; raise NotPlainError."""
    if _PLAIN.fullmatch(raw):
        return raw
    value: list[str] = []
    at = 0
    while at < len(raw) and raw[at] not in " \t":
        character = raw[at]
        if character == "'":
            end = raw.find("'", at + 1)
            if end < 0:
                raise NotPlainError("looks for the other ' in the lines below")
            value.append(raw[at + 1 : end])
            at = end + 1
        elif character == '"':
            text, at = _double_quoted(raw, at + 1)
            value.append(text)
        else:
            text, at = _unquoted(raw, at)
            value.append(text)
    rest = raw[at:].lstrip(" \t")
    if rest and not rest.startswith("#"):
        raise NotPlainError("ends the value at the space")
    return "".join(value)


def _unquoted(raw: str, at: int) -> tuple[str, int]:
    """Return one unquoted or backslash-quoted character, and the next position."""
    character = raw[at]
    if character in _SPECIAL:
        raise NotPlainError(_SPECIAL[character])
    if character == "\\":
        if at + 1 == len(raw):
            raise NotPlainError("joins the next line to it")
        return raw[at + 1], at + 2
    if character == "~" and (at == 0 or raw[at - 1] in ":="):
        raise NotPlainError("may replace ~ with a home directory")
    if ord(character) < 0x20 or character == "\x7f":
        raise NotPlainError("may read control characters differently")
    return character, at + 1


def _double_quoted(raw: str, at: int) -> tuple[str, int]:
    """Return the text from `at`, after a double quote, to the next one, and the next position."""
    text = ""
    while at < len(raw) and raw[at] != '"':
        if raw[at] in "$`":
            raise NotPlainError(_SPECIAL[raw[at]])
        if raw[at] == "\\" and at + 1 < len(raw) and raw[at + 1] in '$`"\\':
            at += 1
        text += raw[at]
        at += 1
    if at >= len(raw):
        raise NotPlainError('looks for the other " in the lines below')
    return text, at + 1


def difference(line: Line) -> str | None:
    """Return why bash reads a sound line differently from ucarpd, or None if both read it alike.

    The text continues a sentence after "bash", and never repeats the value.
    """
    if line.text == f"{line.name}={line.value}" and _ALIKE.fullmatch(line.text):
        return None
    if line.name is None or line.value is None:
        # str.isspace() and dotenv accept more kinds of white space than bash does.
        blank = re.fullmatch(r"[ \t]*(#.*)?", line.text)
        return None if blank else "takes the line for a command"
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", line.name):
        return "cannot set a variable of this name"
    start = re.match(r"[ \t]*(export[ \t]+)?" + line.name + r"(\s*)=(\s*)", line.text)
    if start is None:
        return "takes the line for a command"
    if start[2] or (start[3] and line.value):
        return "takes a line with spaces around = for a command"
    try:
        value = reading(start[3] + line.raw)
    except NotPlainError as reason:
        return str(reason)
    if value == line.value:
        return None
    if "\\" in line.raw:
        return "reads backslashes differently"
    if "'" in line.raw or '"' in line.raw:
        return "reads the quotes differently"
    return "reads the space at the end differently"


def spell(value: str) -> str | None:
    """Return a spelling that bash and ucarpd both read as `value`; None if there is none.

    In single quotes bash takes everything literally, but ucarpd reads `\\\\` and `\\'` as one
    character.  In double quotes both read `\\\\` and `\\"` as one, but bash expands `$` and
    backquotes.
    """
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    plain = [value] if _PLAIN.fullmatch(value) else []
    return _first((*plain, f"'{value}'", f'"{escaped}"'), value, difference)


def spell_for_ucarpd(value: str) -> str:
    """Return a spelling that at least ucarpd reads as `value`."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("\n", "\\n").replace("\r", "\\r")
    spelled = spell(value) or _first((f'"{escaped}"',), value, lambda _: None)
    assert spelled is not None, "double quotes hold everything but NUL"
    return spelled


def _first(
    spellings: tuple[str, ...], value: str, objection: Callable[[Line], str | None]
) -> str | None:
    """Return the first spelling that ucarpd reads as `value` and `objection` accepts, or None."""
    for spelled in spellings:
        if "\n" not in spelled:
            line = parse_line(1, f"KEY={spelled}")
            if line.value == value and objection(line) is None:
                return spelled
    return None
