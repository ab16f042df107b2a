"""The record of a request for a file of another host."""

from .activity import Activity
from .service_calls import ServiceCall


class SourceCall(ServiceCall):
    """Of its URL, which may have a signature, the record has the `host` alone."""

    kind, part, counted_as = "sourceCall", "host", "connector.sources"

    def __init__(self, host: str) -> None:
        super().__init__(host, "GET", "")

    def _add_to(self, activity: Activity, milliseconds: int) -> None:
        """Such requests are not counted in the record of the caller's request."""
