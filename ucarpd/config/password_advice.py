"""Passwords that load, but that another host may not have, or that are public."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ucarpd.config import files, odd_characters
from ucarpd.config.lines import Line

_EXAMPLES = {
    *("secret", "newsecret", "geheim", "choose a password", "chooseapassword"),
    *("mypassword", "yourpassword", "password", "changeme"),
}
"""The passwords in our documents, now and in 0.1, and in the documents of others, however they are
spelled: CHANGE_ME is one of them.
"""

_ENDS = re.compile(r"(['\"]).*\1|\s.*|.*\s")
_PLACEHOLDER = re.compile(r"(.)\1\1+|<.*>|\{\{.*\}\}")


def warnings(given: Mapping[str, Line]) -> Iterator[tuple[Line, str]]:
    """Yield the line and its fault; `given` are the lines by canonical key.

    No text holds a part of the password.
    """
    for name in ("UCARP_PASS", "UCARP_PASS_OLD", "UCARP_PASSFILE"):
        line = given.get(name)
        text = _text(line) if line else None
        if line is None or text is None:
            continue
        if odd := odd_characters.listed(text):
            yield line, f"contains {odd}: type it by hand, and the same on all hosts"
        if re.sub("[_-]", "", text).lower() in _EXAMPLES:
            yield line, "is the public password of an example: choose another one"
        if _PLACEHOLDER.fullmatch(text):
            yield line, "looks like a placeholder of a document or a template: choose a password"
        # In a line of a file they are not a part of it, unless they are quoted themselves.
        is_as_it_is = name == "UCARP_PASSFILE" or line.raw == line.value
        if is_as_it_is and (found := _ENDS.fullmatch(text)):
            what = "or ends with white space" if found[1] is None else "and ends with a quote"
            text = f"begins {what}, which is a part of the password: remove it"
            yield line, f"{text}, unless all hosts have it"
        # A variable of the environment has no comments.
        if line.raw != line.value and re.search(r"\s#\S", line.raw) and line.raw[:1] not in "'\"":
            text = "ends at the #, which begins a comment: put the password in single quotes"
            yield line, f"{text}, or remove the comment"


def _text(line: Line) -> str | None:
    """Return the password, None if it is no text or cannot be read, which `load` says."""
    if line.name is None or "FILE" not in line.name:
        return line.value
    try:
        return files.read(Path(line.value or "")).split(b"\n", 1)[0].rstrip(b"\r").decode()
    except (OSError, UnicodeDecodeError):
        return None
