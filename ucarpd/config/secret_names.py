"""Which keys hold a password, whoever has named them so."""

from ucarpd.config.keys import BY_NAME

_NAMES = {"PASS", "PASSWD", "PASSWORD", "KEY"}
_ENDS = ("_PASS", "_PASSWD", "_PASSWORD")


def is_secret(name: str) -> bool:
    """Return whether the value of the key is never shown, and never handed to scripts."""
    if name in BY_NAME:
        return BY_NAME[name].secret
    word = name.upper()
    return word in _NAMES or word.endswith(_ENDS)
