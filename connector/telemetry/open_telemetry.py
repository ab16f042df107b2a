"""What OpenTelemetry gets, if it is installed: counts, but no URLs of the services that are called.

Its packages are not the connector's: they are installed by whoever wants them, and the Functions worker configures
where telemetry is sent. Without them, the records can be counted. Source: "Use OpenTelemetry with Azure Functions".
"""

import contextlib
import importlib
import importlib.util
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

COUNTERS = {
    "connector.pool.retries": "Calls of the session pool that were sent again",
    "connector.pool.throttles": "Responses of the session pool with status 429",
    "connector.pool.circuit_openings": "Times that calls of a session pool were suspended because it failed",
    "connector.pool.token_renewals": "Tokens fetched for the session pool",
    "connector.storage.retries": "Calls of Blob Storage that were sent again",
    "connector.storage.throttles": "Responses of Blob Storage with status 429 or 503",
    "connector.storage.token_renewals": "Tokens fetched for Blob Storage",
    "connector.sessions.minted": "Session IDs made for callers who sent none",
}

_HOST_FILE = Path(__file__).resolve().parents[2] / "host.json"
_SETTINGS = ("PYTHON_ENABLE_OPENTELEMETRY", "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY")
"""With either, the worker sends telemetry by itself instead of through the host."""

_counters: dict[str, Any] = {}
_suppressed: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext


def start(environment: Mapping[str, str]) -> None:
    """From now on, counts are reported if the host or the worker is configured for it."""
    global _suppressed
    if _is_installed("opentelemetry.instrumentation.utils"):
        utilities = importlib.import_module("opentelemetry.instrumentation.utils")
        _suppressed = getattr(utilities, "suppress_http_instrumentation", contextlib.nullcontext)
    if not _counters and _is_installed("opentelemetry.metrics") and _is_wanted(environment):
        meter = importlib.import_module("opentelemetry.metrics").get_meter("connector")
        _counters.update({name: meter.create_counter(name, description=text) for name, text in COUNTERS.items()})


def count(name: str, amount: int = 1, **attributes: str) -> None:
    """`name` is one of COUNTERS."""
    if amount and name in _counters:
        _counters[name].add(amount, attributes)


def without_spans() -> AbstractContextManager[Any]:
    """Within its `with` block, instruments of HTTP clients export no spans: their URLs have session ids and file names.

    The records of calls have the rest.
    """
    return _suppressed()


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _is_wanted(environment: Mapping[str, str]) -> bool:
    if any(environment.get(name, "").strip().lower() in ("true", "1") for name in _SETTINGS):
        return True
    mode = environment.get("AzureFunctionsJobHost__telemetryMode")  # settings override host.json
    if mode is None:
        mode = json.loads(_HOST_FILE.read_text("utf-8")).get("telemetryMode", "")
    return str(mode).lower() == "opentelemetry"
