"""What is said of many durations: their middle and their slow end."""

import time
from collections.abc import Callable, Iterable


def quantile(values: Iterable[float], share: float) -> float:
    """The value that `share` of all do not exceed, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def p50(values: Iterable[float]) -> float:
    return quantile(values, 0.5)


def p95(values: Iterable[float]) -> float:
    return quantile(values, 0.95)


def best_round(rounds: Iterable[list[float]]) -> list[float]:
    """The whole round with the lowest median: the one that was disturbed least by what else the machine did."""
    return min(rounds, key=p50)


def milliseconds(action: Callable[[], object]) -> float:
    """How long `action` took, in milliseconds."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000
