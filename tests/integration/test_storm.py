"""A host with hundreds of interfaces (containers): what becomes of them does not hold up the protocol."""

from nodes import note, start_master
from wiretap import gaps

PAIRS = 300
INTERVAL = 0.25


def test_hundreds_of_interfaces_change_at_once(a, wire):
    make = "link add v{0} group 5 type veth peer name w{0} group 5\n"
    batch = a.write("storm", "".join(make.format(n) for n in range(PAIRS)))
    made = a.start("ip", "-batch", str(batch))
    assert made.popen.wait() == 0, made.text()
    process = start_master(a, ADVBASE=0, ADVSKEW=64)
    last = wire.wait_more(a.address, 6)[-1]
    for change in ("up", "down", "up"):
        a.ip("link", "set", "group", "5", change)
        wire.wait_more(a.address, 6)
    heard = wire.advertisements(a.address, after=last.at)
    longest = max(gaps(heard))
    note(f"{len(heard)} advertisements, longest gap {longest * 1000:.0f} ms")
    assert longest < 1.5 * INTERVAL
    assert "dropped netlink events" not in process.text()
