"""The functions and the contract are the same list."""

import importlib.util
from pathlib import Path

import azure.functions as func
import openapi_spec_validator
import pytest
import yaml

from connector import app as http

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text())
ANONYMOUS = {
    "PollExecution",
    "PatchUpload",
    "GetUpload",
    "CancelUpload",
    "GetHealth",
    "GetOpenApiDocument",
    "GetSwaggerDocument",
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


def test_with_entra_the_host_asks_for_no_key(monkeypatch):
    """The connector then asks for a token itself; also where settings are missing, which callers are to hear."""
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
    """Paths, methods and operationIds of openapi.yaml equal those of the functions."""
    served = {
        (f"/{function.get_trigger().route}", method.name): function.get_function_name()
        for function in functions
        for method in function.get_trigger().methods
    }
    assert {place: operation["operationId"] for place, operation in operations().items()} == served


def test_every_function_asks_for_a_key_but_for_health_documents_and_parts(functions):
    """The anonymous ones are the same in the functions and in the document."""
    levels = {function.get_function_name(): function.get_trigger().auth_level.name for function in functions}
    assert {name for name, level in levels.items() if level == "ANONYMOUS"} == ANONYMOUS
    assert set(levels.values()) == {"ANONYMOUS", "FUNCTION"}
    assert {o["operationId"] for o in operations().values() if o.get("security") == []} == ANONYMOUS


def test_every_operation_is_answered():
    """Each operationId has its row in the edge's table, and nothing else has."""
    assert set(http._OPERATIONS) == {operation["operationId"] for operation in operations().values()}
