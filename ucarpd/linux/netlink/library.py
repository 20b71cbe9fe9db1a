"""What we use of pyroute2, and no more of it.

The package's own start (`pyroute2/__init__.py`) loads all of it, databases and firewalls included:
half of the time that ucarpd takes to start, and a third of its memory.  So the parts are
imported with a package in its place that has not run its start.  Where a release does not stand
that, the whole is imported.
"""

import importlib
import importlib.util
import sys


def _prepare() -> None:
    """Put the package there without running its start, unless somebody has run it already."""
    spec = importlib.util.find_spec("pyroute2")
    if "pyroute2" not in sys.modules and spec is not None:
        sys.modules["pyroute2"] = importlib.util.module_from_spec(spec)


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyroute2"]:
        del sys.modules[name]


_prepare()
try:
    importlib.import_module("pyroute2.iproute")
except (ImportError, AttributeError):  # pragma: no cover - no known release
    _forget()

from pyroute2 import netlink as nl  # noqa: E402
from pyroute2.iproute import IPRoute  # noqa: E402
from pyroute2.netlink import rtnl  # noqa: E402
from pyroute2.netlink.exceptions import NetlinkError  # noqa: E402
from pyroute2.netlink.rtnl import ifaddrmsg, ifinfmsg, rtmsg  # noqa: E402

__all__ = ["IPRoute", "NetlinkError", "ifaddrmsg", "ifinfmsg", "nl", "rtmsg", "rtnl"]
