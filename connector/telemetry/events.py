"""What happens now and then, in a request or beside it: the start of the app, tokens, and circuits."""

import logging
import platform

from . import open_telemetry, records
from .activity import VERSION, current
from .causes import described


def started(*, pools: list[str], api_version: str, milliseconds: int) -> None:
    """An instance of the app has begun to serve."""
    _write(
        "started",
        version=VERSION,
        python=platform.python_version(),
        pools=", ".join(pools),
        apiVersion=api_version,
        durationMs=milliseconds,
    )


def settings_refused(problem: str) -> None:
    """The app cannot serve, because its settings are wrong. The problem names one, without its value."""
    _write("settingsRefused", logging.ERROR, problem=problem)


def token_renewed(service: str, milliseconds: int) -> None:
    open_telemetry.count(f"connector.{service}.token_renewals")
    _write("tokenRenewed", service=service, durationMs=milliseconds)


def token_failed(service: str, failure: BaseException) -> None:
    """There is no token for the service: `pool` or `storage`."""
    _write("tokenFailed", logging.WARNING, service=service, cause=described(failure))


def token_rejected(service: str) -> None:
    """The service does not accept the token, which is dropped."""
    _write("tokenRejected", logging.WARNING, service=service)


def circuit_opened(pool: str, failure: BaseException) -> None:
    """Calls of the pool are refused until it responds again."""
    open_telemetry.count("connector.pool.circuit_openings", pool=pool)
    _write("circuitOpened", logging.WARNING, pool=pool, cause=described(failure))


def circuit_closed(pool: str) -> None:
    """Calls of the pool are made again."""
    _write("circuitClosed", pool=pool)


def _write(event: str, level: int = logging.INFO, **fields: str | int) -> None:
    activity = current()
    records.write(level, "event", {"event": event, **(activity.ids() if activity is not None else {}), **fields})
