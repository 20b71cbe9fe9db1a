"""The question whether a silent master is gone, or only its advertisements.

If a host has died, neither its own address nor the virtual address answers.  If an operator has
stopped its daemon, only its own address answers.  Only if both answer, and at one host, has this
backup become a second master.
"""

from collections.abc import Iterable

from ucarpd.carp.actions import Action, Finding, ProbeMaster, Report
from ucarpd.carp.events import AddressClaimed
from ucarpd.carp.frame import virtual_mac
from ucarpd.carp.params import IPAddress, Params


class Probe:
    """The question to the master `late` in one silence; it lasts for the term that may follow.

    `params` and `sources` are our own.
    """

    def __init__(self, late: IPAddress, params: Params, sources: Iterable[IPAddress]) -> None:
        self._late = late
        self._served = next((ip for ip in params.addresses if ip.version == late.version), None)
        self._source = next(source for source in sources if source.version == late.version)
        self._virtual_mac = virtual_mac(params.vhid)
        self._macs: dict[IPAddress, bytes] = {}
        self._is_told = False

    def ask(self) -> list[Action]:
        """Return the question."""
        return [ProbeMaster(self._source, (self._late, self._served))] if self._served else []

    def answer(self, claim: AddressClaimed) -> None:
        """Note an answer, if it is one."""
        if claim.address in {self._late, self._served}:
            self._macs.setdefault(claim.address, claim.mac)

    def found(self) -> list[Action]:
        """As MASTER: report, once, that the late master still serves."""
        own = self._macs.get(self._late)
        served = self._macs.get(self._served) if self._served else None
        # A BSD kernel answers for the virtual address with the virtual MAC address.
        if self._is_told or own is None or served not in {own, self._virtual_mac}:
            return []
        self._is_told = True
        return [Report(Finding.MASTER_ANSWERS, self._late, address=self._served, mac=own)]

    def heard(self, source: IPAddress) -> list[Action]:
        """Report, once, that the advertisements of the late master arrive again."""
        if not self._is_told or source != self._late:
            return []
        self._macs.clear()
        self._is_told = False
        return [Report(Finding.MASTER_HEARD, self._late)]
