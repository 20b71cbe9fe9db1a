"""The lines of FreeBSD's port of `ucarp`."""

import pytest

from ucarpd.migrate import importer


@pytest.mark.parametrize(
    ("name", "is_foreign"),
    [("vtnet0", True), ("em0", True), ("eth0", False), ("enp0s31f6", False), ("br-lan", False)],
)
def test_an_interface_with_a_name_of_freebsd_is_told(tmp_path, name, is_foreign):
    path = tmp_path / "rc.conf"
    path.write_text(f'ucarp_enable="YES"\nucarp_if="{name}"\nucarp_pass="x"\n')
    remarks = importer.of_file(path, tmp_path).remarks
    assert any("is a name that FreeBSD gives" in text for text in remarks) == is_foreign
