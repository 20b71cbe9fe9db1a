"""Tells VRRP from CARP: both use IP protocol 112, and the vhid is VRRP's virtual router id.

offset  size  field
     0     1  version (2 or 3) and type (1), as in CARP
     1     1  virtual router id
     3     1  number of addresses; CARP has its authlen there, 7
     8        the addresses, and in version 2 eight bytes that may follow them
"""

from ucarpd.carp.packet import AUTHLEN
from ucarpd.carp.params import Family

_FIXED = 8
_AUTHENTICATION = 8
_SIZE = {4: 4, 6: 16}


def is_vrrp(payload: bytes, family: Family) -> bool:
    """Return whether it has the form of VRRP; version 2 with seven addresses passes for CARP."""
    if len(payload) < _FIXED:
        return False
    size = _FIXED + payload[3] * _SIZE[family]
    match payload[0]:
        case 0x21 if payload[3] != AUTHLEN:
            return len(payload) in {size, size + _AUTHENTICATION}
        case 0x31:
            return len(payload) == size
        case _:
            return False
