"""What a virtual host may be configured to do."""

import pytest
from playbook import VIRTUAL, params

from ucarpd.carp.params import CARP_GROUP_V4, Params


def test_defaults():
    default = Params(vhid=1, addresses=(VIRTUAL,), key=b"secret")
    assert (default.advbase, default.advskew, default.deadratio) == (1, 0, 3)
    assert not default.preempt
    assert default.release_on_stop
    assert default.group == CARP_GROUP_V4
    assert not default.broadcast


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("vhid", 1, 255), ("advbase", 0, 254), ("advskew", 0, 254), ("deadratio", 2, 255)],
)
def test_ranges(name, low, high):
    for good in (low, high):
        assert getattr(params(**{name: good}), name) == good
    for bad in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"^{name} must be {low} to {high}, not {bad}$"):
            params(**{name: bad})


def test_the_key_has_1_to_20_bytes():
    assert params(key=b"x").key == b"x"
    assert params(key=b"x" * 20).key == b"x" * 20
    for bad in (b"", b"x" * 21):
        with pytest.raises(ValueError, match=r"^length of key must be 1 to 20"):
            params(key=bad)


def test_there_is_an_address():
    with pytest.raises(ValueError, match="at least one virtual address"):
        params(addresses=())


def test_the_key_is_not_shown():
    assert "secret" not in repr(params(key=b"secret"))
