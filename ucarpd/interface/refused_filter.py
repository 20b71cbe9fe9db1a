"""A filter for packets that the kernel refuses, mostly for lack of memory."""

import logging

from ucarpd.log import lines

FILTER_AGAIN_AFTER = 10.0
"""Seconds until the next attempt, if the kernel has refused a filter."""


def write_refused(interface: str, packets: str, error: OSError) -> None:
    """Log that ucarpd reads all packets of a kind on this interface."""
    lines.write(
        logging.WARNING,
        f"{interface}: the kernel refuses a filter for {packets}: {error.strerror};"
        " ucarpd reads all of them, which takes more processor time; if the host has free"
        " memory, raise net.core.optmem_max",
    )
