"""Whether the gateway answers.  If it falls silent with the master, this host may be cut off."""

from collections.abc import Iterable

MEMORY = 60.0
"""Seconds for which an answer counts."""


class Gateway:
    """The questions to one gateway, and its answers.  Times are monotonic seconds."""

    def __init__(self) -> None:
        self.unanswered_since: float | None = None
        """The first question after its last answer."""
        self.answered_at = float("-inf")

    def asked(self, now: float) -> None:
        if self.unanswered_since is None:
            self.unanswered_since = now

    def answered(self, now: float) -> None:
        self.unanswered_since = None
        self.answered_at = now


def silent_since(gateways: Iterable[Gateway]) -> float | None:
    """Return since when no gateway answers: the latest of their first unanswered questions.

    None: one answers, or was not asked, or none has answered within a minute before that question.
    """
    latest = None
    for each in gateways:
        since = each.unanswered_since
        if since is None:
            return None
        if since - each.answered_at <= MEMORY and (latest is None or since > latest):
            latest = since
    return latest
