"""The derived documents: when they are derived, from what, and how sign-in changes them."""

import copy

import openapi_spec_validator
import pytest

from connector.contract.documents import Documents
from connector.contract.sign_in import EntraId
from connector.contract.validation import read_document


@pytest.mark.parametrize("kind", ["agents", "clients", "makers", "mcp"])
def test_a_document_is_derived_once_on_its_first_use(kind, monkeypatch):
    """A cold start does not wait for it, and later calls get the same with their address."""
    calls = []
    monkeypatch.setattr(
        f"connector.contract.{kind}.{kind}_document", lambda source: calls.append(kind) or {"paths": source}
    )
    documents = Documents({}, NoSignIn())
    assert calls == []
    for url in ("https://one.example/api", "https://two.example/api"):
        assert getattr(documents, kind)(url)["paths"] == {}
    assert calls == [kind]


def test_the_source_is_not_changed():
    """Requests are validated against it."""
    source = read_document()
    before = copy.deepcopy(source)
    documents = Documents(source)
    documents.agents("https://connector.example/api")
    documents.clients("https://connector.example/api")
    documents.makers("https://connector.example/api")
    documents.mcp("https://connector.example/api")
    assert source == before


def test_without_an_address_the_path_is_used():
    """Readers of a document complete it from where they got the document."""
    documents = Documents(read_document())
    for swagger in (documents.makers("/api"), documents.mcp("/api")):
        assert swagger["basePath"] == "/api"
        assert not {"host", "schemes"} & swagger.keys()
    assert documents.agents("/api")["servers"] == documents.clients("/api")["servers"] == [{"url": "/api"}]


class NoSignIn:
    """Leaves documents as they are."""

    agents = clients = makers = staticmethod(lambda document: document)


# What the contract does not have today: other media types, headers, null, references in references.
GROWN = {
    "openapi": "3.0.3",
    "info": {"title": "Grown", "version": "1.0.0", "x-ms-api-annotation": {"status": "Preview"}},
    "security": [{"key": []}],
    "tags": [],
    "paths": {
        "/things/{name}": {
            "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
            "post": {
                "operationId": "MakeThing",
                "parameters": [{"name": "x-ms-mode", "in": "header", "schema": {"type": "string", "nullable": True}}],
                "requestBody": {
                    "required": True,
                    "content": {
                        "multipart/form-data": {"schema": {"type": "object"}},
                        "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
                    },
                },
                "responses": {
                    "201": {
                        "description": "Made.",
                        "headers": {"x-ms-place": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Shelf"}}},
                    },
                    "404": {"description": "No.", "content": {"application/json": {"schema": {"type": "object"}}}},
                },
            },
            "put": {
                "operationId": "PutThing",
                "requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string"}}}},
                "responses": {"200": {"description": "Put."}},
            },
        },
        "/health": {"get": {"operationId": "Live", "security": [], "responses": {"200": {"description": "It lives."}}}},
    },
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "k"}},
        "schemas": {
            "Shelf": {"type": "object", "properties": {"things": {"$ref": "#/components/schemas/Things"}}},
            "Things": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
            "Thing": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "kind": {"$ref": "#/components/schemas/Kind"},
                    "note": {"type": "string", "nullable": True, "x-ms-summary": "Note"},
                },
            },
            "Kind": {"type": "string", "enum": ["A", "B"]},
        },
    },
}  # fmt: skip


def test_makers_get_extensions_of_the_contract():
    """References, several media types, headers and null are converted, regardless of their names."""
    swagger = Documents(GROWN).makers("https://connector.example/api")
    assert list(swagger["paths"]) == ["/things/{name}"]
    (operation,) = swagger["paths"]["/things/{name}"].values()
    members = {
        "kind": {"type": "string", "enum": ["A", "B"]},
        "note": {"type": "string", "x-ms-summary": "Note"},
    }
    assert operation["parameters"] == [
        {"name": "name", "in": "path", "required": True, "type": "string", "x-ms-url-encoding": "single"},
        {"name": "x-ms-mode", "in": "header", "type": "string"},
        {
            "name": "body",
            "in": "body",
            "required": True,
            "schema": {"type": "object", "additionalProperties": False, "properties": members},
        },
    ]
    assert operation["responses"] == {
        "201": {"description": "Made.", "schema": {"$ref": "#/definitions/Shelf"}},
        "404": {"description": "No."},
    }
    assert swagger["definitions"] == {
        "Shelf": {
            "type": "object",
            "properties": {"things": {"type": "array", "items": {"$ref": "#/definitions/Thing"}}},
        },
        "Thing": {"type": "object", "properties": members},
    }


def test_agents_get_extensions_of_the_contract():
    """Members of responses too; schemas are shared, and headers of responses omitted."""
    openapi = Documents(GROWN).agents("https://connector.example/api")
    assert "x-ms-api-annotation" not in openapi["info"]
    (operation,) = openapi["paths"]["/things/{name}"].values()
    assert [parameter["name"] for parameter in operation["parameters"]] == ["name", "x-ms-mode"]
    assert list(operation["requestBody"]["content"]) == ["application/json"]
    made = operation["responses"]["201"]
    assert "headers" not in made
    assert made["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Shelf"}
    thing = openapi["components"]["schemas"]["Thing"]
    assert thing["properties"]["note"] == {"type": "string", "nullable": True}
    assert "additionalProperties" not in thing


def test_clients_get_extensions_of_the_contract():
    """Names with x- are kept where they are names of the API, and schemas are shared."""
    openapi = Documents(GROWN).clients("https://connector.example/api")
    assert "x-ms-api-annotation" not in openapi["info"]
    assert openapi["paths"].keys() == GROWN["paths"].keys()
    operation = openapi["paths"]["/things/{name}"]["post"]
    assert list(operation["requestBody"]["content"]) == ["multipart/form-data", "application/json"]
    made = operation["responses"]["201"]
    assert list(made["headers"]) == ["x-ms-place"]
    assert made["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Shelf"}
    assert "additionalProperties" not in openapi["components"]["schemas"]["Thing"]


def test_sign_in_replaces_the_key():
    """With Entra ID, each document has that one scheme, and is valid; the source keeps its own."""
    source = read_document()
    documents = Documents(source, EntraId("https://login.example", "a-tenant", "api://an-app/.default"))
    agents, makers = documents.agents("https://app.example/api"), documents.makers("https://app.example/api")
    clients, mcp = documents.clients("https://app.example/api"), documents.mcp("https://app.example/api")
    for document in (agents, clients, makers, mcp):
        openapi_spec_validator.validate(document)
    assert (mcp["securityDefinitions"], mcp["security"]) == (makers["securityDefinitions"], makers["security"])
    assert clients["components"]["securitySchemes"] == agents["components"]["securitySchemes"]
    assert list(clients["components"]["responses"]["Unauthorized"]["content"]) == ["application/json"]
    assert [scheme["type"] for scheme in agents["components"]["securitySchemes"].values()] == ["http"]
    assert [scheme["type"] for scheme in makers["securityDefinitions"].values()] == ["oauth2"]
    assert agents["security"] == clients["security"] == makers["security"] == [{"entra": []}]
    assert source == read_document()


def test_users_sign_in_with_a_code():
    """The agents' document for a host that signs in each user has the one flow that such hosts know, and nothing else
    differs.
    """
    documents = Documents(read_document(), EntraId("https://login.example", "a-tenant", "api://an-app/.default"))
    users, agents = documents.users("https://app.example/api"), documents.agents("https://app.example/api")
    openapi_spec_validator.validate(users)
    (scheme,) = users["components"]["securitySchemes"].values()
    flow = scheme["flows"].pop("authorizationCode")
    assert (scheme, list(flow["scopes"])) == ({"type": "oauth2", "flows": {}}, ["api://an-app/.default"])
    assert flow["authorizationUrl"] == "https://login.example/a-tenant/oauth2/v2.0/authorize"
    assert flow["tokenUrl"] == flow["refreshUrl"] == "https://login.example/a-tenant/oauth2/v2.0/token"
    assert users["security"] == [{"entra": ["api://an-app/.default"]}]
    components = {**users["components"], "securitySchemes": agents["components"]["securitySchemes"]}
    assert {**users, "components": components, "security": agents["security"]} == agents


def test_users_do_not_sign_in_with_keys(api):
    """The error states what to omit."""
    response = api.call("GET", "/openapi.json", params={"signIn": "user"})
    assert response.status_code == 400 and "signIn" in response.json()["error"]["message"]
    assert (
        api.call("GET", "/openapi.json", params={"signIn": "token"}).json() == api.call("GET", "/openapi.json").json()
    )


@pytest.mark.parametrize("name", ["openapi.json", "openapi-full.json", "swagger.json", "mcp-swagger.json"])
def test_other_query_parameters_of_documents_are_ignored(api, name):
    """An address may have a key, or a version against caches."""
    query = {"code": "key", "v": "2"}
    assert api.call("GET", f"/{name}", params=query).json() == api.call("GET", f"/{name}").json()


@pytest.mark.parametrize("sign_in", ["token", "user"])
def test_the_document_of_users_is_served(emulator, running_connector, sign_in):
    """With the tenant and the audience of the settings."""
    settings = {
        "CONNECTOR_AUTH": "entra",
        "ENTRA_TENANT_ID": "0d6d4b5c-1111-4222-8333-0123456789ab",
        "ENTRA_AUDIENCES": "7f1e9a2b-4444-4555-8666-fedcba987654,api://7f1e9a2b-4444-4555-8666-fedcba987654",
        "ENTRA_ALLOWED_CALLERS": "50000000-aaaa-4bbb-8ccc-dddddddddddd",
    }
    with running_connector(**emulator.environment, **settings) as connector:
        document = connector.call("GET", "/openapi.json", params={"signIn": sign_in}).json()
    (scheme,) = document["components"]["securitySchemes"].values()
    assert scheme["type"] == {"token": "http", "user": "oauth2"}[sign_in]
    scope = "api://7f1e9a2b-4444-4555-8666-fedcba987654/.default"
    assert document["security"] == [{"entra": [scope] if sign_in == "user" else []}]
