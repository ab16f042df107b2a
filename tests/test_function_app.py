"""The functions are the operations of the contract."""

import importlib.util
from pathlib import Path

import azure.functions as func
import openapi_spec_validator
import pytest
import yaml

from connector.http.operations import OPERATIONS, OPERATIONS_WITHOUT_SETTINGS, PLAYGROUND

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text())
REFUSED = {("/mcp", "GET"), ("/mcp", "DELETE")}
"""What a function serves only to refuse it: the host itself would respond with a 404, and not with the 405 of MCP."""

ANONYMOUS = {
    "PollExecution",
    "PollTransfer",
    "CancelTransfer",
    "ListMoreFiles",
    "OpenSharedFile",
    "OpenSharedFileHeaders",
    "PutUpload",
    "PatchUpload",
    "GetUpload",
    "CancelUpload",
    "GetHealth",
    "GetOpenApiDocument",
    "GetFullOpenApiDocument",
    "GetSwaggerDocument",
    "GetProtectedResourceMetadata",
    "GetMcpSwaggerDocument",
    "GetPlayground",
    "GetPlaygroundFile",
}


def functions_of_the_app() -> list[func.Function]:
    spec = importlib.util.spec_from_file_location("function_app_of_this_test", ROOT / "function_app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: list[func.Function] = module.app.get_functions()
    return found


@pytest.fixture(scope="module")
def functions() -> list[func.Function]:
    return functions_of_the_app()


def test_with_entra_the_host_requires_no_key(monkeypatch):
    """The connector requires a token itself; also with missing settings, which responses then report."""
    monkeypatch.setenv("CONNECTOR_AUTH", "entra")
    levels = {function.get_trigger().auth_level.name for function in functions_of_the_app()}
    assert levels == {"ANONYMOUS"}


def operations() -> dict[tuple[str, str], dict]:
    return {
        (path, method.upper()): operation
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def test_the_document_is_valid():
    """openapi.yaml is a valid OpenAPI 3.0 document."""
    openapi_spec_validator.validate(DOCUMENT)


def test_functions_and_operations_are_the_same(functions):
    """Paths, methods and operationIds of openapi.yaml are those of the functions; they also accept a token as the last
    segment, where earlier versions put it."""
    served = {
        (
            f"/{function.get_trigger().route.removesuffix('/{token?}').replace('{*', '{')}",
            method.name,
        ): function.get_function_name()
        for function in functions
        for method in function.get_trigger().methods
    }
    assert {served.pop(place) for place in REFUSED} == {"CallMcpServer"}
    assert {place: operation["operationId"] for place, operation in operations().items()} == served


def test_every_function_requires_a_key_except_health_documents_and_signed_addresses(functions):
    """The anonymous ones are the same in functions and document."""
    levels = {function.get_function_name(): function.get_trigger().auth_level.name for function in functions}
    assert {name for name, level in levels.items() if level == "ANONYMOUS"} == ANONYMOUS
    assert set(levels.values()) == {"ANONYMOUS", "FUNCTION"}
    assert {o["operationId"] for o in operations().values() if o.get("security") == []} == ANONYMOUS


def test_every_operation_has_an_adapter():
    """And there are no others."""
    assert {*OPERATIONS, *OPERATIONS_WITHOUT_SETTINGS, *PLAYGROUND} == {
        operation["operationId"] for operation in operations().values()
    }
