"""The group whose members may read the state of ucarpd."""

from pathlib import Path

GROUP = "ucarpd"


def group_id(groups: Path = Path("/etc/group")) -> int | None:
    """Return the number of the group, or None if it is not in the file.  Raises OSError.

    A directory service, which the C library would also ask, may hang.
    """
    try:
        lines = groups.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return None
    for line in lines:
        fields = line.split(":")
        if fields[0] == GROUP and len(fields) > 2 and fields[2].isdecimal():
            return int(fields[2])
    return None
