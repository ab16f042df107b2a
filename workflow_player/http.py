"""Calls as actions make them: with retries, polls after a 202, chunks, and limits.

Sources: Azure Logic Apps, "Limits and configuration" (120 seconds for a call in the Consumption plan, 225 in Standard;
messages of 100 MB, or 1 GB in chunks), "Asynchronous request-response behavior" and "Create custom APIs": a 202 with a
`Location` is polled with GET, every 20 seconds unless `Retry-After` says otherwise, until it is no 202.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from urllib.parse import urljoin

from workflow_player.chunks import MESSAGE_LIMIT, TransferLimits, downloaded, uploaded
from workflow_player.clock import Clock
from workflow_player.errors import ActionFailed
from workflow_player.messages import CallFailed, CallTimedOut, NobodyAnswers, Request, Response, Sender, over_http
from workflow_player.retries import RetryPolicy, is_retried, retry_after

POLL_SECONDS = 20.0


@dataclass(frozen=True)
class CallOptions:
    """Of one action: its retries, whether it polls after a 202, and whether it sends and gets content in chunks."""

    retries: RetryPolicy
    polls: bool
    chunked: bool
    seconds: float
    """How long one request may take."""
    longest_seconds: float
    """How long polls may go on; the limit of the action, or 30 days."""
    limits: TransferLimits = TransferLimits()
    poll_headers: Mapping[str, str] = field(default_factory=dict)
    """Of the action's authentication; its other headers are not sent with polls."""


@dataclass
class Counts:
    """How many requests a call has sent, and how many polls besides."""

    attempts: int = 0
    polls: int = 0


def call(send: Sender, request: Request, options: CallOptions, clock: Clock, counts: Counts) -> Response:
    """The final response of a call that has succeeded. Raises ActionFailed."""
    made = _Calls(send, options, clock, counts)
    if options.chunked and request.body and request.method in ("POST", "PUT", "PATCH"):
        response = uploaded(made.attempt, request, options.limits)
    else:
        if len(request.body) > options.limits.message_bytes:
            raise ActionFailed("RequestEntityTooLarge", f"a message has at most {options.limits.message_bytes} bytes")
        asked = request
        if options.chunked and request.method == "GET":
            asked = replace(request, headers={**request.headers, "Range": f"bytes=0-{options.limits.chunk_bytes - 1}"})
        response = made.attempt(asked)
    if request.method == "GET" and response.status == HTTPStatus.PARTIAL_CONTENT:
        response = downloaded(made.attempt, request, response, options.limits)
    if options.polls:
        response = made.polled(request, response)
    if len(response.body) > (options.limits.chunked_bytes if options.chunked else options.limits.message_bytes):
        raise ActionFailed(
            "HttpResponseContentBufferSizeExceeded", f"a response has at most {MESSAGE_LIMIT} bytes without chunks"
        )
    if not response.ok:
        raise _failed(response)
    return response


class _Calls:
    def __init__(self, send: Sender, options: CallOptions, clock: Clock, counts: Counts) -> None:
        self._send = send
        self._options = options
        self._clock = clock
        self._counts = counts

    def attempt(self, request: Request) -> Response:
        """The response after all retries: the last, if none was good."""
        return self._retried(self._counted, request)

    def _counted(self, request: Request, seconds: float) -> Response:
        self._counts.attempts += 1
        return self._send(request, seconds)

    def _retried(self, send: Sender, request: Request) -> Response:
        response = self._once(send, request)
        for retry in range(1, self._options.retries.count + 1):
            if not is_retried(response):
                break
            self._clock.pause(self._options.retries.pause(retry, response))
            response = self._once(send, request)
        if response is None:
            raise ActionFailed(
                "ActionResponseTimedOut", f"no response within {self._options.seconds:g} seconds", status="TimedOut"
            )
        return response

    def _once(self, send: Sender, request: Request) -> Response | None:
        """None, if there is no response in time."""
        try:
            return send(request, self._options.seconds)
        except CallTimedOut:
            return None
        except NobodyAnswers:
            self._clock.pause(self._options.longest_seconds)
            raise ActionFailed("ActionTimedOut", "nobody has answered", status="TimedOut") from None
        except CallFailed as error:
            raise ActionFailed("BadRequest", f"the request cannot be sent: {error}") from None

    def polled(self, request: Request, response: Response) -> Response:
        """What a 202 with a Location has come to."""
        started = self._clock.now()
        address = request.url
        while response.status == HTTPStatus.ACCEPTED and (location := response.header("Location")):
            pause = retry_after(response)
            self._clock.pause(POLL_SECONDS if pause is None else pause)
            if (self._clock.now() - started).total_seconds() > self._options.longest_seconds:
                raise ActionFailed("ActionTimedOut", "the polls took longer than the limit", status="TimedOut")
            address = urljoin(address, location)
            self._counts.polls += 1
            response = self._retried(over_http, Request("GET", address, headers=self._options.poll_headers))
        return response


def _failed(response: Response) -> ActionFailed:
    try:
        code = HTTPStatus(response.status).phrase.replace(" ", "").replace("-", "")
    except ValueError:
        code = str(response.status)
    shown = response.body[:300].decode(errors="replace")
    return ActionFailed(code, f"the response has the status {response.status}: {shown}", response.outputs())
