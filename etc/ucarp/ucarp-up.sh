#!/bin/sh
# Puts the virtual addresses of one instance on the interface: ucarpd runs it when this host becomes
# MASTER.  Running it again does no harm.
#
#   ucarp-up.sh INTERFACE ADDRESS [XPARAM]
#
# ucarpd hands over every key of the configuration file except the password, and UCARP_ADDRESSES: all
# virtual addresses with their prefix lengths.
set -euf

interface=$1
label=${UCARP_IF_ALIAS:-}
status=0

# Without UCARP_ADDRESSES (as from ucarp): UCARP_ADDR, a list with commas or spaces, or the argument.
# UCARP_PREFIXLEN belongs to the first of them.
addresses=${UCARP_ADDRESSES:-$(printf '%s' "${UCARP_ADDR:-$2}" | tr ',' ' ')}
case ${addresses%% *} in
    *:*) length4=32 length6=${UCARP_PREFIXLEN:-128} ;;
    *) length4=${UCARP_PREFIXLEN:-32} length6=128 ;;
esac

# A device with the virtual MAC address is in networks of the interface, whose routes must come first.
case ${UCARP_VMAC:-} in
    [Yy]* | [Tt]* | [Oo][Nn] | 1) metric='metric 1000000' ;;
    *) metric='' ;;
esac

for address in $addresses; do
    case $address in
        *:*)
            # The address is usable at once, and not the source of this host's own connections.
            options='nodad preferred_lft 0'
            length=$length6
            ;;
        *)
            options=${label:+label $label}
            length=$length4
            ;;
    esac
    case $address in
        */*) ;;
        *) address=$address/$length ;;
    esac
    # "replace" instead of "add": no error if the address is there already.
    # shellcheck disable=SC2086 # several words
    ip address replace "$address" dev "$interface" $options $metric || status=$?
done

# A command of yours, such as starting a service, may stand here: a slow script never delays the
# protocol, and its exit status is logged.

exit "$status"
