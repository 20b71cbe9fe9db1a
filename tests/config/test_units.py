"""UCARP_UNITS: which names are accepted, and the messages about the others."""

import pytest

from ucarpd.config import units


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nginx.service", ("nginx.service",)),
        ("a.service, b.timer", ("a.service", "b.timer")),
        (r"dev-disk\x2dby.mount pppd@dsl.service", (r"dev-disk\x2dby.mount", "pppd@dsl.service")),
        ("a.service a.service", ("a.service",)),
    ],
)
def test_names(text, found):
    assert units.units(text) == found
    assert units.units(units.written(found)) == found


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("nginx", "nginx: must end with .service, .socket, .target"),
        ("eth0.device", "eth0.device: must end with .service"),
        (".service", ".service: must end with"),
        ("/lib/systemd/system/a.service", "not the path of its file"),
        ("a.service b;c.service", "b;c.service: cannot be the name of a unit"),
        ("--now.service", "cannot be the name of a unit"),
        (f"{'a' * 250}.service", "cannot be the name of a unit"),
        ("getty@.service", "is a template: name an instance of it, such as getty@web.service"),
        ("ucarpd.service", "is ucarpd itself"),
        ("ucarpd@web.service", "is ucarpd itself"),
    ],
)
def test_what_is_refused(text, fault):
    with pytest.raises(ValueError, match="^[^\n]+$") as refused:
        units.units(text)
    assert fault in str(refused.value)
