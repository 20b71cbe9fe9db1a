"""Whether a virtual host can work on an interface now, and if not, why, in the operator's words."""

from collections.abc import Callable
from typing import NamedTuple

from ucarpd.carp.params import Family, IPAddress, Params
from ucarpd.config import Config
from ucarpd.interface import link_faults, sources
from ucarpd.interface.sockets import Sockets
from ucarpd.interface.sources import NoSource, Source
from ucarpd.linux import sysctl
from ucarpd.linux.netlink import Link, Netlink


class Ready(NamedTuple):
    """The virtual host can advertise from these sources.  `faults` keep it from other families."""

    sources: tuple[Source, ...]
    faults: tuple[str, ...] = ()


class NotReady(NamedTuple):
    """`can_send` and `may_return` as in InterfaceLost."""

    reason: str
    can_send: bool = False
    may_return: bool = False


class Readiness:
    """Judges the interface `name` by its link, its sockets and the addresses of this host.

    `is_virtual` says whether an address moves between hosts, and so cannot be a source.
    """

    def __init__(
        self,
        name: str,
        netlink: Netlink,
        sockets: Sockets,
        is_virtual: Callable[[IPAddress], bool],
    ) -> None:
        self._name = name
        self._netlink = netlink
        self._sockets = sockets
        self._is_virtual = is_virtual
        self._missing_in: object = None
        """The version of the kernel's tables in which another name was looked for."""
        self._missing_text = ""

    def of(self, config: Config, params: Params, link: Link | None) -> Ready | NotReady:
        """Return what keeps a virtual host from its work.  `link` is None if there is no such one."""
        if link is None:
            return NotReady(self._missing())
        if not link.is_ethernet:
            return NotReady(f"interface {self._name} is not Ethernet")
        if deaf := link_faults.deafness(link, self._netlink):
            return NotReady(deaf, can_send=True)
        if not config.ignore_carrier and (fault := self.link_fault(link)):
            return NotReady(fault, may_return=link.is_up)
        found = [self._source(config, params, family) for family in params.families]
        usable = tuple(each for each in found if isinstance(each, Source))
        missing = tuple(each.reason for each in found if isinstance(each, NoSource))
        if not usable:
            faults = (self._sockets.fault(params, family) for family in params.families)
            # An address that is removed may come again at once, as when a network is configured.
            may_return = self._sockets.can_send and not any(faults)
            return NotReady(" and ".join(missing), self._sockets.can_send, may_return)
        return Ready(usable, missing)

    def link_fault(self, link: Link | None) -> str | None:
        """Return why nothing gets through the link; None if it is up and has a carrier."""
        return self._missing() if link is None else link_faults.outage(link)

    def _missing(self) -> str:
        """The same for all virtual hosts: a look at the names of thousands of links is slow."""
        version = self._netlink.version
        if version is not self._missing_in:
            self._missing_in = version
            other = link_faults.other_name(self._name, self._netlink)
            self._missing_text = other or f"interface {self._name} does not exist"
        return self._missing_text

    def _source(self, config: Config, params: Params, family: Family) -> Source | NoSource:
        """The address to advertise from in this family, if it can be used at all."""
        if fault := self._sockets.fault(params, family):
            is_unknown = family == 6 and not sysctl.knows_ipv6()
            return NoSource(sysctl.NO_IPV6 if is_unknown else fault)
        found = sources.choose(config, family, self._netlink, self._is_virtual)
        if isinstance(found, NoSource) and family == 6 and sysctl.lacks_ipv6(self._name):
            return NoSource(sysctl.too_small_for_ipv6(self._name))
        return found
