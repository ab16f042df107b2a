"""The ids of a request: our own, the caller's, and that of the trace which both belong to.

Sources: W3C Trace Context for `traceparent` and `tracestate`; Azure's guidelines for REST APIs for
`x-ms-client-request-id`. A header that is not valid is ignored: a request does not fail because of its telemetry.
"""

import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-[ -~]*)?")
_LONGEST_TRACEPARENT = 256
_TRACESTATE = re.compile(r"[\t -~]{1,512}")
_CLIENT_REQUEST_ID = re.compile(r"[!-~]{1,128}")
"""Visible ASCII without spaces. Callers send UUIDs."""


@dataclass(frozen=True)
class Correlation:
    request_id: str
    client_request_id: str | None
    trace_id: str
    is_sampled: bool
    trace_state: str | None

    @classmethod
    def of(cls, headers: Mapping[str, str], host_traceparent: str | None = None) -> "Correlation":
        """`headers` are those of the request; `host_traceparent` is the Functions host's, for a request without one."""
        client_request_id = headers.get("x-ms-client-request-id", "").strip()
        trace, trace_state = _trace(headers.get("traceparent", "").strip()), headers.get("tracestate", "").strip()
        if trace is None:
            trace, trace_state = _trace(host_traceparent or "") or (secrets.token_hex(16), False), ""
        return cls(
            str(uuid.uuid4()),
            client_request_id if _CLIENT_REQUEST_ID.fullmatch(client_request_id) else None,
            *trace,
            trace_state if _TRACESTATE.fullmatch(trace_state) else None,
        )

    def service_headers(self) -> dict[str, str]:
        """For one call of a service, which is a new span of the trace."""
        headers = {
            "traceparent": f"00-{self.trace_id}-{secrets.token_hex(8)}-{'01' if self.is_sampled else '00'}",
            "x-ms-client-request-id": self.client_request_id or self.request_id,
        }
        if self.trace_state is not None:
            headers["tracestate"] = self.trace_state
        return headers


def _trace(traceparent: str) -> tuple[str, bool] | None:
    """The trace id, and whether the trace is sampled. Later versions may add to the end of what version 00 has."""
    found = _TRACEPARENT.fullmatch(traceparent) if len(traceparent) <= _LONGEST_TRACEPARENT else None
    if found is None or (found[1] == "00" and found[4]):
        return None
    return found[2], bool(int(found[3], 16) & 1)
