"""Real processes in network namespaces; see scripts/lab/."""

import pytest
from lab import Host, Lab
from nodes import note
from wiretap import Wiretap


@pytest.fixture
def lab(request):
    with getattr(request, "param", Lab)() as lab:
        yield lab
        for process in lab.processes:
            # Shown by pytest when the test has failed.
            note(f"-- {process.output.parent.name}: {process.output.name}\n{process.text()}")
        # ucarpd survives its defects, and a test may pass nevertheless.
        texts = [process.text() for process in lab.processes]
        assert not [text for text in texts if "internal error" in text]


@pytest.fixture
def a(lab) -> Host:
    return lab.host("a", "172.16.0.11/16")


@pytest.fixture
def b(lab) -> Host:
    return lab.host("b", "172.16.0.12/16")


@pytest.fixture
def wire(lab):
    """What passes the switch."""
    with Wiretap(lab.switch.namespace, "br0") as wire:
        yield wire
