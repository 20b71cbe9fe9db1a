"""A laboratory of hosts on one switch, for the demo, the benchmark and the tests.

    [host a]  [host b]  ...  [client]      each a network namespace with an eth0
        \\        |             /
         '-- bridge in [switch] --'

No packet leaves these namespaces.  A cable is pulled at the switch, and the host sees its carrier
go.  A path is broken by taking the port out of the bridge, and the carrier stays.  Every host has
an /etc of its own, laid over the machine's, an empty /run, and a run and a state directory.

  laboratory   the whole: makes the hosts and the switch, and removes them
  hosts        one host: its files, its programs, its network
  switch       bridges, ports and cables
  process      commands, programs that run on, and waiting
  client       a client that keeps asking an address, and its answers
  netns        network namespaces
  rtnetlink    just enough of the kernel's interface to links and addresses
"""

from lab.client import Client, Request
from lab.hosts import PROJECT, Host
from lab.laboratory import Lab
from lab.netns import inside
from lab.process import LabError, Process, run, wait_for
from lab.switch import Switch

__all__ = [
    "PROJECT",
    "Client",
    "Host",
    "Lab",
    "LabError",
    "Process",
    "Request",
    "Switch",
    "inside",
    "run",
    "wait_for",
]
