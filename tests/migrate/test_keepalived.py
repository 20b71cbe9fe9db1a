"""What VRRP and CARP have in common is read from a keepalived.conf."""

import pytest
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
        ":22: track_interface eth1: UCARP_CHECK_NAME='link:INTERFACE' here",
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


def told(tmp_path, text):
    findings = read(tmp_path, text, "keepalived.conf")
    return findings, "\n".join(findings.remarks)


def test_what_global_defs_says_for_all(tmp_path):
    findings, _ = told(
        tmp_path,
        "global_defs {\n default_interface eth1\n vrrp_garp_master_refresh 15\n}\n"
        "vrrp_instance a {\n virtual_ipaddress {\n 10.0.0.1 dev eth1\n }\n}\n"
        "vrrp_instance b {\n interface eth0\n garp_master_refresh 30\n}\n",
    )
    shown = [(h.text("UCARP_INTERFACE"), h.text("UCARP_ANNOUNCE_INTERVAL")) for h in findings.hosts]
    assert shown == [("eth1", "15"), ("eth0", "30")]
    assert not any("is on eth1" in each for each in findings.remarks)


def test_flags_of_addresses_and_an_address_that_is_listed_twice(tmp_path):
    findings, words = told(
        tmp_path,
        "vrrp_instance v {\n interface eth0\n virtual_ipaddress {\n"
        " 10.0.0.1/24 no_track dev eth0 label eth0:1\n 10.0.0.1/24\n"
        " 2001:db8::1/64 -nodad preferred_lft 0\n }\n}\n",
    )
    assert values(findings)["UCARP_ADDR"] == "10.0.0.1/24,2001:db8::1/64"
    assert values(findings)["UCARP_IF_ALIAS"] == "eth0:1"
    for left_out in (":4: no_track", ":6: -nodad", ":6: preferred_lft 0"):
        assert f"{left_out} has no counterpart here: left out" in words


def test_peers_with_prefix_lengths_and_options(tmp_path):
    findings, words = told(
        tmp_path,
        "vrrp_instance v {\n unicast_src_ip 10.0.0.1/24\n"
        " unicast_peer {\n @^a 10.0.0.2/24\n @^b 10.0.0.3 min_ttl 254\n @^b $C\n }\n}\n",
    )
    assert values(findings)["UCARP_SRCIP"] == "10.0.0.1"
    assert values(findings)["UCARP_PEERS"] == "10.0.0.1,10.0.0.2,10.0.0.3"
    assert ":6: $C: $C is not defined in one line of this file: left out" in words


def test_comments_right_behind_a_word(tmp_path):
    findings, words = told(
        tmp_path,
        "vrrp_instance v{\n priority 100#first\n strange a\\#b\n virtual_ipaddress{\n 10.0.0.1/24!vip\n }\n}\n",
    )
    assert values(findings)["UCARP_ADDR"] == "10.0.0.1/24"
    assert values(findings)["UCARP_ADVSKEW"] == "154"
    assert "priority: ucarp reads" not in words
    assert ":3: strange a" in words


def test_what_a_template_fills_in(tmp_path):
    findings, words = told(
        tmp_path,
        "vrrp_instance v {\n state {% if a %} MASTER {% else %} BACKUP {% endif %}\n"
        " interface {{ card }}\n priority <%= @prio %>\n virtual_router_id 5\n"
        " virtual_ipaddress {\n {{ vip }}/24 dev {{ card }}\n }\n"
        " unicast_peer {\n{% for p in peers %}\n {{ p }}\n{% endfor %}\n }\n}\n",
    )
    assert values(findings) == {"UCARP_VHID": "5", "UCARP_PREEMPT": "yes"}
    for line, name, key in (
        (3, "interface", "INTERFACE"),
        (4, "priority", "ADVSKEW"),
        (6, "virtual_ipaddress", "ADDR"),
        (9, "unicast_peer", "PEERS"),
    ):
        assert f":{line}: {name}: is filled in by a template: UCARP_{key} left out" in words
    assert "no counterpart" not in words


def test_lines_for_some_hosts(tmp_path):
    findings, words = told(
        tmp_path,
        "vrrp_instance v {\n interface eth0\n @a priority 120\n @b priority 110\n"
        " virtual_ipaddress {\n 10.0.0.1\n @a 10.0.0.2\n }\n @a track_interface {\n eth9\n }\n}\n",
    )
    assert values(findings)["UCARP_ADDR"] == "10.0.0.1/32"
    assert "UCARP_ADVSKEW" not in values(findings)
    assert "UCARP_ADVSKEW=" in findings.hosts[0].open_lines
    assert ":1: UCARP_ADVSKEW is 254 minus the priority of this host: complete the line" in words
    for line in (":3: @a priority 120", ":4: @b priority 110", ":7: @a 10.0.0.2"):
        assert f"{line}: is for some hosts only (keepalived --config-id): left out" in words
    assert "eth9" not in words
    assert "no priority" not in words


def test_a_variable_that_is_not_defined(tmp_path):
    findings, words = told(
        tmp_path,
        "$MORE = \\\n 10.0.0.2\nvrrp_instance v {\n interface $IFACE\n notify /n.sh $1\n"
        " virtual_ipaddress {\n 10.0.0.1\n $MORE\n }\n}\n",
    )
    assert values(findings)["UCARP_ADDR"] == "10.0.0.1/32"
    assert "UCARP_INTERFACE" not in values(findings)
    for name in (":4: interface $IFACE: $IFACE", ":8: $MORE: $MORE"):
        assert f"{name} is not defined in one line of this file: left out" in words
    assert ":5: notify /n.sh $1: UCARP_NOTIFYSCRIPT here" in words


@pytest.mark.parametrize(
    ("lines", "preempt", "ignored"),
    [
        (" state MASTER\n nopreempt", "yes", "nopreempt: keepalived ignores it with state MASTER"),
        (" state BACKUP\n nopreempt", "no", ""),
        (
            " state MASTER\n preempt_delay 5",
            "yes",
            "preempt_delay: keepalived ignores it with state M",
        ),
        (
            " nopreempt\n preempt_delay 5",
            "no",
            "preempt_delay: keepalived ignores it with nopreempt",
        ),
    ],
)
def test_what_keepalived_ignores(tmp_path, lines, preempt, ignored):
    findings, words = told(tmp_path, f"vrrp_instance v {{\n{lines}\n}}\n")
    assert values(findings)["UCARP_PREEMPT"] == preempt
    assert "UCARP_PREEMPT_DELAY" not in values(findings)
    assert ignored in words
    assert ("keepalived ignores" in words) == bool(ignored)


def test_what_else_is_watched(tmp_path):
    _, words = told(
        tmp_path,
        "vrrp_track_process web { process nginx }\nvrrp_instance v {\n interface eth0\n preempt\n"
        " track_interface { eth0 }\n track_process { web }\n include more.conf\n}\n",
    )
    assert ":6: track_process web: UCARP_CHECK_NAME='unit:NAME.service' here" in words
    assert ":7: more.conf is not read: import it too" in words
    for quiet in (":1:", ":4:", ":5:"):
        assert quiet not in words


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


def test_the_service_of_keepalived_does_not_start_ucarp(tmp_path):
    path = tmp_path / "keepalived.conf"
    (tmp_path / "root/etc/init.d").mkdir(parents=True)
    (tmp_path / "root/etc/init.d/keepalived").write_text(f"DAEMON_ARGS='-f {path}'\n")
    _, words = told(tmp_path, "vrrp_instance v {\n}\n")
    assert "systemctl disable --now keepalived" in words
    assert "starts or watches ucarp" not in words


def test_a_sync_group(tmp_path):
    text = "vrrp_instance v {\n}\nvrrp_sync_group G { group { v } }\n"
    told = "\n".join(read(tmp_path, text, "keepalived.conf").remarks)
    assert ":3: vrrp_sync_group G: the virtual hosts of one process move together" in told
    assert "no counterpart" not in told
