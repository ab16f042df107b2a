"""Counters for OpenTelemetry, where the Functions host is configured for it. Otherwise the records can be counted.

The packages of OpenTelemetry are not the connector's: they are installed by who wants them, and the worker configures
where metrics are sent. Source: "Use OpenTelemetry with Azure Functions".
"""

import importlib
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

COUNTERS = {
    "connector.pool.retries": "Calls of the session pool that were sent again",
    "connector.pool.throttles": "Responses of the session pool with status 429",
    "connector.pool.circuit_openings": "Times that calls of a session pool were suspended because it failed",
    "connector.pool.token_renewals": "Tokens fetched for the session pool",
    "connector.sessions.minted": "Session ids made for callers who sent none",
}

_HOST_FILE = Path(__file__).resolve().parents[2] / "host.json"
_SETTINGS = ("PYTHON_ENABLE_OPENTELEMETRY", "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY")
"""With either, the worker sends telemetry by itself instead of through the host."""

_made: dict[str, Any] = {}


def start(environment: Mapping[str, str]) -> None:
    """From now on, counts are reported if the host or the worker is configured for OpenTelemetry."""
    if not _made and _is_installed() and _is_wanted(environment):
        meter = importlib.import_module("opentelemetry.metrics").get_meter("connector")
        _made.update({name: meter.create_counter(name, description=text) for name, text in COUNTERS.items()})


def count(name: str, amount: int = 1, **attributes: str) -> None:
    """`name` is one of COUNTERS."""
    if amount and name in _made:
        _made[name].add(amount, attributes)


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.metrics") is not None
    except ImportError:
        return False


def _is_wanted(environment: Mapping[str, str]) -> bool:
    if any(environment.get(name, "").strip().lower() in ("true", "1") for name in _SETTINGS):
        return True
    mode = environment.get("AzureFunctionsJobHost__telemetryMode")  # settings override host.json
    if mode is None:
        mode = json.loads(_HOST_FILE.read_text("utf-8")).get("telemetryMode", "")
    return str(mode).lower() == "opentelemetry"
