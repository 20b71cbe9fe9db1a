# Sourced by scripts/test: a run with a name, which is cleared at its end, and the stages.

UCARPD_LAB=lab$(this_run)
export UCARPD_LAB
python=.venv/debian/bin/python
/usr/bin/python3 scripts/sweep.py
work=$(mktemp -d -t "ucarpd-$UCARPD_LAB-XXXX")
export COVERAGE_FILE=$work/coverage
# A daemon that is started would compile the whole program, and most tests start several.
unset PYTHONDONTWRITEBYTECODE

# At any end: end the processes of this run, and clear up after them.
finish() {
    trap '' INT TERM HUP
    end_jobs
    /usr/bin/python3 scripts/sweep.py "$UCARPD_LAB" || true
    give_back
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

step() { printf '\n== %s\n' "$*"; }

# Begin a job beside the others, and wait for its end: what it prints is shown then.
declare -A begun=() headings=(
    [integration]="real daemons in network namespaces"
    [rest]="everything else that needs no booted machine"
    [bookworm]="the package on Debian 12 with systemd"
    [trixie]="the package on Debian 13 with systemd"
    [newest]="the newest libraries of PyPI"
)
begin() { # NICENESS NAME COMMAND...
    (renice -n $(($(nice) + $1)) $BASHPID >/dev/null && "${@:3}") &>"$work/$2.log" &
    begun[$2]=$!
}
end() { # NAME
    local status=0
    wait "${begun[$1]}" || status=$?
    unset "begun[$1]"
    cat "$work/$1.log"
    return $status
}
tell() { # NAME
    step "${headings[$1]}"
    end "$1"
}

# pytest with its files in the folder of this run.
pytest_in() { # NAME PYTHON ARGUMENT...
    local folder=$work/$1 interpreter=$2 options
    shift 2
    # The options of pyproject.toml, except that it switches the cache off.
    options=$(sed -n 's/^addopts = "\(.*\) -p no:cacheprovider"$/\1/p' pyproject.toml)
    await "$interpreter" -m pytest -q -o addopts="$options" -o cache_dir="$folder.cache" \
        --basetemp "$folder" --junit-xml "$folder.xml" --durations 5 "$@"
}

# Run pytest; a few tests may fail once.  First attempts run side by side, a second one alone: under a lock.
tests() { # NAME PYTHON ARGUMENT...
    local status=0
    { await flock --shared 9; pytest_in "$@" 9<&-; } 9<"$work" || status=$?
    [ $status -ne 0 ] || return 0
    may_run_again "$1" $status || return $status
    step "$1: the failed tests run once more, alone"
    {
        await flock 9
        pytest_in "$@" --last-failed --last-failed-no-failures none -n 0 -x 9<&-
    } 9<"$work" || return
    echo "$1: passed at the second attempt; the first one is above"
}

may_run_again() { # NAME STATUS
    local failed
    [ "$2" -eq 1 ] || return
    failed=$(grep '": true' "$work/$1.cache/v/cache/lastfailed") || return
    # A file that cannot be read, or a property that hypothesis has refuted, has lost no race.
    ! grep -qv '::' <<<"$failed" && ! grep -q '@reproduce_failure' "$work/$1.xml" &&
        [ "$(wc -l <<<"$failed")" -le 5 ]
}

stage_style() {
    step style and types
    await $python -m ruff check .
    await $python -m ruff format --check .
    await $python -m mypy
}

core=(tests/carp tests/vectors tests/diagnosis tests/health)

stage_core() {
    step "the protocol core, its diagnosis and this host's health: every branch"
    # Not by simulated segments: they differ from run to run, and take thrice the time when measured.
    pytest_in core $python -n auto "${core[@]}" --ignore=tests/carp/segment \
        --cov=ucarpd.carp --cov=ucarpd.diagnosis --cov=ucarpd.health --cov-branch \
        --cov-fail-under=100 --cov-report=term-missing:skip-covered
    step "simulated segments"
    pytest_in segment $python -n auto tests/carp/segment
}

begin_integration() {
    # Each worker would compile them.
    end compiled >/dev/null || true
    # They mostly wait for timers, so there may be more of them than processors.  In larger portions one
    # worker would get many of them in a row, and the others wait for it at the end.
    begin 0 integration tests integration $python -n 12 --maxschedchunk 1 tests/integration
}

begin_rest() {
    begin 5 rest tests rest $python -n auto tests "${core[@]/#/--ignore=}" --ignore=tests/{integration,system}
}

begin_newest() {
    end environment
    # What calls the libraries, apart from a configuration file that is read on the way.  Booted machines
    # come first: they are timed.
    begin 10 newest tests newest .venv/newest/bin/python -n 3 tests/{config,ctl/exporter,linux,log} \
        tests/ctl/test_{metrics,rich_table}.py tests/diagnosis/test_fingerprint.py \
        tests/integration/test_article.py tests/integration/test_kernel_{links,macvlans}.py
}

releases=(bookworm trixie)

begin_roots() {
    # Who works on these tests may keep the file systems from run to run.
    export UCARPD_ROOTS=${UCARPD_ROOTS:-$work/roots}
    local release
    for release in "${releases[@]}"; do begin 5 "root-$release" build_root "$release"; done
}

build_root() { # RELEASE
    TMPDIR=$work PYTHONPATH=scripts await /usr/bin/python3 tests/support/machines.py "$1" "$UCARPD_ROOTS"
}

build_package() {
    # The tests that a package build can run have a stage of their own.
    DEB_BUILD_OPTIONS=nocheck TMPDIR=$work await scripts/build-deb
}

package_built() {
    local job
    for job in "${releases[@]/#/root-}" package; do end "$job"; done
    UCARPD_DEB=$project/$(tail -n 1 "$work/package.log")
    export UCARPD_DEB
}

# Together with the stage `newest` there is no time for all on both releases: each leaves out two files of
# tests that the other one has.
declare -A left_out=(
    [bookworm]='test_configuration or test_log'
    [trixie]='test_upgrade or test_ucarp_package'
)

begin_package() {
    local job chosen
    package_built
    for job in "${releases[@]}"; do
        chosen=$job
        if wanted newest; then chosen+=" and not (${left_out[$job]})"; fi
        # They mostly wait, too; each file has machines of its own.
        TMPDIR=$work begin 0 "$job" tests "$job" $python -rP -n 3 --dist loadfile tests/system -k "$chosen"
    done
}

# The stages that are wanted.  Integration tests, and then booted machines, mostly wait: the others, which
# are nicer, fill the time.
run_stages() {
    local status=0 job
    if wanted style; then stage_style; fi
    if wanted rest; then begin_integration; fi
    if wanted core; then
        begin 5 core stage_core
        end core
    fi
    if wanted rest; then
        begin_rest
        tell integration || status=$?
    fi
    if [ $status -eq 0 ]; then
        if wanted package; then begin_package; fi
        if wanted newest; then begin_newest; fi
    fi
    for job in rest "${releases[@]}" newest; do
        [ -z "${begun[$job]:-}" ] || tell "$job" || status=$?
    done
    return $status
}
