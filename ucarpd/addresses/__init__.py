"""Addresses: adding and removing them by netlink, by scripts, or on a macvlan device."""
