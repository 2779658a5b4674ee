"""`/metrics`: counters of requests, answers and tokens, and gauges of documents, models and the queue."""

import time
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.library.library import Library
from rag.models.registry import ModelEntry
from rag.types import Answer

LATENCY_BUCKETS = (0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics:
    """Counters in a registry of their own, so that one process can hold several applications."""

    def __init__(self, library: Library, models: Callable[[], Sequence[ModelEntry]]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "pincite_requests", "HTTP requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._request_seconds = Histogram(
            "pincite_request_seconds",
            "Time from a request to the end of its answer.",
            ["method", "route"],
            buckets=LATENCY_BUCKETS,
            registry=self._registry,
        )
        self._answers = Counter(
            "pincite_answers", "Answers completed.", ["mode", "finish_reason"], registry=self._registry
        )
        self._first_token_seconds = Histogram(
            "pincite_first_token_seconds",
            "Time from a question to the first token of its answer.",
            buckets=LATENCY_BUCKETS,
            registry=self._registry,
        )
        self._tokens = Counter("pincite_tokens", "Tokens read and written.", ["kind"], registry=self._registry)
        self._registry.register(_LibraryCollector(library))
        self._registry.register(_ModelCollector(models))

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one HTTP request."""
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def count_answer(self, answer: Answer) -> None:
        """Count one complete answer and its tokens."""
        self._answers.labels(answer.mode, answer.finish_reason).inc()
        self._first_token_seconds.observe(answer.timings.first_token_seconds)
        self._tokens.labels("prompt").inc(answer.usage.prompt_tokens)
        self._tokens.labels("cached").inc(answer.usage.cached_tokens)
        self._tokens.labels("completion").inc(answer.usage.completion_tokens)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class _LibraryCollector(Collector):
    """Gauges that are read from the library at each request."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def collect(self) -> Iterator[Metric]:
        documents = GaugeMetricFamily("pincite_documents", "Documents in all collections.", labels=["status"])
        counts = self._library.counts()
        for status, number in counts.by_status.items():
            documents.add_metric([status], number)
        yield documents
        yield GaugeMetricFamily(
            "pincite_ingest_queue",
            "Documents that wait to be read or are read now.",
            value=counts.in_work,
        )


class _ModelCollector(Collector):
    """Gauges of the models in memory at each request."""

    def __init__(self, models: Callable[[], Sequence[ModelEntry]]) -> None:
        self._models = models

    def collect(self) -> Iterator[Metric]:
        loaded = [entry for entry in self._models() if entry.is_loaded]
        yield GaugeMetricFamily("pincite_models_loaded", "Models in memory.", value=len(loaded))
        yield GaugeMetricFamily(
            "pincite_models_bytes",
            "Memory that they take, as it was predicted before they were loaded.",
            value=sum(entry.memory_bytes for entry in loaded),
        )


class RequestMetrics:
    """Times every request that passes the guards, by the route's pattern and never by its ids."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count its status and duration."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started = time.monotonic()
        status = 500

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting_status)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.count_request(scope["method"], route, status, time.monotonic() - started)
