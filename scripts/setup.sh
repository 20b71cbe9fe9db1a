# Sourced by the other scripts: becomes root, and installs their packages on Debian 12 or 13, once.
#
#   help_of_comment "$@"       with -h or --help: print the comment at the top of the script, and end it
#   become_root "$@"           start the script again through sudo, unless it is run by root
#   need PACKAGE...            Debian packages
#   environment NAME [EXTRA]   a virtual environment .venv/NAME; EXTRA is an optional dependency set
#   give_back                  give the files that root has made in the checkout to its owner
#   compile_for_owner          compile the package, so that what follows starts as if installed
#   await COMMAND...           run a command, and let signals end this script meanwhile
#
# The environment "newest" has PyPI's versions of the run-time dependencies, all others use Debian's, as
# the package does.

folder=$PWD
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$project"
# `su` without a dash leaves these out.
PATH=$PATH:/usr/sbin:/sbin

help_of_comment() {
    case " $* " in
        *' -h '* | *' --help '*)
            sed -n '2,/^[^#]/s/^# \{0,1\}//p' "scripts/${0##*/}"
            exit
            ;;
    esac
}

become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    if ! command -v sudo >/dev/null; then
        echo "$0: must run as root, and there is no sudo: it installs packages, makes network namespaces" >&2
        exit 77
    fi
    local kept
    # Not the variables that say whose session it is; PATH is sudo's business.
    kept=$(compgen -e | grep -vxE '(PATH|HOME|USER|LOGNAME|SHELL|MAIL|_|(SUDO|XDG|DBUS)_.*)' | paste -sd,)
    echo "$0: not root, so sudo starts it again" >&2
    cd "$folder"
    exec sudo --preserve-env="$kept" -- "$project/scripts/${0##*/}" "$@"
}

# Two runs at one time must not install at one time.
alone() { (flock 9; "$@" 9>&-) 9</var/lib/dpkg; }

need() { alone install_missing "$@"; }

install_missing() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] || install_with_apt install "${missing[@]}"
}

# Of the source package in this folder.
install_build_dependencies() { install_with_apt build-dep .; }

install_with_apt() { # install|build-dep WHAT...
    local log
    case $1 in
        install) echo "installing ${*:2}" ;;
        build-dep) echo "installing the build dependencies" ;;
    esac >&2
    log=$(mktemp)
    apt_get "$log" update || true # A list that cannot be fetched matters only if a package is missing.
    if ! apt_get "$log" "$1" --no-install-recommends "${@:2}"; then
        echo "$0: cannot install ${*:2}: $(apt_error "$log")" >&2
        rm -f "$log"
        exit 1
    fi
    rm -f "$log"
}

apt_get() { # LOG ARGUMENT...
    local log=$1
    shift
    DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qy -o DPkg::Lock::Timeout=600 \
        -o APT::Status-Fd=3 "$@" 3>&1 >>"$log" 2>&1 </dev/null | show_progress
    return "${PIPESTATUS[0]}"
}

# One line, of apt's machine-readable progress (KIND:PACKAGE:PERCENT:WORDS), on a terminal alone.
show_progress() {
    local percent words
    if [ ! -t 2 ]; then
        cat >/dev/null
        return
    fi
    while IFS=: read -r _ _ percent words; do
        printf '\r\033[K%3s %%  %.60s' "${percent%%.*}" "$words" >&2
    done
    printf '\r\033[K' >&2
}

# What went wrong, in one line.  A package that apt does not find is in a list that could not be fetched.
apt_error() { # LOG
    local cause fetch proxy
    cause=$(sed -n 's/^E: //p' "$1" | head -n 1)
    fetch=$(sed -n 's/^[EW]: \(Failed to fetch .*\)/\1/p' "$1" | head -n 1)
    case $cause in
        '' | *'locate package'* | *'installation candidate'*) cause=${fetch:-$cause} ;;
        *dpkg*) cause=$(grep -m 1 -A 1 '^dpkg: error' "$1" | paste -sd ' ') || cause='dpkg failed' ;;
    esac
    proxy=$(apt-config dump | sed -n 's/^Acquire::https\?::Proxy "\(..*\)";$/\1/p' | head -n 1)
    echo "${cause:-apt-get failed}${proxy:+ (apt uses the proxy $proxy)}"
}

runtime_packages=(iproute2 python3 python3-cryptography python3-dotenv python3-pyroute2 python3-systemd)

environment() { alone make_environment "$@"; }

make_environment() {
    local name=$1 extra=${2:-} directory=$project/.venv/$1 stamp options=()
    stamp=$(/usr/bin/python3 --version; cat pyproject.toml)
    [ "$(cat "$directory/stamp" 2>/dev/null)" = "$stamp" ] && return
    echo "making the virtual environment $name" >&2
    rm -rf "$directory"
    [ "$name" = newest ] || options=(--system-site-packages)
    /usr/bin/python3 -m venv "${options[@]}" "$directory"
    # Most of it is never imported, so it is compiled where it is.
    "$directory/bin/pip" install --quiet --no-compile --editable ".${extra:+[$extra]}" >&2
    printf '%s\n' "$stamp" >"$directory/stamp"
    give_back
}

give_back() {
    [ "$(stat -c %u "$project")" -eq 0 ] ||
        # Others may be at work in it: what has gone meanwhile needs no owner.
        find "$project" -ignore_readdir_race -xdev -user 0 \
            -exec chown -h --reference="$project" {} + 2>/dev/null || true
}

# Python compiles imported modules, and the files would belong to root.  With PYTHONDONTWRITEBYTECODE it
# would compile them at every start, which a host with the package never does.
compile_for_owner() {
    /usr/bin/python3 -m compileall -q ucarpd scripts || true
    give_back
}

# Run a command.  Bash acts on a signal only after a command in the foreground, but at once while it waits
# for one in the background; and it lets the interrupt key not reach that one.
await() {
    env --default-signal=INT,QUIT "$@" <&0 &
    wait $!
}

# End what await has started.
end_jobs() {
    local pids
    pids=$(jobs -p)
    # shellcheck disable=SC2086 # a word each
    [ -z "$pids" ] || kill $pids 2>/dev/null || true
}

# PIDtTIME of this shell, as scripts/runs.py has it: the id, and the start in clock ticks since the boot.
this_run() {
    local stat fields
    stat=$(<"/proc/$$/stat")
    read -ra fields <<<"${stat##*) }"
    echo "$$t${fields[19]}"
}
