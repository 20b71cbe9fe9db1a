"""Which room of the house may import which.  Read from the source (AST): nothing need be importable.

The table is closed: a room, or a module beside the rooms, without a row fails, and so does an import
that its row does not name.  Foreign packages have one importer each.
"""

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "ucarpd"

MAY_IMPORT = {
    "ucarpd": "",  # the package itself: its version and nothing else, open to all
    "carp": "",
    "scripts": "linux",
    "linux": "carp",
    "config": "carp ucarp_options configuration_directory",
    "engine": "carp",
    "diagnosis": "carp config",
    "health": "carp linux",
    "checks": "carp linux config scripts health",
    "control": "linux log",
    "ctl": "config control linux record usage configuration_directory",
    "log": "carp linux",
    "interface": "carp linux config engine log",
    "addresses": "carp linux config engine log scripts",
    "record": "carp linux config log scripts addresses",
    "configuration_directory": "",
    "exit_status": "",
    "ucarp_options": "",
    "usage": "",
    "process": "carp linux config control engine log scripts interface addresses health checks"
    " diagnosis record exit_status ucarp_options",
    "migrate": "carp linux config log process exit_status ucarp_options configuration_directory",
    "commands": "linux config log scripts interface checks record process exit_status usage"
    " configuration_directory",
    "cli": "linux config diagnosis log record process commands migrate exit_status usage"
    " configuration_directory",
    "__main__": "cli",
}

PURE = {
    "__future__",
    "collections",
    "dataclasses",
    "enum",
    "functools",
    "ipaddress",
    "itertools",
    "math",
    "operator",
    "struct",
    "typing",
}
"""What `carp/` may import of the standard library: no clock, no randomness, no I/O."""

IMPURE = ["socket", "asyncio", "time", "random", "os", "subprocess", "logging", "os.path"]
"""Forbidden imports that the design names; the checker below must find them."""

ONLY_IMPORTER = {
    "hmac": "ucarpd.carp.auth",
    "cryptography": "ucarpd.diagnosis.fingerprint",
    "pyroute2": "ucarpd.linux.netlink",
    "systemd": "ucarpd.linux.journald",
    "dotenv": "ucarpd.config",
    "rich": "ucarpd.ctl.rich_table",
    "prometheus_client": "ucarpd.ctl.exporter.client_library",
}


def imported(source, module, *, is_package=False):
    """The names that a module imports, wherever in the file, with relative ones resolved."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(of, names, level):
                base = package[: len(package) - level + 1] if level else []
                prefix = ".".join([*base, *([of] if of else [])])
                # `from ucarpd import engine` names a module, `from ucarpd.engine import X` does not.
                yield from (f"{prefix}.{alias.name}" for alias in names)
            case ast.Call(ast.Name("__import__" | "import_module"), [ast.Constant(str(name)), *_]):
                yield name
            case ast.Call(ast.Attribute(attr="import_module"), [ast.Constant(str(name)), *_]):
                yield name


def part_of(name):
    """The part of the house that a dotted name below `ucarpd` belongs to."""
    second = name.split(".")[1:2]
    if second == ["__main__"] or (second and not second[0].startswith("__")):
        return second[0]
    return "ucarpd"


def violations(module, source, *, is_package=False):
    """The faults in the imports of one module; empty if there are none."""
    here = part_of(module)
    found = []
    for name in imported(source, module, is_package=is_package):
        top = name.split(".")[0]
        if top == "ucarpd":
            wrong = wrong_inside(here, part_of(name))
        elif top in sys.stdlib_module_names and top not in ONLY_IMPORTER:
            wrong = "is not pure" if here == "carp" and top not in PURE else None
        else:
            wrong = wrong_outside(module, top)
        if wrong:
            found.append(f"{module}: import of {name} {wrong}")
    return found


def wrong_inside(here, there):
    if here not in MAY_IMPORT:
        return f"is made by {here}, which has no row in the table"
    if there in {here, "ucarpd", *MAY_IMPORT[here].split()}:
        return None
    return f"is not in the row of {here}"


def wrong_outside(module, top):
    only = ONLY_IMPORTER.get(top)
    if only is None:
        return "is a package that nobody imports"
    if module == only or module.startswith(f"{only}."):
        return None
    return f"belongs in {only}"


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        yield ".".join(parts[:-1] if is_package else parts), path, is_package


MODULES = list(modules())


@pytest.mark.parametrize(("module", "path", "is_package"), MODULES, ids=[m for m, *_ in MODULES])
def test_imports(module, path, is_package):
    source = path.read_text(encoding="utf-8")
    assert violations(module, source, is_package=is_package) == []


def test_each_room_has_a_row_and_each_row_a_room():
    assert {part_of(module) for module, *_ in MODULES} == MAY_IMPORT.keys()


def test_no_module_imports_itself_by_way_of_others():
    names = {module for module, *_ in MODULES}
    graph = {
        module: {
            here if here in names else here.rpartition(".")[0]
            for here in imported(path.read_text(encoding="utf-8"), module, is_package=is_package)
        }
        for module, path, is_package in MODULES
    }
    TopologicalSorter(graph).prepare()  # raises an exception with the circle


def test_the_modules_were_found():
    assert {"ucarpd", "ucarpd.carp", "ucarpd.carp.machine", "ucarpd.carp.auth"} <= {
        module for module, *_ in MODULES
    }


# -- the checker itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ucarpd.carp.machine", "from ucarpd.carp import events"),
        ("ucarpd.carp.machine", "from . import events"),
        ("ucarpd.carp.machine", "from collections.abc import Iterable"),
        ("ucarpd.carp.auth", "from hmac import compare_digest"),
        ("ucarpd.engine.driver", "import asyncio\nfrom ucarpd.carp.machine import VirtualHost"),
        ("ucarpd.engine.driver", "from ucarpd.carp import machine"),
        ("ucarpd.linux.netlink", "from pyroute2 import AsyncIPRoute"),
        ("ucarpd.linux.journald", "from systemd import journal"),
        ("ucarpd.diagnosis.fingerprint", "from cryptography.hazmat import primitives"),
        ("ucarpd.linux.packet_socket", "from ucarpd.linux.netlink import Link"),
        ("ucarpd.config.lines", "from dotenv.parser import parse_stream"),
        ("ucarpd.process.supervisor", "from ucarpd import config, engine, log"),
        ("ucarpd.cli", "from ucarpd import __version__, config"),
        ("ucarpd.__main__", "from ucarpd.cli import main"),
    ],
)
def test_what_is_allowed(module, source):
    assert violations(module, source) == []


@pytest.mark.parametrize(
    ("module", "source", "violation"),
    [
        *(("ucarpd.carp.machine", f"import {name}", f"{name} is not pure") for name in IMPURE),
        ("ucarpd.carp.machine", "from time import monotonic", "time.monotonic is not pure"),
        ("ucarpd.carp.machine", "def f():\n    import time", "time is not pure"),
        ("ucarpd.carp.machine", "__import__('time')", "time is not pure"),
        ("ucarpd.carp.machine", "import_module('time')", "time is not pure"),
        ("ucarpd.carp.machine", "importlib.import_module('time')", "time is not pure"),
        (
            "ucarpd.carp.machine",
            "from ucarpd import engine",
            "ucarpd.engine is not in the row of carp",
        ),
        ("ucarpd.carp.machine", "from .. import engine", "ucarpd.engine is not in the row of carp"),
        ("ucarpd.carp.machine", "from ..linux import netlink", "is not in the row of carp"),
        ("ucarpd.carp.machine", "import ucarpd.config", "ucarpd.config is not in the row of carp"),
        ("ucarpd.carp.receive", "from ucarpd.diagnosis.digest import explain", "not in the row"),
        ("ucarpd.carp.rank", "from ucarpd.health import demotion", "not in the row of carp"),
        ("ucarpd.carp.receive", "import hmac", "belongs in ucarpd.carp.auth"),
        (
            "ucarpd.engine.driver",
            "from ucarpd.scripts.runner import Hook",
            "not in the row of engine",
        ),
        ("ucarpd.engine.driver", "from ucarpd.linux import netlink", "not in the row of engine"),
        ("ucarpd.linux.netlink", "from .. import config", "not in the row of linux"),
        (
            "ucarpd.interface.sources",
            "from ucarpd.addresses import vmac",
            "not in the row of interface",
        ),
        ("ucarpd.process.supervisor", "from ucarpd.cli import main", "not in the row of process"),
        ("ucarpd.log.messages", "from systemd import journal", "belongs in ucarpd.linux.journald"),
        ("ucarpd.engine.driver", "import pyroute2", "belongs in ucarpd.linux.netlink"),
        ("ucarpd.cli", "from dotenv import dotenv_values", "belongs in ucarpd.config"),
        ("ucarpd.carp.auth", "import cryptography", "belongs in ucarpd.diagnosis.fingerprint"),
        ("ucarpd.cli", "import requests", "is a package that nobody imports"),
        ("ucarpd.something_new", "from ucarpd import config", "has no row in the table"),
        ("ucarpd.engine.driver", "from ucarpd import something_new", "not in the row of engine"),
        ("ucarpd", "from ucarpd.carp import params", "not in the row of ucarpd"),
    ],
)
def test_what_is_not(module, source, violation):
    (found,) = violations(module, source)
    assert violation in found


def test_relative_imports_of_a_package_start_at_itself():
    assert list(imported("from . import auth", "ucarpd.carp", is_package=True)) == [
        "ucarpd.carp.auth"
    ]
    assert list(imported("from .auth import Signer", "ucarpd.carp.packet")) == [
        "ucarpd.carp.auth.Signer"
    ]
