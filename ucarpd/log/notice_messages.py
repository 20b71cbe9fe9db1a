"""The lines about the notify script: only its faults, because it runs often."""

import logging

from ucarpd.log.instance_lines import InstanceLines


class NoticeMessages(InstanceLines):
    """The log of a runner of notify scripts."""

    def spawning(self, hook: str) -> None:
        self._write(logging.DEBUG, f"running [{hook}]")

    def script_ended(self, hook: str, status: int, seconds: float, excused: bool) -> None:
        if status and not excused:
            text = f"notify script failed after {seconds:.2f} s, exit status {status}: [{hook}]"
            self._fault(logging.WARNING, "notify script failed", text)

    def script_not_run(self, hook: str, status: int, why: str) -> None:
        del status
        self._fault(logging.WARNING, "notify script not run", f"cannot run [{hook}]: {why}")

    def script_hangs(self, hook: str, pid: int | None) -> None:
        del pid  # Only the start can hang: each notify script has a time limit.
        text = f"[{hook}] has not started yet: the file system of the script does not answer"
        self._fault(logging.WARNING, "notify script hangs", text)

    def script_hit(self, hook: str, signal_name: str) -> None:
        self.info(f"[{hook}] was ended by {signal_name}; running it again")

    def script_timed_out(self, hook: str, timeout: float) -> None:
        text = f"[{hook}] did not end within {timeout:g} s; terminating it"
        self._fault(logging.WARNING, "notify script timed out", text)

    def notice_dropped(self, hook: str) -> None:
        text = f"the notify script is too slow: not running [{hook}]"
        self._fault(logging.WARNING, "notices dropped", text)
