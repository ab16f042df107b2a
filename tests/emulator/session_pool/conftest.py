"""A pool's wire, spoken directly."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

API_VERSION = "2025-10-02-preview"


@dataclass(frozen=True)
class Wire:
    """Calls to a pool's data plane in the name of one session."""

    endpoint: str
    token: str
    identifier: str

    def call(
        self, method: str, path: str, *, params: dict[str, str] | None = None, **request: Any
    ) -> requests.Response:
        query = {"identifier": self.identifier, "api-version": API_VERSION, **(params or {})}
        headers = {"Authorization": f"Bearer {self.token}", **request.pop("headers", {})}
        return requests.request(method, f"{self.endpoint}/{path}", params=query, headers=headers, timeout=60, **request)

    def run(self, code: str, **members: Any) -> dict[str, Any]:
        """The body of the execution."""
        response = self.call("POST", "executions", json={"code": code, **members})
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def value(self, code: str) -> Any:
        body = self.run(code)
        assert body["status"] == "Succeeded", json.dumps(body)
        return body["result"]["executionResult"]


@pytest.fixture
def wire_to(emulator: Any) -> Callable[..., Wire]:
    """Makes a wire to a session of the shared pool, or of another one."""
    return lambda identifier, pool=emulator: Wire(pool.pool.endpoint, pool.authority.issue()[0], identifier)


@pytest.fixture
def wire(wire_to: Callable[..., Wire], session_id: str) -> Wire:
    """A session that no other test uses."""
    return wire_to(session_id)


@pytest.fixture
def program() -> Callable[[str], str]:
    """The source of a misbehaving program."""
    return lambda name: (Path(__file__).parent / "programs" / f"{name}.py").read_text()
