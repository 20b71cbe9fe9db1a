"""Texts that both a process and ucarpctl show, each found out by its own means."""

REFUSED = "the file was refused, the old configuration runs"


def outdated(running: str, installed: str) -> str:
    """Return the text about a process of version `running`, which another one has replaced."""
    return f"still runs ucarpd {running}, but {installed} is installed"
