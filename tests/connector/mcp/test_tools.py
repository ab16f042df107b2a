"""The tools as hosts and models see them: schemas that no host refuses, true annotations, forgiving arguments."""

import json
import random
import re

import pytest

from connector.contract.validation import Contract
from connector.mcp.tools import TOOLS
from tests.connector.mcp.calls import MODERN, call, request, result_of, run

NAMES = [
    "ExecutePythonCode",
    "GetExecution",
    "CancelExecution",
    "UploadFile",
    "CreateUploadUrl",
    "ImportFile",
    "ListFiles",
    "GetFile",
    "ShareFile",
    "DeleteFile",
]
KEYWORDS = {"type", "enum", "minimum", "maximum", "description"}
"""What all hosts read. Not among them: `$ref`, `anyOf`, `format`, `pattern`, `default`, `additionalProperties`."""


@pytest.fixture(scope="module")
def listed(api):
    return request(api, "tools/list").result["tools"]


def test_the_tools_are_listed_in_a_fixed_order(api, listed):
    """In both generations of the protocol, the same."""
    assert [tool["name"] for tool in listed] == NAMES
    assert request(api, "tools/list", version=MODERN).result["tools"] == listed


def test_each_tool_is_an_operation_of_the_contract():
    """By its operationId."""
    assert {tool.name for tool in TOOLS} <= Contract(max_code_characters=1000).operations.keys()


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_flat(listed, name):
    """An object whose members are texts, integers or booleans, each described in words, with keywords that all hosts
    read.
    """
    schema = next(tool for tool in listed if tool["name"] == name)["inputSchema"]
    assert schema.keys() == {"type", "properties", "required"}
    assert schema["type"] == "object"
    assert set(schema["required"]) <= schema["properties"].keys()
    for member in schema["properties"].values():
        assert member.keys() <= KEYWORDS
        assert member["type"] in ("string", "integer", "boolean")
        assert re.fullmatch(r"[A-Z/a-z].+\.", member["description"])
        assert all(isinstance(word, str) for word in member.get("enum", []))


def test_the_limits_of_arguments_are_those_of_the_contract(listed, api):
    """They are not written twice."""
    members = listed[0]["inputSchema"]["properties"]
    body = Contract(max_code_characters=262_144).operations["ExecutePythonCode"].bodies["application/json"]
    for keyword in ("type", "minimum", "maximum"):
        assert members["timeoutInSeconds"][keyword] == body["properties"]["timeoutInSeconds"][keyword]


def test_the_length_of_code_is_that_of_the_settings(start_connector, emulator):
    """MAX_CODE_CHARACTERS."""
    api = start_connector(**emulator.environment, MAX_CODE_CHARACTERS="50")
    refused = run(api, "1 + 1" + " " * 50)
    assert refused.is_error
    assert "pythonCode has 55 characters" in refused.text


def test_annotations_state_what_a_tool_may_do(listed):
    """So that a host asks its user before what may change or delete something."""
    hints = {tool["name"]: tool["annotations"] for tool in listed}
    assert {name for name, hint in hints.items() if hint["readOnlyHint"]} == {"GetExecution", "ListFiles", "GetFile"}
    assert {name for name, hint in hints.items() if hint.get("destructiveHint")} == {
        "ExecutePythonCode",
        "CancelExecution",
        "UploadFile",
        "ImportFile",
        "DeleteFile",
    }
    assert {name for name, hint in hints.items() if hint.get("idempotentHint")} == {"CancelExecution", "DeleteFile"}
    assert {name for name, hint in hints.items() if hint["openWorldHint"]} == {
        "ExecutePythonCode",
        "CreateUploadUrl",
        "ImportFile",
        "ShareFile",
    }
    assert all(hint["title"] for hint in hints.values())


def test_the_list_costs_a_model_little(api):
    """Models read it with every request: it has less than 8,000 characters, annotations included."""
    assert len(json.dumps(request(api, "tools/list").result["tools"])) < 8_000


def test_the_server_states_how_to_use_it(api):
    """In a few sentences, in both generations."""
    opened = request(api, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}}).result
    assert "begin with the session ID" in opened["instructions"]
    assert len(opened["instructions"]) < 600
    assert opened["capabilities"].keys() == {"tools", "resources", "prompts"}
    assert request(api, "server/discover", version=MODERN).result["instructions"] == opened["instructions"]


# ---- arguments


def test_arguments_may_be_written_as_models_write_them(api, session_id):
    """Null for an optional argument, numbers as text, and names in another case or with underscores."""
    ran = call(api, "ExecutePythonCode", python_code="6 * 7", SessionId=session_id, timeoutInSeconds="60", unknown=None)
    assert not ran.is_error
    assert ran.session_id == session_id
    assert call(api, "ListFiles", session_id=session_id, recursive="True", folder="").is_error is False


@pytest.mark.parametrize("text", ["null", "None", "undefined", ""])
def test_a_word_for_no_session_is_no_session_id(api, text):
    """Otherwise, all conversations of such a model would share one session."""
    assert re.fullmatch("[0-9a-f]{32}-[0-9a-f]{8}", run(api, "1", text).session_id)


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("ExecutePythonCode", {}, "argument pythonCode is missing"),
        ("ExecutePythonCode", {"pythonCode": ""}, "pythonCode is empty"),
        ("ExecutePythonCode", {"pythonCode": None}, "pythonCode is null"),
        ("ExecutePythonCode", {"pythonCode": ["1"]}, "pythonCode is a list"),
        ("ExecutePythonCode", {"code": "1"}, "Unknown argument code: did you mean pythonCode?"),
        ("ExecutePythonCode", {"pythonCode": "1", "timeoutInSeconds": 0}, "timeoutInSeconds is 0"),
        ("ExecutePythonCode", {"pythonCode": "1", "timeoutInSeconds": "soon"}, "timeoutInSeconds is"),
        ("ExecutePythonCode", {"pythonCode": "1", "waitInSeconds": 5}, "Unknown argument waitInSeconds"),
        ("ExecutePythonCode", {"pythonCode": "1", "sessionId": "my session"}, "omit it to start a new session"),
        ("ListFiles", {"session_id": "session-1", "session-id": "session-2"}, "Unknown argument session-id"),
        ("GetExecution", {"executionId": "x"}, "argument sessionId is missing"),
        ("GetExecution", {"sessionId": "none", "executionId": "x"}, "ExecutionNotFound"),
        ("ListFiles", {"sessionId": "a b c d"}, "sessionId is not a session ID"),
        ("UploadFile", {"fileName": "a.txt"}, "argument content is missing"),
        ("UploadFile", {"fileName": "a.txt", "content": "x", "encoding": "hex"}, "Send one of text, base64"),
        ("GetFile", {"sessionId": "session", "fileName": "x", "offset": -1}, "offset is -1"),
    ],
)
def test_another_argument_is_an_error_that_names_it(api, tool, arguments, words):
    """As the result of the tool, so that the model reads it."""
    refused = call(api, tool, **arguments)
    assert refused.is_error
    assert words in refused.text


@pytest.mark.parametrize("tool", NAMES)
def test_any_arguments_have_a_result(api_without_role, tool):
    """Whatever their names, types and values are: an error of the tool, or of the pool."""
    chance = random.Random(tool)
    names = ["sessionId", "session_id", "fileName", "folder", "pythonCode", "executionId", "content", "offset", "x\n"]
    values = [
        None, True, -1, 10**30, 1.5, float("1e308"), "", " ", "null", "a" * 300, "\ud800", "../..", "/mnt/data/a/b",
        "/", "a\x00b", "漢/字", [], [[1]], {}, {"$content": 1}, "session-12345",
    ]  # fmt: skip
    for _ in range(40):
        arguments = {name: chance.choice(values) for name in chance.sample(names, chance.randrange(1, 6))}
        answer = request(api_without_role, "tools/call", {"name": tool, "arguments": arguments})
        assert result_of(answer).text


def test_several_mistakes_are_reported_together(api):
    """Each in a line of its own."""
    refused = call(api, "ExecutePythonCode", timeoutInSeconds=0, foo=1)
    assert refused.text.count("\n- ") == 3


def test_arguments_that_are_no_object_are_refused(api):
    """Without arguments, those that are required are missing."""
    answer = request(api, "tools/call", {"name": "ListFiles", "arguments": ["x"]})
    assert "not a JSON object" in answer.result["content"][0]["text"]
    missing = request(api, "tools/call", {"name": "ListFiles"})
    assert "sessionId is missing" in missing.result["content"][0]["text"]


@pytest.mark.parametrize("name", ['"Nope"', '""', "null", "1", '["ListFiles"]', '{"x": NaN}', f'"{"x" * 100_000}"'])
def test_an_unknown_tool_is_an_error_of_the_protocol(api, name):
    """Invalid params, with the names of the tools, and no more than a few words of the caller's own."""
    message = f'{{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {{"name": {name}}}}}'
    response = api.call("POST", "/mcp", data=message, headers={"Content-Type": "application/json"})
    failure = response.json()["error"]
    assert failure["code"] == -32602
    assert "ExecutePythonCode" in failure["message"]
    assert len(response.text) < 400
    assert "NaN" not in response.text
