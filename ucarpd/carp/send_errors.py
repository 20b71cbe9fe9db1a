"""Whether so many advertisements fail that a host is less fit, counted as in the BSDs."""

SEND_ERRORS = 3
"""Failed advertisements that demote a host, and good ones in a row that end it (BSDs)."""


class SendErrors:
    """Whether sending fails: after three errors, until three in a row have succeeded.

    A success among errors does not reset their count, as in FreeBSD.
    """

    def __init__(self) -> None:
        self.is_failing = False
        self.is_clean = True
        """No error, or three successes in a row since the last one."""
        self._errors = 0
        self._successes = 0

    def note(self, *, success: bool) -> None:
        """Take in one attempt."""
        if success:
            self._successes += 1
            if self._successes >= SEND_ERRORS:
                self._errors = 0
                self.is_failing = False
        else:
            self._successes = 0
            self._errors += 1
            self.is_failing = self.is_failing or self._errors >= SEND_ERRORS
        self.is_clean = self._errors == 0
