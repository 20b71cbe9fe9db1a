"""The message classes of pyroute2, imported without the rest of the package.

`pyroute2/__init__.py` loads the whole package, databases and firewalls included: half of the time
that ucarpd takes to start, and a third of its memory.  So this module registers the package without
running its `__init__`, and imports only the message classes.  `pyroute2.config` runs the programs
`uname` and `file` to identify the machine.  The classes need only three of its constants, so a
module with these constants replaces it.  If a release does not work in this way, the whole package
is imported.
"""

import importlib
import importlib.util
import socket
import sys
from types import ModuleType


def _prepare() -> None:
    """Register both modules without running them, unless pyroute2 has been imported already."""
    spec = importlib.util.find_spec("pyroute2")
    if "pyroute2" in sys.modules or spec is None:
        return
    package = sys.modules["pyroute2"] = importlib.util.module_from_spec(spec)
    config = ModuleType("pyroute2.config")
    constants = {
        "AF_BRIDGE": socket.AF_BRIDGE,
        "data_plugins_pkgs": [],
        "data_plugins_path": [],
    }
    vars(config).update(constants)
    vars(package)["config"] = sys.modules[config.__name__] = config


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyroute2"]:
        del sys.modules[name]


_prepare()
try:
    importlib.import_module("pyroute2.netlink.rtnl.ifinfmsg")
except (ImportError, AttributeError):  # pragma: no cover - no known release
    _forget()

from pyroute2 import netlink as nl  # noqa: E402
from pyroute2.netlink import rtnl  # noqa: E402
from pyroute2.netlink.rtnl import ifaddrmsg, ifinfmsg, rtmsg  # noqa: E402

__all__ = ["ifaddrmsg", "ifinfmsg", "nl", "rtmsg", "rtnl"]
