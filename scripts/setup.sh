# Sourced by the other scripts: installs what they need on Debian 12 or 13, once.
#
#   need PACKAGE...            Debian packages
#   environment NAME [EXTRA]   a virtual environment .venv/NAME; EXTRA is an optional dependency set
#
# The environment "newest" has PyPI's versions of the run-time dependencies, all others use Debian's, as
# the package does.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$project"

if [ "$(id -u)" -ne 0 ]; then
    echo "$0: must run as root (sudo $0): it installs packages and makes network namespaces" >&2
    exit 77
fi

need() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "installing ${missing[*]}" >&2
    {
        apt-get -q update
        DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "${missing[@]}"
    } >&2 </dev/null
}

runtime_packages=(iproute2 python3 python3-dotenv python3-pyroute2 python3-systemd)

environment() {
    local name=$1 extra=${2:-} directory=$project/.venv/$1 stamp options=()
    stamp=$(/usr/bin/python3 --version; cat pyproject.toml)
    [ "$(cat "$directory/stamp" 2>/dev/null)" = "$stamp" ] && return
    echo "making the virtual environment $name" >&2
    rm -rf "$directory"
    [ "$name" = newest ] || options=(--system-site-packages)
    /usr/bin/python3 -m venv "${options[@]}" "$directory"
    "$directory/bin/pip" install --quiet --editable ".${extra:+[$extra]}" >&2
    printf '%s\n' "$stamp" >"$directory/stamp"
}
