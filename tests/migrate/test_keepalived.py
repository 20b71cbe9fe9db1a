"""What VRRP and CARP have in common is read from a keepalived.conf."""

from imported import read, values

TEXT = """\
! a comment
global_defs
{
    router_id lb1   # another one
}
include /etc/keepalived/more/*.conf
vrrp_script chk { script "pidof nginx" }
vrrp_instance web {
    virtual_ipaddress {
        10.0.0.1/24 label eth0:web
        10.0.1.1/24 dev eth1 scope link
    }
    virtual_ipaddress_excluded { 10.0.0.9 }
    interface eth0
    virtual_router_id 7
    priority 255
    nopreempt
    advert_int 0.5
    unicast_src_ip 10.0.0.11
    unicast_peer { 10.0.0.12 }
    notify /etc/n.sh
    track_interface { eth1 }
    track_script { chk }
    virtual_routes { default via 10.0.0.254 }
    use_vmac
    strange thing
}
virtual_server 10.0.0.1 80 { delay_loop 3 }
"""


def test_an_instance(tmp_path):
    findings = read(tmp_path, TEXT, "keepalived.conf")
    assert len(findings.hosts) == 1
    assert values(findings) == {
        "UCARP_INTERFACE": "eth0",
        "UCARP_VHID": "7",
        "UCARP_SRCIP": "10.0.0.11",
        "UCARP_PEERS": "10.0.0.11,10.0.0.12",
        "UCARP_ADDR": "10.0.0.1/24,10.0.1.1/24",
        "UCARP_EXTRA_ADDRS": "10.0.0.9/32",
        "UCARP_IF_ALIAS": "eth0:web",
        "UCARP_ADVBASE": "1",
        "UCARP_ADVSKEW": "0",
        "UCARP_PREEMPT": "no",
    }
    told = "\n".join(findings.remarks)
    for words in (
        ":6: /etc/keepalived/more/*.conf is not read",
        ":11: 10.0.1.1/24 is on eth1",
        ":11: scope link has no counterpart here",
        ":18: advert_int 0.5: UCARP_ADVBASE is in whole seconds",
        ":21: notify /etc/n.sh: UCARP_NOTIFYSCRIPT here",
        ":22: track_interface eth1",
        ":23: track_script chk: UCARP_CHECK_NAME='exec:/PATH' here",
        ":24: virtual_routes default via 10.0.0.254: UCARP_ROUTES here",
        ":25: use_vmac: UCARP_VMAC=yes here",
        ":26: strange thing has no counterpart here",
        ":28: virtual_server 10.0.0.1 80 has no counterpart here",
        "UCARP_PASS is missing",
    ):
        assert words in told


def test_several_instances_and_the_default_of_preempting(tmp_path):
    text = "".join(
        f"vrrp_instance v{n} {{\n interface eth0\n virtual_router_id {n}\n"
        f" virtual_ipaddress {{\n 10.0.0.{n}\n }}\n}}\n"
        for n in (1, 2)
    )
    findings = read(tmp_path, text, "keepalived.conf")
    assert [host.text("UCARP_ADDR") for host in findings.hosts] == ["10.0.0.1/32", "10.0.0.2/32"]
    assert [host.text("UCARP_PREEMPT") for host in findings.hosts] == ["yes", "yes"]


def test_variables(tmp_path):
    text = (
        "$NET=10.0.0 # a comment\n$VIP = $NET.1/24\n"
        "vrrp_instance v {\n virtual_ipaddress { ${VIP} }\n}\n"
    )
    findings = read(tmp_path, text, "keepalived.conf")
    assert findings.hosts[0].text("UCARP_ADDR") == "10.0.0.1/24"
    assert not any("$NET" in each for each in findings.remarks)


def test_times_and_a_number_with_zeros_in_front(tmp_path):
    text = "virtual_router_id 010\n advert_int 1\n preempt_delay 300\n garp_master_refresh 30\n"
    findings = read(tmp_path, f"vrrp_instance v {{\n {text}}}\n", "keepalived.conf")
    assert values(findings) == {
        "UCARP_VHID": "10",
        "UCARP_ADVBASE": "1",
        "UCARP_PREEMPT_DELAY": "300",
        "UCARP_ANNOUNCE_INTERVAL": "30",
        "UCARP_ADVSKEW": "154",
        "UCARP_PREEMPT": "yes",
    }


def rank(tmp_path, lines):
    text = f"vrrp_instance v {{\n interface eth0\n virtual_router_id 7\n{lines}\n}}\n"
    findings = read(tmp_path, text, "keepalived.conf")
    return findings.hosts[0].text("UCARP_ADVSKEW"), "\n".join(findings.remarks)


def test_without_a_priority_keepalived_has_one_by_the_state(tmp_path):
    skew, told = rank(tmp_path, " state BACKUP")
    assert skew == "154"
    assert ":1: no priority: keepalived takes 100, which becomes UCARP_ADVSKEW=154" in told
    skew, told = rank(tmp_path, " state MASTER")
    assert skew == "0"
    assert "keepalived takes 255" in told


def test_a_priority_that_is_a_variable(tmp_path):
    skew, told = rank(tmp_path, " priority $PRIO")
    assert skew is None
    assert ":4: priority: is not a number: UCARP_ADVSKEW left out (got '$PRIO')" in told


def test_a_sync_group(tmp_path):
    text = "vrrp_instance v {\n}\nvrrp_sync_group G { group { v } }\n"
    told = "\n".join(read(tmp_path, text, "keepalived.conf").remarks)
    assert ":3: vrrp_sync_group G: the virtual hosts of one process move together" in told
    assert "no counterpart" not in told
