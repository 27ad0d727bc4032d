"""What Prometheus is told. Names and labels are few and fixed, so that no request makes a new series."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from toolparse.serve.log import Entry

CONTENT_TYPE = CONTENT_TYPE_LATEST
_FIRST = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WHOLE = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """The metrics of one gateway."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.running = Gauge("toolparse_requests_running", "Requests that are being answered", registry=registry)
        self._requests = Counter("toolparse_requests", "Requests by API and by how they ended", ("api", "outcome"), registry=registry)
        self._first = Histogram(
            "toolparse_first_piece_seconds", "Until the upstream's first text", ("api",), buckets=_FIRST, registry=registry
        )
        self._whole = Histogram("toolparse_request_seconds", "Until the answer's end", ("api",), buckets=_WHOLE, registry=registry)
        self._tokens = Counter("toolparse_tokens", "Tokens, as the upstream counts them", ("kind",), registry=registry)
        self._calls = Counter("toolparse_calls", "Tool calls", ("complete",), registry=registry)
        self._problems = Counter("toolparse_problems", "Problems of outputs", ("kind", "severity"), registry=registry)
        self._failures = Counter("toolparse_upstream_failures", "Answers that the upstream did not finish", ("kind",), registry=registry)

    def count(self, entry: Entry) -> None:
        """One request that has ended."""
        self._requests.labels(entry.api, entry.outcome).inc()
        self._whole.labels(entry.api).observe(entry.seconds)
        if entry.first is not None:
            self._first.labels(entry.api).observe(entry.first)
        self._tokens.labels("prompt").inc(entry.usage.prompt or 0)
        self._tokens.labels("completion").inc(entry.usage.completion or 0)
        self._calls.labels("true").inc(entry.calls - entry.cut_calls)
        self._calls.labels("false").inc(entry.cut_calls)
        for problem in entry.problems:
            self._problems.labels(problem.kind, problem.severity).inc()
        if entry.failure is not None:
            self._failures.labels(entry.failure).inc()

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self._registry)
