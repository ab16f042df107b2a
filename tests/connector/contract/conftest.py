"""The documents, as the running app serves them."""

from typing import Any

import pytest

Json = dict[str, Any]


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
