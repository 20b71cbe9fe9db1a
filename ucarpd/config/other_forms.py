"""Lines that are no KEY=VALUE, and what to write instead."""

import re
import shlex
from pathlib import Path

from ucarpd.config import foreign_words
from ucarpd.config.keys import BY_NAME
from ucarpd.config.problems import place


def advice(text: str) -> str:
    """Return the end of the message "is not KEY=VALUE", empty if the line has no clear meaning.

    A value is repeated only for a key that is known to hold no secret.
    """
    if re.match(r"\s*(source|include|\.)\s+\S", text):
        return ": ucarpd reads no other files here; write the keys themselves"
    if re.match(r"\s*UCARP_CHECK_\w*[^\w=\s][^=\s]*=", text, re.ASCII):
        return ": the name of a check may have only ASCII letters, digits and _"
    if re.match(r"(<{7}|\|{7}|={7}|>{7})(\s|$)", text):
        return ": this is a merge conflict marker; keep one version of the lines"
    if re.match(r"\s*(//|;)", text):
        return ": a comment begins with #"
    if re.fullmatch(r"\s*\[[^\]=]*\]\s*", text):
        return ": there are no sections; each virtual host has a file of its own"
    odd = re.match(r"\s*(UCARP_\w*[.-][\w.-]*)\s*=", text, re.ASCII)
    if odd and (near := foreign_words.nearest(odd[1])):
        return f"; did you mean {near}?"
    found = re.fullmatch(r"\s*([A-Za-z_]\w*)(?:\s*:\s+|\s+)(\S.*?)\s*", text, re.ASCII)
    name, value = found.groups() if found else ("", "")
    if name not in BY_NAME:
        name, value = key_within(text) or ("", "")
    if not name:
        return ""  # It may be a part of a password.
    shown = "…" if BY_NAME[name].secret or not re.fullmatch(r"[\w./:,@%+-]+", value) else value
    return f": write {name}={shown}"


def key_within(text: str) -> tuple[str, str] | None:
    """Return the key of ours, and its value, behind other text, as in "declare -x UCARP_VHID=1".

    Such lines come from a diff, a listing with line numbers, or another program.
    """
    found = re.fullmatch(r"(?:[^=]*[^\w=])?(UCARP[ _]\w+)\s*:?=>?\s*(\S.*?)\s*", text, re.ASCII)
    name = found[1].replace(" ", "_") if found else ""
    return (name, found[2]) if found and name in BY_NAME else None


def wide_unicode(path: Path, content: bytes) -> str | None:
    """Say what to do about a file in UTF-16, as Windows writes it, or UTF-32; None for any other."""
    start = content[:200]
    # In UTF-16, ASCII text has a zero byte in every second place.
    enough = max(4, len(start) // 3)
    if start.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        encoding = "UTF-32"
    elif start.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "UTF-16"
    elif start[1::2].count(0) > enough:
        encoding = "UTF-16LE"
    elif start[0::2].count(0) > enough:
        encoding = "UTF-16BE"
    else:
        return None
    old, new = shlex.quote(place(path)), shlex.quote(f"{place(path)}.new")
    # The new file also holds a password.
    command = f"(umask 077; iconv -f {encoding} -t UTF-8 {old} >{new} && mv {new} {old})"
    return f"is in {encoding}, and must be in UTF-8: type: {command}"
