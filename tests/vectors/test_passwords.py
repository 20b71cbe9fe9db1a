"""The key that each tool makes of a password."""

from ipaddress import IPv4Address

import pytest
from vector_rows import DATA

from ucarpd.carp.auth import Signer
from ucarpd.carp.params import PASSWORD_SIZE

KEY_RULES = {
    "ucarp": lambda password: password,
    "openbsd_ifconfig": lambda password: password[:PASSWORD_SIZE],
    "freebsd_ifconfig": lambda password: password[:PASSWORD_SIZE],
    # Type one character more there.
    "netbsd_ifconfig": lambda password: password[:-1][:PASSWORD_SIZE],
}


@pytest.mark.parametrize("tool", KEY_RULES)
@pytest.mark.parametrize("row", DATA["password_to_key"], ids=lambda row: row["configured"])
def test_password_to_key(row, tool):
    """The password as typed here signs like the key that the tool makes of it there."""
    password = row["configured"].encode()
    addresses = [IPv4Address("10.77.1.100")]
    if tool == "ucarp" and len(password) > PASSWORD_SIZE:
        assert row[tool] == "rejected (longer than 19 bytes)"
    else:
        ours = Signer(KEY_RULES[tool](password), 10, addresses).sign(1)
        theirs = Signer(bytes.fromhex(row[tool]), 10, addresses).sign(1)
        assert ours == theirs
