"""llama-index-tools-openapi: the agents' document as it reduces it, and RequestsToolSpec to call what it says.

It makes no tool of an operation: a model reads the document as text, and asks general tools for GET, POST and DELETE.
"""

import json
from urllib.parse import urlsplit

import pytest
from every_operation import EveryOperation, operations
from llama_index.tools.openapi import OpenAPIToolSpec
from llama_index.tools.requests import RequestsToolSpec


@pytest.fixture
def read(connector):
    """What the model reads."""
    spec = OpenAPIToolSpec(url=connector.document_url)
    (load,) = spec.to_tool_list()
    (document,) = load.call().raw_output
    return json.loads(document.text)


@pytest.fixture
def tools(connector):
    headers = {urlsplit(connector.url).hostname: {"x-functions-key": connector.key}}
    return {tool.metadata.name: tool for tool in RequestsToolSpec(headers, timeout_seconds=100).to_tool_list()}


@pytest.fixture
def told(connector, read, tools):
    """What a call gives that follows the document."""
    endpoints = {(each["verb"], each["path_template"]): each for each in read["endpoints"]}

    def told(operation_id, **arguments):
        verb, path, _ = operations(connector.document)[operation_id]
        places = {each["name"]: each["in"] for each in endpoints[verb, path].get("parameters", [])}
        asked = {"url_template": read["servers"][0]["url"] + path, "path_params": {}, "query_params": {}}
        if verb == "POST":
            asked["body"] = arguments
        for name, place in places.items():
            if name in arguments:  # the tools take texts here
                value = arguments[name]
                asked[f"{place}_params"][name] = value if isinstance(value, str) else json.dumps(value)
        return tools[f"{verb.lower()}_request"].call(**asked).raw_output

    return told


@pytest.fixture
def call(told):
    async def call(operation_id, **arguments):
        if operation_id in ("DeleteFile", "EndSession"):
            with pytest.raises(json.JSONDecodeError):  # the package reads every answer as JSON, an empty one too
                told(operation_id, **arguments)
            return None
        return told(operation_id, **arguments)

    return call


class TestEveryOperation(EveryOperation):
    """Through the tools for requests."""


def test_the_document_has_what_a_call_needs(read, connector):
    """Address, description, parameters and body of each operation, and what success looks like; no references."""
    assert read["servers"] == [{"url": connector.url}]
    assert read["description"] == connector.document["info"]["description"]
    found = {(each.pop("verb"), each.pop("path_template")): each for each in read["endpoints"]}
    for verb, path, operation in operations(connector.document).values():
        members = ("description", "parameters", "requestBody")
        expected = {name: operation[name] for name in members if name in operation}
        if "200" in operation["responses"]:
            expected["responses"] = operation["responses"]["200"]
        assert found.pop((verb, path)) == expected
    assert found == {}
    assert "$ref" not in json.dumps(read)


def test_an_error_is_told_in_the_connectors_words(told):
    """The model reads what is wrong and what to do."""
    error = told("ExecutePythonCode", pythonCode="1", timeoutInSeconds=6000)["error"]
    assert error["message"] == "timeoutInSeconds is 6000. Send a value from 1 to 3600."


def test_a_file_that_is_not_there_is_told(told, session_id):
    """The error says how to find out what is there."""
    error = told("GetFile", sessionId=session_id, fileName="none.csv")["error"]
    assert error["code"] == "FileNotFound" and "ListFiles" in error["message"]
