"""Messages of the scripts if packages cannot be installed, and apt's proxies for mmdebstrap."""

import subprocess
from pathlib import Path

import mirrors
import pytest

PROJECT = Path(__file__).parents[2]

NO_LIST = """\
W: Failed to fetch http://deb.debian.org/debian/dists/trixie/InRelease  Could not connect to 127.0.0.1:3142
W: Failed to fetch http://deb.debian.org/debian/dists/trixie-updates/InRelease  Unable to connect
W: Some index files failed to download. They have been ignored, or old ones used instead.
E: Unable to locate package python3-dotenv
E: Unable to locate package python3-pyroute2
"""

NO_FILE = """\
W: Failed to fetch http://other.example/InRelease  Could not resolve 'other.example'
E: Failed to fetch http://deb.debian.org/debian/pool/a.deb  404  Not Found
E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?
"""

NO_SPACE = """\
dpkg: error processing archive a.deb (--unpack):
 cannot copy extracted data: No space left on device
E: Sub-process /usr/bin/dpkg returned an error code (1)
"""


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (
            NO_LIST,
            "Failed to fetch http://deb.debian.org/debian/dists/trixie/InRelease"
            "  Could not connect to 127.0.0.1:3142",
        ),
        (NO_FILE, "Failed to fetch http://deb.debian.org/debian/pool/a.deb  404  Not Found"),
        (
            NO_SPACE,
            "dpkg: error processing archive a.deb (--unpack):"
            "  cannot copy extracted data: No space left on device",
        ),
        ("", "apt-get failed"),
    ],
    ids=["no list", "no file", "dpkg", "nothing"],
)
def test_one_cause_is_one_line(tmp_path, log, said):
    (tmp_path / "log").write_text(log)
    script = '. "$1"; apt-config() { :; }; apt_error "$2"'
    words = ["bash", "-euc", script, "scripts/demo", PROJECT / "scripts/setup.sh", tmp_path / "log"]
    answer = subprocess.run(words, capture_output=True, text=True, check=True)
    assert answer.stdout == f"{said}\n"


DUMP = """\
Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3142";
Acquire::http::Proxy::deb.debian.org "DIRECT";
Acquire::https::Proxy "";
Acquire::http::Proxy-Auto-Detect "/usr/bin/auto-apt-proxy";
Acquire::http::Pipeline-Depth "0";
"""


def test_the_proxies_of_apt():
    assert mirrors.proxy_options(DUMP) == [
        'Acquire::http::Proxy "http://proxy.example:3142"',
        'Acquire::http::Proxy::deb.debian.org "DIRECT"',
        'Acquire::http::Proxy-Auto-Detect "/usr/bin/auto-apt-proxy"',
    ]


def test_the_line_of_mmdebstrap_that_says_what_is_wrong():
    message = (
        f"mmdebstrap trixie: exit 1: I: automatically chosen mode: root\n{NO_LIST}E: apt failed\n"
    )
    assert mirrors.cause(message) == NO_LIST.splitlines()[0]
    assert mirrors.cause("I: one\nE: two\nI: three\n") == "E: two"
    assert mirrors.cause("mmdebstrap trixie: not done after 300 s") == (
        "mmdebstrap trixie: not done after 300 s"
    )


def test_a_benchmark_starts_compiled_files_as_an_installed_host_does(tmp_path):
    for folder in ("ucarpd", "scripts"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "module.py").touch()
    script = '. "$1"; project=$2; cd "$2"; PYTHONDONTWRITEBYTECODE=1 compile_for_owner'
    words = ["bash", "-euc", script, "scripts/bench", PROJECT / "scripts/setup.sh", tmp_path]
    subprocess.run(words, check=True)
    assert len(list(tmp_path.glob("*/__pycache__/module.*.pyc"))) == 2


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("script", ["test", "build-deb"])
def test_help_needs_no_other_package_and_installs_nothing(tmp_path, script, option):
    for program in ("dirname", "sed"):
        (tmp_path / program).symlink_to(f"/usr/bin/{program}")
    words = ["/bin/bash", PROJECT / "scripts" / script, option]
    environment = {"PATH": str(tmp_path)}
    answer = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    assert f"\n  scripts/{script}" in answer.stdout
    assert answer.stderr == ""
