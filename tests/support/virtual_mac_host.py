"""A host that serves from the virtual MAC address: its device, and the ARP settings beside it."""

from lab import Host, Process, wait_for
from nodes import MASTER, VIP, ScriptedHost, start

VIP6 = "fd00::1"
BOTH = f"{VIP},{VIP6}"
VIRTUAL_MAC = "00:00:5e:00:01:01"
DEVICE = "eth0-v1"
ORIGINALS, OURS = ["0", "0"], ["1", "2"]


def wait_for_device(host: Host, *addresses: str, device: str = DEVICE) -> None:
    for address in addresses:
        wait_for(f"{address} on {device} of {host.name}", lambda a=address: host.has(a, device))


def arp_settings(host: Host, interface: str = "eth0") -> list[str]:
    """arp_ignore and arp_announce of the interface."""
    names = ("arp_ignore", "arp_announce")
    paths = (f"/proc/sys/net/ipv4/conf/{interface}/{name}" for name in names)
    return host.run("cat", *paths).stdout.split()


def devices(host: Host) -> list[str]:
    lines = host.ip("-brief", "link", "show", "type", "macvlan").stdout.splitlines()
    return sorted(line.partition("@")[0] for line in lines)


def serving(host: Host, **keys: object) -> Process:
    process = start(host, VMAC="yes", **keys)
    process.wait_for_line(MASTER)
    wait_for_device(host, VIP)
    if isinstance(host, ScriptedHost):
        process.wait_for_line("ucarp-up.sh", "done in")
    return process


def state(host: Host) -> str:
    return host.ip("link", "show", DEVICE, check=False).stdout
