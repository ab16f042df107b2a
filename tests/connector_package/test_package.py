"""The connector package is complete, filled in, and meets the requirements of import and certification."""

import base64
import json
import os
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from jsonschema import Draft202012Validator

from connector.contract.documents import Documents
from connector.contract.sign_in import EntraId
from connector.contract.validation import read_document
from connector_package.package import (
    EXAMPLE_URL,
    POWER_PLATFORM,
    SCRIPT,
    Entra,
    FunctionKey,
    PackageError,
    SignIn,
    api_url,
    sign_in,
    write_package,
)
from tests.markdown import section
from tests.shown_titles import outputs

ROOT = Path(__file__).resolve().parents[2]
documents = Documents(read_document())
makers_document = documents.makers
READMES = {name: (POWER_PLATFORM / name).read_text(encoding="utf-8") for name in ("readme.md", "mcp-readme.md")}
DOCUMENTS = {"readme.md": documents.makers, "mcp-readme.md": documents.mcp}
URL = "https://my-app.azurewebsites.net/api"
TENANT, CLIENT = "0d6d4b5c-1111-4222-8333-0123456789ab", "7f1e9a2b-4444-4555-8666-fedcba987654"
ENTRA = Entra(TENANT, CLIENT, "api://the-connector")


@pytest.fixture(params=[FunctionKey(), ENTRA], ids=["key", "entra"])
def caller_sign_in(request: pytest.FixtureRequest) -> SignIn:
    parameter: SignIn = request.param
    return parameter


@pytest.fixture(params=DOCUMENTS)
def package(tmp_path: Path, caller_sign_in: SignIn, request: pytest.FixtureRequest) -> Path:
    write_package(tmp_path, URL, caller_sign_in, DOCUMENTS[request.param], request.param)
    return tmp_path


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_package_is_complete(package):
    """Definition, properties, icon, readme, and for commands a script and the settings of paconn."""
    files = {path.name for path in package.iterdir()}
    assert files == {
        "apiDefinition.swagger.json",
        "apiProperties.json",
        "icon.png",
        "readme.md",
        "settings.json",
        SCRIPT,
    }
    assert os.access(package / SCRIPT, os.X_OK)
    settings = read(package / "settings.json")
    assert {settings["apiDefinition"], settings["apiProperties"], settings["icon"]} <= files


def test_files_are_ascii(package):
    """paconn reads them in the encoding of the machine, which on Windows is not UTF-8."""
    assert all(path.read_bytes().isascii() for path in package.glob("*.json"))


def test_definition_has_the_url_of_the_app(package):
    """Host, scheme and base path are those of the app."""
    definition = read(package / "apiDefinition.swagger.json")
    assert definition["swagger"] == "2.0"
    assert (definition["host"], definition["schemes"], definition["basePath"]) == (
        "my-app.azurewebsites.net",
        ["https"],
        "/api",
    )


def test_api_properties_are_valid(package):
    """apiProperties.json has the form that import and certification require."""
    schema = read(Path(__file__).with_name("apiProperties.schema.json"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(read(package / "apiProperties.json"))


def test_function_key_is_sent_in_the_header_of_the_contract(tmp_path):
    """The key is sent in the header that openapi.yaml names, and stored in the connection as a secret."""
    write_package(tmp_path, URL, FunctionKey(), makers_document)
    definition, properties = read(tmp_path / "apiDefinition.swagger.json"), read(tmp_path / "apiProperties.json")
    (scheme,) = definition["securityDefinitions"].values()
    contract = yaml.safe_load((ROOT / "openapi.yaml").read_text())["components"]["securitySchemes"]["functionKey"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "x-functions-key")
    assert [scheme[name] for name in ("type", "in", "name")] == [contract[name] for name in ("type", "in", "name")]
    assert definition["security"] == [{name: []} for name in definition["securityDefinitions"]]
    assert properties["properties"]["connectionParameters"]["api_key"]["type"] == "securestring"


def test_entra_sign_in_is_filled_in(tmp_path):
    """With Entra ID, tenant, app registration and resource are filled in, and no key is required."""
    write_package(tmp_path, URL, ENTRA, makers_document)
    definition, properties = read(tmp_path / "apiDefinition.swagger.json"), read(tmp_path / "apiProperties.json")
    settings = properties["properties"]["connectionParameters"]["token"]["oAuthSettings"]
    assert settings["clientId"] == CLIENT
    assert settings["properties"]["AzureActiveDirectoryResourceId"] == "api://the-connector"
    custom = {name: entry["value"] for name, entry in settings["customParameters"].items()}
    assert (custom["tenantId"], custom["resourceUri"]) == (TENANT, "api://the-connector")
    ((name, scheme),) = definition["securityDefinitions"].items()
    assert (scheme["type"], scheme["flow"]) == ("oauth2", "accessCode")
    assert scheme["authorizationUrl"] == f"{custom['loginUri']}/{TENANT}/oauth2/authorize"
    assert definition["security"] == [{name: []}]
    assert "x-functions-key" not in json.dumps(definition)


def test_entra_definition_is_the_one_that_the_app_serves(tmp_path):
    """The package for Entra ID has the same definition as an app with Entra ID serves."""
    write_package(tmp_path, URL, ENTRA, makers_document)
    served = Documents(read_document(), EntraId("https://login.microsoftonline.com", TENANT, "any")).makers(URL)
    assert read(tmp_path / "apiDefinition.swagger.json") == served


def test_entra_does_not_modify_the_makers_document():
    """The document that the package is generated from is not changed in place."""
    document = makers_document(URL)
    ENTRA.definition(document)
    assert document == makers_document(URL)


def test_templates_contain_no_ids():
    """The published templates have placeholders only: IDs come from options, and secrets are never written."""
    texts = "".join(path.read_text() for path in POWER_PLATFORM.glob("*.json"))
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", texts)
    assert "clientSecret" not in texts


def test_second_package_replaces_the_first(tmp_path):
    """Writing to the same folder leaves nothing of the previous package."""
    write_package(tmp_path, URL, ENTRA, makers_document)
    write_package(tmp_path, "https://other.azurewebsites.net/api", FunctionKey(), makers_document)
    texts = "".join(path.read_text() for path in tmp_path.glob("*.json"))
    assert "my-app" not in texts and TENANT not in texts


def test_a_new_package_for_the_same_app_keeps_the_id_of_the_connector(tmp_path):
    """paconn writes it to settings.json; for another app there is another connector."""
    settings = tmp_path / "settings.json"
    for url, kept in ((URL, True), ("https://other.azurewebsites.net/api", False)):
        write_package(tmp_path, URL, ENTRA, makers_document)
        settings.write_text(json.dumps({**read(settings), "connectorId": "shared_x", "environment": "e", "icon": None}))
        write_package(tmp_path, url, ENTRA, makers_document)
        found = read(settings)
        assert (found.get("connectorId"), found.get("environment")) == (("shared_x", "e") if kept else (None, None))
        assert found["icon"] == "icon.png"


@pytest.mark.parametrize(
    "url",
    [
        "https://my-app.azurewebsites.net",
        "https://my-app.azurewebsites.net/",
        "https://my-app.azurewebsites.net/api",
        "https://my-app.azurewebsites.net/api/",
        "https://MY-APP.azurewebsites.net",
    ],
)
def test_api_url_accepts_the_url_of_the_app(url):
    """The URL of the app is accepted with and without the route prefix."""
    assert api_url(url) == URL


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "URL is missing"),
        ("my-app", "Set it to the URL of a function app"),
        ("my-app.azurewebsites.net", "Set it to the URL of a function app"),
        ("https://", "Set it to the URL of a function app"),
        ("https://my-app", "Set it to the URL of a function app"),
        ("https://my-app.azurewebsites.net/api/files", "Set it to the URL of a function app"),
        ("https://my-app.azurewebsites.net:70000", "Set it to the URL of a function app"),
        ("ftp://my-app.azurewebsites.net", "Set it to the URL of a function app"),
        ("https://YOUR-APP.azurewebsites.net", "the example"),
        ("http://my-app.azurewebsites.net", "over https"),
        ("http://127.0.0.1:7071", "from the cloud"),
        ("https://localhost", "from the cloud"),
        ("https://[::1]/", "from the cloud"),
    ],
)
def test_api_url_reports_the_problem(url, message):
    """A URL that no custom connector can call is rejected with a message and an example."""
    with pytest.raises(PackageError, match=re.escape(message)) as raised:
        api_url(url)
    assert EXAMPLE_URL in str(raised.value)


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("rest", ["my-app.azurewebsites.net/api/files?code=sEcReT", "u:sEcReT@a.azurewebsites.net"])
def test_api_url_does_not_print_keys(scheme, rest):
    """A URL that contains a key is rejected, and the key is not repeated."""
    with pytest.raises(PackageError, match="Remove the key") as raised:
        api_url(f"{scheme}://{rest}")
    assert "sEcReT" not in str(raised.value)


@pytest.mark.parametrize(
    ("auth", "options", "message"),
    [
        ("password", {}, "AUTH is 'password'. Set it to key"),
        ("", {}, "AUTH is ''. Set it to key"),
        ("entra", {}, "TENANT_ID is missing"),
        ("entra", {"tenant_id": TENANT}, "CLIENT_ID is missing"),
        ("entra", {"tenant_id": "contoso", "client_id": CLIENT}, "TENANT_ID is 'contoso'"),
    ],
)
def test_sign_in_reports_the_problem(auth, options, message):
    """An unknown or incomplete way to sign in is rejected with a message."""
    with pytest.raises(PackageError, match=re.escape(message)):
        sign_in(auth, **options)


def test_default_resource_is_the_app_registration():
    """Without a resource, the token is for the app registration itself, which Entra ID accepts only by client ID."""
    assert sign_in("key") == FunctionKey()
    assert sign_in("entra", tenant_id=TENANT, client_id=CLIENT) == Entra(TENANT, CLIENT, CLIENT)


@pytest.mark.parametrize("name", READMES)
def test_readme_has_the_sections_of_the_certification_template(name):
    """It has the headings of Microsoft's template for connectors, in the same order."""
    assert re.findall(r"^## (.*)$", READMES[name], re.MULTILINE) == [
        f"Publisher: {read(POWER_PLATFORM / 'apiProperties.key.json')['properties']['publisher']}",
        "Prerequisites",
        "Supported Operations",
        "Obtaining Credentials",
        "Getting Started",
        "Known Issues and Limitations",
        "Deployment Instructions",
    ]


@pytest.mark.parametrize("name", READMES)
def test_readme_lists_the_operations(name):
    """It describes every operation of the definition by the name that makers see, and no others."""
    listed = re.findall(r"^### (.*) \((\w+)\)\n\n\S", READMES[name], re.MULTILINE)
    operations = [entry for item in DOCUMENTS[name](URL)["paths"].values() for entry in item.values()]
    assert sorted(listed) == sorted((entry["summary"], entry["operationId"]) for entry in operations)


def test_readme_names_actions_and_their_values_as_makers_see_them():
    """What is bold in it is an action, and what is in italics beside a value exists: each can be found by its name."""
    summaries = {entry["summary"] for item in makers_document(URL)["paths"].values() for entry in item.values()}
    bold = set(re.findall(r"\*\*([^*]+)\*\*", READMES["readme.md"]))
    assert bold - summaries == {"Function key.", "Entra ID.", "CheckConnection"}
    makers = makers_document(URL)
    titles = set(re.findall(r'"x-ms-summary": "([^"]+)"', json.dumps(makers)))
    for item in makers["paths"].values():
        for response in (response for entry in item.values() for response in entry["responses"].values()):
            titles |= {" ".join(shown) for shown in outputs(response.get("schema", {}), makers)}
    used = {
        "File Name",
        "File Content",
        "Session ID",
        "Python Code",
        "Status",
        "Error Message",
        "Error Hint",
        "File URL",
        "Result",
    }
    started = section(READMES["readme.md"], "Getting Started").replace("**", "")
    assert used <= titles & set(re.findall(r"\*([^*\n]+)\*", started))


def test_both_templates_look_the_same():
    """Publisher, color and owner are the same for both ways to sign in."""
    key, entra = (read(POWER_PLATFORM / f"apiProperties.{auth}.json")["properties"] for auth in ("key", "entra"))
    del key["connectionParameters"], entra["connectionParameters"]
    assert key == entra


def test_the_first_flow_of_the_readme_works(api):
    """Its code runs on a file of any columns, and what it writes can be shared."""
    (code,) = re.findall(r"```python\n(.*?)```", section(READMES["readme.md"], "Getting Started"), re.DOTALL)
    content = base64.b64encode(b"region,amount\nNorth,3\nSouth,5\n").decode()
    uploaded = api.call("POST", "/files", json={"files": [{"fileName": "data.csv", "fileContent": content}]}).json()
    session_id = uploaded["sessionId"]
    run = api.call("POST", "/executions", json={"sessionId": session_id, "pythonCode": textwrap.dedent(code)}).json()
    assert (run["status"], "amount" in run["result"]) == ("Succeeded", True)
    link = api.call("POST", "/files/summary.csv/links", json={"sessionId": session_id}).json()
    assert requests.get(link["fileUrl"], timeout=30).text.startswith(",amount\ncount,2.0\n")
