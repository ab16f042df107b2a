"""Messages of both generations of the protocol, and the answers to them.

The rules are those of modelcontextprotocol.io/specification, in the versions 2025-11-25 ("Transports") and 2026-07-28
("Streamable HTTP" and "Overview").
"""

import base64
from typing import Any

import pytest

from connector.errors import ConnectorError, FileNotFound
from connector.mcp.protocol import LEGACY_VERSIONS, VERSIONS, Client, Json, ProtocolError
from connector.mcp.server import Answer, answer
from tests.connector.mcp.messages import (
    LEGACY,
    METHODS,
    MODERN,
    PREFIX,
    SERVER,
    legacy_headers,
    modern_headers,
    modern_request,
    request,
)


def answered(message: Any, headers: dict[str, str] | None = None) -> Answer:
    return answer(message, headers or {}, SERVER, METHODS)


def result_of(answer: Answer) -> Json:
    assert answer.status == 200 and answer.body is not None
    assert answer.body.keys() == {"jsonrpc", "id", "result"} and answer.body["jsonrpc"] == "2.0"
    result: Json = answer.body["result"]
    return result


def error_of(answer: Answer, status: int, code: int, *words: str) -> Json:
    assert answer.body is not None and answer.body.keys() == {"jsonrpc", "id", "error"}, answer
    error: Json = answer.body["error"]
    assert (answer.status, error["code"]) == (status, code), error
    for word in words:
        assert word in error["message"], error["message"]
    return error


# ---- before 2026-07-28


@pytest.mark.parametrize(
    ("asked", "agreed"),
    [*((version, version) for version in LEGACY_VERSIONS), ("2024-11-05", LEGACY), (MODERN, LEGACY), (None, LEGACY)],
)
def test_initialize_agrees_on_the_version_that_is_asked_for(asked: str | None, agreed: str) -> None:
    """Or on the newest that has a handshake."""
    result = result_of(answered(request("initialize", {} if asked is None else {"protocolVersion": asked})))
    assert result == {
        "protocolVersion": agreed,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "a-server", "version": "1.2.3"},
        "instructions": "Use it.",
    }


def test_initialize_needs_no_params() -> None:
    """Then the version is the newest that has a handshake."""
    assert result_of(answered(request("initialize")))["protocolVersion"] == LEGACY


def test_initialize_refuses_a_version_that_is_no_text() -> None:
    """As wrong parameters of a method: in a response with status 200."""
    error_of(answered(request("initialize", {"protocolVersion": 1})), 200, -32602)


def test_ping_has_an_empty_result() -> None:
    """In the older generation."""
    assert result_of(answered(request("ping"), legacy_headers())) == {}


@pytest.mark.parametrize("version", LEGACY_VERSIONS)
def test_the_version_of_a_request_is_in_its_header(version: str) -> None:
    """And the server remembers nothing of the handshake."""
    assert result_of(answered(request("tools/list"), legacy_headers(version)))["version"] == version


def test_a_request_without_the_header_has_the_version_before_it() -> None:
    """As the specification recommends."""
    assert result_of(answered(request("tools/list")))["version"] == "2025-03-26"


@pytest.mark.parametrize("version", ["2024-11-05", "1900-01-01", "", "2025-11-25,2025-11-25", "\u2603"])
@pytest.mark.parametrize("message", [request("ping"), request("initialize"), {"jsonrpc": "2.0", "method": "n"}])
def test_an_unknown_version_in_the_header_is_refused(version: str, message: Json) -> None:
    """With the versions that are known, for every message."""
    error = error_of(answered(message, legacy_headers(version)), 400, -32022, *VERSIONS)
    assert error["data"] == {"supported": list(VERSIONS), "requested": version}


def test_params_may_be_absent_or_null() -> None:
    """Then a method gets none."""
    assert result_of(answered(request("tools/list")))["params"] == {}
    assert result_of(answered({**request("tools/list"), "params": None}))["params"] == {}


@pytest.mark.parametrize("method", ["prompts/list", "server/discover", "tools/", "TOOLS/LIST", "__class__", "\ud800"])
def test_an_unknown_method_is_an_error_with_status_200(method: str) -> None:
    """In the older generation."""
    error_of(answered(request(method), legacy_headers()), 200, -32601)


@pytest.mark.parametrize("code", [-32602, -32002, -32603, 7])
def test_an_error_of_a_method_is_returned_with_status_200(code: int) -> None:
    """In the older generation."""
    assert error_of(answered(request("fail", {"code": code})), 200, code)["data"] == {"why": "asked for"}


# ---- messages that are none


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ([], "batch"),
        ([request("ping")], "batch"),
        (None, "object"),
        (True, "object"),
        ("ping", "object"),
        (1.5, "object"),
        ({}, "jsonrpc"),
        ({"id": 1, "method": "ping"}, "jsonrpc"),
        ({"jsonrpc": 2.0, "id": 1, "method": "ping"}, "jsonrpc"),
        ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, "jsonrpc"),
        ({"jsonrpc": "2.0", "id": 1}, "method"),
        ({"jsonrpc": "2.0", "id": 1, "method": None}, "method"),
        ({"jsonrpc": "2.0", "id": 1, "method": ["ping"]}, "method"),
        ({"jsonrpc": "2.0", "id": 1, "method": ""}, "method"),
        *((request("ping", request_id=wrong), "id") for wrong in (None, True, 1.0, 1.5, [], {}, "\ud800")),
    ],
)
@pytest.mark.parametrize("headers", [{}, legacy_headers(), modern_headers("ping")], ids=["none", "legacy", "modern"])
def test_what_is_no_message_is_refused_with_400(message: Any, words: str, headers: dict[str, str]) -> None:
    """In both generations."""
    error_of(answered(message, headers), 400, -32600, words)


@pytest.mark.parametrize("params", [[], [1], "x", 1, True, 0, False, ""])
def test_params_that_are_no_object_are_refused(params: Any) -> None:
    """Methods of MCP have named parameters."""
    error_of(answered({**request("tools/list"), "params": params}), 400, -32602, "params")


@pytest.mark.parametrize("request_id", ["a", "", "\u2603\0", 0, -1, 2**64, 10**400])
def test_an_answer_repeats_the_id(request_id: Any) -> None:
    """Exactly, in results and errors; also if the message is wrong in another way."""
    for message in (request("ping"), request("nothing"), {"jsonrpc": "1.0"}):
        body = answered({**message, "id": request_id}).body
        assert body is not None and body["id"] == request_id and type(body["id"]) is type(request_id)


@pytest.mark.parametrize("request_id", [None, True, 1.5, [], "\ud800"])
def test_an_id_that_cannot_be_repeated_is_null(request_id: Any) -> None:
    """As JSON-RPC demands of an answer to a request whose ID is unknown."""
    body = answered(request("ping", request_id=request_id)).body
    assert body is not None and body["id"] is None


# ---- notifications and responses


@pytest.mark.parametrize("headers", [{}, legacy_headers(), modern_headers("notifications/cancelled")])
@pytest.mark.parametrize("method", ["notifications/initialized", "notifications/cancelled", "tools/call", "nothing"])
def test_a_notification_is_accepted_and_has_no_answer(method: str, headers: dict[str, str]) -> None:
    """And nothing is called for it."""
    assert answered({"jsonrpc": "2.0", "method": method, "params": {"requestId": 1}}, headers) == Answer(202, None)


@pytest.mark.parametrize("member", ["result", "error"])
def test_a_response_of_a_client_is_accepted_where_it_could_be_one(member: str) -> None:
    """Since 2026-07-28, clients must not send any."""
    message = {"jsonrpc": "2.0", "id": 1, member: {}}
    assert answered(message, legacy_headers()) == Answer(202, None)
    error_of(answered(message, modern_headers("x")), 400, -32600, "response")


# ---- since 2026-07-28


def test_discover_states_versions_capabilities_and_identity() -> None:
    """With the extensions, and how long that is valid for all callers."""
    assert result_of(answered(modern_request("server/discover"), modern_headers("server/discover"))) == {
        "resultType": "complete",
        "supportedVersions": list(VERSIONS),
        "capabilities": {"tools": {}, "extensions": {"example.com/extension": {}}},
        "instructions": "Use it.",
        "ttlMs": 300_000,
        "cacheScope": "public",
        "_meta": {PREFIX + "serverInfo": {"name": "a-server", "version": "1.2.3"}},
    }


@pytest.mark.parametrize(
    ("method", "params", "name", "expected"),
    [
        ("tools/list", {}, None, (300_000, "public")),
        ("resources/read", {"uri": "a:b"}, "a:b", (0, "private")),
        ("tools/call", {"name": "A"}, "A", None),
    ],
)
def test_results_state_their_type_server_and_validity(
    method: str, params: Json, name: str | None, expected: Any
) -> None:
    """Only lists and resources can be kept."""
    result = result_of(answered(modern_request(method, params), modern_headers(method, name)))
    assert result["resultType"] == "complete" and result["version"] == MODERN
    assert result["_meta"][PREFIX + "serverInfo"]["name"] == "a-server"
    assert ((result["ttlMs"], result["cacheScope"]) if expected else result.get("ttlMs")) == expected


def test_what_a_method_states_itself_has_precedence() -> None:
    """Such as another type, which is valid for no time, and more metadata."""

    def read(_: Json, __: Client) -> Json:
        return {"resultType": "task", "_meta": {"a": 1}}

    given = answer(
        modern_request("resources/read", {"uri": "u"}),
        modern_headers("resources/read", "u"),
        SERVER,
        {"resources/read": read},
    )
    result = result_of(given)
    assert result["resultType"] == "task" and "ttlMs" not in result
    assert result["_meta"].keys() == {"a", PREFIX + "serverInfo"}


def test_a_method_gets_the_extensions_of_that_request() -> None:
    """Those of a client of the older generation are unknown."""
    message = modern_request("tools/list", clientCapabilities={"extensions": {"a/b": {"c": 1}}})
    assert result_of(answered(message, modern_headers("tools/list")))["extensions"] == {"a/b": {"c": 1}}
    assert result_of(answered(request("tools/list"), legacy_headers()))["extensions"] == {}


@pytest.mark.parametrize("capabilities", [{"extensions": None}, {"extensions": []}, {"extensions": "x"}])
def test_extensions_that_are_no_object_are_none(capabilities: Json) -> None:
    """They are not needed for the core of the protocol."""
    message = modern_request("tools/list", clientCapabilities=capabilities)
    assert result_of(answered(message, modern_headers("tools/list")))["extensions"] == {}


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ({"protocolVersion": 1}, "protocolVersion"),
        ({"protocolVersion": []}, "protocolVersion"),
        ({"protocolVersion": None}, "protocolVersion"),
        ({"clientCapabilities": None}, "clientCapabilities"),
        ({"clientCapabilities": []}, "clientCapabilities"),
        ({"clientCapabilities": "x"}, "clientCapabilities"),
    ],
)
def test_a_request_without_its_metadata_is_refused(meta: Json, words: str) -> None:
    """The message names what is missing."""
    error_of(answered(modern_request("tools/list", **meta), modern_headers("tools/list")), 400, -32602, words)


@pytest.mark.parametrize("meta", [None, [], "x", 1])
def test_metadata_that_is_no_object_is_refused(meta: Any) -> None:
    """As if it were missing."""
    error_of(answered(request("tools/list", {"_meta": meta}), modern_headers("tools/list")), 400, -32602, "_meta")


def test_an_unknown_version_is_refused_with_those_that_are_known() -> None:
    """If header and body agree on it."""
    message = modern_request("tools/list", protocolVersion="2099-01-01")
    error = error_of(answered(message, modern_headers("tools/list", version="2099-01-01")), 400, -32022)
    assert error["data"] == {"supported": list(VERSIONS), "requested": "2099-01-01"}


NAMED = [("tools/call", "name"), ("resources/read", "uri"), ("tasks/get", "taskId")]


@pytest.mark.parametrize("missing", ["mcp-protocol-version", "mcp-method", "mcp-name"])
def test_a_missing_header_is_refused(missing: str) -> None:
    """The message names it."""
    headers = modern_headers("tools/call", "A")
    del headers[missing]
    error = error_of(answered(modern_request("tools/call", {"name": "A"}), headers), 400, -32020, "missing")
    assert missing in error["message"].lower()


@pytest.mark.parametrize(
    "headers",
    [
        modern_headers("tools/call", "A", LEGACY),
        modern_headers("tools/call", "A", "2099-01-01"),
        modern_headers("tools/list", "A"),
        modern_headers("Tools/call", "A"),
        modern_headers("tools/call", "B"),
        modern_headers("tools/call", "a"),
        modern_headers("tools/call", "A,A"),
        modern_headers("tools/call", ""),
    ],
)
def test_a_header_that_differs_from_the_body_is_refused(headers: dict[str, str]) -> None:
    """Values are case-sensitive."""
    error_of(answered(modern_request("tools/call", {"name": "A"}), headers), 400, -32020)


@pytest.mark.parametrize(("method", "parameter"), NAMED)
@pytest.mark.parametrize(
    "name", ["ascii", "Gr\u00fc\u00dfe \u4e16\u754c", " padded ", "a\nb", "=?base64?literal?=", ""]
)
def test_a_name_may_be_encoded(method: str, parameter: str, name: str) -> None:
    """As base64 of UTF-8, between markers; plain ASCII need not be."""
    encoded = f"=?base64?{base64.b64encode(name.encode()).decode()}?="
    result_of(answered(modern_request(method, {parameter: name}), modern_headers(method, encoded)))


@pytest.mark.parametrize(
    "value", ["=?base64?!?=", "=?base64?QQ?=", "=?base64?/w==?=", "=?BASE64?QQ==?=", "=?base64?QQ=="]
)
def test_a_name_that_is_not_encoded_correctly_is_refused(value: str) -> None:
    """The markers are case-sensitive."""
    error_of(answered(modern_request("tools/call", {"name": "A"}), modern_headers("tools/call", value)), 400, -32020)


@pytest.mark.parametrize("name", ["Gr\u00fc\u00dfe", "a\x00b", "=?base64?!?="])
def test_a_name_that_must_be_encoded_and_is_not_is_refused(name: str) -> None:
    """Also if it is that of the body."""
    error_of(answered(modern_request("tools/call", {"name": name}), modern_headers("tools/call", name)), 400, -32020)


def test_custom_headers_are_ignored() -> None:
    """No tool asks for any, so none is recognized."""
    headers = {
        **modern_headers("tools/call", "A"),
        "mcp-param-region": "x",
        "mcp-session-id": "y",
        "last-event-id": "z",
    }
    result_of(answered(modern_request("tools/call", {"name": "A"}), headers))


@pytest.mark.parametrize("name", [None, 1, [], {}])
def test_a_name_that_is_no_text_is_left_to_the_method(name: Any) -> None:
    """It refuses it."""
    params = {} if name is None else {"name": name}
    assert "params" in result_of(answered(modern_request("tools/call", params), modern_headers("tools/call")))


@pytest.mark.parametrize("method", ["ping", "initialize", "logging/setLevel", "prompts/list", "nothing"])
def test_an_unknown_method_is_an_error_with_status_404(method: str) -> None:
    """Such as those that only the older generation has."""
    error_of(answered(modern_request(method), modern_headers(method)), 404, -32601, method)


@pytest.mark.parametrize(
    ("code", "status"), [(-32602, 400), (-32601, 404), (-32021, 400), (-32603, 200), (-32000, 200), (7, 200)]
)
def test_an_error_of_a_method_has_the_status_of_its_code(code: int, status: int) -> None:
    """Those without a status of their own have 200."""
    error_of(answered(modern_request("fail", {"code": code}), modern_headers("fail")), status, code)


@pytest.mark.parametrize("version", LEGACY_VERSIONS)
def test_a_message_that_states_a_version_agrees_with_its_header(version: str) -> None:
    """Otherwise a gateway could take it for one of the other generation."""
    message = modern_request("tools/list", protocolVersion=version)
    assert result_of(answered(message, legacy_headers(version)))["version"] == version
    error_of(answered(message, legacy_headers(MODERN)), 400, -32020)
    error_of(answered(modern_request("tools/list"), legacy_headers(version)), 400, -32020)


# ---- errors of operations, and bugs


@pytest.mark.parametrize("modern", [False, True])
def test_an_error_of_the_connector_has_its_status_as_its_code(modern: bool) -> None:
    """And the connector's own code in its data."""

    def read(_: Json, __: Client) -> Json:
        raise FileNotFound("There is no such file.", target="uri")

    message = (modern_request if modern else request)("resources/read", {"uri": "u"})
    headers = modern_headers("resources/read", "u") if modern else legacy_headers()
    error = error_of(answer(message, headers, SERVER, {"resources/read": read}), 200, 404, "no such file")
    assert error["data"] == {"code": "FileNotFound", "target": "uri"}


def test_a_bug_of_a_method_is_not_hidden() -> None:
    """It reaches the wrapper around all operations, which logs it."""

    def fail(_: Json, __: Client) -> Json:
        raise KeyError("a bug")

    assert not issubclass(KeyError, (ProtocolError, ConnectorError))
    with pytest.raises(KeyError):
        answer(request("fail"), {}, SERVER, {"fail": fail})
