"""Hooks for Schemathesis: eight of its checks, relaxed where the connector intentionally differs.

Schemathesis loads this module with `SCHEMATHESIS_HOOKS=tests.generated_requests`, as tests/test_generated_requests.py
sets it.
"""

import re
from typing import Any

import schemathesis
from jsonschema import Draft202012Validator
from schemathesis.checks import CheckContext
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import (
    EnsureResourceAvailability,
    MissingHeaderNotRejected,
    RejectedPositiveData,
    UndefinedStatusCode,
    UnsupportedMethodResponse,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ensure_resource_availability,
    missing_required_header,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from api_page.operations import operations
from connector.contract.validation import read_document

REPLACED = (
    "content_type_conformance",
    "ensure_resource_availability",
    "missing_required_header",
    "negative_data_rejection",
    "positive_data_acceptance",
    "response_schema_conformance",
    "status_code_conformance",
    "unsupported_method",
)
LONGEST_RUN_SECONDS = 5

_OPERATIONS = {operation.name: operation for operation in operations(read_document())}
_STATUSES = {
    entry["operationId"]: entry["responses"].keys()
    for item in read_document()["paths"].values()
    for entry in item.values()
    if isinstance(entry, dict)
}
_METHODS_AND_PATHS = {(operation.method, operation.path) for operation in _OPERATIONS.values()}


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Limit the timeout: generated code may do anything, including run forever."""
    if isinstance(body, dict) and type(body.get("timeoutInSeconds")) is int:
        if LONGEST_RUN_SECONDS < body["timeoutInSeconds"] <= 220:
            return {**body, "timeoutInSeconds": LONGEST_RUN_SECONDS}
    return body


@schemathesis.check
def invalid_data_is_rejected(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """Except that "" and null are accepted for optional values, and text for numbers and booleans."""
    try:
        return negative_data_rejection(ctx, response, case)
    except AcceptedNegativeData:
        if _is_valid_after_normalization(case):
            return None
        raise


@schemathesis.check
def valid_data_is_accepted(ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> bool | None:
    """Except for rules that are only in the descriptions: the characters of a file name, no name twice, no idempotency
    key with different code and no two different keys, a body in its Content-Encoding, a continuation token of the same
    list, a chunked upload begins without a body and within the size limit, one source of an import, names that blobs
    can have and URLs, the lifetime of links that a setting limits, a sign-in that the connector does not have, and
    messages of MCP are as its specification has them."""
    try:
        return positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        if case.operation.path in ("/mcp", "/imports", "/exports"):
            return None
        (code,) = response.headers.get("x-ms-error-code") or [""]
        if code in ("InvalidFileName", "IdempotencyKeyReused") or _names_a_file_twice(response.request.body):
            return None
        sent = {name.lower() for name in response.request.headers}
        if {"x-ms-transfer-mode", "content-encoding"} & sent or b" have different values. " in response.content:
            return None
        if response.json()["error"].get("target") in (
            "continuationToken",
            "lifetimeInSeconds",
            "signIn",
        ) or case.operation.path.startswith("/listings"):
            return None
        raise


@schemathesis.check
def created_resources_are_available(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """Except that a file is looked for in the session that the body names, which the check does not compare."""
    try:
        return ensure_resource_availability(ctx, response, case)
    except EnsureResourceAvailability:
        if isinstance(case.body, dict) and "sessionId" in case.body:
            return None
        raise


@schemathesis.check
def required_headers_are_required(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """Except that a token which names no upload comes first, and generated tokens do not."""
    try:
        return missing_required_header(ctx, response, case)
    except MissingHeaderNotRejected:
        if response.status_code == 404 and case.operation.path == "/uploads":
            return None
        raise


@schemathesis.check
def undocumented_methods_are_rejected(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """With 404 and no body, as by the Functions host. A derived document lacks some operations of its paths."""
    try:
        return unsupported_method(ctx, response, case)
    except UnsupportedMethodResponse:
        if (response.request.method, case.operation.path) in _METHODS_AND_PATHS:
            return None
        if response.status_code == 404 and not response.content:
            return None
        raise


@schemathesis.check
def statuses_are_documented(ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> bool | None:
    """Except that errors beside a success without a body are in the contract, and not in the agents' document."""
    try:
        return status_code_conformance(ctx, response, case)
    except UndefinedStatusCode:
        raw = case.operation.definition.raw
        if list(raw["responses"]) == ["204"] and str(response.status_code) in _STATUSES[raw["operationId"]]:
            return None
        raise


@schemathesis.check
def responses_have_the_documented_content_type(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """Except that the Functions host responds without a body if the function key is missing."""
    return None if _is_from_the_host(response) else content_type_conformance(ctx, response, case)


@schemathesis.check
def responses_have_the_documented_schema(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """Except for responses of the Functions host, as above."""
    return None if _is_from_the_host(response) else response_schema_conformance(ctx, response, case)


def _is_from_the_host(response: schemathesis.Response) -> bool:
    """All responses of the connector itself have a request ID."""
    return response.status_code == 401 and not response.content and "x-ms-request-id" not in response.headers


def _names_a_file_twice(body: Any) -> bool:
    names = re.findall(rb'filename="([^"]*)"|"fileName": "([^"]*)"', body) if isinstance(body, bytes) else []
    return len(set(names)) < len(names)


def _is_valid_after_normalization(case: schemathesis.Case) -> bool:
    operation = _OPERATIONS[case.operation.definition.raw["operationId"]]
    valid = True
    for location, values in (("query", case.query), ("path", case.path_parameters)):
        taken = [parameter for parameter in operation.parameters if parameter["in"] == location]
        schema = {
            "type": "object",
            "properties": {parameter["name"]: parameter["schema"] for parameter in taken},
            "required": [parameter["name"] for parameter in taken if parameter.get("required")],
        }
        valid = valid and _is_valid(_as_text(values or {}), schema)
    body, schema = case.body, operation.bodies.get(case.media_type or "", {})
    if case.media_type == "multipart/form-data" and isinstance(body, dict) and "file" in body:
        # Any value for a file is sent as a file.
        body = _as_text({name: value for name, value in body.items() if name != "file"})
        schema = {**schema, "required": []}
    return valid and ("properties" not in schema or _is_valid(body, schema))


def _as_text(values: Any) -> dict[str, Any]:
    """Values as they are sent as text: an empty list is not sent, and a list of one item is sent as that item."""
    sent = {}
    for name, value in values.items():
        items = value if isinstance(value, list) else [value]
        if len(items) == 1:
            sent[name] = items[0] if isinstance(items[0], list | dict) else str(items[0])
        elif items:
            sent[name] = items
    return sent


def _is_valid(sent: Any, schema: dict[str, Any]) -> bool:
    return bool(Draft202012Validator(schema).is_valid(_normalized(sent, schema)))


def _normalized(value: Any, schema: dict[str, Any]) -> Any:
    """`value` as the connector normalizes it before validation: what workflows send, in the form of the contract."""
    if isinstance(value, dict) and schema.get("type") == "object":
        members, required = schema.get("properties", {}), schema.get("required", [])
        return {
            name: _normalized(inner, members.get(name, {}))
            for name, inner in value.items()
            if name not in members or name in required or inner not in (None, "")
        }
    if isinstance(value, list) and schema.get("type") == "array":
        return [_normalized(item, schema["items"]) for item in value]
    if isinstance(value, str) and schema.get("type") == "integer":
        return int(value) if value.strip().isdecimal() else value
    if isinstance(value, str) and schema.get("type") == "boolean":
        return {"true": True, "false": False}.get(value.lower(), value)
    return value
