"""What show-config prints, and the example that we ship: both are configuration files."""

import dataclasses
import re
from pathlib import Path

import pytest
from config_files import warnings
from hypothesis import given
from hypothesis import strategies as st

from ucarpd.checks.probes import obstacle
from ucarpd.config import KEYS, Config, Key, load, script_errors, show, types
from ucarpd.config.keys import BY_NAME, family_of
from ucarpd.scripts.executable import refusal

SHIPPED = Path(__file__).parents[2] / "etc" / "ucarp"

MINIMAL = "UCARP_INTERFACE=eth0\nUCARP_VHID=1\nUCARP_PASS=geheim7\nUCARP_ADDR=172.16.0.1\n"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ucarp") / "web.conf"


def loaded(path: Path, content: str) -> Config:
    path.write_text(content)
    path.chmod(0o600)
    return load(path, {})


def shown_again(path: Path, config: Config, secrets: str = "UCARP_PASS=geheim7\n") -> Config:
    """The meaning of the output of show(), once it has its secrets again."""
    return loaded(path, show(config) + secrets)


def without_environment(config: Config) -> Config:
    """The output names every key, so the scripts see more of them; nothing else may differ."""
    return dataclasses.replace(config, script_environment={})


def test_every_key_in_the_order_of_the_table(web):
    shown = show(
        loaded(
            web,
            MINIMAL + "UCARP_SRCIP=172.16.0.11\nUCARP_PREEMPT=on\nUCARP_MASK=16\n"
            "UCARP_XPARAM='a b'\nUCARP_SCRIPT_TIMEOUT=30\nFOO='$bar'\nfoo.bar=1\n",
        )
    )
    assert (
        shown
        == """\
UCARP_INTERFACE=eth0
UCARP_SRCIP=172.16.0.11
UCARP_VHID=1
# UCARP_PASS is set (7 bytes); it is not shown
UCARP_ADDR=172.16.0.1/16
UCARP_MASK=255.255.0.0
UCARP_EXTRA_ADDRS=''  # default: none
UCARP_IF_ALIAS=''  # default: none
UCARP_ADVBASE=1  # default
UCARP_ADVSKEW=0  # default
UCARP_DEADRATIO=3  # default
UCARP_ANNOUNCE_INTERVAL=60  # default
UCARP_PREEMPT=yes
UCARP_PREEMPT_DELAY=0  # default
UCARP_NEUTRAL=no  # default
UCARP_SHUTDOWN=yes  # default
UCARP_IGNOREIFSTATE=no  # default
UCARP_IFDOWN_DEMOTION=240  # default
UCARP_CHECK_NAME=''  # default: no check
UCARP_UPSCRIPT=''  # default: ucarpd sets the address itself
UCARP_DOWNSCRIPT=''  # default: ucarpd removes the address itself
UCARP_SCRIPT_TIMEOUT=30  # default
UCARP_RERUN_UPSCRIPT=yes  # default
UCARP_NOTIFYSCRIPT=''  # default: none
UCARP_UNITS=''  # default: none
UCARP_ROUTES=''  # default: none
UCARP_XPARAM='a b'
UCARP_SCRIPT_INTERFACE=''  # default: UCARP_INTERFACE, or the device of UCARP_VMAC
UCARP_MCAST=224.0.0.18,ff02::12  # default
UCARP_NOMCAST=no  # default
UCARP_PEERS=''  # default: advertisements go to UCARP_MCAST
UCARP_VMAC=no  # default
UCARP_SRCMAC=''  # default: virtual with UCARP_VMAC=yes, else real
UCARP_HASH_ADDRS=''  # default: none
UCARP_HASH_LINKLOCAL=yes  # default
UCARP_LLADDR=''  # default: none
UCARP_TIEBREAK=reversed  # default
UCARP_DEMOTE_STYLE=skew  # default
UCARP_CHECKSUM6=plain  # default
UCARP_FACILITY=daemon  # default
FOO='$bar'
# bash cannot set a variable of this name:
foo.bar=1
"""
    )


def test_a_value_that_bash_cannot_have(web):
    config = loaded(web, MINIMAL + "UCARP_XPARAM=$'a'\n")
    assert "# bash expands $:\nUCARP_XPARAM=\"$'a'\"\n" in show(config)
    assert shown_again(web, config).xparam == "$'a'"


def test_addresses_with_several_masks(web):
    config = loaded(web, MINIMAL + "UCARP_ADDR=10.0.0.1/8,10.1.0.1/16\n")
    assert "UCARP_ADDR=10.0.0.1/8,10.1.0.1/16\n# UCARP_MASK: each address has its own\n" in show(
        config
    )
    assert without_environment(shown_again(web, config)) == without_environment(config)


def test_a_password_file_is_named_in_a_comment(web):
    secret = web.parent / "pass"
    secret.write_text("geheim7")
    config = loaded(web, MINIMAL.replace("UCARP_PASS=geheim7", f"UCARP_PASS_FILE={secret}"))
    shown = show(config)
    assert f"\n# UCARP_PASSFILE={secret} (7 bytes; not shown)\n" in shown
    assert "UCARP_PASS " not in shown
    assert "geheim7" not in shown


def test_only_the_secrets_that_are_set_are_named(web):
    secrets = "UCARP_KEY=abcdef\nUCARP_KEY_OLD=ab,cdef\n"
    config = loaded(web, MINIMAL.replace("UCARP_PASS=geheim7\n", secrets))
    shown = show(config)
    assert [line for line in shown.splitlines() if "PASS" in line or "KEY" in line] == [
        "# UCARP_KEY is set (3 bytes); it is not shown",
        "# UCARP_KEY_OLD is set; it is not shown",
    ]
    assert without_environment(shown_again(web, config, secrets)) == without_environment(config)


def test_a_credential_is_shown_as_a_password(web):
    web.with_name("web.pass").write_text("geheim7")
    web.write_text(MINIMAL.replace("UCARP_PASS=geheim7\n", ""))
    config = load(web, {"CREDENTIALS_DIRECTORY": str(web.parent)})
    assert "\n# UCARP_PASS is set (7 bytes); it is not shown\n" in show(config)


@pytest.mark.parametrize(
    ("addresses", "mask"),
    [
        ("2001:db8::1", "UCARP_MASK=128  # default"),
        ("2001:db8::1/64,fe80::1/64", "UCARP_MASK=64"),
        ("2001:db8::1/64,fe80::1", "# UCARP_MASK: each address has its own"),
        ("fe80::1,10.0.0.1", "UCARP_MASK=255.255.255.255  # default"),
        ("fe80::1/64,10.0.0.1/8", "UCARP_MASK=255.0.0.0"),
    ],
)
def test_the_mask_of_several_families(web, addresses, mask):
    config = loaded(web, MINIMAL + f"UCARP_ADDR={addresses}\n")
    assert f"\n{mask}\n" in show(config)
    assert without_environment(shown_again(web, config)) == without_environment(config)


NUMBERS = {
    "UCARP_VHID": st.integers(1, 255),
    "UCARP_ADVBASE": st.integers(0, 253),
    "UCARP_ADVSKEW": st.integers(0, 254),
    "UCARP_DEADRATIO": st.integers(2, 255),
    "UCARP_IFDOWN_DEMOTION": st.integers(0, 254),
    "UCARP_SCRIPT_TIMEOUT": st.integers(1, 3600),
}
WORDS = {
    "UCARP_TIEBREAK": st.sampled_from(["reversed", "numeric", "yield"]),
    "UCARP_DEMOTE_STYLE": st.sampled_from(["skew", "openbsd"]),
    "UCARP_SRCMAC": st.sampled_from(["real", "virtual"]),
    "UCARP_CHECKSUM6": st.sampled_from(["plain", "pseudo"]),
    "UCARP_LLADDR": st.sampled_from(["02:00:00:ab:cd:ef", "00:00:5E:00:01:01"]),
    "UCARP_MCAST": st.sampled_from(["239.1.2.3", "ff05::1", "ff05::1,239.1.2.3"]),
    "UCARP_SRCIP": st.sampled_from(["10.0.1.1", "fe80::1:1", "fe80::1:1,10.0.1.1"]),
}
SWITCHES = [key.name for key in KEYS if key.parse is types.boolean]
SECRETS = {
    "UCARP_PASS_OLD": st.sampled_from(["alt", "geheim7"]),
    "UCARP_KEY_OLD": st.sampled_from(["ab", "0xab,cdef"]),
}
LISTS = ("UCARP_ADDR", "UCARP_EXTRA_ADDRS", "UCARP_HASH_ADDRS", "UCARP_PEERS")
ADDRESSES = {
    "10.0.0.{}": st.sampled_from(["", "/8", "/24"]),
    "2001:db8::{}": st.sampled_from(["", "/48", "/64"]),
    "fe80::{}": st.sampled_from(["", "/64"]),
}
TEXT = st.text("aZ1 \t#'\"\\$`;&~=я", min_size=1, max_size=10)


@st.composite
def address_lists(draw):
    """Lines for the lists of addresses, with each address in one list at most."""
    lines = []
    for number, name in enumerate(LISTS):
        families = st.lists(
            st.sampled_from(list(ADDRESSES)), min_size=name == "UCARP_ADDR", max_size=4
        )
        items = []
        for last, family in enumerate(draw(families), 1 + 10 * number):
            prefix = draw(ADDRESSES[family]) if name in LISTS[:2] else ""
            items.append(family.format(last) + prefix)
        separator = draw(st.sampled_from([",", ", ", " "]))
        lines.append(f"{name}='{separator.join(items)}'")
    return lines


@given(
    numbers=st.fixed_dictionaries({}, optional=NUMBERS | WORDS),
    switches=st.dictionaries(st.sampled_from(SWITCHES), st.sampled_from(["yes", "no"])),
    secrets=st.fixed_dictionaries({}, optional=SECRETS),
    addresses=address_lists(),
    xparam=TEXT,
    script=TEXT,
    facility=st.sampled_from(types.FACILITIES),
)
def test_what_is_shown_means_the_same(
    web, numbers, switches, secrets, addresses, xparam, script, facility
):
    if addresses[-1] != "UCARP_PEERS=''":
        switches.pop("UCARP_NOMCAST", None)
    lines = [f"{name}={value}" for name, value in (numbers | switches).items()]
    hidden = "".join(f"{name}={value}\n" for name, value in secrets.items())
    lines += [*addresses, f"UCARP_FACILITY={facility}"]
    config = dataclasses.replace(
        loaded(web, MINIMAL + "\n".join(lines) + "\n" + hidden),
        xparam=xparam,
        up_script=Path("/" + script),
    )
    again = shown_again(web, config, "UCARP_PASS=geheim7\n" + hidden)
    assert without_environment(again) == without_environment(config)


# -- the example that we ship ----------------------------------------------------------------------


def shipped() -> str:
    return (SHIPPED / "ucarp.conf").read_text()


def row_of(name: str) -> Key:
    family = family_of(name)
    return family[0] if family else BY_NAME[name]


def test_the_shipped_file_names_exactly_the_keys_of_the_table():
    names = re.findall("^#?(UCARP_[A-Z0-9_]+)=", shipped(), re.MULTILINE)
    assert sorted({row_of(name).name for name in names}) == sorted(key.name for key in KEYS)


EXAMPLE = "is the public password of an example: choose another one"


def test_the_shipped_file_has_no_fault_but_its_password(web):
    config = loaded(web, shipped())
    assert [each.text for each in warnings(web)] == [EXAMPLE]
    # ucarpd by itself does it faster and better.
    assert (config.up_script, config.down_script) == (None, None)


def test_the_scripts_that_the_shipped_file_names_have_no_fault(web):
    # In the repository the scripts stand elsewhere than on a user's machine.
    named = shipped().replace("/etc/ucarp/ucarp-", f"{SHIPPED}/ucarp-")
    config = loaded(web, re.sub("^#(UCARP_(UP|DOWN)SCRIPT=)", r"\1", named, flags=re.MULTILINE))
    assert [each.text for each in warnings(web)] == [EXAMPLE]
    assert script_errors(web, refusal, obstacle) == []
    assert config.up_script == SHIPPED / "ucarp-up.sh"
    assert config.down_script == SHIPPED / "ucarp-down.sh"


def test_what_is_commented_out_in_the_shipped_file_is_the_default_or_a_good_example(web):
    for name, value in re.findall("^#(UCARP_[A-Z0-9_]+)=(.*)", shipped(), re.MULTILINE):
        key = row_of(name)
        if key.default is None:
            assert key.parse(value.strip("'")) is not None
        else:
            assert value == key.default
    every = re.sub("^#(UCARP_(?!PASSFILE|KEY=))", r"\1", shipped(), flags=re.MULTILINE)
    config = loaded(web, every)
    assert config.label == "eth0:0"
    assert {f"{each.ip}/{each.prefixlen}" for each in config.addresses} == {"172.16.0.1/16"}
