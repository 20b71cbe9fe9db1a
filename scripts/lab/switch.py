"""The switch of a laboratory: bridges in a namespace of their own, and the cables to the hosts."""

from lab.netns import add_namespace, ip_lines, sweep_namespace
from lab.rtnetlink import Links

BRIDGE = "br0"


class Switch:
    """Bridges, with one port for each cable.  A port has the name of its host.

    One system call pulls a cable.  A measure knows that moment better than one within ip(8).
    """

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self._bridges: dict[str, int] = {}
        self._links: Links | None = None

    def set_up(self) -> None:
        """Make the namespace and the first bridge."""
        add_namespace(self.namespace)
        self._links = Links(self.namespace)
        self.add_bridge(BRIDGE)

    def close(self) -> None:
        if self._links is not None:
            self._links.close()
            self._links = None
        sweep_namespace(self.namespace)

    @property
    def links(self) -> Links:
        assert self._links is not None, "the laboratory is closed"
        return self._links

    def add_bridge(self, name: str) -> None:
        # A snooping bridge without a querier would not show whether we keep our membership.
        options = "stp_state 0 forward_delay 0 mcast_snooping 0"
        ip_lines(self.namespace, f"link add {name} type bridge {options}", f"link set {name} up")
        self._bridges[name] = self.links.index(name)

    def connect(self, port: str, namespace: str, interface: str, bridge: str = BRIDGE) -> None:
        """Make a cable from a port to a new interface of a host; that end is still down."""
        ip_lines(
            self.namespace,
            f"link add name {port} type veth peer name {interface} netns {namespace}",
            f"link set dev {port} master {bridge} up",
        )

    def cable(self, port: str, connected: bool) -> None:
        """Pull or plug the cable of a port: its host sees the carrier go and come."""
        self.links.set_up(port, up=connected)

    def path(self, port: str, connected: bool, bridge: str = BRIDGE) -> None:
        """Break or mend the way behind a port: the carrier of its host stays."""
        self.links.set_bridge(port, self._bridges[bridge] if connected else 0)
