"""The files that a configuration file names: scripts, programs, and the file with the password."""

from pathlib import Path

from ucarpd.config import types
from ucarpd.config.keys import KEYS
from ucarpd.config.parsed import Draft, Given

_NAMES = tuple(key.name for key in KEYS if key.parse is types.absolute_path)
"""The keys that name a file, by their canonical names."""


def named_files(draft: Draft) -> dict[str, Given]:
    """Return the files that a configuration file names, by key, in the order of its lines.

    A program that runs as another user is not among them: that user may change it.
    """
    found = {name: draft.given[name] for name in _NAMES if name in draft.given}
    for name, given in draft.members.items():
        if given.meaning.kind == "exec" and given.meaning.user is None:
            found[name] = given._replace(meaning=Path(given.meaning.where[0]))
    return dict(sorted(found.items(), key=lambda item: item[1].line))
