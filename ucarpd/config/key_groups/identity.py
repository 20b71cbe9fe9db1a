"""Who the virtual host is: its interface, its number, its password and its addresses."""

from ucarpd.config import address_types, types
from ucarpd.config.key import Key

ROWS: tuple[Key, ...] = (
    Key(
        name="UCARP_INTERFACE",
        aliases=("UCARP_DEVICE",),
        parse=types.interface,
        kind="interface name",
        required=True,
        help="Interface to run on. It may be absent at start: the instance waits for it.",
        fields=("interface",),
    ),
    Key(
        name="UCARP_SRCIP",
        aliases=("UCARP_SOURCEADDRESS",),
        parse=address_types.own_addresses,
        kind="address, or an IPv4 and an IPv6 address",
        without="the one in UCARP_PEERS, or the first of the interface",
        unset=(),
        help="This host's real address, from which it advertises. Another interface may have it.",
        fields=("sources",),
    ),
    Key(
        name="UCARP_VHID",
        aliases=("UCARP_VID",),
        parse=types.integer(1, 255),
        kind="1 to 255",
        required=True,
        help="Number of the virtual host, the same on all its hosts and unique on the segment.",
        fields=("vhid",),
    ),
    Key(
        name="UCARP_PASS",
        aliases=("UCARP_PASSWORD", "UCARP_PASSWD"),
        parse=types.password,
        kind="1 to 19 bytes",
        required=True,
        secret=True,
        help="Password, the same on all hosts. UCARP_PASSFILE or the systemd credential NAME.pass"
        " may hold it instead, and UCARP_KEY stands for any key.",
        fields=("key",),
        is_live=True,
    ),
    Key(
        name="UCARP_PASSFILE",
        aliases=("UCARP_PASS_FILE",),
        parse=types.absolute_path,
        kind="absolute path",
        help="File whose first line is the password; instead of UCARP_PASS.",
        fields=("key",),
        is_live=True,
    ),
    Key(
        name="UCARP_KEY",
        parse=types.hex_key,
        kind="2 to 40 hexadecimal digits",
        secret=True,
        help="The bytes of the key itself, 1 to 20; instead of UCARP_PASS.",
        fields=("key",),
        is_live=True,
    ),
    Key(
        name="UCARP_PASS_OLD",
        parse=types.password,
        kind="1 to 19 bytes",
        secret=True,
        help="Also accepted, never sent: the other password while you change it.",
        fields=("old_keys",),
        is_live=True,
    ),
    Key(
        name="UCARP_KEY_OLD",
        parse=types.hex_keys,
        kind="2 to 40 hexadecimal digits, or a list",
        unset=(),
        secret=True,
        help="Also accepted, never sent: other keys.",
        fields=("old_keys",),
        is_live=True,
    ),
    Key(
        name="UCARP_ADDR",
        aliases=("UCARP_VIP", "UCARP_VIRTUALADDRESS"),
        parse=address_types.virtual_addresses,
        kind="address, ADDRESS/PREFIX, or a list with commas or spaces",
        unset=(),
        required=True,
        help="The virtual address, or several, of IPv4 and IPv6. Part of the digest: the same on all hosts.",
        fields=("addresses",),
    ),
    Key(
        name="UCARP_MASK",
        aliases=("UCARP_NETMASK", "UCARP_MASKLEN", "UCARP_VIRTUALPREFIX"),
        parse=address_types.mask,
        kind="dotted mask or prefix length 1 to 32; 1 to 128 for IPv6",
        default=str(address_types.PREFIX_LENGTHS[4]),
        help="Network mask of the IPv4 virtual addresses. Without IPv4 addresses, the prefix length"
        " of the IPv6 ones; otherwise, IPv6 addresses without a prefix length get /128. If the"
        " interface's own address has a shorter prefix, ucarpd adds the virtual address without a"
        " route (noprefixroute): otherwise it would be the source of the host's own connections. With"
        " UCARP_VMAC or an up-script it is: write the prefix that ucarpd check names.",
        fields=("addresses",),
    ),
    # If scripts own the addresses, it is not live: see Config.needs_restart.
    Key(
        name="UCARP_EXTRA_ADDRS",
        parse=address_types.virtual_addresses,
        kind="as UCARP_ADDR",
        unset=(),
        help="More virtual addresses, not covered by the digest. Hosts may list different ones, so"
        " you can add an address on one host at a time. With scripts, a new value restarts the"
        " virtual host.",
        fields=("extra_addresses",),
        is_live=True,
    ),
    Key(
        name="UCARP_IF_ALIAS",
        parse=types.label,
        kind="at most 15 bytes, INTERFACE:SOMETHING",
        help="Label for the virtual address, such as eth0:0.",
        fields=("label",),
    ),
)
