"""The runs of the scripts of one virtual host, for the operator: the latest one, and how many."""

from collections import Counter

OK, FAILED, TIMED_OUT, NOT_RUN = "ok", "failed", "timed_out", "not_run"
"""The results, in fixed words to count them by."""


class Run:
    """One run.  `target` is its purpose, `started` in monotonic seconds, `duration` in seconds.

    While it runs, `duration` is None and `result` empty; then `result` is "ok", or what went wrong.
    `has_succeeded`: an earlier run for the same purpose has, and none for another one came in between.
    """

    def __init__(self, target: str, started: float) -> None:
        self.target = target
        self.started = started
        self.duration: float | None = None
        self.result = ""
        self.has_succeeded = False


class Runs:
    """The latest run, and the number of all by target and result."""

    def __init__(self) -> None:
        self.latest: Run | None = None
        self.counts: Counter[tuple[str, str]] = Counter()

    def begin(self, target: str, now: float) -> None:
        before, self.latest = self.latest, Run(target, now)
        if before is not None and before.target == target:
            self.latest.has_succeeded = before.has_succeeded or before.result == OK

    def end(self, now: float, word: str, result: str) -> None:
        """Note the end of the latest run; `word` is its result in a fixed word."""
        assert self.latest is not None
        self.latest.duration = now - self.latest.started
        self.latest.result = result
        self.counts[self.latest.target, word] += 1
