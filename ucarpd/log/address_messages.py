"""The lines about the virtual addresses: put up, taken away, left over."""

import errno
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ucarpd.carp.actions import State
from ucarpd.carp.params import IPAddress
from ucarpd.linux import sysctl
from ucarpd.linux.link_managers import LinkManager, Program
from ucarpd.log.instance_lines import InstanceLines, followed, listed
from ucarpd.log.message_ids import MESSAGE_ID_UNSERVED


class AddressMessages(InstanceLines):
    """The addresses, their device and their record."""

    def __init__(self, name: str, vhid: int, interface: str, facility: str) -> None:
        super().__init__(name, vhid, interface, facility)
        self.device = interface
        """It has the addresses: the interface, or the device with the virtual MAC address."""
        self.refusal = ""
        """Why the last attempt to add the addresses has failed; empty if it has not."""
        self._said_elsewhere = False
        self._without_ipv6: frozenset[object] = frozenset()
        """Addresses that were refused because the interface has no IPv6."""

    def address_left_over(self, ips: Sequence[object], device: str | None = None) -> None:
        """Say that they are removed from `device`, if that is not the one of today."""
        where = device or self.device
        text = f"{followed(ips, 'was')} left on {where} by an earlier run; removed"
        # Once: the first BACKUP may find them before they are gone.
        self._fault(logging.WARNING, text, text)

    def address_was_there(self, ips: Sequence[object]) -> None:
        self.warning(
            f"{followed(ips, 'was')} already on {self.device}; removed: "
            "if the network configuration adds it, delete it there"
        )

    def route_put_back(self, route: object) -> None:
        text = f"the route {route} was removed by another program; put back"
        self._fault(logging.WARNING, f"route taken away {route}", text)

    def route_not_removed(self, error: OSError) -> None:
        self.warning(f"cannot remove a route: {error.strerror or error}")

    def bowed_out_for_the_dead(self) -> None:
        self.info("bowed out for the process that died: a peer can serve at once")

    def record_fault(self, error: OSError) -> None:
        self._fault(
            logging.ERROR,
            "record",
            f"serving without a record of the addresses: after a crash, `ucarpd clear` cannot remove "
            f"them ({error.strerror or error})",
        )

    def record_renewed(self) -> None:
        for each in ("record", "last good"):
            self._faults.end(each)
        self.warning(
            "a file was gone from the run directory, or could not be written: ucarpd made it again"
        )

    def record_not_removed(self, error: OSError) -> None:
        self.warning(f"cannot remove the record of the addresses: {error.strerror or error}")

    def address_not_removed_by_script(self, ips: Sequence[object]) -> None:
        self.warning(
            f"{followed(ips, 'was')} still on {self.device} after the down-script; removed"
        )

    def address_taken_off_early(self, ips: Sequence[object], waits_for_up_script: bool) -> None:
        why = (
            "the down-script has to wait for the up-script, which is still running"
            if waits_for_up_script
            else "the start of the down-script hangs"
        )
        self.warning(f"removing {listed(ips)} from {self.device}: {why}")

    def served_elsewhere(self, ips: Sequence[object]) -> None:
        text = f"the up-script succeeded, but {followed(ips, 'is')} not on {self.device}"
        if not self._said_elsewhere:
            self._said_elsewhere = True
            self.info(f"{text}: ucarpd trusts the script, and does not say so again")

    def script_failed_but_serves(self, ips: Sequence[object]) -> None:
        there = followed(ips, "is")
        self.warning(f"the up-script failed, but {there} on this host, which keeps serving")

    def unserved(self, ips: Sequence[object]) -> str:
        """Name the addresses that this host cannot serve; none: it serves all again.

        Return the words.
        """
        if ips:
            # That the interface has no IPv6 is the operator's doing, and has its own line.
            level = logging.WARNING if self._without_ipv6.issuperset(ips) else logging.ERROR
            text = f"this host cannot serve {listed(ips)}: another host should take over"
            self._write(level, text, MESSAGE_ID=MESSAGE_ID_UNSERVED)
        else:
            text = "all addresses are served again"
            self.info(text)
        return text

    def address_taken_away(self, ip: IPAddress) -> None:
        self._fault(
            logging.WARNING,
            f"taken away {ip}",
            f"{ip} was removed from {self.device} by another program; putting it back",
        )

    def removals_forgotten(self) -> None:
        """Say again of the next removal which address it is: the line about its cause comes again too."""
        self._faults.end("taken away ")

    def address_without_nodad(self, ip: IPAddress) -> None:
        self._fault(
            logging.WARNING,
            f"without nodad {ip}",
            f"the up-script added {ip} without nodad, so it cannot be used until duplicate address "
            "detection has passed; adding it again with nodad",
        )

    def address_stepped_behind(self, ips: Sequence[IPAddress], own: Iterable[IPAddress]) -> None:
        text = (
            f"{listed(ips)} had become the source of this host's own connections; added again "
            f"behind {listed([ip for ip in own if ip.version == 4])}"
        )
        # A network manager that also has the address may move it to the front every second.
        self._fault(logging.INFO, "stepped behind", text)

    def ipv6_gone(self, *, is_off: bool) -> str:
        """Say why the IPv6 addresses of a master are gone; return the words."""
        text = sysctl.too_small_for_ipv6(self.device)
        if is_off:
            text = f"IPv6 was switched off on {self.device}: {sysctl.ipv6_command(self.device)}"
        self.warning(text)
        return text

    def removers(self, daemons: Sequence[str], found: Sequence[LinkManager]) -> str:
        """Name the programs that may have removed an address, and what stops them.

        `daemons` are words about each ucarpd and old ucarp with the same address, which is the most
        likely cause.  Return the words.
        """
        texts = [
            _REMOVERS[each.program].format(interface=self.device, file=Path(each.file).name)
            for each in found
        ]
        text = "; ".join(daemons or texts) or (
            f"no network manager is known to manage {self.device}: was it a person, or a script?"
        )
        self.warning(text)
        return text

    def address_left_alone(self, ip: IPAddress) -> None:
        self._fault(
            logging.WARNING,
            f"left alone {ip}",
            f"not removing {ip}: it is virtual, but the only address of {self._interface}; give this "
            "host an address of its own",
        )

    def address_out_of_place(self, ip: IPAddress, state: State) -> None:
        self._fault(
            logging.WARNING,
            f"out of place {ip}",
            f"{ip} came up on {self.device} in state {state.value}; removing it",
        )

    def addresses_refused(self, refused: Mapping[IPAddress, OSError]) -> None:
        """Log which addresses an attempt to add them all has failed to add."""
        without = {ip for ip, error in refused.items() if error.errno == errno.EAFNOSUPPORT}
        self._without_ipv6 = frozenset(without)
        of_each = {
            (error.strerror or str(error)).removeprefix(f"{ip}: "): None
            for ip, error in refused.items()
        }
        self.refusal = "; ".join(of_each)
        for ip, error in refused.items():
            level = logging.WARNING if ip in without else logging.ERROR
            text = f"cannot add the address on {self.device}: {error.strerror or error}"
            self._fault(level, f"add {ip}", text)
        if not refused and self._faults.end("add "):
            self.info(f"the addresses can be added on {self.device} again")

    def address_not_removed(self, error: OSError) -> None:
        text = f"the address on {self.device}: {error.strerror or error}"
        if error.errno == errno.EBUSY:
            # Another process serves it: two files have it, or it is moving from one to the other.
            self._fault(logging.WARNING, "leave", f"not removing {text}")
        else:
            self._fault(logging.ERROR, "remove", f"cannot remove {text}")

    def device_refused(self, error: OSError) -> None:
        text = f"virtual MAC address, device {self.device}: {error.strerror or error}"
        if error.errno in {errno.EINVAL, errno.EBUSY}:
            text += (
                f": {self._interface} takes no other device beside it (is it a macvlan of mode "
                "passthru, or a port of a bridge?); UCARP_VMAC=no works without one"
            )
        self.refusal = text
        self._fault(logging.ERROR, "device", text)

    def settings_put_back(self, settings: Sequence[object]) -> None:
        text = (
            f"another program has changed {listed(settings)}; set again for the virtual MAC address"
        )
        self._fault(logging.WARNING, "settings", text)


_REMOVERS = {
    Program.NETWORKD: (
        # A drop-in: netplan writes the file itself again and again, and a package may own it.
        "systemd-networkd manages {interface}, and removes addresses that it has not set: write "
        "[Network] and KeepConfiguration=static into /etc/systemd/network/{file}.d/ucarpd.conf, and "
        "type networkctl reload"
    ),
    Program.NETWORK_MANAGER: (
        "NetworkManager manages {interface}, and removes addresses when it activates a connection: "
        "let another program set up {interface}, write [keyfile] and "
        "unmanaged-devices=interface-name:{interface} into a file in /etc/NetworkManager/conf.d, and "
        "type systemctl restart NetworkManager (a reload would take {interface} down)"
    ),
    Program.DHCLIENT: (
        "dhclient runs on {interface}, and removes the addresses with the label {interface} when "
        "its lease changes: set UCARP_IF_ALIAS={interface}:0, or give this host a fixed address"
    ),
    Program.IFUPDOWN: "ifupdown manages {interface}, and ifdown removes all its addresses",
    Program.IFUPDOWN2: (
        "ifupdown2 manages {interface}, and ifreload removes addresses that it has not set: write "
        "address-purge no into the stanza of {interface} in /etc/network/interfaces, and type "
        "ifreload -a"
    ),
}
"""Each program, and the setting that stops it."""
