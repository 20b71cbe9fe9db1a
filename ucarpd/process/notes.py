"""Notes on unusual states of a master, in words that follow its state in the status line."""

from collections.abc import Sequence

from ucarpd.carp.actions import Finding, Report
from ucarpd.carp.params import IPAddress


class Notes:
    """The engine's reports about a master, for as long as they hold.

    `unserved` are the virtual addresses that cannot be put in place.
    """

    def __init__(self) -> None:
        self.unserved: tuple[IPAddress, ...] = ()
        self._rivals: dict[IPAddress, None] = {}

    def found(self, report: Report) -> None:
        """Note a finding: another master has appeared or gone."""
        if report.peer is None:
            return
        if report.finding in {Finding.RIVAL_STAYS, Finding.RIVAL_STAYS_TIED}:
            self._rivals[report.peer] = None
        elif report.finding is Finding.RIVAL_GONE:
            self._rivals.pop(report.peer, None)

    def state_changed(self) -> None:
        """Forget the other masters: they belong to the term that has ended."""
        self._rivals.clear()

    def of_master(self, is_scripted: bool, wrong_digest_from: IPAddress | None) -> str:
        """Return the note of a master; empty if all is well."""
        if self.unserved:
            what = "its up-script failed" if is_scripted else f"cannot add {_list(self.unserved)}"
            return f", but {what}, and nobody else takes it"
        if self._rivals:
            verb = "is" if len(self._rivals) == 1 else "are"
            return f"; {_list(tuple(self._rivals))} {verb} master too"
        if wrong_digest_from is not None:
            return f"; {wrong_digest_from} is master too, and its digest is wrong"
        return ""


def _list(ips: Sequence[IPAddress]) -> str:
    return ", ".join(map(str, ips))
