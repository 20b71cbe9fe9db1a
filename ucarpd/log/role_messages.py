"""The lines about the role of a virtual host, and about its configuration."""

import logging

from ucarpd.carp.actions import Finding, Report, State, StateChanged
from ucarpd.log.message_ids import (
    MESSAGE_ID_ADDRESS_CLAIMED,
    MESSAGE_ID_ADVERTISEMENTS_LOST,
    MESSAGE_ID_DEMOTED,
    MESSAGE_ID_TRANSITION,
    MESSAGE_ID_TWO_MASTERS,
    MESSAGE_ID_WAITING,
)
from ucarpd.log.segment_messages import SegmentMessages


class RoleMessages(SegmentMessages):
    """Transitions, findings, demotion, and the configuration."""

    def transition(self, change: StateChanged) -> None:
        reason, other = change.reason, self.wrong_digest_from
        if change.new is State.MASTER and other is not None:
            reason += f"; {other} also advertises, but with a wrong digest"
        self._write(
            logging.WARNING,
            f"Switching to state: {change.new.value} ({reason})",
            MESSAGE_ID=MESSAGE_ID_TRANSITION,
            UCARPD_STATE=change.new.value,
            UCARPD_PREVIOUS_STATE=change.old.value,
            UCARPD_REASON=change.reason,
            UCARPD_PEER=str(change.peer) if change.peer else "",
        )

    def waiting(self, reason: str) -> None:
        self._write(
            logging.WARNING,
            f"Waiting: {reason}",
            MESSAGE_ID=MESSAGE_ID_WAITING,
            UCARPD_STATE="INIT",
            UCARPD_REASON=reason,
        )

    def status(self, state: str, detail: str) -> None:
        self._write(
            logging.INFO,
            f"{state} on {self._interface} id {self._vhid} ({detail})",
            UCARPD_STATE=state,
        )

    def found(self, report: Report) -> None:
        """Log a discovery of the protocol that changes no role; each comes once, and its end."""
        level, text = _LEVELS.get(report.finding, logging.WARNING), finding_text(report)
        peer = str(report.peer or "")
        if explained := _EXPLAINED.get(report.finding):
            self._write(level, text, MESSAGE_ID=explained, UCARPD_PEER=peer)
        else:
            self._write(level, text, UCARPD_PEER=peer)

    def demoted(self, demotion: int, reasons: str) -> None:
        if demotion:
            self._write(
                logging.WARNING,
                f"demoted by {demotion}: {reasons}",
                MESSAGE_ID=MESSAGE_ID_DEMOTED,
                UCARPD_REASON=reasons,
            )
        else:
            self.info("no longer demoted")

    def maintenance(self, scope: str, note: object | None) -> str:
        """Say that a maintenance of the host or the instance (`scope`) holds, or is over (None).

        Return the words.
        """
        text = f"maintenance of this {scope}{f': {note}' if note else ' is over'}"
        self.warning(text)
        return text

    def fault(self, error: BaseException) -> None:
        """A defect of ours, with the traceback that its author needs."""
        self._write(
            logging.CRITICAL,
            f"internal error, giving up the role and starting again: {error!r}",
            error=error,
        )

    def restarting(self, pause: float) -> None:
        self.error(f"starting again in {pause:g} s")

    def reconfigured(self, restarted: bool) -> None:
        how = "restarting this instance" if restarted else "applied without a restart"
        self.info(f"new configuration: {how}")

    def configuration_not_kept(self, error: OSError) -> None:
        self._fault(
            logging.ERROR,
            "last good",
            "serving without a copy of the configuration: if the file is bad after a crash, this host"
            f" does not serve ({error.strerror or error})",
        )

    def flag_day(self) -> None:
        self.warning(
            "the list of addresses has changed: change it on the other hosts now; until then, each "
            "host ignores the other, and both are MASTER"
        )


def finding_text(report: Report) -> str:
    """Return the words for a discovery of the protocol."""
    return _TEXTS[report.finding].format(
        peer=report.peer, family=report.family, address=report.address, mac=report.mac.hex(":")
    )


_EXPLAINED = {
    Finding.RIVAL_STAYS: MESSAGE_ID_TWO_MASTERS,
    Finding.RIVAL_STAYS_TIED: MESSAGE_ID_TWO_MASTERS,
    Finding.RIVAL_APART: MESSAGE_ID_TWO_MASTERS,
    Finding.ADDRESS_CLAIMED: MESSAGE_ID_ADDRESS_CLAIMED,
    Finding.MASTER_ANSWERS: MESSAGE_ID_ADVERTISEMENTS_LOST,
}
"""The findings that the message catalog explains."""

_LEVELS = {
    **dict.fromkeys((Finding.NOT_MASTER, Finding.FAMILY_HEARD, Finding.RIVAL_GONE), logging.INFO),
    **dict.fromkeys((Finding.CLAIM_OVER, Finding.MASTER_HEARD, Finding.MASTER_QUIET), logging.INFO),
    Finding.NOT_REASSERTED: logging.ERROR,
}
"""Of the findings that are no warning."""

_TEXTS = {
    Finding.NOT_MASTER: "asked to step down, but this host is not MASTER",
    Finding.NOBODY_TOOK_OVER: (
        "asked to step down, but no other host has taken over: this host keeps serving"
    ),
    Finding.FAMILY_SILENT: (
        "only IPv{family} advertisements are lost: look for a filter or for multicast snooping"
    ),
    Finding.FAMILY_HEARD: "IPv{family} advertisements arrive again",
    Finding.RIVAL_STAYS: (
        "{peer} is still MASTER, although this host is preferred: it does not receive this host's "
        "advertisements"
    ),
    Finding.RIVAL_STAYS_TIED: (
        "{peer} is still MASTER: it does not receive this host's advertisements, or has another "
        "UCARP_TIEBREAK"
    ),
    Finding.RIVAL_APART: (
        "{peer} is also MASTER: this host hears it, but has no IPv{family} source address to answer "
        "from, so neither gives way: give this host an IPv{family} address of its own"
    ),
    Finding.RIVAL_GONE: "{peer} is no longer MASTER",
    Finding.CUT_OFF: (
        "holding: the gateway fell silent together with the master, so this host may be cut off; if "
        "that lasts, it takes over later"
    ),
    Finding.LOST_EACH_TIME: (
        "the interface is lost each time that this host becomes MASTER: by a script "
        "(UCARP_NOTIFYSCRIPT, UCARP_UPSCRIPT, a unit), the network card, its cable or switch; from "
        "now on this host stays MASTER, and waits up to 30 s for the interface"
    ),
    Finding.NOT_REASSERTED: (
        "another host took over again while a script of this host kept the interface down: ucarpd does not "
        "run the scripts again now, or both hosts would take turns for ever; change the script so that "
        "the interface is back before the other hosts time out, which by default takes 3 s"
    ),
    Finding.ADDRESS_CLAIMED: (
        "another host answers for {address}: {mac}; announcing the address again. Was the address "
        "given to that host by hand or by DHCP, or do the advertisements of a CARP host not arrive?"
    ),
    Finding.CLAIM_OVER: "{mac} no longer answers for {address}",
    Finding.MASTER_ANSWERS: (
        "advertisements are lost, not the master: {peer} ({mac}) still answers, also for "
        "{address}: multicast is filtered, IGMP snooping has no querier, or a firewall drops "
        "protocol 112; or the CARP daemon there has died or hangs"
    ),
    Finding.MASTER_HEARD: "advertisements of {peer} arrive again",
    Finding.MASTER_QUIET: "{peer} no longer answers for {address}",
}
