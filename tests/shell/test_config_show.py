"""What show-config prints, and the example that we ship: both are configuration files."""

import dataclasses
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ucarpd.config import KEYS, Config, load, show, values, warnings

SHIPPED = Path(__file__).parents[2] / "etc" / "ucarp"

MINIMAL = "UCARP_INTERFACE=eth0\nUCARP_VHID=1\nUCARP_PASS=geheim\nUCARP_ADDR=172.16.0.1\n"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ucarp") / "web.conf"


def loaded(path: Path, content: str) -> Config:
    path.write_text(content)
    path.chmod(0o600)
    return load(path, {})


def shown_again(path: Path, config: Config) -> Config:
    """What the output of show() means, once it has a password."""
    return loaded(path, show(config) + f"UCARP_PASS={config.key.decode()}\n")


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
# UCARP_PASS is set (6 bytes); it is not shown
UCARP_ADDR=172.16.0.1/16
UCARP_MASK=255.255.0.0
UCARP_EXTRA_ADDRS=''  # default: none
UCARP_IF_ALIAS=''  # default: none
UCARP_ADVBASE=1  # default
UCARP_ADVSKEW=0  # default
UCARP_DEADRATIO=3  # default
UCARP_PREEMPT=yes
UCARP_NEUTRAL=no  # default
UCARP_SHUTDOWN=yes  # default
UCARP_IGNOREIFSTATE=no  # default
UCARP_IFDOWN_DEMOTION=240  # default
UCARP_UPSCRIPT=''  # default: ucarpd sets the address itself
UCARP_DOWNSCRIPT=''  # default: ucarpd removes the address itself
UCARP_SCRIPT_TIMEOUT=30  # default
UCARP_XPARAM='a b'
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
    secret.write_text("geheim")
    config = loaded(web, MINIMAL.replace("UCARP_PASS=geheim", f"UCARP_PASS_FILE={secret}"))
    shown = show(config)
    assert f"\n# UCARP_PASSFILE={secret} (6 bytes; not shown)\n" in shown
    assert "UCARP_PASS " not in shown
    assert "geheim" not in shown


NUMBERS = {
    "UCARP_VHID": st.integers(1, 255),
    "UCARP_ADVBASE": st.integers(0, 254),
    "UCARP_ADVSKEW": st.integers(0, 254),
    "UCARP_DEADRATIO": st.integers(2, 255),
    "UCARP_SCRIPT_TIMEOUT": st.integers(1, 3600),
}
SWITCHES = [key.name for key in KEYS if key.parse is values.boolean]
TEXT = st.text("aZ1 \t#'\"\\$`;&~=я", min_size=1, max_size=10)


@given(
    numbers=st.fixed_dictionaries({}, optional=NUMBERS),
    switches=st.dictionaries(st.sampled_from(SWITCHES), st.sampled_from(["yes", "no"])),
    addresses=st.lists(
        st.tuples(st.integers(1, 250), st.sampled_from(["", "/8", "/24"])),
        min_size=1,
        unique_by=lambda each: each[0],
    ),
    xparam=TEXT,
    script=TEXT,
    facility=st.sampled_from(values.FACILITIES),
)
def test_what_is_shown_means_the_same(web, numbers, switches, addresses, xparam, script, facility):
    lines = [f"{name}={value}" for name, value in (numbers | switches).items()]
    listed = ",".join(f"10.0.0.{last}{prefix}" for last, prefix in addresses)
    lines += [f"UCARP_ADDR={listed}", f"UCARP_FACILITY={facility}"]
    config = dataclasses.replace(
        loaded(web, MINIMAL + "\n".join(lines) + "\n"),
        xparam=xparam,
        up_script=Path("/" + script),
    )
    assert without_environment(shown_again(web, config)) == without_environment(config)


# -- the example that we ship ----------------------------------------------------------------------


def shipped() -> str:
    return (SHIPPED / "ucarp.conf").read_text()


def test_the_shipped_file_names_exactly_the_keys_of_the_table():
    names = re.findall("^#?(UCARP_[A-Z0-9_]+)=", shipped(), re.MULTILINE)
    assert sorted(names) == sorted(key.name for key in KEYS)


def test_the_shipped_file_has_no_fault_and_deserves_no_warning(web):
    # In the repository the scripts stand elsewhere than on a user's machine.
    config = loaded(web, shipped().replace("/etc/ucarp/ucarp-", f"{SHIPPED}/ucarp-"))
    assert [str(each) for each in warnings(web)] == []
    assert config.up_script == SHIPPED / "ucarp-up.sh"
    assert config.down_script == SHIPPED / "ucarp-down.sh"
    assert os.access(config.up_script, os.X_OK)


def test_what_is_commented_out_in_the_shipped_file_is_the_default_or_a_good_example(web):
    for name, value in re.findall("^#(UCARP_[A-Z0-9_]+)=(.*)", shipped(), re.MULTILINE):
        [key] = [key for key in KEYS if key.name == name]
        if key.default is None:
            assert key.parse(value.strip("'")) is not None
        else:
            assert value == key.default
    every = re.sub("^#(UCARP_(?!PASSFILE|KEY=))", r"\1", shipped(), flags=re.MULTILINE)
    config = loaded(web, every)
    assert config.label == "eth0:0"
    assert {f"{each.ip}/{each.prefixlen}" for each in config.addresses} == {"172.16.0.1/16"}
