"""Words in a systemd unit, and variables in a file that it names: only quotes are those of a shell.

See systemd.service(5), systemd.syntax(7), and EnvironmentFile= in systemd.exec(5).
"""

import re
import shlex
from collections.abc import Iterator

_SIGN = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|([0-3][0-7]{2})|[uU]([0-9A-Fa-f]{8}|[0-9A-Fa-f]{4})|(.))|.", re.DOTALL
)
_ESCAPES = dict(zip("abfnrtvs\\\"'", "\a\b\f\n\r\t\v \\\"'", strict=True))
_QUOTED = r"""[ \t]*(?:'([^']*)'|"((?:\\.|[^"\\])*)")"""
_ASSIGNMENT = re.compile(
    rf"^[ \t]*([A-Za-z_]\w*)[ \t]*=((?:{_QUOTED})*)[ \t]*((?:\\.|[^\\\n])*)",
    re.ASCII | re.DOTALL | re.MULTILINE,
)
_VARIABLE = re.compile(r"(?:--[a-z]+=)?\$[A-Za-z_]\w*", re.ASCII)
_REFERENCE = re.compile(r"(\$\$|\$\{[^}]*\})")


def words(text: str) -> list[str]:
    """Return the words without quotes and escapes; raise ValueError if a quote is not closed."""
    found: list[str] = []
    word: bytes | None = None
    quote = ""
    for sign in _SIGN.finditer(text):
        one = sign[0]
        if len(one) > 1:
            word = (word or b"") + _unescaped(sign)
        elif one == quote:
            quote = ""
        elif not quote and one in "'\"":
            quote, word = one, word or b""
        elif not quote and one.isspace():
            found += [] if word is None else [word.decode(errors="surrogateescape")]
            word = None
        else:
            word = (word or b"") + one.encode(errors="surrogateescape")
    if quote:
        raise ValueError(text)
    return found if word is None else [*found, word.decode(errors="surrogateescape")]


def for_shell(word: str) -> str:
    """Return the word of a command as a shell has to read it.

    $NAME is a variable as a word of its own, and ${NAME} everywhere; two dollar signs are one.
    systemd does not expand --option=$NAME, but whoever wrote it expected that.
    """
    if word == ";" or _VARIABLE.fullmatch(word):
        return word
    parts = _REFERENCE.split(word)
    texts = [
        f'"{each}"' if each[:2] == "${" else shlex.quote(each.replace("$$", "$")) for each in parts
    ]
    return "".join(texts)


def assignments(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield each variable of an EnvironmentFile with its value and line."""
    for found in _ASSIGNMENT.finditer(text):
        name, quoted, *_, plain = found.groups()
        value = "".join(
            single + re.sub(r"\\(?:\n|([\"\\`$]))", r"\1", double)
            for single, double in re.findall(_QUOTED, quoted, re.DOTALL)
        )
        value += re.sub(r"\\(?:\n|(.))", r"\1", plain).rstrip()
        yield name, value, text.count("\n", 0, found.start()) + 1


def _unescaped(sign: re.Match[str]) -> bytes:
    byte, octal, character, other = sign.groups()
    if byte or octal:
        return bytes([int(byte, 16) if byte else int(octal, 8)])
    if character:
        return chr(int(character, 16)).encode()
    return _ESCAPES.get(other, f"\\{other}").encode()
