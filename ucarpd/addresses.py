"""Who puts the virtual addresses on the interface: ucarpd over netlink, or the operator's scripts."""

from collections.abc import Callable

from ucarpd.config import Config, harm, is_harmful
from ucarpd.engine import Transition
from ucarpd.hooks import Done, Hook, HookRunner, Result
from ucarpd.journal import Journal
from ucarpd.linux.netlink import InterfaceAddress, Netlink
from ucarpd.virtual_mac import VirtualMacAddresses


class NetlinkAddresses:
    """ucarpd adds and removes the addresses itself."""

    are_scripted = False
    is_busy = False

    def __init__(self, config: Config, netlink: Netlink, log: Journal) -> None:
        self._netlink = netlink
        self._log = log
        self._addresses: list[InterfaceAddress] = []
        self.reconfigure(config)

    def reconfigure(self, config: Config) -> None:
        """Addresses that are no longer wanted go at once; new ones come when they are acquired."""
        self._interface = config.device
        self._label = config.label
        served = (*config.addresses, *config.extra_addresses)
        before = self._addresses
        self._addresses = [InterfaceAddress(a.ip, a.prefixlen) for a in served]
        gone = [address for address in before if address not in self._addresses]
        if gone:
            self._netlink.remove(self._interface, gone, self._removed)

    def acquire(
        self, transition: Transition, there: Callable[[], None], done: Callable[[bool], None]
    ) -> None:
        del transition

        def added(error: OSError | None) -> None:
            if error is not None:
                self._log.address_refused("add", error)
            done(error is None)

        self._netlink.add(self._interface, self._addresses, self._label, added, there)

    def release(self, transition: Transition, at_start: bool, done: Callable[[], None]) -> None:
        del transition
        present = self.present()
        if at_start and present:
            self._log.address_left_over(present)
        self.remove(done)
        self._netlink.prepare(self._interface, self._addresses, self._label)

    async def dispose(self) -> None:
        """Nothing is left but the addresses."""

    def present(self) -> str:
        """Those of our addresses that are on the interface now, as text; empty for none."""
        there = {address.ip for address in self._netlink.addresses(self._interface)}
        return ", ".join(str(a.ip) for a in self._addresses if a.ip in there)

    def present_now(self) -> str:
        """As `present`, after taking in what the kernel has reported but we have not yet read."""
        self._netlink.catch_up()
        return self.present()

    def remove(self, done: Callable[[], None]) -> None:
        def removed(error: OSError | None) -> None:
            self._removed(error)
            done()

        self._netlink.remove(self._interface, self._addresses, removed)

    def _removed(self, error: OSError | None) -> None:
        if error is not None:
            self._log.address_refused("remove", error)


class ScriptedAddresses:
    """The up-script adds the addresses, the down-script removes them.

    What the down-script leaves behind is removed over netlink: a host that has given up the role
    must not go on answering, whatever the reason.
    """

    are_scripted = True

    def __init__(
        self, config: Config, netlink: NetlinkAddresses, hooks: HookRunner, log: Journal
    ) -> None:
        self._netlink = netlink
        self._hooks = hooks
        self._log = log
        self.reconfigure(config)

    def reconfigure(self, config: Config) -> None:
        self._config = config
        self._netlink.reconfigure(config)

    @property
    def is_busy(self) -> bool:
        return self._hooks.is_busy

    def acquire(
        self, transition: Transition, there: Callable[[], None], done: Callable[[bool], None]
    ) -> None:
        del there  # A script takes longer than the way back to the loop.

        def ended(result: Result) -> None:
            present = self._netlink.present_now()
            if result.status == 0 and not present:
                self._log.address_not_added_by_script(self._all())
            # After a failure the protocol goes on, but an address that we lack is not announced.
            if result.status == 0 or present:
                done(True)

        self._run("up", transition, ended)

    def release(self, transition: Transition, at_start: bool, done: Callable[[], None]) -> None:
        def ended(_result: Result) -> None:
            present = self._netlink.present_now()
            if not present:
                done()
                return
            report = (
                self._log.address_left_over if at_start else self._log.address_not_removed_by_script
            )
            report(present)
            self._netlink.remove(done)

        if (at_start and self._config.neutral) or self._must_not_run_down_script(at_start):
            self._netlink.release(transition, at_start, done)
        else:
            if self._hooks.running is not None and self._hooks.running.target == "up":
                # The down-script has to wait for the end of the script that runs.
                self._netlink.remove(lambda: None)
            self._run("down", transition, ended)

    async def dispose(self) -> None:
        """Nothing is left but what the scripts have left."""

    def _must_not_run_down_script(self, at_start: bool) -> bool:
        """Tell whether it would delete the host's own IPv6 addresses, and log that."""
        script = self._config.down_script
        if script is None or not is_harmful(script):
            return False
        every = (*self._config.addresses, *self._config.extra_addresses)
        has_ipv6 = any(each.ip.version == 6 for each in every)
        if has_ipv6 or at_start:
            self._log.script_harmful(harm(script), skipped=has_ipv6)
        return has_ipv6

    def _run(self, target: str, transition: Transition, done: Done) -> None:
        config = self._config
        script = config.up_script if target == "up" else config.down_script
        arguments = [config.device, str(config.addresses[0].ip)]
        if config.xparam is not None:
            arguments.append(config.xparam)
        environment = {
            **config.script_environment,
            "UCARP_STATE": transition.state.value,
            "UCARP_PREVIOUS_STATE": transition.previous.value,
            "UCARP_REASON": transition.reason,
        }
        hook = Hook(
            target,
            script,
            tuple(arguments),
            environment,
            config.script_timeout,
            # A down-script that finds nothing to take off may fail.
            is_excused=lambda: target == "down" and not self._netlink.present_now(),
        )
        self._hooks.request(hook, done)

    def _all(self) -> str:
        return ", ".join(str(address.ip) for address in self._config.addresses)


def addresses_for(
    config: Config, netlink: Netlink, log: Journal
) -> NetlinkAddresses | ScriptedAddresses | VirtualMacAddresses:
    """Scripts own the addresses as soon as the file names one; otherwise ucarpd does."""
    over_netlink = NetlinkAddresses(config, netlink, log)
    owner: NetlinkAddresses | ScriptedAddresses = over_netlink
    if config.up_script is not None or config.down_script is not None:
        owner = ScriptedAddresses(config, over_netlink, HookRunner(log), log)
    return VirtualMacAddresses(config, netlink, owner, log) if config.virtual_mac else owner
