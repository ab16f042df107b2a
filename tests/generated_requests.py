"""What Schemathesis loads beside its own checks: five of them, less narrow than they are where the connector means it.

`SCHEMATHESIS_HOOKS=tests.generated_requests` names this module to it; tests/test_generated_requests.py does.
"""

import re
from typing import Any

import schemathesis
from jsonschema import Draft202012Validator
from schemathesis.checks import CheckContext
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    unsupported_method,
)

from api_page.operations import operations
from connector.contract.validation import read_document

REPLACED = (
    "content_type_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "response_schema_conformance",
    "unsupported_method",
)
LONGEST_RUN_SECONDS = 5

_OPERATIONS = {operation.name: operation for operation in operations(read_document())}
_METHODS_AND_PATHS = {(operation.method, operation.path) for operation in _OPERATIONS.values()}


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Code that was made up may do anything, also run on."""
    if isinstance(body, dict) and type(body.get("timeoutInSeconds")) is int:
        if LONGEST_RUN_SECONDS < body["timeoutInSeconds"] <= 220:
            return {**body, "timeoutInSeconds": LONGEST_RUN_SECONDS}
    return body


@schemathesis.check
def data_that_the_contract_forbids_is_refused(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """But "" and null for what may be left out, and numbers and booleans as text, are taken as they are meant."""
    try:
        return negative_data_rejection(ctx, response, case)
    except AcceptedNegativeData:
        if _is_right_as_meant(case):
            return None
        raise


@schemathesis.check
def data_that_the_contract_allows_is_taken(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """But four rules are words alone: names have letters of any script, each is there once, each key has one code, and
    a file that comes in parts has no body at first, and fits."""
    try:
        return positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        (code,) = response.headers.get("x-ms-error-code") or [""]
        if code in ("InvalidFileName", "IdempotencyKeyReused") or _names_a_file_twice(response.request.body):
            return None
        if "x-ms-transfer-mode" in response.request.headers:
            return None
        raise


@schemathesis.check
def methods_that_the_contract_does_not_have_are_refused(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """With 404 and no body, as the Functions host does it. A derived document has not all operations of its paths."""
    try:
        return unsupported_method(ctx, response, case)
    except UnsupportedMethodResponse:
        if (response.request.method, case.operation.path) in _METHODS_AND_PATHS:
            return None
        if response.status_code == 404 and not response.content:
            return None
        raise


@schemathesis.check
def answers_are_of_the_type_that_the_contract_has(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """But where a function key is missing, the Functions host answers, without a body."""
    return None if _is_the_hosts(response) else content_type_conformance(ctx, response, case)


@schemathesis.check
def answers_have_the_shape_that_the_contract_has(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """But for the Functions host's, as above."""
    return None if _is_the_hosts(response) else response_schema_conformance(ctx, response, case)


def _is_the_hosts(response: schemathesis.Response) -> bool:
    """The connector's own answers all name their request."""
    return response.status_code == 401 and not response.content and "x-ms-request-id" not in response.headers


def _names_a_file_twice(sent: Any) -> bool:
    names = re.findall(rb'filename="([^"]*)"|"fileName": "([^"]*)"', sent) if isinstance(sent, bytes) else []
    return len(set(names)) < len(names)


def _is_right_as_meant(case: schemathesis.Case) -> bool:
    operation = _OPERATIONS[case.operation.definition.raw["operationId"]]
    right = True
    for place, values in (("query", case.query), ("path", case.path_parameters)):
        taken = [parameter for parameter in operation.parameters if parameter["in"] == place]
        schema = {
            "type": "object",
            "properties": {parameter["name"]: parameter["schema"] for parameter in taken},
            "required": [parameter["name"] for parameter in taken if parameter.get("required")],
        }
        right = right and _is_valid(_as_text(values or {}), schema)
    body, schema = case.body, operation.bodies.get(case.media_type or "", {})
    if case.media_type == "multipart/form-data" and isinstance(body, dict) and "file" in body:
        # Whatever stands for a file is sent as one.
        body = _as_text({name: value for name, value in body.items() if name != "file"})
        schema = {**schema, "required": []}
    return right and ("properties" not in schema or _is_valid(body, schema))


def _as_text(values: Any) -> dict[str, Any]:
    """As they are sent where all is text: of a list without items nothing, and of a list of one that item."""
    sent = {}
    for name, value in values.items():
        items = value if isinstance(value, list) else [value]
        if len(items) == 1:
            sent[name] = items[0] if isinstance(items[0], list | dict) else str(items[0])
        elif items:
            sent[name] = items
    return sent


def _is_valid(sent: Any, schema: dict[str, Any]) -> bool:
    return bool(Draft202012Validator(schema).is_valid(_as_meant(sent, schema)))


def _as_meant(value: Any, schema: dict[str, Any]) -> Any:
    """`value` with the contract's words for what a workflow says in its own."""
    if isinstance(value, dict) and schema.get("type") == "object":
        members, required = schema.get("properties", {}), schema.get("required", [])
        return {
            name: _as_meant(inner, members.get(name, {}))
            for name, inner in value.items()
            if name not in members or name in required or inner not in (None, "")
        }
    if isinstance(value, list) and schema.get("type") == "array":
        return [_as_meant(item, schema["items"]) for item in value]
    if isinstance(value, str) and schema.get("type") == "integer":
        return int(value) if value.strip().isdecimal() else value
    if isinstance(value, str) and schema.get("type") == "boolean":
        return {"true": True, "false": False}.get(value.lower(), value)
    return value
