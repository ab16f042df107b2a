"""Actions that call: HTTP, and connectors in each dialect."""

import base64
from typing import Any

from workflow_player.actions.interface import Handler, Json, Step
from workflow_player.connections import request_by_id, request_by_path, service_of
from workflow_player.durations import seconds_of
from workflow_player.errors import FlowError
from workflow_player.http import CallOptions, Counts, call
from workflow_player.messages import Request, Sender, over_http
from workflow_player.retries import RetryPolicy
from workflow_player.services.operations import Operation
from workflow_player.workflow_data import CALLBACK_URL

CALL_SECONDS = {"consumption": 120.0, "standard": 225.0, "power-automate": 120.0}
LONGEST_SECONDS = 30 * 86400.0
HTTP_INPUTS = {"method", "uri", "headers", "queries", "body", "cookie", "authentication", "retryPolicy"}
REMOVED_HEADERS = ("accept-", "connection", "cookie", "date", "host", "origin", "set-cookie", "te", "transfer-encoding")
KEPT_CONTENT_HEADERS = ("content-disposition", "content-encoding", "content-type")


def http(step: Step) -> Any:
    inputs = step.evaluated_inputs()
    unknown = inputs.keys() - HTTP_INPUTS
    if unknown:
        raise FlowError(f"unknown inputs: {', '.join(sorted(unknown))}")
    uri = str(inputs.get("uri", ""))
    if not uri.startswith(("http://", "https://")):
        raise FlowError(f"the uri {uri!r} is no URL")
    authorization = _authorization(step, inputs.get("authentication"))
    headers = {**inputs.get("headers", {}), **authorization}
    for name in headers:
        if _is_removed(name.lower()):
            raise FlowError(f"the header {name} does not reach the host: the engine removes it")
    request = Request.of(inputs["method"], uri, inputs.get("queries", {}), headers, inputs.get("body"))
    polls = "DisableAsyncPattern" not in str(step.definition.get("operationOptions", ""))
    return _made(step, over_http, request, polls=polls, poll_headers=authorization)


def _is_removed(name: str) -> bool:
    if name.startswith("content-"):
        return name not in KEPT_CONTENT_HEADERS
    return name in REMOVED_HEADERS or name.startswith("accept-")


def _authorization(step: Step, given: Json | None) -> Json:
    """The header that an authentication stands for."""
    if not given:
        return {}
    kind = given.get("type")
    if kind == "Raw":
        return {"Authorization": given["value"]}
    if kind == "Basic":
        pair = f"{given['username']}:{given['password']}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    if kind == "ManagedServiceIdentity":
        if step.engine.options.identity is None:
            raise FlowError("the play has no managed identity")
        return {"Authorization": "Bearer " + step.engine.options.identity(given.get("audience", ""))}
    raise FlowError(f"the player does not know the authentication {kind!r}")


def api_connection(step: Step) -> Any:
    service = service_of(step.frame.run.flow, step.engine.options.services, step.definition)
    operation, request = request_by_path(service, step.evaluated_inputs())
    _check_kind(operation, webhook=False)
    return _made(step, service.send, request, polls=step.engine.options.connector_polls)


def api_connection_webhook(step: Step) -> Any:
    """Subscribes, and returns what the service sends to the callback."""
    service = service_of(step.frame.run.flow, step.engine.options.services, step.definition)
    inputs = step.evaluated_inputs()
    body = inputs.get("body")
    if not isinstance(body, dict) or body.get("NotificationUrl") != CALLBACK_URL:
        raise FlowError("the body of a webhook has NotificationUrl, which is @{listCallbackUrl()}")
    operation, request = request_by_path(service, {"method": "post", **inputs})
    _check_kind(operation, webhook=True)
    return _made(step, service.send, request, polls=False)


def open_api_connection(step: Step) -> Any:
    return _by_id(step, webhook=False)


def open_api_connection_webhook(step: Step) -> Any:
    return _by_id(step, webhook=True)


def _by_id(step: Step, *, webhook: bool) -> Any:
    service = service_of(step.frame.run.flow, step.engine.options.services, step.definition)
    operation, request = request_by_id(service, step.evaluated_inputs())
    _check_kind(operation, webhook=webhook)
    return _made(step, service.send, request, polls=step.engine.options.connector_polls and not webhook)


def service_provider(step: Step) -> Any:
    """A built-in connector of the Standard plan, such as acasession."""
    inputs = step.evaluated_inputs()
    provider = inputs.get("serviceProviderConfiguration", {})
    service = service_of(step.frame.run.flow, step.engine.options.services, step.definition)
    if str(provider.get("serviceProviderId", "")).rpartition("/")[2].lower() != service.api.lower():
        raise FlowError(f"serviceProviderId is not that of the connection, {service.api}")
    parameters = inputs.get("parameters", {})
    host = {"operationId": provider.get("operationId", "")}
    operation = service.by_id(host["operationId"])
    named = {name if operation.parameter("query", name) else f"body/{name}": parameters[name] for name in parameters}
    operation, request = request_by_id(service, {"host": host, "parameters": named})
    return _made(step, service.send, request, polls=False)


def _check_kind(operation: Operation, *, webhook: bool) -> None:
    if operation.trigger:
        raise FlowError(f"{operation.operation_id} is a trigger, no action")
    if operation.webhook != webhook:
        kind = "with" if operation.webhook else "without"
        raise FlowError(f"{operation.operation_id} is called by an action {kind} Webhook in its type")


def _made(step: Step, send: Sender, request: Request, *, polls: bool, poll_headers: Json | None = None) -> Any:
    run, options = step.frame.run, step.engine.options
    inputs = step.inputs if isinstance(step.inputs, dict) else {}
    transfer = step.definition.get("runtimeConfiguration", {}).get("contentTransfer", {})
    limit = step.definition.get("limit", {}).get("timeout")
    counts = Counts()
    made = CallOptions(
        RetryPolicy.of(inputs.get("retryPolicy"), run.flow.dialect),
        polls=polls,
        chunked=transfer.get("transferMode") == "Chunked",
        seconds=options.call_seconds or CALL_SECONDS[run.flow.dialect],
        longest_seconds=seconds_of(limit) if limit else LONGEST_SECONDS,
        limits=options.limits,
        poll_headers=poll_headers or {},
    )
    try:
        return call(send, request, made, run.clock, counts).outputs()
    finally:
        step.result.attempts, step.result.polls = counts.attempts, counts.polls


CALLS: dict[str, Handler] = {
    "ApiConnection": api_connection,
    "ApiConnectionWebhook": api_connection_webhook,
    "Http": http,
    "OpenApiConnection": open_api_connection,
    "OpenApiConnectionWebhook": open_api_connection_webhook,
    "ServiceProvider": service_provider,
}
