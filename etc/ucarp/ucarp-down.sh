#!/bin/sh
# Takes the virtual addresses of one instance off the interface: ucarpd runs it when this host stops
# being MASTER, and when it starts.  Running it again does no harm.
#
#   ucarp-down.sh INTERFACE ADDRESS [XPARAM]
#
# ucarpd hands over every key of the configuration file except the password, and UCARP_ADDRESSES: all
# virtual addresses with their prefix lengths.
set -euf

interface=$1
status=0

# The prefix length that the address has on the interface counts, not the one in the file, which may
# have been edited since.
with_length() {
    # Without a length, "to" matches this address only.  With /32 it would match all IPv6 addresses of
    # a provider.
    ip -oneline address show dev "$interface" to "$1" 2>/dev/null |
        while read -r _index _name _family address _rest; do
            echo "$address"
        done
}

# Without UCARP_ADDRESSES (as from ucarp): UCARP_ADDR, a list with commas or spaces, or the argument.
for address in ${UCARP_ADDRESSES:-$(printf '%s' "${UCARP_ADDR:-$2}" | tr ',' ' ')}; do
    for present in $(with_length "${address%/*}"); do
        ip address delete "$present" dev "$interface" || status=$?
    done
done

exit "$status"
