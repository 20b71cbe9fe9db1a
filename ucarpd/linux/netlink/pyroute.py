"""The message classes of pyroute2, imported without the rest of the package.

`pyroute2/__init__.py` loads the whole package, databases and firewalls included: half of the time
that ucarpd takes to start, and a third of its memory; and it runs the programs `uname` and `file`.
So this module registers the package without running its `__init__`, and imports only the message
classes.  If a release does not work in this way, the whole package is imported.
"""

import importlib
import importlib.util
import sys


def _prepare() -> None:
    """Register the package without running it, unless it has been imported already."""
    spec = importlib.util.find_spec("pyroute2")
    if "pyroute2" not in sys.modules and spec is not None:
        sys.modules["pyroute2"] = importlib.util.module_from_spec(spec)


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyroute2"]:
        del sys.modules[name]


_prepare()
try:
    importlib.import_module("pyroute2.netlink.rtnl.rtmsg")
except (ImportError, AttributeError):  # pragma: no cover - no known release
    _forget()

from pyroute2 import netlink as nl  # noqa: E402
from pyroute2.netlink import rtnl  # noqa: E402
from pyroute2.netlink.rtnl import ifaddrmsg, rtmsg  # noqa: E402

__all__ = ["ifaddrmsg", "nl", "rtmsg", "rtnl"]
