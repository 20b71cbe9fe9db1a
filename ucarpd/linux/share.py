"""The share of a period by which the timer of one of many rings later than that of another."""

from zlib import crc32


def share_of(name: str) -> float:
    """Return a number from 0 to below 1, always the same one for a name."""
    return crc32(name.encode()) / 2**32
