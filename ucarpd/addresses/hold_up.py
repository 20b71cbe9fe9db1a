"""What keeps the up-script from beginning, and so this host from serving.

A script of an earlier term may never end, or the file system of the up-script never answer.
"""

from collections.abc import Callable

from ucarpd.addresses.netlink import NetlinkAddresses
from ucarpd.engine import Outcome
from ucarpd.linux.alarm import Alarm
from ucarpd.log.messages import Journal
from ucarpd.scripts.runner import HANGS_AFTER, Hook, HookRunner


class HoldUp:
    """Reports that the addresses cannot be put in place while the up-script has to wait.

    The script still runs as soon as it can.
    """

    def __init__(self, netlink: NetlinkAddresses, hooks: HookRunner, log: Journal) -> None:
        self._netlink = netlink
        self._hooks = hooks
        self._log = log
        self._alarm = Alarm()
        self._earlier: Hook | None = None
        """The script that was running when the role was taken."""
        self._done: Callable[[Outcome], None] | None = None
        """To be called once more when nothing holds up the scripts any more."""
        self.role_lost = self._alarm.cancel

    def role_taken(self) -> None:
        self._earlier = self._hooks.running

    def watch(self, done: Callable[[Outcome], None]) -> None:
        """Call `done` if the up-script, which was just requested, has to wait for long."""
        self._alarm.set(HANGS_AFTER, self._look, done)

    def _look(self, done: Callable[[Outcome], None]) -> None:
        running, pid = self._hooks.running, self._hooks.pid
        if pid is not None and running is not self._earlier:
            return  # It is at work.
        here, missing = self._netlink.present_now(), self._netlink.missing()
        is_late = running is not None and self._hooks.running_for >= HANGS_AFTER
        if not is_late or not missing or (not here and self._netlink.elsewhere()):
            self.watch(done)
            return
        if pid is not None:
            self._log.up_script_waits(str(running), pid, self._hooks.running_for)
        self._done = done
        done(Outcome(here, missing, has_hung=True))

    def up_script_ended(self) -> None:
        """Note that its result, which is reported, says whether this host can serve."""
        self._done = None
        if not self._hooks.is_busy:
            self._alarm.cancel()

    def down_script_ended(self) -> None:
        """Report that a host that has lost the role could serve again, if nothing else runs."""
        if self._done is not None and not self._hooks.is_busy:
            done, self._done = self._done, None
            done(Outcome(self._netlink.all()))
