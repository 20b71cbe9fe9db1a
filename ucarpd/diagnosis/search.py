"""Searches for the mistake behind a wrong digest beside the event loop, in about 0.1 s of work."""

import time
from collections.abc import Callable
from functools import partial

from ucarpd.carp.receive import UNEXPLAINED, Evidence
from ucarpd.diagnosis.digest import Background, explain

PAUSE = 0.002
"""Seconds between two batches of the search, in which the protocol gets the processor."""

Beside = Callable[[Callable[[], str], Callable[[str], None], Callable[[OSError], None]], None]
"""Lets a thread call the first function, and then the event loop one of the others.

All searches of a process take turns in this thread: a stranger can cause one for each virtual host at
the same moment, and many threads would keep the processor from the protocol.
"""


class DigestSearch:
    """One search at a time; `background` returns the knowledge of this host when it is asked for."""

    def __init__(self, background: Callable[[], Background], beside: Beside) -> None:
        self._background = background
        self._beside = beside
        self._is_running = False

    def look_into(self, evidence: Evidence, done: Callable[[str], None]) -> None:
        """Call `done` in the event loop, with the words for the operator."""
        if self._is_running:
            done(UNEXPLAINED)
            return

        def ended(text: str) -> None:
            self._is_running = False
            done(text)

        self._is_running = True
        search = partial(_search, evidence, self._background())
        # A search that fails must not keep the line back.
        self._beside(search, ended, lambda _error: ended(UNEXPLAINED))


def _search(evidence: Evidence, background: Background) -> str:
    found = None
    for found in explain(evidence, background):
        if found is None:
            time.sleep(PAUSE)
    return found or UNEXPLAINED
