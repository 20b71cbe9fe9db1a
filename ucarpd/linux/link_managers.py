"""The network managers of this host that set the addresses of an interface, by their run-time files.

No program is asked, so none can keep the caller waiting.
"""

import re
from enum import Enum
from pathlib import Path
from typing import NamedTuple


class Program(Enum):
    """A program that may remove addresses that it has not set."""

    NETWORKD = "systemd-networkd"
    NETWORK_MANAGER = "NetworkManager"
    DHCLIENT = "dhclient"
    IFUPDOWN = "ifupdown"
    IFUPDOWN2 = "ifupdown2"


class LinkManager(NamedTuple):
    """A program that manages the interface, with the file that says how, if that is known."""

    program: Program
    file: str = ""


_KEEPS_ADDRESSES = r"(?im)^\s*KeepConfiguration\s*=\s*(static|yes|true|on|1)\s*$"


def find(interface: str, index: int, root: Path = Path("/")) -> list[LinkManager]:
    """Return the programs that may remove addresses of the interface with this name and index.

    networkd is left out if its file tells it to keep them.
    """
    run = root / "run"
    found: list[LinkManager] = []
    state = _text(run / f"systemd/netif/links/{index}")
    if state and "ADMIN_STATE=unmanaged" not in state:
        files = re.findall(r"^NETWORK_FILE(?:_DROPINS)?=\"?([^\"\n]*)", state, re.MULTILINE)
        names = [name for each in files for name in re.split(r"[: ]", each) if name]
        texts = [_text(root / name.lstrip("/")) for name in names]
        if names and not any(re.search(_KEEPS_ADDRESSES, text) for text in texts):
            found.append(LinkManager(Program.NETWORKD, names[0]))
    # The files of these two outlive them.
    state = _text(run / f"NetworkManager/devices/{index}")
    if re.search(r"^managed=true$", state, re.MULTILINE) and _runs(Program.NETWORK_MANAGER, root):
        found.append(LinkManager(Program.NETWORK_MANAGER))
    if (run / f"dhclient.{interface}.pid").exists() and _runs(Program.DHCLIENT, root):
        found.append(LinkManager(Program.DHCLIENT))
    entry = rf"^{re.escape(interface)}="
    # ifdown takes the interface out of its table before it acts.
    is_going_down = (run / f"network/ifdown-{interface}.pid").exists()
    if is_going_down or re.search(entry, _text(run / "network/ifstate"), re.MULTILINE):
        found.append(LinkManager(Program.IFUPDOWN))
    # ifupdown2 keeps its table in /var/tmp, where users other than root may write.
    if (run / "network/ifstatelock").exists():
        network = root / "etc/network"
        files = [network / "interfaces", *network.glob("interfaces.d/*")]
        stanza = rf"^\s*iface\s+{re.escape(interface)}(\s|$)"
        if any(re.search(stanza, _text(each), re.MULTILINE) for each in files):
            found.append(LinkManager(Program.IFUPDOWN2))
    return found


def _runs(program: Program, root: Path) -> bool:
    name = f"{program.value}\n"
    return any(_text(each) == name for each in (root / "proc").glob("[0-9]*/comm"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # That program does not run here, or does not know the interface.
