"""The question whether a silent master is gone, or only its advertisements.

If a host has died, neither its own address nor the virtual address answers.  If an operator has
stopped its daemon, only its own address answers.  Only if both answer, and at one host, has this
backup become a second master.  It then asks again and again, until the other host has gone or its
advertisements arrive.
"""

from collections.abc import Iterable

from ucarpd.carp.actions import Action, Finding, ProbeMaster, Report
from ucarpd.carp.events import AddressClaimed
from ucarpd.carp.frame import virtual_mac
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.timing import NEVER

ASK_AGAIN_AFTER = 60.0
"""Seconds between two questions of a MASTER, while the late master still serves."""

QUIET_AFTER = 2
"""Questions in a row without an answer after which it no longer serves: one packet may get lost."""

ANSWERS_WITHIN = 2.0
"""Seconds for which the answers to a question are heard."""


class Probe:
    """The question to the master `late` in one silence; it lasts for the term that may follow.

    `params` are our own.
    """

    def __init__(self, late: IPAddress, params: Params) -> None:
        self._late = late
        self._served = next((ip for ip in params.addresses if ip.version == late.version), None)
        self._virtual_mac = virtual_mac(params.vhid)
        self._macs: dict[IPAddress, bytes] = {}
        self.deadline = NEVER
        """When to ask again, while it is reported that the late master still serves."""
        self._asked_at = float("-inf")
        """The monotonic second of our last question as MASTER."""
        self._known_macs: dict[IPAddress, bytes] = {}
        """The latest answers of a late master that served."""
        self._unanswered = 0
        """Our latest questions as MASTER that had no answer."""

    def ask(self, sources: Iterable[IPAddress]) -> list[Action]:
        """Return the question; `sources` are our own."""
        source = next((ip for ip in sources if ip.version == self._late.version), None)
        if source is None or self._served is None:
            return []
        return [ProbeMaster(source, (self._late, self._served))]

    def answer(self, claim: AddressClaimed) -> None:
        """Note an answer, if it is one."""
        if claim.address in {self._late, self._served}:
            self._macs.setdefault(claim.address, claim.mac)

    def is_answer(self, claim: AddressClaimed, now: float) -> bool:
        """As MASTER: return whether this answers our last question; then it misleads no client.

        What any other host says about the address in that time is a claim.
        """
        is_known = self._known_macs.get(claim.address) == claim.mac
        return is_known and now < self._asked_at + ANSWERS_WITHIN

    def found(self, now: float) -> list[Action]:
        """As MASTER: report, once, that the late master still serves."""
        if self.deadline < NEVER or not self._serves:
            return []
        self.deadline = now + ASK_AGAIN_AFTER
        self._unanswered = 0
        mac = self._macs[self._late]
        return [Report(Finding.MASTER_ANSWERS, self._late, address=self._served, mac=mac)]

    @property
    def _serves(self) -> bool:
        """Whether the late master has answered the last question, for both addresses."""
        own = self._macs.get(self._late)
        served = self._macs.get(self._served) if self._served else None
        # A BSD kernel answers for the virtual address with the virtual MAC address.
        return own is not None and served in {own, self._virtual_mac}

    def due(self, now: float, sources: Iterable[IPAddress]) -> list[Action]:
        """As MASTER: ask again when it is time, or report that the last questions had no answer.

        Without a source address in its family this host cannot ask, and what it knows remains.
        """
        if now < self.deadline:
            return []
        self.deadline = now + ASK_AGAIN_AFTER
        question = self.ask(sources)
        if not question:
            return []
        if self._serves:
            self._known_macs, self._unanswered = self._macs, 0
        else:
            self._unanswered += 1
            if self._unanswered == QUIET_AFTER:
                self.deadline = NEVER
                return [Report(Finding.MASTER_QUIET, self._late, address=self._served)]
        self._asked_at, self._macs = now, {}
        return question

    def heard(self, source: IPAddress) -> list[Action]:
        """Report, once, that the advertisements of the late master arrive again."""
        if self.deadline == NEVER or source != self._late:
            return []
        self._macs.clear()
        self.deadline = NEVER
        return [Report(Finding.MASTER_HEARD, self._late)]
