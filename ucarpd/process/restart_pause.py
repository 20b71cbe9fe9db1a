"""How long an engine that a defect has ended waits for its next start."""

FIRST_RESTART_PAUSE = 1.0
LONGEST_RESTART_PAUSE = 60.0
"""Seconds before a failed engine is started again; each failure doubles the pause."""

RESTART_FORGOTTEN_AFTER = 300.0
"""Seconds of good work after which the pause is short again."""


class RestartPause:
    """The pause before the next start, which grows from one failure to the next."""

    def __init__(self) -> None:
        self._next = FIRST_RESTART_PAUSE

    def after(self, worked: float) -> float:
        """Return the seconds to wait after an engine has failed that had worked for so many seconds."""
        pause = FIRST_RESTART_PAUSE if worked > RESTART_FORGOTTEN_AFTER else self._next
        self._next = min(2 * pause, LONGEST_RESTART_PAUSE)
        return pause
