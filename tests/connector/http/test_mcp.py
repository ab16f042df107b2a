"""The MCP server over HTTP: bodies, headers, methods and statuses. Its messages are in tests/connector/mcp."""

import gzip
import http.client
import json
import random
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests import Response

from connector.telemetry.activity import VERSION
from tests.conftest import Api
from tests.connector.callers.entra_issuer import ALICE, CONNECTOR, EVE, TENANT, Issuer
from tests.connector.mcp.messages import legacy_headers, modern_headers, modern_request, request

JSON = {"Content-Type": "application/json"}


def call(api: Api, message: Any, headers: dict[str, str] | None = None) -> Response:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return api.call("POST", "/mcp", data=body, headers={**JSON, **(headers or {})})


def error_of(response: Response, status: int, code: int, *words: str) -> dict[str, Any]:
    """What all errors of the MCP server have in common, those of HTTP included."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert body.keys() == {"jsonrpc", "id", "error"} and body["jsonrpc"] == "2.0"
    assert body["error"]["code"] == code
    for word in words:
        assert word in body["error"]["message"], body["error"]["message"]
    error: dict[str, Any] = body["error"]
    return error


# ---- messages


def test_a_client_of_the_older_generation_connects(api: Api) -> None:
    """With a handshake, a notification that has no answer, and a list of tools."""
    result = call(api, request("initialize", {"protocolVersion": "2025-06-18"})).json()["result"]
    assert result["protocolVersion"] == "2025-06-18" and result["serverInfo"]["name"] == "code-interpreter"
    noted = call(api, {"jsonrpc": "2.0", "method": "notifications/initialized"}, legacy_headers("2025-06-18"))
    assert (noted.status_code, noted.content) == (202, b"")
    tools = call(api, request("tools/list"), legacy_headers("2025-06-18")).json()["result"]["tools"]
    assert "ExecutePythonCode" in [tool["name"] for tool in tools]


def test_a_client_of_the_newer_generation_connects(api: Api) -> None:
    """Without a handshake; header names are case-insensitive."""
    headers = {"MCP-PROTOCOL-version": "2026-07-28", "MCP-method": "server/discover"}
    result = call(api, modern_request("server/discover"), headers).json()["result"]
    assert result["supportedVersions"][0] == "2026-07-28" and result["resultType"] == "complete"


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "application/json, text/event-stream", "text/event-stream"]
)
def test_answers_are_json_and_not_stored(api: Api, accept: str | None) -> None:
    """Whatever the client accepts: the specification requires it to read JSON, and lets the server choose."""
    answered = call(api, request("ping"), {"Accept": accept} if accept else None)
    assert (answered.status_code, answered.headers["Content-Type"]) == (200, "application/json")
    assert answered.headers["Cache-Control"] == "no-store" and "Mcp-Session-Id" not in answered.headers


def test_statuses_are_those_of_the_generation(api: Api) -> None:
    """An unknown method has the status 404 since 2026-07-28, and 200 before."""
    error_of(call(api, request("nothing")), 200, -32601)
    modern = call(api, modern_request("nothing"), modern_headers("nothing"))
    error_of(modern, 404, -32601)
    assert modern.headers["x-ms-error-code"] == "MethodNotFound"


def test_text_that_utf8_cannot_encode_is_replaced(api: Api) -> None:
    """Half of a surrogate pair, wherever an answer repeats it."""
    answered = call(api, b'{"jsonrpc": "2.0", "id": 1, "method": "\\ud83d"}')
    assert "\\ufffd" in answered.text or "\ufffd" in answered.text
    answered.content.decode("utf-8").encode("utf-8")
    assert json.loads(answered.content)["error"]["message"].encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_message_may_have_any_encoding_of_json(api: Api, encoding: str) -> None:
    """With or without a byte order mark."""
    assert call(api, json.dumps(request("ping")).encode(encoding)).json()["result"] == {}


def test_a_message_may_be_compressed(api: Api) -> None:
    """With gzip, as the bodies of other operations."""
    body = gzip.compress(json.dumps(request("ping")).encode())
    assert call(api, body, {"Content-Encoding": "gzip"}).json()["result"] == {}
    error_of(call(api, body, {"Content-Encoding": "br"}), 415, 415)
    error_of(call(api, b"x", {"Content-Encoding": "gzip"}), 400, -32700)


# ---- bodies that are no message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{", "JSON"),
        (b"\xff\xfe\xfd", "UTF-8"),
        (b"\x1f\x8b\x08", "gzip"),
        (b'{"jsonrpc": "2.0", "id": 1, "id": 2, "method": "ping"}', "Duplicate member 'id'"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"a": {"b": 1, "b": 2}}}', "Duplicate member 'b'"),
        (b'{"jsonrpc": "2.0", "id": ' + b"9" * 5000 + b', "method": "ping"}', "too long"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping"} {}', "more"),
        (b"[" * 50_000 + b"]" * 50_000, "nested"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 100_000, "nested"),
        (b"[" + b"0," * 20_000 + b"0]", "10,000"),
        (b"event: message\ndata: {}\n\n", "JSON"),
    ],
)
def test_a_body_that_is_no_json_is_a_parse_error(api: Api, body: bytes, words: str) -> None:
    """Without an ID, and with what is wrong."""
    answered = call(api, body)
    assert error_of(answered, 400, -32700, words)["data"]["code"] == "InvalidRequest"
    assert answered.json()["id"] is None


def test_a_batch_is_refused(api: Api) -> None:
    """Only version 2025-03-26 has batches, and no known client sends one."""
    error_of(call(api, [request("ping")], legacy_headers("2025-03-26")), 400, -32600, "batch")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_bodies_that_pages_of_other_sites_can_send_are_refused(api: Api, content_type: str) -> None:
    """Browsers send them without asking first."""
    error_of(call(api, request("ping"), {"Content-Type": content_type}), 415, 415, "application/json")


def test_a_message_has_a_limit(api: Api) -> None:
    """That of the official SDK, 4 MiB, compressed or not: what is large is uploaded elsewhere."""
    allowed = request("ping", {"x": "a" * (4 * 1024 * 1024 - 200)})
    assert call(api, allowed).json()["result"] == {}
    too_large = json.dumps(request("ping", {"x": "a" * (4 * 1024 * 1024)})).encode()
    error_of(call(api, too_large), 413, 413, "CreateUploadUrl")
    error_of(call(api, gzip.compress(too_large), {"Content-Encoding": "gzip"}), 413, 413, "decompressed")


def test_code_of_the_longest_permitted_length_fits(start_connector: Callable[..., Api], emulator: Any) -> None:
    """Also if the setting permits more than the default, and each character takes twelve bytes."""
    connector = start_connector(**emulator.environment, MAX_CODE_CHARACTERS="600000")
    code = "\U0001f600" * 600_000
    body = json.dumps(request("tools/call", {"name": "nothing", "arguments": {"pythonCode": code}})).encode()
    assert len(body) > 7_000_000
    error_of(call(connector, body), 200, -32602, "nothing")


def test_a_chunked_body_is_answered_with_411(api: Api) -> None:
    """Such as those of the C# SDK: the Functions host drops them."""
    address = urlsplit(api.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    connection.request("POST", f"{address.path}/mcp", iter([b"{}"]), JSON, encode_chunked=True)
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    assert (response.status, response.headers["x-ms-error-code"]) == (411, "LengthRequired")
    assert body["error"]["code"] == 411 and "Content-Length" in body["error"]["message"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_is_nothing_to_get_or_delete(api: Api, method: str) -> None:
    """The server has neither streams nor sessions."""
    response = api.call(method, "/mcp", headers={"Accept": "text/event-stream", "Mcp-Session-Id": "x"})
    error_of(response, 405, 405, "POST")
    assert response.headers["Allow"] == "POST"


# ---- web pages


def test_pages_of_the_connectors_own_origin_may_call(api: Api) -> None:
    """Such as the Playground."""
    parts = urlsplit(api.url)
    assert call(api, request("ping"), {"Origin": f"{parts.scheme}://{parts.netloc}"}).status_code == 200


# ---- keys and tokens


def test_a_function_key_is_required_as_everywhere(api_with_key: Api) -> None:
    """Without it, the host refuses the request; the connector does not see it."""
    url = f"{api_with_key.url}/mcp"
    assert requests.post(url, json=request("ping"), timeout=30).status_code == 401
    headers = {"x-functions-key": api_with_key.key or ""}
    assert requests.post(url, json=request("ping"), headers=headers, timeout=30).json()["result"] == {}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.stop()


@pytest.fixture(scope="module")
def entra(running_connector: Any, emulator: Any, issuer: Issuer) -> Iterator[Api]:
    with running_connector(require_keys=True, **{**emulator.environment, **issuer.environment}) as connector:
        yield connector


def test_the_challenge_leads_to_the_metadata(entra: Api, issuer: Issuer) -> None:
    """Which name the address that was called, and where to get a token for what (RFC 9728)."""
    refused = call(entra, request("ping"))
    error_of(refused, 401, 401)
    challenge = refused.headers["WWW-Authenticate"]
    address = f"{entra.url}/oauth-protected-resource"
    assert challenge.startswith("Bearer ") and challenge.endswith(f', resource_metadata="{address}"')
    assert requests.get(address, timeout=30).json() == {
        "resource": f"{entra.url}/mcp",
        "resource_name": "Code Interpreter Connector",
        "authorization_servers": [f"{issuer.url}/{TENANT}/v2.0"],
        "scopes_supported": [f"api://{CONNECTOR}/.default"],
        "bearer_methods_supported": ["header"],
    }


def test_only_the_challenge_of_the_mcp_server_leads_there(entra: Api) -> None:
    """The metadata are those of another address than that of the operation."""
    refused = entra.call("GET", "/connection")
    assert "resource_metadata" not in refused.headers["WWW-Authenticate"]


def test_the_scope_is_that_of_the_resource_where_it_is_an_audience(
    start_connector: Callable[..., Api], emulator: Any, issuer: Issuer
) -> None:
    """Entra ID refuses clients that send a resource other than the scope's."""
    audience = "https://code.example/api/mcp"
    environment = {**emulator.environment, **issuer.environment, "PUBLIC_BASE_URL": "https://code.example"}
    connector = start_connector(**{**environment, "ENTRA_AUDIENCES": f"{CONNECTOR},api://{CONNECTOR},{audience}"})
    metadata = connector.call("GET", "/oauth-protected-resource").json()
    assert (metadata["resource"], metadata["scopes_supported"]) == (audience, [f"{audience}/.default"])


def test_a_token_of_an_allowed_caller_is_accepted(entra: Api, issuer: Issuer) -> None:
    """One of another caller is refused, in the form of the protocol."""
    assert call(entra, request("ping"), issuer.bearer(ALICE)).json()["result"] == {}
    error_of(call(entra, request("ping"), issuer.bearer(EVE)), 403, 403, "operator")


def test_a_connector_without_sign_in_has_no_metadata(api: Api) -> None:
    """Clients then know that they need a key."""
    response = api.call("GET", "/oauth-protected-resource")
    assert (response.status_code, response.headers["x-ms-error-code"]) == (404, "MetadataNotFound")


# ---- errors of the connector


def test_a_wrong_setting_is_reported_to_clients(start_connector: Callable[..., Api]) -> None:
    """In the form of the protocol, as an internal error."""
    error_of(
        call(start_connector(POOL_MANAGEMENT_ENDPOINT="x"), request("ping")), 500, -32603, "POOL_MANAGEMENT_ENDPOINT"
    )


def records(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    found = [json.loads(record.getMessage()) for record in caplog.records if record.name == "connector.telemetry"]
    return [record for record in found if record["record"] == "request"]


def test_the_record_names_the_method_and_the_tool(api: Api, session_id: str, caplog: pytest.LogCaptureFixture) -> None:
    """With the status of the execution, as for other operations."""
    caplog.set_level("INFO")
    arguments = {"pythonCode": "1/0", "sessionId": session_id}
    call(api, request("tools/call", {"name": "ExecutePythonCode", "arguments": arguments}))
    (record,) = records(caplog)
    assert (record["operation"], record["mcpMethod"], record["tool"]) == (
        "CallMcpServer",
        "tools/call",
        "ExecutePythonCode",
    )
    assert (record["status"], record["executionStatus"], record["version"]) == (200, "Failed", VERSION)


def test_the_record_has_no_text_of_callers(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Names that the server does not have are not in it."""
    caplog.set_level("INFO")
    call(api, request("secret-method"))
    call(api, request("tools/call", {"name": "secret-tool"}))
    assert [record.get("mcpMethod") for record in records(caplog)] == [None, "tools/call"]
    assert "secret" not in caplog.text


def test_the_record_has_the_code_of_an_error_of_a_tool(
    api_without_role: Api, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As a warning if it is one, although the status is 200."""
    caplog.set_level("INFO")
    call(api_without_role, request("tools/call", {"name": "ListFiles", "arguments": {"sessionId": session_id}}))
    (record,) = records(caplog)
    assert (record["status"], record["code"], record["tool"]) == (200, "SessionExecutorRoleMissing", "ListFiles")
    assert caplog.records[-1].levelname == "WARNING"


# ---- random bytes

MESSAGES = [
    (request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x"}}), {}),
    (request("tools/list"), legacy_headers()),
    (request("tools/call", {"name": "ListFiles", "arguments": {"sessionId": "a-b"}}), legacy_headers("2025-03-26")),
    (modern_request("resources/read", {"uri": "x:y"}), modern_headers("resources/read", "x:y")),
    (modern_request("tools/call", {"name": "GetFile", "arguments": {}}), modern_headers("tools/call", "GetFile")),
]
PIECES = [
    b"",
    b"{",
    b"}",
    b"[",
    b'"',
    b"\\",
    b"\\ud800",
    b"\x00",
    b"\xff",
    b"NaN",
    b"1e999",
    b"-",
    b"null",
    b"\xef\xbb\xbf",
    b",",
]


def broken(body: bytes, chance: random.Random) -> bytes:
    """The body with some of its bytes replaced, repeated, or cut off."""
    for _ in range(chance.randrange(1, 4)):
        start = chance.randrange(len(body) + 1)
        end = min(len(body), start + chance.randrange(12))
        body = body[:start] + chance.choice([*PIECES, chance.randbytes(3), body[start:end] * 2]) + body[end:]
    return body[: chance.randrange(len(body) + 1)] if chance.random() < 0.1 else body


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_have_a_documented_answer(api_without_role: Api, seed: int) -> None:
    """Never one of an error of the server; `tests/promised.py` compares each with openapi.yaml."""
    chance = random.Random(seed)
    with requests.Session() as session:
        for _ in range(700):
            message, headers = chance.choice(MESSAGES)
            body = broken(json.dumps(message).encode(), chance) if chance.random() < 0.9 else chance.randbytes(40)
            response = session.post(f"{api_without_role.url}/mcp", body, headers={**JSON, **headers}, timeout=30)
            assert response.status_code in (200, 202, 400, 404), (body, response.text)
            if response.status_code != 202:
                answered = response.json()
                assert answered["jsonrpc"] == "2.0" and ("result" in answered) != ("error" in answered)
