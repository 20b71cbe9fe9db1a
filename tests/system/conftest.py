"""Two machines a Debian release, with the package installed from its file by apt."""

import os
from pathlib import Path

import pytest
from lab import PROJECT, Client, Lab, LabError
from machines import Machine, build_root, install
from mirrors import cause
from web import VIP


@pytest.fixture(scope="session")
def package() -> Path:
    """The package that scripts/test has built."""
    file = os.environ.get("UCARPD_DEB")
    packages = [Path(file)] if file else list((PROJECT / "dist").glob("ucarpd_*_all.deb"))
    assert packages, "no package in dist/: run scripts/build-deb"
    return max(packages, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="session")
def command_package(package) -> Path:
    """The package with the command `ucarp`, built beside the package of the daemon."""
    return package.with_name(package.name.replace("ucarpd_", "ucarpd-ucarp_"))


@pytest.fixture(scope="session")
def first_release() -> Path:
    """The package of 0.1.0 as it was given away."""
    return Path(__file__).parent / "releases/ucarpd_0.1.0-1_all.deb"


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def root(request, tmp_path_factory) -> Path:
    # Who works on these tests may keep the file systems from run to run.
    kept = os.environ.get("UCARPD_ROOTS")
    directory = Path(kept) if kept else tmp_path_factory.mktemp("roots")
    try:
        return build_root(request.param, directory)
    except LabError as error:
        # No test can do without: each would fail, and repeat the same.
        pytest.exit(f"cannot build a Debian {request.param}: {cause(str(error))}", returncode=1)


@pytest.fixture(scope="module")
def lab():
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def layers(root, package, tmp_path_factory, worker_id) -> list[Path]:
    """The file systems of each machine, the uppermost first: with the package installed."""
    own = tmp_path_factory.getbasetemp()
    # One layer for all workers of a run.
    return [install(package, root, own if worker_id == "master" else own.parent), root]


@pytest.fixture(scope="module")
def machines(lab, layers, package):
    """Machines a and b; a is preferred.  Neither runs ucarpd yet."""
    pair = [Machine(lab, layers, name, f"172.16.0.1{n}/16") for n, name in ((1, "a"), (2, "b"))]
    try:
        for machine in pair:
            machine.copy(package, f"/root/{package.name}")
            machine.switch_on()
        for machine in pair:
            machine.wait_until_up()
        yield pair
    finally:
        for machine in pair:
            machine.switch_off()
        for machine in pair:
            machine.close()


@pytest.fixture(scope="module")
def a(machines) -> Machine:
    return machines[0]


@pytest.fixture(scope="module")
def b(machines) -> Machine:
    return machines[1]


@pytest.fixture(scope="module")
def client(lab) -> Client:
    """Another host, which asks who serves the address."""
    return Client(lab.host("c", "172.16.0.99/16"), VIP)
