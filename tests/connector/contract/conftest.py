"""The documents, as the running app serves them."""

from typing import Any

import pytest

from connector.contract.validation import METHODS

Json = dict[str, Any]


def operations(document: dict) -> dict[str, dict]:
    """By operationId, with the parameters of the path."""
    return {
        item[method]["operationId"]: {
            **item[method],
            "parameters": [*item.get("parameters", []), *item[method].get("parameters", [])],
        }
        for item in document["paths"].values()
        for method in METHODS
        if method in item
    }


@pytest.fixture(scope="session")
def agents(api) -> Json:
    response = api.call("GET", "/openapi.json")
    assert response.status_code == 200
    return response.json()


@pytest.fixture(scope="session")
def clients(api) -> Json:
    response = api.call("GET", "/openapi-full.json")
    assert response.status_code == 200
    return response.json()


@pytest.fixture(scope="session")
def makers(api) -> Json:
    response = api.call("GET", "/swagger.json")
    assert response.status_code == 200
    return response.json()


@pytest.fixture(scope="session")
def mcp(api) -> Json:
    response = api.call("GET", "/mcp-swagger.json")
    assert response.status_code == 200
    return response.json()
