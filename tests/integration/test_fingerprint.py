"""Two hosts compare their fingerprints, and the log says that they should."""

import sys

from nodes import MASTER, VIP, conf


def printed(host, *names):
    process = host.start(sys.executable, "-m", "ucarpd", "fingerprint", *names)
    assert process.popen.wait(60) == 0
    return process.text()


def test_two_hosts_that_agree_and_two_that_do_not(a, b):
    for host, skew, addresses in ((a, 0, f"{VIP},172.16.0.2"), (b, 100, f"172.16.0.2,{VIP}")):
        text = conf(host.address, MASK=None, ADVSKEW=skew, ADDR=addresses, PASS="so_weit7")
        host.write_conf("web", text)
    assert printed(a) == printed(b) == printed(b, "web")
    assert printed(a).startswith("web: vhid 1, interval 1 s, ")
    first = a.ucarpd()
    first.wait_for_line(MASTER)
    second = b.ucarpd()
    second.wait_for_line("Switching to state: BACKUP")
    assert "digest" not in first.text() + second.text()
    assert second.stop() == 0

    other = conf(
        b.address, MASK=None, ADDR=f"{VIP},172.16.0.2", PASS="ganz anders".replace(" ", "")
    )
    b.write_conf("web", other)
    assert printed(a) != printed(b)
    line = b.ucarpd().wait_for_line("the digest is wrong: ")
    assert "compare what ucarpd fingerprint prints on both hosts" in line
