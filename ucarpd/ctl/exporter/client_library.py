"""The formats of the package prometheus_client, if it is installed: also OpenMetrics.

The only importer of it.  Its own server has no limit for its threads, and is not used.
"""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import Any

from ucarpd.ctl.exporter.families import Family


def is_installed() -> bool:
    return find_spec("prometheus_client") is not None


def encoded(families: Iterable[Family], accept: str) -> tuple[str, bytes]:
    """Return a content type that the client accepts, and the metrics."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry()
    registry.register(_Collector(families))
    try:
        encode, content_type = choose_encoder(accept)
    except (TypeError, ValueError):  # Some versions compare the version in it, also with a word.
        encode, content_type = choose_encoder("")
    return content_type, encode(registry)


class _Collector:
    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        classes = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}
        for family in self._families:
            metric = classes[family.kind](family.name, family.help, labels=family.labels)
            for labels, value in family.samples.items():
                metric.add_metric(labels, value)
            yield metric
