"""A copy of the down-script of 0.1.0, as an edited script keeps it."""

OLD_DOWN = """\
#!/bin/sh
interface=$1
for address in $(printf '%s' "${UCARP_ADDR:-$2}" | tr ',' ' '); do
    address=${address%/*}
    ip -oneline address show dev "$interface" to "$address/32" 2>/dev/null |
        while read -r _index _name _family present _rest; do
            ip address delete "$present" dev "$interface"
        done
done
"""
