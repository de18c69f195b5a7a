"""Counters by name and labels, and their Prometheus text."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "synccore_runs": ("Runs of processes by outcome", ("process", "outcome")),
    "synccore_api_calls": ("Calls to the systems by outcome", ("system", "operation", "outcome")),
    "synccore_signals": ("Signals received by source; known: seen before", ("source", "outcome")),
    "synccore_ticks": ("Rounds of tickers by outcome", ("ticker", "outcome")),
}


class Meter:
    """Counts since the process began; one per core, not per process."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[tuple[str, ...], int]] = {name: {} for name in COUNTERS}

    def count(self, name: str, *labels: str) -> None:
        """Add one; the labels come in the order of `COUNTERS`."""
        counts = self._counts[name]
        counts[labels] = counts.get(labels, 0) + 1

    def api_call(self, system: str, operation: str, outcome: str) -> None:
        """One call to a system."""
        self.count("synccore_api_calls", system, operation, outcome)

    def value(self, name: str, *labels: str) -> int:
        """What has been counted."""
        return self._counts[name].get(labels, 0)

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> bytes:
        """Everything as Prometheus text, with the given gauges: name to (help, value)."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families(self._families(gauges)))
        return generate_latest(registry)

    def _families(self, gauges: Mapping[str, tuple[str, float]]) -> list[Metric]:
        families: list[Metric] = []
        for name, (text, labels) in COUNTERS.items():
            counter = CounterMetricFamily(name, text, labels=labels)
            for values, number in sorted(self._counts[name].items()):
                counter.add_metric(values, number)
            families.append(counter)
        for name, (text, value) in gauges.items():
            families.append(GaugeMetricFamily(name, text, value=value))
        return families


class _Families:
    """A collector of what was handed in."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families
