"""The files that a configuration file names: scripts, programs, and the file with the password."""

import contextlib
from pathlib import Path

from ucarpd.config import types
from ucarpd.config.keys import KEYS
from ucarpd.config.lines import read_lines
from ucarpd.config.parsed import Draft, Given
from ucarpd.config.problems import ConfigError

_NAMES = tuple(key.name for key in KEYS if key.parse is types.absolute_path)
"""The keys that name a file, by their canonical names."""


def draft_of(path: Path) -> Draft:
    """Return the meaning of the file `path`; nothing if it cannot be read, which `load` reports."""
    draft = Draft(path)
    with contextlib.suppress(ConfigError):
        draft.take(read_lines(path)[0])
    return draft


def named_files(path: Path) -> dict[str, Given]:
    """Return the files that `path` names, by key, in the order of its lines.

    A program that runs as another user is not among them: that user may change it.

    If `path` cannot be read, the result is empty: `load` reports that.
    """
    draft = draft_of(path)
    found = {name: draft.given[name] for name in _NAMES if name in draft.given}
    for name, given in draft.members.items():
        if given.meaning.kind == "exec" and given.meaning.user is None:
            found[name] = given._replace(meaning=Path(given.meaning.where[0]))
    return dict(sorted(found.items(), key=lambda item: item[1].line))
