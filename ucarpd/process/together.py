"""Waiting for several ends at once."""

import asyncio
import logging
from collections.abc import Awaitable

from ucarpd.log import lines


async def together(*work: Awaitable[None]) -> None:
    """Wait for all, even if one of them fails, and log each failure."""
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, Exception):
            lines.write(logging.CRITICAL, f"internal error: {result!r}", error=result)
