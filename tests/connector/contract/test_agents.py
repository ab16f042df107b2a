"""The agents' document: valid OpenAPI 3.0, which all kinds of importers can read."""

import json
import re

import openapi_spec_validator
import pytest

from connector.contract.validation import read_document, resolved
from tests.connector.contract.conftest import operations

SOURCE = read_document()
UPLOADS = {"PutUpload", "PatchUpload", "GetUpload", "CancelUpload"}
SHARED = {"OpenSharedFile", "OpenSharedFileHeaders"}
LEFT_OUT = {
    "PollExecution",
    "PollTransfer",
    "CancelTransfer",
    "ListMoreFiles",
    "PutFile",
    "DownloadFile",
    "DownloadFileHeaders",
    "GetHealth",
    "GetOpenApiDocument",
    "GetFullOpenApiDocument",
    "GetSwaggerDocument",
    "GetMcpSwaggerDocument",
    "CallMcpServer",
    "GetProtectedResourceMetadata",
    "GetPlayground",
    "GetPlaygroundFile",
    *UPLOADS,
    *SHARED,
}


IN_SOURCE = operations(resolved(SOURCE, SOURCE))


def test_it_is_valid(agents):
    """A validator of OpenAPI accepts it."""
    assert agents["openapi"].startswith("3.0.")
    openapi_spec_validator.validate(agents)


def test_it_has_all_operations_with_json(agents):
    """The others have raw bytes, are for machines, or serve the documents themselves."""
    assert IN_SOURCE.keys() - operations(agents).keys() == LEFT_OUT


@pytest.mark.parametrize("operation_id", sorted(IN_SOURCE.keys() - LEFT_OUT))
def test_an_operation_equals_the_contracts(agents, operation_id):
    """Texts, parameters and body are those of openapi.yaml, without examples."""
    source, derived = IN_SOURCE[operation_id], operations(agents)[operation_id]

    def plain(node):
        if isinstance(node, dict):
            return {
                name: plain(value)
                for name, value in node.items()
                if not name.startswith("x-ms-") and not (name == "example" and not isinstance(value, dict))
            }
        return [plain(item) for item in node] if isinstance(node, list) else node

    for member in ("summary", "description", "x-openai-isConsequential"):
        assert derived.get(member) == plain(source.get(member)), member
    assert derived["parameters"] == [
        plain({**parameter, "schema": {**parameter["schema"], "description": parameter["description"]}})
        for parameter in source["parameters"]
        if parameter["in"] != "header"
    ]
    if "requestBody" in source:
        body = plain(source["requestBody"])
        body["content"] = {"application/json": body["content"]["application/json"]}
        assert derived["requestBody"] == body
    has_body = "204" not in source["responses"]
    assert derived["responses"].keys() == {
        status for status in source["responses"] if status.startswith("2") or (status == "default" and has_body)
    }


def test_a_response_equals_the_contracts(agents):
    """It has the members of openapi.yaml, and refers to shared schemas, so that each is in a prompt once."""
    in_agents = operations(resolved(agents, agents))
    for operation_id, operation in operations(agents).items():
        for status, response in operation["responses"].items():
            source = IN_SOURCE[operation_id]["responses"][status]
            assert ("$ref" in json.dumps(response)) == ("content" in source)
            for content in source.get("content", {}).values():
                shown = in_agents[operation_id]["responses"][status]["content"]["application/json"]["schema"]
                members = content["schema"].get("properties", {})
                for_operators = {name for name, member in members.items() if member.get("x-for-operators")}
                assert shown.get("properties", {}).keys() == members.keys() - for_operators
                assert shown.get("required") == content["schema"].get("required")


def test_members_for_operators_are_omitted(agents):
    """A model reads the message of CheckConnection, and not the state of each pool."""
    response = operations(resolved(agents, agents))["CheckConnection"]["responses"]["200"]
    members = response["content"]["application/json"]["schema"]["properties"]
    assert {"message", "packages"} <= members.keys()
    assert "pools" not in members


def test_errors_are_described_once(agents):
    """Models see no documented errors before they happen: `default` is enough."""
    for operation in operations(agents).values():
        errors = {status: response for status, response in operation["responses"].items() if status[0] != "2"}
        assert errors in ({"default": {"$ref": "#/components/responses/Error"}}, {})


def test_a_success_without_a_body_has_no_default_beside_it(agents):
    """Importers would take it for the response of a success: Copilot shows an error after a deletion."""
    for operation in operations(agents).values():
        assert ("204" in operation["responses"]) == ("default" not in operation["responses"])


def test_arguments_need_no_references(agents):
    """Not all importers follow them: parameters and bodies are inlined."""
    for operation in operations(agents).values():
        assert "$ref" not in json.dumps([operation["parameters"], operation.get("requestBody")])


def test_files_of_a_chat_are_texts(agents):
    """GPT actions attach the files of a chat to an argument of this name, if it is a list of texts."""
    body = operations(agents)["ImportFile"]["requestBody"]["content"]["application/json"]["schema"]
    files = body["properties"]["openaiFileIdRefs"]
    assert (files["type"], files["items"]["type"], files["maxItems"]) == ("array", "string", 10)


def test_examples_and_tags_are_omitted(agents):
    """No importer shows them to models."""
    assert '"example"' not in json.dumps(agents["paths"])
    assert "tags" not in agents
    assert not any("tags" in operation for operation in operations(agents).values())


def test_a_parameters_description_is_in_its_schema_too(agents):
    """Semantic Kernel shows models only the schema of each argument."""
    for operation in operations(agents).values():
        for parameter in operation["parameters"]:
            assert parameter["schema"]["description"] == parameter["description"]


def test_bodies_and_responses_are_json(agents):
    """Importers refuse a document with anything else."""
    for operation in operations(resolved(agents, agents)).values():
        for content in (operation.get("requestBody", {}), *operation["responses"].values()):
            assert content.get("content", {}).keys() <= {"application/json"}


def test_every_error_has_a_schema(agents):
    """Models read its message."""
    for operation in operations(resolved(agents, agents)).values():
        for status, response in operation["responses"].items():
            if not status.startswith("2"):
                schema = response["content"]["application/json"]["schema"]
                assert schema["properties"]["error"]["required"] == ["code", "message"]


def test_responses_may_get_members(agents):
    """A client that validates responses accepts those of later versions too."""
    for operation in operations(resolved(agents, agents)).values():
        assert '"additionalProperties": false' not in json.dumps(operation["responses"])


def test_the_key_is_the_only_scheme(agents):
    """With several, or without the entry at the root, importers send none."""
    (name,) = agents["components"]["securitySchemes"]
    assert agents["security"] == [{name: []}]
    scheme = agents["components"]["securitySchemes"][name]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "x-functions-key")
    assert not any("security" in operation for operation in operations(agents).values())


def test_arguments_are_in_the_path_the_query_or_the_body(agents):
    """GPT actions send no header but the key, and Semantic Kernel reads no parameter with `content`."""
    for operation in operations(agents).values():
        for parameter in operation["parameters"]:
            assert parameter["in"] in ("path", "query")
            assert "schema" in parameter and "content" not in parameter


def test_an_argument_has_one_type(agents):
    """Not all importers support alternatives."""

    def schemas(schema):
        yield schema
        for inner in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else ())):
            yield from schemas(inner)

    for operation in operations(agents).values():
        arguments = [parameter["schema"] for parameter in operation["parameters"]]
        if "requestBody" in operation:
            arguments.append(operation["requestBody"]["content"]["application/json"]["schema"])
        for argument in arguments:
            for schema in schemas(argument):
                assert isinstance(schema["type"], str)
                assert not {"anyOf", "oneOf", "allOf", "not", "nullable"} & schema.keys()


def test_a_path_stays_below_the_address(agents):
    """Semantic Kernel refuses dot segments, and paths that lead to another host."""
    for path in agents["paths"]:
        assert re.fullmatch(r"(/([A-Za-z]+|\{[A-Za-z]+\}))+", path)


def test_there_are_few_enough_tools(agents):
    """Agents choose well among about 25 at most."""
    assert len(operations(agents)) <= 25


def test_what_cannot_be_undone_is_consequential(agents):
    """A GPT asks before it deletes, shares or stores outside of the session, and may be allowed permanently to bring
    in files, run code and stop a run.
    """
    consequential = {
        operation_id: operation["x-openai-isConsequential"]
        for operation_id, operation in operations(agents).items()
        if "x-openai-isConsequential" in operation
    }
    assert consequential == {
        "ExecutePythonCode": False,
        "CancelExecution": False,
        "UploadFile": False,
        "CreateUploadUrl": False,
        "ImportFile": False,
        "RestoreWorkspace": False,
        "ShareFile": True,
        "ExportFile": True,
        "SaveWorkspace": True,
        "DeleteWorkspace": True,
        "DeleteFile": True,
        "EndSession": True,
    }


def test_it_has_no_extensions_but_those_that_its_readers_know(agents):
    """What is for designers stays out."""

    def extensions(node, are_names=False):
        if isinstance(node, list):
            return {name for item in node for name in extensions(item)}
        if not isinstance(node, dict):
            return set()
        names = ("headers", "properties", "content", "responses", "paths", "schemas")
        own = set() if are_names else {name for name in node if name.startswith("x-")}
        return own.union(*(extensions(value, not are_names and name in names) for name, value in node.items()), set())

    assert extensions(agents) == {"x-openai-isConsequential", "x-ms-primary-error-message"}


def test_the_address_is_absolute(agents, api):
    """Importers do not know where they got it from."""
    assert agents["servers"] == [{"url": api.url}]
    assert re.match("https?://", api.url)


def test_it_is_short_enough_for_its_readers(agents):
    """It is put into prompts."""
    assert len(json.dumps(agents)) < 45_000
