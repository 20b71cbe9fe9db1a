"""Searches for the mistake behind a wrong digest beside the event loop, in about 0.1 s of work."""

import asyncio
import time
from collections.abc import Callable

from ucarpd.carp.receive import UNEXPLAINED, Evidence
from ucarpd.diagnosis.digest import Background, explain

PAUSE = 0.002
"""Seconds between two batches of the search, in which the protocol gets the processor."""


class DigestSearch:
    """One search at a time; `background` returns the knowledge of this host at its beginning."""

    def __init__(self, background: Callable[[], Background]) -> None:
        self._background = background
        self._is_running = False

    def look_into(self, evidence: Evidence, done: Callable[[str], None]) -> None:
        """Call `done` in the event loop, with the words for the operator."""
        if self._is_running:
            done(UNEXPLAINED)
            return

        def ended(future: asyncio.Future[str]) -> None:
            self._is_running = False
            if not future.cancelled():
                # A search that fails must not keep the line back; the loop reports the defect.
                error = future.exception()
                done(UNEXPLAINED if error else future.result())
                if error:
                    raise error

        loop = asyncio.get_running_loop()
        try:
            search = loop.run_in_executor(None, _search, evidence, self._background())
        except RuntimeError:
            done(UNEXPLAINED)  # There is no thread for it.
            return
        self._is_running = True
        search.add_done_callback(ended)


def _search(evidence: Evidence, background: Background) -> str:
    found = None
    for found in explain(evidence, background):
        if found is None:
            time.sleep(PAUSE)
    return found or UNEXPLAINED
