"""The formats of prometheus_client say the same as our own text."""

import pytest
from fake_process import BACKUP, IN_TROUBLE, MASTER, PROCESS
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from ucarpd.ctl.exporter import client_library
from ucarpd.ctl.exporter.families import families
from ucarpd.ctl.exporter.text import text
from ucarpd.ctl.processes import Answer

# What Prometheus 2.42 and 3.5 send.
OF_PROMETHEUS = [
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;"
    "q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
]

REPLY = {"process": PROCESS, "instances": [MASTER, BACKUP, IN_TROUBLE], "refused": [{"name": "x"}]}


def samples(parsed):
    return {
        (
            family.type,
            family.documentation,
            sample.name,
            *sorted(sample.labels.items()),
        ): sample.value
        for family in parsed
        for sample in family.samples
    }


@pytest.fixture
def found():
    return families([Answer(7, REPLY), Answer(8, fault="does not answer")])


@pytest.fixture
def own(found):
    return samples(text_string_to_metric_families(text(found)))


@pytest.mark.parametrize("accept", OF_PROMETHEUS)
def test_openmetrics(found, own, accept):
    content_type, content = client_library.encoded(found, accept)
    assert content_type.startswith("application/openmetrics-text; version=")
    assert samples(openmetrics.text_string_to_metric_families(content.decode())) == own


@pytest.mark.parametrize("accept", ["*/*", "", "text/plain; version=x", "text/plain; version="])
def test_text(found, own, accept):
    content_type, content = client_library.encoded(found, accept)
    assert content_type.startswith("text/plain; version=0.0.4")
    assert samples(text_string_to_metric_families(content.decode())) == own
