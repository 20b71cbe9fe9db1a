"""The choice of the owner of the virtual addresses of one file: ucarpd, or scripts."""

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.addresses.netlink import Ledger, NetlinkAddresses
from ucarpd.addresses.scripts import ScriptedAddresses
from ucarpd.addresses.vmac import AddressOwner, VirtualMacAddresses
from ucarpd.config import Config
from ucarpd.linux.netlink import Netlink
from ucarpd.log.messages import Journal
from ucarpd.scripts.runner import HookRunner
from ucarpd.scripts.runs import Runs


def owner_of(
    config: Config, netlink: Netlink, log: Journal, ledger: Ledger, arp: ParentArp, runs: Runs
) -> AddressOwner:
    """Return the owner: scripts, if the file names one; otherwise ucarpd itself.

    `runs` notes the runs of the scripts.
    """
    over_netlink = NetlinkAddresses(config, netlink, log, ledger)
    owner: AddressOwner = over_netlink
    if config.is_scripted:
        owner = ScriptedAddresses(config, over_netlink, HookRunner(log, runs), log, ledger)
    return VirtualMacAddresses(config, netlink, owner, log, arp) if config.virtual_mac else owner
