"""Which keys hold a password, whoever has named them so."""

from ucarpd import ucarp_options
from ucarpd.config import foreign_words
from ucarpd.config.keys import BY_NAME

_ENDS = ("_PASS", "_PASSWD", "_PASSWORD", "_PASSPHRASE", "_PW")


def is_secret(name: str) -> bool:
    """Return whether the value of the key is never shown, and never handed to scripts."""
    if name in BY_NAME:
        return BY_NAME[name].secret
    word = name.upper()
    meant = foreign_words.meaning(name)
    is_known = meant is not None and meant.key == "UCARP_PASS"
    return is_known or word == "KEY" or word.endswith(_ENDS)


def holds_password(name: str, value: str) -> bool:
    """Return whether the key has options of the command `ucarp`, and one of them is a password."""
    meant = None if name in BY_NAME else foreign_words.meaning(name)
    if meant is None or meant.key != foreign_words.OPTIONS:
        return False
    keys = [found.option.key for found in ucarp_options.split(value.split()) if found.option]
    return any(key is not None and BY_NAME[key].secret for key in keys)
