"""The setup that must work unchanged: an article's files on two hosts, and a web server on each."""

import sys

import pytest
from lab import PROJECT, Host, wait_for
from nodes import VIP, use_shipped_scripts, wait_for_no_address

ARTICLE = PROJECT / "tests/article"
"""Its files.  UCARP_NETMASK is not in the file that the scripts source: ucarpd hands it over."""


def install(host: Host, scripts: str, extra: str) -> None:
    text = (ARTICLE / "ucarp.conf").read_text().replace("172.16.0.11", host.address)
    if scripts == "article":
        for name in ("ucarp-up.sh", "ucarp-down.sh"):
            host.write(f"ucarp/{name}", (ARTICLE / name).read_text())
    elif scripts == "shipped":
        use_shipped_scripts(host)
    else:
        text = text.partition("# Сценарии")[0]
    host.write_conf("ucarp", text + extra)


def start_web_server(host: Host) -> None:
    """It answers with the host's name."""
    pages = host.root / "www"
    pages.mkdir()
    (pages / "index.html").write_text(host.name)
    command = (sys.executable, "-m", "http.server", "80", "--bind", "0.0.0.0")
    host.start("sh", "-c", 'exec "$@" 2>/dev/null', "sh", *command, "--directory", str(pages))


def ask(client: Host) -> str:
    """The name of the host that answers at the virtual address; empty for none."""
    return client.run("curl", "-s", "--max-time", "1", f"http://{VIP}/", check=False).stdout


@pytest.mark.parametrize(
    ("scripts", "preference", "others"),
    [
        pytest.param("article", "UCARP_PREEMPT=yes\n", "", id="article"),
        pytest.param("article", "UCARP_MASTER=yes\n", "", id="article-with-alias"),
        pytest.param("shipped", "UCARP_PREEMPT=yes\n", "UCARP_ADVSKEW=100\n", id="shipped"),
        pytest.param("none", "UCARP_PREEMPT=yes\n", "UCARP_ADVSKEW=100\n", id="no-scripts"),
    ],
)
def test_the_other_host_answers_and_gives_back(lab, a, b, wire, scripts, preference, others):
    client = lab.host("client", "172.16.0.99/16")
    install(a, scripts, preference)
    install(b, scripts, others)
    start_web_server(a)
    start_web_server(b)

    # One after the other: of equals the first to speak is master, whatever it prefers.
    on_a = a.ucarpd()
    wait_for("host a answers", lambda: ask(client) == "a")
    on_b = b.ucarpd()
    on_b.wait_for_line(
        "[WARNING] ucarp: Switching to state: BACKUP (ready with source 172.16.0.12)"
    )
    wire.wait_more(a.address, 2)
    on_a.wait_for_line("[WARNING] ucarp: Switching to state: MASTER (no advertisement heard for 3")
    assert not b.has(VIP)
    (address,) = [each for each in a.addresses() if each["local"] == VIP]
    assert (address["label"], address["prefixlen"]) == ("eth0:0", 16)

    a.cable(False)
    wait_for("host b answers", lambda: ask(client) == "b")
    on_a.wait_for_line("[WARNING] ucarp: Switching to state: INIT (no carrier on eth0)")
    on_b.wait_for_line("[WARNING] ucarp: Switching to state: MASTER (no advertisement from 172.16")
    wait_for_no_address(a)

    a.cable(True)
    wait_for("host a answers again", lambda: ask(client) == "a")
    on_b.wait_for_line("[WARNING] ucarp: Switching to state: BACKUP (172.16.0.11 ")
    wait_for_no_address(b)
    assert a.has(VIP)

    if scripts != "none":
        up = "[WARNING] ucarp: Spawning [/etc/ucarp/ucarp-up.sh eth0 172.16.0.1]"
        down = "[WARNING] ucarp: Spawning [/etc/ucarp/ucarp-down.sh eth0 172.16.0.1]"
        on_a.wait_for_line(up, count=2)
        on_b.wait_for_line(up)
        on_b.wait_for_line(down, count=2)
    for daemon in (on_a, on_b):
        # At start ifconfig fails to remove a missing address, which is no fault.
        assert daemon.lines("[ERROR]") == []
        assert len(daemon.lines("[INFO]", "exit status 255")) == (scripts == "article")
        assert daemon.lines("geheim") == []


@pytest.mark.parametrize("scripts", ["article", "shipped"])
def test_the_scripts_do_no_harm_when_run_again(lab, a, scripts):
    """The down-script at start finds no address; a master that is killed leaves one behind."""
    install(a, scripts, "")
    daemon = a.ucarpd()
    wait_for("the address", lambda: a.has(VIP))
    daemon.kill()

    daemon = a.ucarpd()
    wait_for_no_address(a)
    daemon.wait_for_line("Switching to state: MASTER")
    wait_for("the address again", lambda: a.has(VIP))
