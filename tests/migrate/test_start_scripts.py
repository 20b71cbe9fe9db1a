"""Start scripts are followed to their ucarp commands, and nothing in them is run."""

import pytest
from imported import read, values

from ucarpd.config import ConfigError
from ucarpd.migrate import finish, importer

ARTICLE = """\
source {conf}

ucarp {end}
--interface=$UCARP_INTERFACE {end}
--srcip=$UCARP_SRCIP {end}
--vhid=$UCARP_VHID {end}
--pass=$UCARP_PASS {end}
--advbase=$UCARP_ADVBASE {end}
--preempt {end}
--addr=$UCARP_ADDR {end}
--daemonize {end}
--upscript=$UCARP_UPSCRIPT {end}
--downscript=$UCARP_DOWNSCRIPT
"""

ARTICLE_CONF = """\
UCARP_INTERFACE=eth0
UCARP_SRCIP=172.16.0.12
UCARP_VHID=1
UCARP_PASS=geheim
UCARP_ADVBASE=1
UCARP_ADDR=172.16.0.1
UCARP_MASK=255.255.0.0
UCARP_IF_ALIAS=eth0:0
UCARP_UPSCRIPT=/etc/ucarp/ucarp-up.sh
UCARP_DOWNSCRIPT=/etc/ucarp/ucarp-down.sh
"""

COMMAND = "ucarp -i eth0 -v 1 -p geheim -a 10.0.0.1"


@pytest.mark.parametrize("end", ["/", "\\"])
def test_the_article(tmp_path, end):
    conf = tmp_path / "ucarp.conf"
    conf.write_text(ARTICLE_CONF)
    findings = read(tmp_path, ARTICLE.format(conf=conf, end=end))
    assert values(findings) == {
        "UCARP_INTERFACE": "eth0",
        "UCARP_SRCIP": "172.16.0.12",
        "UCARP_VHID": "1",
        "UCARP_PASS": "geheim",
        "UCARP_ADVBASE": "1",
        "UCARP_PREEMPT": "yes",
        "UCARP_ADDR": "172.16.0.1/16",
        "UCARP_IF_ALIAS": "eth0:0",
        "UCARP_UPSCRIPT": "/etc/ucarp/ucarp-up.sh",
        "UCARP_DOWNSCRIPT": "/etc/ucarp/ucarp-down.sh",
        "UCARP_SCRIPT_TIMEOUT": "0",
    }
    assert any("a slash ends the lines 3, 4" in each for each in findings.remarks) == (end == "/")


def test_a_sourced_file_that_is_not_here(tmp_path):
    conf = tmp_path / "none.conf"
    findings = read(tmp_path, ARTICLE.format(conf=conf, end="\\"))
    assert f"{tmp_path}/start.sh:1: {conf} cannot be read, and its variables are not known" in (
        findings.remarks
    )
    assert any(
        f"$UCARP_PASS comes from {conf}: import it from there" in each for each in findings.remarks
    )


def test_nothing_is_run(tmp_path):
    witness = tmp_path / "witness"
    findings = read(tmp_path, f"X=$(touch {witness})\n`touch {witness}`\n{COMMAND} -s $X\n")
    assert not witness.exists()
    assert any(":3: --srcip: $(touch" in each for each in findings.remarks)


@pytest.mark.parametrize(
    "line",
    [
        f"exec {COMMAND}",
        f"nohup /usr/local/sbin/{COMMAND} >/dev/null 2>&1 &",
        f"[ -x /usr/sbin/ucarp ] && sudo -n {COMMAND}",
        f"if true; then {COMMAND}; fi",
        f"start() {{\n {COMMAND}\n}}",
        f"case $1 in\nstart) {COMMAND} ;;\nesac",
        "start-stop-daemon -S -b -p /run/x --exec /usr/sbin/ucarp -- -i eth0 -v 1 -p geheim -a 10.0.0.1",
        f"sh -c '{COMMAND}'",
        f"ip netns exec blue {COMMAND}",
        f"UCARP=/usr/sbin/ucarp\n$UCARP {COMMAND[6:]}",
        f"O='{COMMAND[6:]}'\nucarp $O",
        f'O=({COMMAND[6:]})\nucarp "${{O[@]}}"',
        "O='-i eth0'\nO=\"$O -v 1 -p geheim\"\nO+=' -a 10.0.0.1'\nucarp $O",
        "V=\n: ${I:=eth0}\nucarp -i $I -v ${V:-1} -p ${P-geheim} -a 10.0.0.1",
        f"cat <<EOF >/x\nucarp -i no -v 9\nEOF\n{COMMAND}",
        f"# ucarp -i no\n{COMMAND} # -v 9",
        f"pidof ucarp || {COMMAND}\nkillall ucarp\necho ucarp -i no -v 3",
        f"command=/usr/sbin/ucarp\ncommand_args='{COMMAND[6:]}'",
        f"docker run --rm --net host -d img ucarp {COMMAND[6:]}",
        f"docker run --entrypoint tini ucarp:1 \\\n  -- {COMMAND}",
        "docker run -d --cap-add=NET_ADMIN -e UCARP_INTERFACE=eth0 --env UCARP_VID=1"
        " --env=UCARP_PASSWORD=geheim -e UCARP_VIP=10.0.0.1 img",
    ],
)
def test_ways_to_start_it(tmp_path, line):
    findings = read(tmp_path, f"#!/bin/sh\n{line}\n")
    assert len(findings.hosts) == 1
    assert findings.hosts[0].for_scripts == {}
    assert "stop ucarp, and keep start.sh from being started" in "\n".join(findings.remarks)
    assert values(findings) == {
        "UCARP_INTERFACE": "eth0",
        "UCARP_VHID": "1",
        "UCARP_PASS": "geheim",
        "UCARP_ADDR": "10.0.0.1/32",
    }


def test_a_package_and_a_directory_are_not_called(tmp_path):
    findings = read(tmp_path, f"sudo apt install -y ucarp\nsudo mkdir /etc/ucarp\n{COMMAND}\n")
    assert [each for each in findings.remarks if "called" in each] == []


def test_a_variable_that_is_unset(tmp_path):
    findings = read(
        tmp_path,
        "P=one\nucarp -v 1 -p $P\nunset P X\nucarp -v 2 -p $P\nP=two\nif $a; then unset P; fi\n"
        "ucarp -v 3 -p $P\n",
    )
    passwords = [host.text("UCARP_PASS") for host in findings.hosts]
    assert passwords == ["one", None, "two"]


def test_a_loop_makes_several(tmp_path):
    findings = read(
        tmp_path,
        "#!/bin/sh\nfor n in 1 2; do\n ucarp -i eth$n -v $n -p 'a b' -a 10.0.$n.1\ndone\n",
    )
    assert [values(findings, n)["UCARP_ADDR"] for n in (0, 1)] == ["10.0.1.1/32", "10.0.2.1/32"]
    assert values(findings)["UCARP_PASS"] == "a b"


def test_several_without_a_number_have_names(tmp_path):
    findings = read(tmp_path, "#!/bin/sh\n" + 2 * "ucarp -i eth0 -v $(id -u) -p x -a 10.0.0.1\n")
    assert finish.name(findings.hosts[1], {"start"}) == "start-2"


def test_a_condition_is_told_and_not_guessed(tmp_path):
    findings = read(
        tmp_path,
        "#!/bin/sh\nSKEW=0\nOPTS=--neutral\nPASS=one\nif [ $(hostname) = b ]; then\n SKEW=100\n"
        ' OPTS="$OPTS --preempt"\n PASS=two\n UCARP_DEBUG=1\n UCARP_DEBUG=2\nfi\n'
        "ucarp -i eth0 -v 1 -p $PASS -a 10.0.0.1 -k $SKEW $OPTS\n",
    )
    assert values(findings)["UCARP_ADVSKEW"] == "0"
    assert "UCARP_PREEMPT" not in values(findings)
    told = "\n".join(findings.remarks)
    assert ":6: SKEW (=100) depends on the condition of line 5: the value of" in told
    assert ":7: OPTS (write UCARP_PREEMPT=yes) depends on the condition" in told
    assert ":8: PASS depends on the condition" in told
    assert ":10: UCARP_DEBUG depends on the condition" in told
    assert "two" not in told


@pytest.mark.parametrize(
    "word", ["declare -r", "typeset -i", "readonly", "export --", "local -r -x"]
)
def test_a_variable_that_is_declared(tmp_path, word):
    findings = read(
        tmp_path, f"#!/bin/bash\n{word} CARD=eth1\nucarp -i $CARD -v 1 -p x -a 10.0.0.1\n"
    )
    assert values(findings)["UCARP_INTERFACE"] == "eth1"


def test_options_that_a_condition_adds_to_the_arguments(tmp_path):
    findings = read(
        tmp_path,
        "#!/bin/sh\nset -- -i eth0 -v 1 -a 10.0.0.1\nflags=-n PASS=one\nif a; then\n PASS=-xhush\n"
        ' set -- "$@" --preempt --pass=hush\n flags="$flags -k 9"\nfi\nucarp "$@" $flags -p $PASS\n',
    )
    told = "\n".join(findings.remarks)
    said = "depends on the condition of line 4"
    assert f":6: $@ (write UCARP_PREEMPT=yes, UCARP_PASS=…) {said}" in told
    assert f":7: flags (write UCARP_ADVSKEW=9) {said}" in told
    assert "hush" not in told


def test_a_variable_of_supervisord(tmp_path):
    text = "[program:vip]\ncommand=/usr/sbin/ucarp -i eth0 -s %(ENV_OWN)s -v 1 -p x -a 10.0.0.1\n"
    findings = read(tmp_path, text, "vip.conf")
    assert values(findings)["UCARP_ADDR"] == "10.0.0.1/32"
    assert any("--srcip: $ENV_OWN is not set in vip.conf" in each for each in findings.remarks)


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("a&b|c", "a&b|c"),
        ("a$b`c", "a$b`c"),
        ("'x#y z'", "x#y z"),
        ("x ; the old one", "x"),
        ("100%%", "100%"),
        ("\n    x", "x"),
    ],
)
def test_supervisord_has_no_shell(tmp_path, written, password):
    options = f"-i eth0 -v 1 -a 10.0.0.1 -p {written}"
    text = f"[program:vip]\ncommand = /usr/sbin/ucarp {options}\nautostart=true\n"
    found = values(read(tmp_path, text, "vip.conf"))
    assert (found["UCARP_PASS"], found["UCARP_ADDR"]) == (password, "10.0.0.1/32")


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("a&b;c>d", "a&b;c>d"),
        ("a'b", "a'b"),
        ('"a b"', "a b"),
        (r"a\&b", "a&b"),
        ("a#b # the old one", "a#b"),
    ],
)
def test_dinit_has_no_shell_and_only_double_quotes(tmp_path, written, password):
    options = f"-i eth0 -v 1 -a 10.0.0.1 -p {written}"
    text = f"type = process\ncommand = /usr/sbin/ucarp {options}\nrestart = true\n"
    found = values(read(tmp_path, text, "ucarp"))
    assert (found["UCARP_PASS"], found["UCARP_ADDR"]) == (password, "10.0.0.1/32")


def test_a_variable_of_dinit(tmp_path):
    text = "type = process\ncommand = /usr/sbin/ucarp -i eth0 -s ${OWN} -v 1 -p x -a 10.0.0.1\n"
    findings = read(tmp_path, text, "ucarp")
    assert any("--srcip: $OWN is not set in ucarp" in each for each in findings.remarks)


@pytest.mark.parametrize(
    ("written", "password"), [("a%b", "a"), (r"a\%b", "a%b"), (r"'a\%b'", "a%b")]
)
@pytest.mark.parametrize("when", ["@reboot", "*/5 * 1,2 * mon"])
def test_a_percent_sign_ends_a_command_of_cron(tmp_path, when, written, password):
    text = f"{when} root /usr/sbin/ucarp -i eth0 -v 1 -a 10.0.0.1 -p {written} -P\n"
    found = values(read(tmp_path, text, "crontab"))
    assert found["UCARP_PASS"] == password
    assert ("UCARP_PREEMPT" in found) == ("%" in password)


def test_a_variable_that_is_empty_until_a_condition_fills_it(tmp_path):
    findings = read(
        tmp_path,
        '#!/bin/sh\nCARD=""\nsrcip=\nEXTRA=""\nif [ $(hostname) = a ]; then\n CARD=eth0\n'
        " srcip=10.0.0.2\n EXTRA=--preempt\nelse\n CARD=eth1\n srcip=10.0.0.3\nfi\n"
        "ucarp -i $CARD -s $srcip -v 1 -p x -a 10.0.0.1 $EXTRA\n",
    )
    assert values(findings)["UCARP_INTERFACE"] == "eth0"
    assert values(findings)["UCARP_SRCIP"] == "10.0.0.2"
    assert "UCARP_PREEMPT" not in values(findings)
    told = "\n".join(findings.remarks)
    for words in (
        ":6: CARD is set under the condition of line 5 only",
        ":7: srcip is set under the condition of line 5 only",
        ":8: EXTRA (write UCARP_PREEMPT=yes) depends on the condition of line 5",
        ":11: srcip (=10.0.0.3) depends on the condition of line 5",
    ):
        assert words in told


def test_a_condition_is_told_of_a_variable_whose_name_says_nothing(tmp_path):
    findings = read(
        tmp_path,
        "#!/bin/sh\nif [ $(hostname) = a ]; then\n card=eth0\n word=one\n other=1\nelse\n card=eth1\n"
        " word=two\nfi\necho $other\nucarp -i ${card} -v 1 -p $word -a 10.0.0.1\n",
    )
    assert values(findings)["UCARP_INTERFACE"] == "eth0"
    told = "\n".join(findings.remarks)
    assert ":3: card is set under the condition of line 2 only" in told
    assert ":7: card depends on the condition of line 2: the value of" in told
    assert ":8: word depends on the condition of line 2" in told
    assert "other" not in told
    assert "two" not in told


def test_the_same_virtual_host_twice_is_told(tmp_path):
    text = f"#!/bin/sh\ncase $1 in\na) {COMMAND} ;;\nb) {COMMAND} -k 100 ;;\nesac\n"
    findings = read(tmp_path, text)
    assert len(findings.hosts) == 2
    assert any("keep one of the two" in each for each in findings.remarks)


@pytest.mark.parametrize(
    ("option", "key", "value", "told"),
    [
        ("--vhid=001", "UCARP_VHID", "1", "without leading zeros"),
        ("--vhid=010", "UCARP_VHID", "8", "ucarp reads 010 as 8"),
        ("--vhid 0x10", "UCARP_VHID", "16", "ucarp reads 0x10 as 16"),
        ("-b 2.5", "UCARP_ADVBASE", "2", "ucarp reads 2.5 as 2"),
        ("-k 300", "UCARP_ADVSKEW", "44", "takes 300 for 44"),
        ("-r 300", "UCARP_DEADRATIO", "255", "300 is more than ucarpd takes"),
        ("-k 255", "UCARP_ADVSKEW", "254", "more than ucarpd takes"),
        ("-r 1", "UCARP_DEADRATIO", "2", "two masters"),
        ("-k x", "UCARP_ADVSKEW", None, "is not a number"),
        ("-i eth0:0", "UCARP_INTERFACE", "eth0", "label of the interface eth0"),
        ("-i eth0:0", "UCARP_IF_ALIAS", "eth0:0", "it becomes UCARP_IF_ALIAS"),
        ("-i eth0:0", "UCARP_SCRIPT_INTERFACE", "eth0:0", "the first argument of scripts"),
        ("-f LOCAL6", "UCARP_FACILITY", "local6", ""),
        ("-f none", "UCARP_FACILITY", None, "out of syslog"),
        ("-u ./up.sh", "UCARP_UPSCRIPT", None, "full path"),
        ("-u '/x arg'", "UCARP_UPSCRIPT", "/x", "no arguments"),
        ("-p /etc/pw", "UCARP_PASS", "/etc/pw", "looks like a path"),
        ("--bogus", "UCARP_VHID", "1", "--bogus is not an option of ucarp"),
        ("word", "UCARP_VHID", "1", "word is not an option, and ucarp ignores it"),
        ("-m 224.0.0.99", "UCARP_MCAST", "224.0.0.99", ""),
    ],
)
def test_values_that_ucarp_takes(tmp_path, option, key, value, told):
    findings = read(tmp_path, f"{COMMAND} {option}\n")
    assert values(findings).get(key) == value
    assert told in "\n".join(findings.remarks)


def test_a_script_with_a_space_in_its_path(tmp_path):
    (tmp_path / "go up").touch()
    findings = read(tmp_path, f"{COMMAND} -u '{tmp_path}/go up'\n")
    assert values(findings)["UCARP_UPSCRIPT"] == f"{tmp_path}/go up"


@pytest.mark.parametrize(
    ("options", "way"),
    [
        ("-p one -o /etc/pw", {"UCARP_PASSFILE": "/etc/pw"}),
        ("-o /etc/pw -p one", {"UCARP_PASS": "one"}),
        ("-p one -o /etc/pw -p two", {"UCARP_PASS": "two"}),
    ],
)
def test_the_last_way_to_give_the_password_counts(tmp_path, options, way):
    findings = read(tmp_path, f"ucarp -v 1 {options}\n")
    assert values(findings) == {"UCARP_VHID": "1"} | way
    assert any("after it: left out" in each for each in findings.remarks)


def test_a_path_in_a_variable_for_the_password_is_asked_about(tmp_path):
    findings = read(
        tmp_path,
        "UCARP_INTERFACE=eth0\nUCARP_VID=1\nUCARP_VIP=10.0.0.1\nUCARP_PASSWORD=/run/secret\n",
        "web",
    )
    assert "UCARP_PASS" not in values(findings)
    assert findings.hosts[0].open_lines == ["UCARP_PASSFILE=/run/secret", "UCARP_PASS=/run/secret"]
    assert not findings.hosts[0].is_complete


def test_variables_for_the_scripts_are_kept(tmp_path):
    findings = read(
        tmp_path,
        "UCARP_INTERFACE=eth0\nUCARP_VID=1\nUCARP_VIP=10.0.0.1\nUCARP_PASS=x\nROUTE=1.2.3.4\n"
        "API_PASSWORD=hush\nUCARP_BOGUS=3\n",
        "web",
    )
    assert findings.hosts[0].for_scripts == {"ROUTE": "1.2.3.4"}
    told = "\n".join(findings.remarks)
    assert "API_PASSWORD looks like a password" in told
    assert "hush" not in told
    assert "UCARP_BOGUS is not known" in told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "'",
        '"',
        "$(",
        "${",
        "`",
        "for x in",
        "X=(",
        "a \\",
        "<<",
        "\ue0000\ue001",
        "ucarp",
        "if",
        "done",
        "fi",
        "| & ; )",
        "ucarp $X",
        "source",
        "docker",
        "docker run -e",
        "sh -c",
    ],
)
def test_text_that_is_no_script(tmp_path, text):
    findings = read(tmp_path, f"#!/bin/sh\n{text}")
    assert findings.hosts == []


def test_a_script_of_another_language_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="a program, .* does not read: give .*--command"):
        read(tmp_path, "#!/usr/bin/perl\nsystem('ucarp')\n")


def test_what_starts_it_is_named(tmp_path):
    root = tmp_path / "root"
    (root / "etc/cron.d").mkdir(parents=True)
    (root / "etc/rc.local").write_text(
        f"#!/bin/sh\n# ucarp\n{tmp_path}/start.sh &\nucarpd run /x\n"
    )
    (root / "etc/cron.d/watch").write_text("* * * * * root pgrep ucarp || reboot\n")
    told = read(tmp_path, f"#!/bin/sh\n{COMMAND}\n").remarks
    assert [each for each in told if "switch that off" in each] == [
        f"{root}/etc/rc.local:3: starts or watches ucarp: switch that off before ucarpd@NAME runs",
        f"{root}/etc/cron.d/watch:1: starts or watches ucarp: switch that off before ucarpd@NAME runs",
    ]


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        ("nohup /usr/bin/thing", True),
        ("/usr/bin/thing -x &", True),
        ("haproxy -f /etc/haproxy.cfg -D", True),
        ("start-stop-daemon --start --background --exec /usr/sbin/arping -- -U 10.0.0.1", True),
        ("/usr/sbin/arping -b -U 10.0.0.1 &", True),
        ("/usr/sbin/arping -q -c 10 -U 10.0.0.1 >/dev/null &", False),
        ("  logger -t ucarp master &", False),
        ("start-stop-daemon --stop --exec /usr/sbin/arping", False),
        ("systemctl start thing", False),
        ("a && b", False),
        ("# thing &", False),
        ("thing >/x 2>&1", False),
    ],
)
def test_a_script_that_starts_a_daemon_is_named(tmp_path, line, stays):
    up = tmp_path / "up.sh"
    up.write_text(f"#!/bin/sh\n{line}\n")
    told = read(tmp_path, f"{COMMAND} -u {up}\n").remarks
    assert any(each.startswith(f"{up}:2: starts a program that stays") for each in told) == stays


def test_a_password_from_a_file_is_that_file(tmp_path):
    findings = read(tmp_path, "P=$(cat /etc/ucarp/pass)\nucarp -i eth0 -v 1 -a 10.0.0.1 -p $P\n")
    assert values(findings)["UCARP_PASSFILE"] == "/etc/ucarp/pass"
    assert any("comes from /etc/ucarp/pass: UCARP_PASSFILE" in each for each in findings.remarks)


def test_positional_words(tmp_path):
    findings = read(
        tmp_path,
        "#!/bin/sh\n. /lib/lsb/init-functions\nset -- -i eth0 -p 'a b'\nucarp \"$@\" -v 1 -a 10.0.0.1\n",
    )
    assert values(findings)["UCARP_PASS"] == "a b"
    assert findings.remarks[1:] == []


def test_an_array_keeps_its_words(tmp_path):
    findings = read(
        tmp_path,
        "#!/bin/bash\nO=(-i eth0 -p 'a b')\nO+=(-v 1)\nucarp \"${O[@]}\" -a 10.0.0.1 ${O[*]}\n",
    )
    assert values(findings)["UCARP_PASS"] == "a b"
    assert values(findings)["UCARP_VHID"] == "1"


def test_a_value_with_spaces_in_a_file_that_containers_read(tmp_path):
    findings = read(
        tmp_path,
        "UCARP_INTERFACE=eth0\nUCARP_VID=1\nUCARP_EXTRA_ARGS=--neutral --preempt\n",
        "e.env",
    )
    assert values(findings)["UCARP_PREEMPT"] == "yes"
    assert any(":3: UCARP_EXTRA_ARGS: a shell ends the value" in each for each in findings.remarks)


def test_a_guard_against_a_second_start_is_no_condition(tmp_path):
    told = read(tmp_path, f"#!/bin/sh\npidof ucarp || {COMMAND}\n").remarks
    assert not any("condition" in each for each in told)


def test_files_at_which_the_kernel_refuses_to_look(tmp_path):
    too_long = "x" * 300
    with pytest.raises(ConfigError, match="File name too long"):
        importer.of_file(tmp_path / too_long)
    (tmp_path / "root/etc/cron.d").mkdir(parents=True)
    (tmp_path / "root/etc/cron.d/ucarp").symlink_to(too_long)
    findings = read(tmp_path, f". /etc/{too_long}\n{COMMAND}\n")
    assert values(findings)["UCARP_VHID"] == "1"


def test_a_password_with_a_space_in_a_service_of_openrc(tmp_path):
    text = "#!/sbin/openrc-run\ncommand=/usr/sbin/ucarp\ncommand_args=\"-v 1 -p 'a b'\"\n"
    assert values(read(tmp_path, text)) == {"UCARP_VHID": "1", "UCARP_PASS": "a b"}


def test_a_password_in_quotes_that_only_bash_knows_is_told(tmp_path):
    line = r"ucarp -i eth0 -v 1 -p $'it\'s\t' -a 10.0.0.1"
    findings = read(tmp_path, f"#!/bin/bash\n{line}\n")
    assert values(findings) == {
        "UCARP_INTERFACE": "eth0",
        "UCARP_VHID": "1",
        "UCARP_ADDR": "10.0.0.1/32",
    }
    told = r":2: --pass: $'it\'s\t' is computed when the script runs: left out"
    assert any(told in each for each in findings.remarks)
