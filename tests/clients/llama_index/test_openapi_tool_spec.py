"""llama-index-tools-openapi: the agents' document, as it is reduced for a model, and RequestsToolSpec to call it.

Operations do not become tools: a model reads the document as text, and calls generic tools for GET, POST and DELETE.
"""

import json
from urllib.parse import urlsplit

import pytest
from every_operation import EveryOperation, dereferenced, operations
from llama_index.tools.openapi import OpenAPIToolSpec
from llama_index.tools.requests import RequestsToolSpec


@pytest.fixture
def reduced(connector):
    """The document as the model reads it."""
    spec = OpenAPIToolSpec(url=connector.document_url)
    (load,) = spec.to_tool_list()
    (document,) = load.call().raw_output
    return json.loads(document.text)


@pytest.fixture
def tools(connector):
    headers = {urlsplit(connector.url).hostname: {"x-functions-key": connector.key}}
    return {tool.metadata.name: tool for tool in RequestsToolSpec(headers, timeout_seconds=100).to_tool_list()}


@pytest.fixture
def response(connector, reduced, tools):
    """Returns a function that calls an operation as documented."""
    endpoints = {(each["verb"], each["path_template"]): each for each in reduced["endpoints"]}

    def response(operation_id, **arguments):
        verb, path, _ = operations(connector.document)[operation_id]
        locations = {each["name"]: each["in"] for each in endpoints[verb, path].get("parameters", [])}
        arguments_of_tool = {"url_template": reduced["servers"][0]["url"] + path, "path_params": {}, "query_params": {}}
        if verb in ("POST", "PUT"):
            arguments_of_tool["body"] = {name: value for name, value in arguments.items() if name not in locations}
        for name, location in locations.items():
            if name in arguments:  # the tools take only text here
                value = arguments[name]
                arguments_of_tool[f"{location}_params"][name] = value if isinstance(value, str) else json.dumps(value)
        return tools[f"{verb.lower()}_request"].call(**arguments_of_tool).raw_output

    return response


@pytest.fixture
def call(response):
    async def call(operation_id, **arguments):
        if operation_id in ("DeleteFile", "EndSession", "DeleteWorkspace"):
            with pytest.raises(json.JSONDecodeError):  # the package parses every response as JSON, even an empty one
                response(operation_id, **arguments)
            return None
        return response(operation_id, **arguments)

    return call


class TestEveryOperation(EveryOperation):
    """Through the generic request tools."""


def test_document_has_everything_that_a_call_needs(reduced, connector):
    """URL, description, parameters, body and success response of each operation; the library resolves references."""
    assert reduced["servers"] == [{"url": connector.url}]
    assert reduced["description"] == connector.document["info"]["description"]
    found = {(each.pop("verb"), each.pop("path_template")): each for each in reduced["endpoints"]}
    for verb, path, operation in operations(connector.document).values():
        members = ("description", "parameters", "requestBody")
        expected = {name: operation[name] for name in members if name in operation}
        if "200" in operation["responses"]:
            expected["responses"] = dereferenced(operation["responses"]["200"], connector.document)
        assert found.pop((verb, path)) == expected
    assert found == {}
    assert "$ref" not in json.dumps(reduced)


def test_error_message_reaches_the_model(response):
    """The model reads the connector's message: the problem and the remedy."""
    error = response("ExecutePythonCode", pythonCode="1", timeoutInSeconds=6000)["error"]
    assert error["message"] == "timeoutInSeconds is 6000. Send a value from 1 to 3600."


def test_missing_file_is_reported(response, session_id):
    """The message states how to list the files that exist."""
    error = response("GetFile", sessionId=session_id, fileName="none.csv")["error"]
    assert error["code"] == "FileNotFound" and "ListFiles" in error["message"]
