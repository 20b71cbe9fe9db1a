"""The lines about the scripts that own the addresses."""

import logging
from collections.abc import Sequence

from ucarpd.log.instance_lines import InstanceLines, listed
from ucarpd.log.message_ids import MESSAGE_ID_SCRIPT_FAILED, MESSAGE_ID_UNITS_FAILED


class ScriptMessages(InstanceLines):
    """Each run of a script, its end, and its faults."""

    def spawning(self, hook: str) -> None:
        self._write(logging.WARNING, f"Spawning [{hook}]")

    def script_ended(self, hook: str, status: int, seconds: float, excused: bool) -> None:
        """`excused`: its work is done although it has failed."""
        if status == 0 or excused:
            self.info(f"[{hook}] done in {seconds:.2f} s, exit status {status}")
        else:
            self._script_failed(
                f"[{hook}] failed after {seconds:.2f} s, exit status {status}", status
            )

    def script_not_run(self, hook: str, status: int, why: str) -> None:
        self._script_failed(f"cannot run [{hook}]: {why}; exit status {status}", status)

    def script_hangs(self, hook: str, pid: int | None) -> None:
        """`pid` is None if its start hangs."""
        if pid is None:
            why = "has not started yet: the file system of the script does not answer"
        else:
            why = "is still running, and UCARP_SCRIPT_TIMEOUT=0 sets no limit: ucarpd waits for it; if it"
            why += f" hangs, type `kill {pid}`"
        self.warning(f"[{hook}] {why}")

    def up_script_waits(self, hook: str, pid: int, seconds: float) -> None:
        text = (
            f"the up-script has to wait: [{hook}] has not ended for {seconds:.0f} s (process {pid})"
        )
        self._fault(logging.ERROR, f"waits for {pid}", text)

    def script_hit(self, hook: str, signal_name: str) -> None:
        self.warning(
            f"[{hook}] was ended by {signal_name}, which ucarpd did not send; running it again (to "
            "signal ucarpd and not its scripts: systemctl kill --kill-whom=main, on Debian 12 "
            "--kill-who=main)"
        )

    def script_timed_out(self, hook: str, timeout: float) -> None:
        text = f"[{hook}] did not end within {timeout:g} s; terminating it"
        self._script_failed(f"{text} (UCARP_SCRIPT_TIMEOUT=0: no limit)", -1)

    def loss_held(self, reason: str) -> None:
        self.warning(
            f"{reason} while the up-script is running: does the script do that? "
            "ucarpd waits until the script ends"
        )

    def left_running(self, processes: Sequence[object]) -> None:
        what = "processes" if len(processes) > 1 else "process"
        self.warning(
            f"a script has left {what} {listed(processes)} running, which ucarpd does not end"
        )

    def units_done(self, command: str, seconds: float) -> None:
        self.info(f"{command}: done in {seconds:.2f} s")

    def units_failed(self, text: str) -> None:
        self._write(logging.WARNING, text, MESSAGE_ID=MESSAGE_ID_UNITS_FAILED)

    def _script_failed(self, text: str, status: int) -> None:
        self._write(
            logging.ERROR,
            text,
            MESSAGE_ID=MESSAGE_ID_SCRIPT_FAILED,
            UCARPD_EXIT_STATUS=str(status),
        )
