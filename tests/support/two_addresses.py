"""A virtual host with two addresses: its configuration and its transitions."""

from ipaddress import ip_address

from ucarpd.carp.actions import State
from ucarpd.config import load
from ucarpd.engine import Transition

ONE, TWO = map(ip_address, ("10.0.0.100", "10.0.0.101"))
TAKEN = Transition(State.MASTER, State.BACKUP, "no advertisement")
LEFT = Transition(State.BACKUP, State.MASTER, "asked to")
FILE = "UCARP_INTERFACE=eth0\nUCARP_VHID=1\nUCARP_PASS=secret\nUCARP_ADDR=10.0.0.100,10.0.0.101\nUCARP_MASK=24\n"


def config_of(tmp_path, more=""):
    path = tmp_path / "web.conf"
    path.write_text(FILE + more)
    path.chmod(0o600)
    return load(path)
