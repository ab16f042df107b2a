"""Counters are OpenTelemetry's where the host or the worker is configured for it."""

import sys
import types
from typing import Any

import pytest

from connector.telemetry import events, open_telemetry
from connector.telemetry.activity import note_minted_session
from connector.telemetry.pool_calls import PoolCall
from connector.telemetry.storage_calls import StorageCall


class Meter:
    def __init__(self) -> None:
        self.counted: dict[str, list[tuple[int, dict[str, str]]]] = {}

    def create_counter(self, name: str, description: str) -> Any:
        assert description
        counted = self.counted.setdefault(name, [])
        return types.SimpleNamespace(add=lambda amount, attributes: counted.append((amount, attributes)))


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Meter:
    """That of an installed OpenTelemetry."""
    meter = Meter()
    package, metrics = types.ModuleType("opentelemetry"), types.ModuleType("opentelemetry.metrics")
    package.__path__ = []
    metrics.get_meter = lambda name: meter  # type: ignore[attr-defined]
    metrics.__spec__ = types.SimpleNamespace()  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, "opentelemetry", package)
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", metrics)
    monkeypatch.setattr(open_telemetry, "_counters", {})
    return meter


@pytest.mark.parametrize(
    "environment",
    [
        {"AzureFunctionsJobHost__telemetryMode": "OpenTelemetry"},
        {"PYTHON_ENABLE_OPENTELEMETRY": "true"},
        {"PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "True"},
    ],
)
def test_what_happens_is_counted(meter: Meter, environment: dict[str, str]) -> None:
    """With the pool, if it has one; nothing is counted that did not happen."""
    open_telemetry.start(environment)
    with PoolCall("p", "GET", "files") as call:
        for status in (429, 429, 200):
            call.attempted(status, bytes_in=1, bytes_out=1)
    with PoolCall("p", "GET", "files") as call:
        call.attempted(200, bytes_in=1, bytes_out=1)
    with StorageCall("a/c", "PUT", "PutBlock") as call:
        for status in (500, 503, 201):
            call.attempted(status, bytes_in=1, bytes_out=1)
    events.circuit_opened("p", TimeoutError())
    events.token_renewed("pool", 5)
    events.token_renewed("storage", 5)
    note_minted_session()
    assert meter.counted == {
        "connector.pool.retries": [(2, {"pool": "p"})],
        "connector.pool.throttles": [(2, {"pool": "p"})],
        "connector.pool.circuit_openings": [(1, {"pool": "p"})],
        "connector.pool.token_renewals": [(1, {})],
        "connector.storage.retries": [(2, {"container": "a/c"})],
        "connector.storage.throttles": [(1, {"container": "a/c"})],
        "connector.storage.token_renewals": [(1, {})],
        "connector.sessions.minted": [(1, {})],
    }


def test_without_the_hosts_wish_nothing_is_counted(meter: Meter) -> None:
    """host.json does not set a telemetryMode."""
    open_telemetry.start({"PYTHON_ENABLE_OPENTELEMETRY": "false"})
    note_minted_session()
    assert meter.counted == {}


def test_without_opentelemetry_there_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not a dependency."""
    monkeypatch.setattr(open_telemetry, "_counters", {})
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    open_telemetry.start({"PYTHON_ENABLE_OPENTELEMETRY": "true"})
    note_minted_session()
    assert open_telemetry._counters == {}
