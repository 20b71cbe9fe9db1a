"""Compose files, variables of Ansible and Dockerfiles, in the ways that people write them."""

import pytest
from imported import read, values


def compose(directory, line):
    """The findings in a file with one service, and this line in its environment."""
    text = f"services:\n  ha:\n    environment:\n      {line}\n      UCARP_VHID: 1\n"
    return read(directory, text, "compose.yml")


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("one", "one"),
        ("one # a comment", "one"),
        ("one#two", "one#two"),
        ('"a #b"', "a #b"),
        ('"a" # b"', "a"),
        ("'a #b' # c", "a #b"),
        ("'it''s'", "it's"),
        (r'"a\"b\\"', 'a"b\\'),
        (r'"\x41"', r"\x41"),
        ("a$$b", "a$b"),
    ],
)
def test_a_password_as_yaml_and_compose_read_it(tmp_path, written, password):
    findings = compose(tmp_path, f"UCARP_PASS: {written}")
    assert values(findings) == {"UCARP_VHID": "1", "UCARP_PASS": password}


def test_the_items_of_a_list_keep_their_quotes(tmp_path):
    text = "services:\n  ha:\n    environment:\n    - UCARP_PASS='a'\n    - \"UCARP_VHID=1\"\n"
    assert values(read(tmp_path, text, "compose.yml")) == {"UCARP_VHID": "1", "UCARP_PASS": "'a'"}


@pytest.mark.parametrize("line", ["UCARP_PASS:", "UCARP_PASS: # here", "UCARP_PASS: ${PW:-x}"])
def test_what_comes_from_the_environment_of_compose_hides_nothing_below(tmp_path, line):
    findings = compose(tmp_path, line)
    assert findings.hosts[0].text("UCARP_VHID") == "1"
    assert "UCARP_PASS" not in values(findings)
    assert any(
        ":4: UCARP_PASS: " in each and "comes from the environment of Compose: left out" in each
        for each in findings.remarks
    )


def test_an_empty_value_is_none(tmp_path):
    findings = compose(tmp_path, 'UCARP_XPARAM: ""')
    assert not any("UCARP_XPARAM" in each for each in findings.remarks)


@pytest.mark.parametrize("indent", [1, 2, 4])
def test_services_with_any_indentation(tmp_path, indent):
    shift = " " * indent
    text = "services:\n"
    for number in (1, 2):
        text += f"{shift}ha{number}:\n{shift * 2}environment:\n{shift * 3}UCARP_VHID: {number}\n"
    findings = read(tmp_path, text, "compose.yml")
    assert [host.text("UCARP_VHID") for host in findings.hosts] == ["1", "2"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("environment: {UCARP_VHID: 1}", ":3: environment on one line is not read"),
        ("environment: *shared", ":3: environment on one line is not read"),
        ("environment: &shared\n      <<: *other", ":4: <<: *other is not read"),
        ("environment:\n    - UCARP_VHID", ":4: UCARP_VHID: its value comes from the environment"),
    ],
)
def test_what_is_not_read_is_told(tmp_path, lines, told):
    text = f"services:\n  ha:\n    {lines}\n  two:\n    environment:\n      UCARP_VHID: 2\n"
    findings = read(tmp_path, text, "compose.yml")
    assert len(findings.hosts) == 1
    assert any(told in each for each in findings.remarks)


def test_a_variable_of_ansible_with_a_sharp(tmp_path):
    text = "ucarp_vhid: 3 # three\nucarp_password: 'it''s #1'\n"
    findings = read(tmp_path, text, "defaults.yml")
    assert values(findings) == {"UCARP_VHID": "3", "UCARP_PASS": "it's #1"}


def test_a_command_in_a_block_with_other_words_of_ucarp(tmp_path):
    text = 'services:\n  ha:\n    image: x\n    command: >\n      sh -c "apk add ucarp &&\n'
    text += '      ucarp -i eth0 -v 1 -p x -a 10.0.0.1\n      -u /etc/ucarp/up"\n'
    findings = read(tmp_path, text, "compose.yml")
    assert values(findings)["UCARP_UPSCRIPT"] == "/etc/ucarp/up"
    assert findings.hosts[0].source.line == 6
    assert not any("not imported" in each for each in findings.remarks)


def test_a_list_of_virtual_hosts_in_the_variables_of_a_role(tmp_path):
    text = (
        "ucarp_interface: eth1\nucarp_packages:\n- ucarp\n- name: jq\nucarp_hosts:\n"
        "# a comment\n  - vip: 10.0.0.1\n    vid: 1\n    more:\n      - master: yes\n    password: one\n\n"
        "  -\n    vip: 10.0.0.2\n    vid: 2\n    password: two\nucarp_advskew: 50\n"
        "users:\n  - name: bob\n    password: three\n"
    )
    findings = read(tmp_path, text, "role.yml")
    found = [[host.text(f"UCARP_{key}") for key in KEYS] for host in findings.hosts]
    assert found == [
        ["eth1", "1", "10.0.0.1/32", "one", "50"],
        ["eth1", "2", "10.0.0.2/32", "two", "50"],
    ]


def test_a_file_with_a_list_of_virtual_hosts_alone(tmp_path):
    text = "ucarp_hosts:\n  - vip: 10.0.0.1\n    vid: 1\n  - {vip: 10.0.0.2, vid: 2}\n"
    findings = read(tmp_path, text, "role.yml")
    assert [host.text("UCARP_ADDR") for host in findings.hosts] == ["10.0.0.1/32"]
    words = ["an item on one line is not read: write each variable on its own line"]
    assert [each.partition(": ")[2] for each in findings.remarks if ":4: " in each] == words
    assert not any("not known" in each for each in findings.remarks)


@pytest.mark.parametrize(
    "start", ["ucarp_vip: 10.0.0.1\nucarp_", "ucarp_vips:\n- vip: 10.0.0.1\n  "]
)
def test_a_list_of_other_servers_in_the_variables_of_a_role(tmp_path, start):
    text = f"{start}vhid: 1\nntp_servers:\n  - address: 10.0.0.2\n  - address: 10.0.0.3\n"
    findings = read(tmp_path, text, "role.yml")
    assert [host.text("UCARP_ADDR") for host in findings.hosts] == ["10.0.0.1/32"]


KEYS = ("INTERFACE", "VHID", "ADDR", "PASS", "ADVSKEW")


def test_a_role_in_a_list(tmp_path):
    text = "ucarp_addr: 10.0.0.1\nroles:\n  - role: vip\n    ucarp_password: one\n  - role: web\n"
    findings = read(tmp_path, text, "role.yml")
    assert values(findings) == {"UCARP_ADDR": "10.0.0.1/32", "UCARP_PASS": "one"}
    assert len(findings.hosts) == 1


def test_variables_of_a_dockerfile(tmp_path):
    text = (
        "FROM x\nARG CARD\nARG VIP=10.0.0.1\nENV UCARP_ADDR=$VIP UCARP_PASS=${PW:-abc}\n"
        'ENV UCARP_INTERFACE=$CARD\nCMD ["ucarp", "-v", "$ID", "-s", "$VIP"]\n'
    )
    findings = read(tmp_path, text, "Dockerfile")
    assert values(findings) == {
        "UCARP_ADDR": "10.0.0.1/32",
        "UCARP_PASS": "abc",
        "UCARP_SRCIP": "10.0.0.1",
    }
    told = "\n".join(findings.remarks)
    assert ":5: UCARP_INTERFACE: $CARD is not set here: left out" in told
    assert ":6: --vhid: $ID is not set here: left out" in told


@pytest.mark.parametrize(
    "lines",
    [
        "command: ucarp -v 1 --pass='a b'",
        "command: \"ucarp -v 1 -p 'a b'\"",
        "command: ucarp -v 1 -p 'a b' # 'c",
        "command: [ucarp, -v, 1, -p, 'a b'] # c",
        'command: ["ucarp", "-v", "1", "-p", "a b"]',
        "command: [ucarp,\n      '-v', '1',\n      '-p', 'a b']",
        "command:\n    - ucarp\n    - -v\n    - '1'\n    - -p\n    - a b",
        "command: |\n      ucarp -v 1\n      -p 'a b'",
        "command: sh -c \"ucarp -v 1 -p 'a b'\"",
        "entrypoint: [ucarp, -v, '1']\n    command: [-p, 'a b']",
    ],
)
def test_a_password_with_a_space_in_a_command(tmp_path, lines):
    findings = read(tmp_path, f"services:\n  ha:\n    {lines}\n", "compose.yml")
    assert values(findings) == {"UCARP_VHID": "1", "UCARP_PASS": "a b"}


@pytest.mark.parametrize("password", ["a #b", "x]", "- y", "k: v"])
def test_a_block_has_no_comments_and_no_lists(tmp_path, password):
    text = f"services:\n  ha:\n    command: >-\n      ucarp -v 1\n      -p '{password}'\n"
    assert values(read(tmp_path, text, "compose.yml"))["UCARP_PASS"] == password


def test_a_list_with_commas_in_its_quotes(tmp_path):
    text = 'services:\n  ha:\n    command: [ucarp, -v, "1", -p, "a, b"]\n'
    assert values(read(tmp_path, text, "compose.yml"))["UCARP_PASS"] == "a, b"


@pytest.mark.parametrize("word", ["${PW}", "$PW", "a$$PW", "x${PW:-y}"])
def test_a_variable_in_a_command_is_told(tmp_path, word):
    text = f"services:\n  ha:\n    command: ucarp -v 1 -p {word}\n"
    findings = read(tmp_path, text, "compose.yml")
    assert values(findings) == {"UCARP_VHID": "1"}
    said = "comes from the environment: left out; add UCARP_PASS= to the result"
    assert any(each.endswith(said) for each in findings.remarks)


@pytest.mark.parametrize(
    "command",
    [
        'CMD ucarp -v 1 -p "a b"',
        'CMD ["ucarp", "-v", "1", "-p", "a b"]',
        'ENTRYPOINT ["/usr/sbin/ucarp", "-v", "1"]\nCMD ["-p", "a b"]',
        'CMD ["sh", "-c", "exec ucarp -v 1 -p \'a b\'"]',
    ],
)
def test_a_password_with_a_space_in_a_dockerfile(tmp_path, command):
    findings = read(tmp_path, f"FROM x\n{command}\n", "Dockerfile")
    assert values(findings) == {"UCARP_VHID": "1", "UCARP_PASS": "a b"}


def test_a_quote_that_is_not_closed(tmp_path):
    text = "services:\n  ha:\n    command: ucarp -v 1 -p it's\n"
    assert values(read(tmp_path, text, "compose.yml"))["UCARP_PASS"] == "it's"


@pytest.mark.parametrize("start", ["sudo", "sudo -n", "exec /usr/bin/nohup"])
def test_docker_behind_another_program(tmp_path, start):
    findings = read(tmp_path, f"{start} docker run -e UCARP_VHID=1 -d img/ucarp\n")
    assert values(findings) == {"UCARP_VHID": "1"}


def test_a_script_that_is_called_like_docker(tmp_path):
    findings = read(tmp_path, "sudo ucarp -v 1 -u /opt/docker\n")
    assert values(findings)["UCARP_UPSCRIPT"] == "/opt/docker"


def test_what_stands_behind_an_image_is_named_and_not_shown(tmp_path):
    line = "docker run -d -e DEV=eth1 img/ucarp 10.0.0.1 broadcast hush\n"
    findings = read(tmp_path, line)
    assert values(findings) == {"UCARP_INTERFACE": "eth1"}
    told = "\n".join(findings.remarks)
    assert ":1: the words after the image are not read" in told
    assert "hush" not in told


def test_a_gateway_becomes_a_route(tmp_path):
    findings = compose(tmp_path, "UCARP_VIRTUALGATEWAY: 10.0.0.254")
    assert findings.hosts[0].text("UCARP_ROUTES") == "default via 10.0.0.254"
    assert any("default gateway" in each for each in findings.remarks)


def test_routes_stay_as_they_are(tmp_path):
    findings = compose(tmp_path, "UCARP_ROUTES: 10.1.0.0/16 via 10.0.0.254")
    assert findings.hosts[0].text("UCARP_ROUTES") == "10.1.0.0/16 via 10.0.0.254"
