"""Statistics of many durations: the median and the slow end."""

import time
from collections.abc import Callable, Iterable


def quantile(values: Iterable[float], share: float) -> float:
    """The value that a `share` of all values do not exceed, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def p50(values: Iterable[float]) -> float:
    return quantile(values, 0.5)


def p95(values: Iterable[float]) -> float:
    return quantile(values, 0.95)


def best_round(rounds: Iterable[list[float]]) -> list[float]:
    """The round with the lowest median, which other work on the machine disturbed least."""
    return min(rounds, key=p50)


def milliseconds(action: Callable[[], object]) -> float:
    """The duration of `action`, in milliseconds."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000
