"""Checks that every response of the connector in a test is one that openapi.yaml promises.

Responses are checked in two places: in this process in `Connector.respond`, which all functions call, so that every
client is covered; and for a connector in another process, where `requests` receives them. A broken promise is kept
until the phase of the test ends, which then fails, even if the client has not read the response. Responses of other
processes to curl and other programs are not checked.
"""

import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import yaml
from jsonschema import Draft202012Validator
from requests.structures import CaseInsensitiveDict

from api_page.error_codes import error_codes
from api_page.operations import operations
from connector.app import Connector
from tests.markdown import address_of

_DOCUMENT = yaml.safe_load((Path(__file__).resolve().parents[1] / "openapi.yaml").read_text(encoding="utf-8"))

_HTTP = {
    "connection", "content-length", "content-type", "date", "server", "transfer-encoding",
    "x-ms-request-id", "x-ms-client-request-id",
}  # fmt: skip
"""Headers of every response: those of HTTP itself, and those that docs/api.md describes for all operations."""


class PromiseBroken(AssertionError):
    """A response is not one that openapi.yaml promises."""


class Promises:
    """The broken promises since the last `settle`. Responses are checked in many threads."""

    def __init__(self) -> None:
        self._responses = _responses_by_operation()
        self._taken = {operation.name: operation.taken for operation in operations(_DOCUMENT)}
        self._broken: list[str] = []
        self._lock = threading.Lock()

    def check(
        self, operation_id: str, method: str, status: int, headers: CaseInsensitiveDict[str], body: bytes
    ) -> None:
        """Keeps the promise that the response breaks, if it breaks one."""
        problem = self._problem(operation_id, method, status, headers, body)
        if problem:
            with self._lock:
                self._broken.append(f"{operation_id} returned {status}: {problem}")

    def settle(self) -> None:
        """Raises PromiseBroken if a promise was broken since the last time."""
        with self._lock:
            broken, self._broken = self._broken, []
        if broken:
            raise PromiseBroken("openapi.yaml promises other responses:\n" + "\n".join(broken))

    def watch(self) -> None:
        """From now on, checks every response in this process, and those that `requests` receives from others."""
        respond, send = Connector.respond, requests.Session.send

        def watched_respond(connector: Connector, operation_id: str, request: Any, *host: Any) -> Any:
            response = respond(connector, operation_id, request, *host)
            # As the host sends them: a Content-Type among the headers wins (emulator.functions_host).
            headers = CaseInsensitiveDict({"Content-Type": response.mimetype})
            headers.update(response.headers)
            self.check(operation_id, request.method, response.status_code, headers, response.get_body())
            return response

        def watched_send(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> Any:
            response = send(session, request, **options)
            operation_id = _operation_at(request.method or "", urlsplit(request.url or "").path)
            # A response without the header is the host's own, or another server's. So is one after a redirect.
            is_ours = "x-ms-request-id" in response.headers and not response.history
            if operation_id and is_ours and not options.get("stream"):
                self.check(operation_id, request.method or "", response.status_code, response.headers, response.content)
            return response

        Connector.respond = watched_respond  # type: ignore[method-assign]
        requests.Session.send = watched_send  # type: ignore[method-assign]

    def _problem(
        self, operation_id: str, method: str, status: int, headers: CaseInsensitiveDict[str], body: bytes
    ) -> str | None:
        responses = self._responses[operation_id]
        # `default` would promise everything: operations list all their statuses.
        promised = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        if promised is None:
            return f"the status is not one of {', '.join(responses)}"
        always = {name for name, header in promised.get("headers", {}).items() if header.get("required", True)}
        missing = sorted(name for name in {"x-ms-request-id", *always} if name not in headers)
        if missing:
            return f"the headers {', '.join(missing)} are missing"
        unexpected = sorted(
            {name.lower() for name in headers} - {name.lower() for name in promised.get("headers", {})} - _HTTP
        )
        if unexpected:
            return f"the headers {', '.join(unexpected)} are not in the document"
        code = headers.get("x-ms-error-code")
        if code is not None and code not in (codes := error_codes(promised, self._taken[operation_id])):
            return f"the error code is {code}, and not one of {', '.join(sorted(codes))}"
        if method == "HEAD":
            return None
        content = promised.get("content", {})
        if not content:
            return "there is a body, and none in the document" if body else None
        if "application/json" not in content:
            return None
        if headers["Content-Type"] != "application/json":
            return f"the Content-Type is {headers['Content-Type']}"
        try:
            value = json.loads(body)
        except ValueError:
            return "the body is not JSON"
        return "; ".join(
            f"{failure.json_path}: {failure.message}"
            for failure in Draft202012Validator(content["application/json"]["schema"]).iter_errors(value)
        )


def _resolved(node: Any) -> Any:
    if isinstance(node, dict) and "$ref" in node:
        target = _DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _resolved(target)
    if isinstance(node, dict):
        return {name: _resolved(value) for name, value in node.items()}
    return [_resolved(item) for item in node] if isinstance(node, list) else node


def _responses_by_operation() -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: _resolved(operation["responses"])
        for item in _DOCUMENT["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    }


def _operation_at(method: str, path: str) -> str | None:
    """The id of the operation with this path below the host's route prefix."""
    for template, item in _DOCUMENT["paths"].items():
        if method.lower() in item and address_of(f"/api{template}").fullmatch(path):
            return str(item[method.lower()]["operationId"])
    return None


promises = Promises()
