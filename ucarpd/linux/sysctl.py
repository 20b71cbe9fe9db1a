"""Settings of one interface in /proc/sys/net, for IPv4 or IPv6.

The files are read and written directly.  The sysctl program takes a dot in the name of an interface
for a slash.
"""

from pathlib import Path

ROOT = Path("/proc/sys/net")

PROMOTE = "promote_secondaries"
"""The IPv4 setting that keeps secondary addresses if their primary one is removed."""

NO_IPV6 = "this host's kernel has no IPv6"
"""The text if it does not know IPv6 at all."""


def get(interface: str, family: int, name: str) -> str:
    """Return the value of a setting, for `family` 4 or 6.

    Raises OSError, for example if the interface is gone or has no such setting.
    """
    path = _path(interface, family, name)
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise OSError(error.errno, f"cannot read {path}: {error.strerror}") from error


def set(interface: str, family: int, name: str, value: str) -> None:  # noqa: A001 - sysctl.set()
    """Set a value, for `family` 4 or 6.

    Raises OSError, for example in a container that may not change settings.
    """
    path = _path(interface, family, name)
    try:
        with path.open("r+", encoding="ascii") as file:
            file.write(value)
    except OSError as error:
        raise OSError(error.errno, f"cannot set {path} to {value}: {error.strerror}") from error


def lacks_ipv6(interface: str) -> bool:
    """Return whether the kernel has removed IPv6 from this interface, as for an MTU below 1280.

    False if the interface is gone, or if the kernel has no IPv6 at all.
    """
    is_there = _path(interface, 4, "forwarding").exists()
    return is_there and knows_ipv6() and not _path(interface, 6, "forwarding").exists()


def ipv6_generation(interface: str) -> int | None:
    """Return a number that is another one when an interface has lost IPv6 and has it again.

    None if it has no IPv6.  The kernel makes the directory of its settings again; if memory is
    short, the number may also change without a loss.
    """
    try:
        return _path(interface, 6, "forwarding").stat().st_ino
    except OSError:
        return None


def knows_ipv6() -> bool:
    """Return whether the kernel has IPv6 at all; it may have been booted without."""
    return _path("all", 6, "forwarding").exists()


def has_ipv6_off(interface: str) -> bool:
    """Return whether an administrator has switched IPv6 off on this interface."""
    try:
        return get(interface, 6, "disable_ipv6") != "0"
    except OSError:
        return False


def too_small_for_ipv6(interface: str) -> str:
    """Return the text for an interface that `lacks_ipv6`."""
    return f"{interface} has no IPv6, because its MTU is below 1280"


def ipv6_command(interface: str) -> str:
    """Return the advice that switches IPv6 on again."""
    # With slashes, since a name such as eth0.7 has a dot.
    return f"type: sysctl -w net/ipv6/conf/{interface}/disable_ipv6=0"


def promotes_secondaries(interface: str) -> bool:
    """Return whether the kernel keeps secondary addresses; False if that cannot be found out."""
    try:
        return any(get(each, 4, PROMOTE) != "0" for each in (interface, "all"))
    except OSError:
        return False


def _path(interface: str, family: int, name: str) -> Path:
    return ROOT / f"ipv{family}" / "conf" / interface / name
