# Read by vip-up and vip-down.

# Set $alias to the alias of interface $1 in /etc/network/interfaces with the address $2.
find_alias() {
    for alias in "$1:ucarp" \
        $(sed -n "s/^[[:space:]]*iface[[:space:]]\{1,\}\($1:[^[:space:]]*\)[[:space:]].*/\1/p" \
            /etc/network/interfaces /etc/network/interfaces.d/* 2>/dev/null); do
        address=$(ifquery "$alias" 2>/dev/null | sed -n 's/^address: //p')
        if [ "${address%%/*}" = "$2" ]; then
            return 0
        fi
    done
    return 1
}
