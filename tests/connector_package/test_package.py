"""The folder that custom connectors are imported from has all files, filled in, and as import and certification ask."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from connector.contract.documents import Documents
from connector.contract.sign_in import EntraId
from connector.contract.validation import read_document
from connector_package.package import (
    EXAMPLE_URL,
    POWER_PLATFORM,
    Entra,
    FunctionKey,
    PackageError,
    SignIn,
    api_url,
    sign_in,
    write_package,
)

ROOT = Path(__file__).resolve().parents[2]
makers_document = Documents(read_document()).makers
README = (POWER_PLATFORM / "readme.md").read_text(encoding="utf-8")
URL = "https://my-app.azurewebsites.net/api"
TENANT, CLIENT = "0d6d4b5c-1111-4222-8333-0123456789ab", "7f1e9a2b-4444-4555-8666-fedcba987654"
ENTRA = Entra(TENANT, CLIENT, "api://the-connector")

# What the published schema of the file and the certification's guidance say of the parts used here. Sources:
# github.com/microsoft/PowerPlatformConnectors, schemas/paconn-apiProperties.schema.json, its pull request template and
# templates/certified-connectors.
USER_INTERFACE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["displayName", "description", "tooltip", "constraints"],
    "properties": {
        **{name: {"type": "string", "minLength": 1} for name in ("displayName", "description", "tooltip")},
        "constraints": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "tabIndex": {"type": "integer"},
                "clearText": {"type": "boolean"},
                "required": {"enum": ["true", "false"]},
            },
        },
    },
}
VALUE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["value"],
    "properties": {"value": {"minLength": 1}},
}
OAUTH_SETTINGS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["identityProvider", "clientId", "properties", "customParameters"],
    "properties": {
        "identityProvider": {"const": "aad"},
        "clientId": {"type": "string"},
        "scopes": {"type": "array", "items": {"type": "string"}},
        "properties": {
            "type": "object",
            "additionalProperties": False,
            "required": ["IsFirstParty"],
            "properties": {"IsFirstParty": {"const": "False"}, "AzureActiveDirectoryResourceId": {"type": "string"}},
        },
        "customParameters": {
            "type": "object",
            "additionalProperties": False,
            "required": ["resourceUri", "tenantId", "loginUri"],
            "properties": {"resourceUri": VALUE, "tenantId": VALUE, "loginUri": VALUE},
        },
    },
}
API_PROPERTIES = {
    "type": "object",
    "additionalProperties": False,
    "required": ["properties"],
    "properties": {
        "properties": {
            "type": "object",
            "additionalProperties": False,
            "required": ["connectionParameters", "iconBrandColor", "capabilities", "publisher", "stackOwner"],
            "properties": {
                "iconBrandColor": {"pattern": "^#[0-9a-f]{6}$", "not": {"enum": ["#007ee5", "#ffffff"]}},
                "publisher": {"type": "string", "minLength": 1},
                "stackOwner": {"type": "string", "minLength": 1},
                "capabilities": {"const": ["actions"]},
                "connectionParameters": {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": False,
                    "properties": {
                        "api_key": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["type", "uiDefinition"],
                            "properties": {"type": {"const": "securestring"}, "uiDefinition": USER_INTERFACE},
                        },
                        "token": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["type", "oAuthSettings"],
                            "properties": {"type": {"const": "oauthSetting"}, "oAuthSettings": OAUTH_SETTINGS},
                        },
                    },
                },
            },
        }
    },
}


@pytest.fixture(params=[FunctionKey(), ENTRA], ids=["key", "entra"])
def who(request: pytest.FixtureRequest) -> SignIn:
    found: SignIn = request.param
    return found


@pytest.fixture
def package(tmp_path: Path, who: SignIn) -> Path:
    write_package(tmp_path, URL, who, makers_document)
    return tmp_path


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def operation_ids() -> list[str]:
    return [entry["operationId"] for item in makers_document(URL)["paths"].values() for entry in item.values()]


def test_the_package_has_all_files(package):
    """Definition, properties, icon, readme, and the settings that Microsoft's command line tool reads."""
    files = {path.name for path in package.iterdir()}
    assert files == {"apiDefinition.swagger.json", "apiProperties.json", "icon.png", "readme.md", "settings.json"}
    settings = read(package / "settings.json")
    assert {settings["apiDefinition"], settings["apiProperties"], settings["icon"]} <= files


def test_the_definition_has_the_address(package):
    """Host, scheme and base path are those of the app, so that every operation is called there."""
    definition = read(package / "apiDefinition.swagger.json")
    assert definition["swagger"] == "2.0"
    assert (definition["host"], definition["schemes"], definition["basePath"]) == (
        "my-app.azurewebsites.net",
        ["https"],
        "/api",
    )
    assert {"UploadFile", "ExecutePythonCode"} <= set(operation_ids())


def test_api_properties_are_valid(package):
    """apiProperties.json has the form that import and certification ask for."""
    Draft202012Validator.check_schema(API_PROPERTIES)
    Draft202012Validator(API_PROPERTIES).validate(read(package / "apiProperties.json"))


def test_a_key_goes_into_the_contracts_header(tmp_path):
    """A function key goes into the header that openapi.yaml names, and the connection keeps it as a secret."""
    write_package(tmp_path, URL, FunctionKey(), makers_document)
    definition, properties = read(tmp_path / "apiDefinition.swagger.json"), read(tmp_path / "apiProperties.json")
    (scheme,) = definition["securityDefinitions"].values()
    (contract,) = yaml.safe_load((ROOT / "openapi.yaml").read_text())["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "x-functions-key")
    assert [scheme[name] for name in ("type", "in", "name")] == [contract[name] for name in ("type", "in", "name")]
    assert definition["security"] == [{name: []} for name in definition["securityDefinitions"]]
    assert properties["properties"]["connectionParameters"]["api_key"]["type"] == "securestring"


def test_sign_in_with_entra_is_filled_in(tmp_path):
    """With Entra ID, tenant, app registration and resource are filled in, and no key is asked for."""
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


def test_the_app_and_the_package_tell_of_one_sign_in(tmp_path):
    """The package for Entra ID has the same definition as the app that takes Entra ID serves."""
    write_package(tmp_path, URL, ENTRA, makers_document)
    served = Documents(read_document(), EntraId("https://login.microsoftonline.com", TENANT)).makers(URL)
    assert read(tmp_path / "apiDefinition.swagger.json") == served


def test_entra_does_not_change_the_makers_document():
    """The document that the package is made from stays what it is."""
    document = makers_document(URL)
    ENTRA.definition(document)
    assert document == makers_document(URL)


def test_no_ids_are_in_the_templates():
    """What is published holds placeholders alone: IDs come from options, and secrets from nowhere."""
    texts = "".join(path.read_text() for path in POWER_PLATFORM.glob("*.json"))
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", texts)
    assert "clientSecret" not in texts


def test_a_second_package_replaces_the_first(tmp_path):
    """Writing into the same folder leaves nothing of the package that was there."""
    write_package(tmp_path, URL, ENTRA, makers_document)
    write_package(tmp_path, "https://other.azurewebsites.net/api", FunctionKey(), makers_document)
    texts = "".join(path.read_text() for path in tmp_path.glob("*.json"))
    assert "my-app" not in texts and TENANT not in texts


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
def test_api_url_takes_the_apps_address(url):
    """The app's address serves with and without the route prefix."""
    assert api_url(url) == URL


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "URL is missing"),
        ("my-app", "not the address of a function app"),
        ("my-app.azurewebsites.net", "not the address of a function app"),
        ("https://", "not the address of a function app"),
        ("https://my-app", "not the address of a function app"),
        ("https://my-app.azurewebsites.net/api/files", "not the address of a function app"),
        ("https://my-app.azurewebsites.net:70000", "not the address of a function app"),
        ("ftp://my-app.azurewebsites.net", "not the address of a function app"),
        ("http://my-app.azurewebsites.net", "over https"),
        ("http://127.0.0.1:7071", "from the cloud"),
        ("https://localhost", "from the cloud"),
        ("https://[::1]/", "from the cloud"),
    ],
)
def test_api_url_says_what_is_wrong(url, said):
    """An address that no custom connector can call is refused with a sentence and an example."""
    with pytest.raises(PackageError, match=re.escape(said)) as refused:
        api_url(url)
    assert EXAMPLE_URL in str(refused.value)


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("rest", ["my-app.azurewebsites.net/api/files?code=sEcReT", "u:sEcReT@a.azurewebsites.net"])
def test_api_url_shows_no_key(scheme, rest):
    """An address with a key in it is refused, and the key is not repeated."""
    with pytest.raises(PackageError, match="Leave out the key") as refused:
        api_url(f"{scheme}://{rest}")
    assert "sEcReT" not in str(refused.value)


@pytest.mark.parametrize(
    ("auth", "options", "said"),
    [
        ("password", {}, "AUTH is 'password'. It is key"),
        ("", {}, "AUTH is ''. It is key"),
        ("entra", {}, "TENANT_ID is missing"),
        ("entra", {"tenant_id": TENANT}, "CLIENT_ID is missing"),
        ("entra", {"tenant_id": "contoso", "client_id": CLIENT}, "TENANT_ID is 'contoso'"),
    ],
)
def test_sign_in_says_what_is_wrong(auth, options, said):
    """A way to sign in that is unknown or not complete is refused with a sentence."""
    with pytest.raises(PackageError, match=re.escape(said)):
        sign_in(auth, **options)


def test_sign_in_names_the_usual_resource():
    """Without a resource, the token is for the app registration itself, which Entra ID takes by its client ID alone."""
    assert sign_in("key") == FunctionKey()
    assert sign_in("entra", tenant_id=TENANT, client_id=CLIENT) == Entra(TENANT, CLIENT, CLIENT)


def test_the_readme_has_the_certifications_sections():
    """The readme has the headings of Microsoft's template for connectors, in its order."""
    assert re.findall(r"^## (.*)$", README, re.MULTILINE) == [
        f"Publisher: {read(POWER_PLATFORM / 'apiProperties.key.json')['properties']['publisher']}",
        "Prerequisites",
        "Supported Operations",
        "Obtaining Credentials",
        "Getting Started",
        "Known Issues and Limitations",
        "Deployment Instructions",
    ]


def test_the_readme_lists_the_operations():
    """The readme describes each operation of the definition, and no other."""
    listed = re.findall(r"^### .* \((\w+)\)\n\n\S", README, re.MULTILINE)
    assert sorted(listed) == sorted(operation_ids())


def test_both_ways_to_sign_in_have_one_look():
    """Publisher, colour and owner are the same in both templates."""
    key, entra = (read(POWER_PLATFORM / f"apiProperties.{auth}.json")["properties"] for auth in ("key", "entra"))
    del key["connectionParameters"], entra["connectionParameters"]
    assert key == entra
