"""The user that has started another process."""

import re
from pathlib import Path

_USER = re.compile(r"^Uid:\t(\d+)\t", re.MULTILINE)


def user_of(process: Path) -> int | None:
    """Return the real user of a process, by its directory in /proc; None if that says none.

    Any user can start su or sudo, whose effective user is root, with any name and words.  The owner of
    the directory is not always the same: a process that may not be dumped belongs to root.
    Raises OSError.
    """
    found = _USER.search((process / "status").read_text(errors="replace"))
    return int(found[1]) if found else None
