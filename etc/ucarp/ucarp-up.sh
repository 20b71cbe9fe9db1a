#!/bin/sh
# Puts the virtual addresses of one instance on the interface: ucarpd runs it when this host becomes
# MASTER.  Running it again does no harm.
#
#   ucarp-up.sh INTERFACE ADDRESS [XPARAM]
#
# ucarpd hands over every key of the configuration file except the password, and UCARP_PREFIXLEN.
# A command of yours, such as starting a service, may follow at the end: a slow script never delays
# the protocol, and its exit status is logged.
set -eu

interface=$1
prefixlen=${UCARP_PREFIXLEN:-32}
label=${UCARP_IF_ALIAS:-}

# UCARP_ADDR may be a list, separated by commas or spaces; each may have a prefix length of its own.
for address in $(printf '%s' "${UCARP_ADDR:-$2}" | tr ',' ' '); do
    case $address in
        */*) ;;
        *) address=$address/$prefixlen ;;
    esac
    # "replace" instead of "add": no error if the address is there already.
    ip address replace "$address" dev "$interface" ${label:+label "$label"}
done
