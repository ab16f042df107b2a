"""What Schemathesis loads beside its own checks: three of them, less narrow than they are where the connector means it.

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
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from connector.contract import read_document, resolved

REPLACED = ("negative_data_rejection", "positive_data_acceptance", "unsupported_method")
LONGEST_RUN_SECONDS = 5

_SOURCE = read_document()
_METHODS_AND_PATHS = {(method.upper(), path) for path, item in _SOURCE["paths"].items() for method in item}
_BODIES = {
    operation["operationId"]: resolved(content["application/json"]["schema"], _SOURCE)
    for item in _SOURCE["paths"].values()
    for method, operation in item.items()
    if method != "parameters" and "application/json" in (content := operation.get("requestBody", {}).get("content", {}))
}


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
    """But what workflows send for members without a value, and numbers and booleans as text, are taken as meant."""
    try:
        return negative_data_rejection(ctx, response, case)
    except AcceptedNegativeData:
        schema = _BODIES.get(case.operation.definition.raw["operationId"])
        if schema is not None and Draft202012Validator(schema).is_valid(_as_meant(case.body, schema)):
            return None
        raise


@schemathesis.check
def data_that_the_contract_allows_is_taken(
    ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """But two rules are words alone: what characters names have, of letters of any script; and each name once."""
    try:
        return positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        if response.headers.get("x-ms-error-code") == ["InvalidFileName"] or _names_a_file_twice(response.request.body):
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


def _names_a_file_twice(sent: Any) -> bool:
    names = re.findall(rb'filename="([^"]*)"|"fileName": "([^"]*)"', sent) if isinstance(sent, bytes) else []
    return len(set(names)) < len(names)


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
