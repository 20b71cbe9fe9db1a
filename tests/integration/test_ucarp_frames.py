"""The frames of `ucarp` under each of its options, beside the real command of the same name.

The two run on hosts of one IP address that do not hear each other, so their frames are the same but
for what differs between any two frames, and for the sender's MAC address.
"""

import sys
from contextlib import ExitStack
from ipaddress import ip_address

from lab import Host, wait_for
from nodes import mac
from wiretap import Advertisement, Wiretap

from ucarpd.carp import packet
from ucarpd.carp.auth import Signer

REAL = ("/usr/sbin/ucarp",)
OURS = (sys.executable, "-c", "import sys; from ucarpd.migrate.entry import main; sys.exit(main())")
OWN, SECOND = "172.16.0.11", "172.16.0.21"
"""The addresses of both hosts."""
PASSWORD = "geheim"
LONGEST = "0123456789abcdefghi"

ROWS = [
    ([], {}),
    ([f"--pass={LONGEST}"], {"password": LONGEST}),
    (["--pass=пароль"], {"password": "пароль"}),
    (["-o", "/etc/password"], {"password": "from a file"}),
    (["--passfile=/etc/password", "-p", "later"], {"password": "later"}),
    (["-b1", "-k0", "-r3"], {}),
    (["--advbase=2", "--deadratio=1"], {}),
    (["--advskew=100"], {}),
    (["--advbase=2", "--advskew=0x10", "-r", "1"], {}),
    (["--advskew=254", "--preempt"], {}),
    ([f"--srcip={SECOND}"], {}),
    (["--addr=10.0.0.1"], {"address": "10.0.0.1"}),
    (["--nomcast"], {}),
    (["--mcastip=239.1.2.3"], {}),
    (["--preempt", "--neutral", "--shutdown", "--ignoreifstate"], {}),
    (["--xparam=word", "--facility=none", "--debug"], {}),
]
"""Options, and the password and the virtual address that they mean, if they are not the usual ones.

Each row runs as a virtual host of its own, whose vhid is its number.
"""


def start_all(host: Host, program: tuple[str, ...]) -> None:
    host.ip("address", "add", f"{SECOND}/16", "dev", "eth0")
    host.path(False)
    host.write("password", "from a file\n")
    for vhid, (options, _) in enumerate(ROWS, 1):
        usual = f"-i eth0 -s {OWN} -v {vhid} -p {PASSWORD} -a 172.16.1.{vhid}".split()
        host.start(*program, *usual, "-u", "/bin/true", "-d", "/bin/true", *options)


def first_frames(wire: Wiretap) -> dict[int, Advertisement]:
    """The first advertisement of each virtual host."""
    found = {each.vhid: each for each in reversed(wire.advertisements())}
    return found if len(found) == len(ROWS) else {}


def what_must_agree(frame: bytes) -> dict[str, str]:
    """The parts of a frame without the sender's MAC address, the number of the IP packet, the counter,
    and what is computed of these.
    """
    ip, carp = frame[14:34], frame[34:]
    return {
        "Ethernet": (frame[:6] + frame[12:14]).hex(),
        "IP header": (ip[:4] + ip[6:10] + ip[12:]).hex(),
        "CARP header": carp[:6].hex(),
        "size": str(len(frame)),
    }


def test_the_frames_of_both_programs_agree(lab):
    with ExitStack() as stack:
        wires = {}
        for name, program in (("theirs", REAL), ("ours", OURS)):
            host = lab.host(name, f"{OWN}/16")
            wires[name] = stack.enter_context(Wiretap(host.namespace, "eth0"))
            start_all(host, program)
        frames = {
            name: wait_for(f"the frames of {name}", lambda wire=wire: first_frames(wire), 60)
            for name, wire in wires.items()
        }
    differences = []
    for vhid, (options, meant) in enumerate(ROWS, 1):
        theirs, ours = frames["theirs"][vhid].data, frames["ours"][vhid].data
        if what_must_agree(theirs) != what_must_agree(ours):
            differences.append((options, what_must_agree(theirs), what_must_agree(ours)))
        assert frames["theirs"][vhid].mac == f"00:00:5e:00:00:{vhid:02x}"
        assert frames["ours"][vhid].mac == mac(host)
        key = meant.get("password", PASSWORD).encode()
        signer = Signer(key, vhid, [ip_address(meant.get("address", f"172.16.1.{vhid}"))])
        for frame in (theirs, ours):
            assert packet.checksum(frame[14:34]) == packet.checksum(frame[34:70]) == 0
            read = packet.decode(frame[34:])
            assert signer.verify(read.counter, read.digest), options
    assert differences == []
