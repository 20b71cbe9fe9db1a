#!/bin/sh
# Takes the virtual addresses of one instance off the interface: ucarpd runs it when this host stops
# being MASTER, and when it starts.  Running it again does no harm.
#
#   ucarp-down.sh INTERFACE ADDRESS [XPARAM]
#
# ucarpd hands over every key of the configuration file except the password, and UCARP_PREFIXLEN.
set -eu

interface=$1

# UCARP_ADDR may be a list, separated by commas or spaces.  The prefix length that the address has on
# the interface counts, not the one in the file, which may have been edited since.
for address in $(printf '%s' "${UCARP_ADDR:-$2}" | tr ',' ' '); do
    address=${address%/*}
    ip -oneline address show dev "$interface" to "$address/32" 2>/dev/null |
        while read -r _index _name _family present _rest; do
            ip address delete "$present" dev "$interface"
        done
done
