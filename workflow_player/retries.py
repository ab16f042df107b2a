"""Retry policies of actions.

Sources: Azure Logic Apps, "Handle errors and exceptions": a request that times out, or is answered by 408, 429 or 5xx,
is sent again; by default up to 4 times, with intervals that grow by 7.5 seconds, between 5 and 45 seconds; a policy has
1 to 90 retries. Power Automate, "Limits of automated, scheduled, and instant flows": by default twice in the lowest
performance profile, more often in others; the player takes the lowest. A `Retry-After` that is longer than the interval
is waited for.
"""

from dataclasses import dataclass
from typing import Any

from workflow_player.durations import seconds_of
from workflow_player.errors import FlowError
from workflow_player.flow import Dialect
from workflow_player.messages import Response

DEFAULT_COUNTS: dict[Dialect, int] = {"consumption": 4, "standard": 4, "power-automate": 2}
FIRST_SECONDS, LEAST_SECONDS, MOST_SECONDS = 7.5, 5.0, 45.0


@dataclass(frozen=True)
class RetryPolicy:
    """`count` is how often a request is sent again; `fixed` whether the interval stays the same."""

    count: int
    interval: float = FIRST_SECONDS
    fixed: bool = False
    least: float = LEAST_SECONDS
    most: float = MOST_SECONDS

    @staticmethod
    def of(policy: dict[str, Any] | None, dialect: Dialect) -> "RetryPolicy":
        kind = (policy or {}).get("type", "default")
        if policy is None or kind == "default":
            return RetryPolicy(DEFAULT_COUNTS[dialect])
        if kind == "none":
            return RetryPolicy(0)
        if kind not in ("fixed", "exponential"):
            raise FlowError(f"there is no retry policy {kind!r}")
        missing = {"count", "interval"} - policy.keys()
        if missing:
            raise FlowError(f"the retry policy {kind} has no {' and no '.join(sorted(missing))}")
        if not isinstance(policy["count"], int) or not 1 <= policy["count"] <= 90:
            raise FlowError("a retry policy has a count from 1 to 90")
        least = seconds_of(policy["minimumInterval"]) if "minimumInterval" in policy else LEAST_SECONDS
        most = seconds_of(policy["maximumInterval"]) if "maximumInterval" in policy else 86400.0
        return RetryPolicy(policy["count"], seconds_of(policy["interval"]), kind == "fixed", least, most)

    def pause(self, retry: int, response: Response | None) -> float:
        """The seconds before a retry, counted from 1."""
        own = self.interval if self.fixed else min(max(self.interval * 2 ** (retry - 1), self.least), self.most)
        return max(own, retry_after(response) or 0.0)


def is_retried(response: Response | None) -> bool:
    """Whether a response, or none in time, is a reason to send the request again."""
    return response is None or response.status in (408, 429) or response.status >= 500


def retry_after(response: Response | None) -> float | None:
    """The seconds of Retry-After."""
    text = response.header("Retry-After") if response else None
    try:
        return float(text) if text else None
    except ValueError:
        return None
