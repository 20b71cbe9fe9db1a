"""Tells VRRP from CARP: both use IP protocol 112, and the vhid is VRRP's virtual router id.

offset  size  field
     0     1  version (2 or 3) and type (1), as in CARP
     1     1  virtual router id
     3     1  number of addresses; CARP has its authlen there, 7
     8        the addresses, and in version 2 eight bytes that may follow them

VRRP 2 with seven addresses has the form of CARP.  Where CARP has its digest, it has five of its
addresses, and these are of one network: they begin alike, as the words of no digest do.
"""

from ucarpd.carp.packet import AUTHLEN
from ucarpd.carp.params import Family

_FIXED = 8
_AUTHENTICATION = 8
_SIZE = {4: 4, 6: 16}
_DIGEST = slice(16, 36)
"""Where CARP has it."""


def is_vrrp(payload: bytes, family: Family) -> bool:
    """Return whether it has the form of VRRP."""
    if len(payload) < _FIXED:
        return False
    size = _FIXED + payload[3] * _SIZE[family]
    match payload[0]:
        case 0x21 if len(payload) in {size, size + _AUTHENTICATION}:
            return payload[3] != AUTHLEN or _is_one_network(payload[_DIGEST])
        case 0x31:
            return len(payload) == size
        case _:
            return False


def _is_one_network(addresses: bytes) -> bool:
    return len({addresses[at : at + 2] for at in range(0, len(addresses), 4)}) == 1
