"""The app package for Microsoft 365: what it has, within Microsoft's limits."""

import io
import json
import re
import zipfile

import pytest
from PIL import Image

from connector.contract.documents import Documents
from connector.contract.sign_in import EntraId
from connector.contract.validation import read_document
from connector_package.icon import BRAND_COLOR
from connector_package.package import PackageError
from copilot_agent.app_package import NO_REFERENCE, Choices, app_id, write_app_package
from copilot_agent.document import FUNCTIONS, operations
from copilot_agent.icons import COLOR_PATH, OUTLINE_PATH, draw_color, draw_outline

URL = "https://my-app.azurewebsites.net/api"
ENTRA = EntraId("https://login.microsoftonline.com", "0d6d4b5c-1111-4222-8333-0123456789ab", "api://app/.default")


def written(path, document=None, **choices):
    """The files of the package, by name; those with JSON are parsed."""
    write_app_package(path, document or Documents(read_document()).agents(URL), Choices(**choices))
    with zipfile.ZipFile(path) as package:
        files = {name: package.read(name) for name in package.namelist()}
    return {name: json.loads(file) if name.endswith(".json") else file for name, file in files.items()}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return written(tmp_path_factory.mktemp("agent") / "agent.zip")


def test_every_file_that_is_named_is_there(package):
    """And no other."""
    app, agent, plugin = (package[name] for name in ("manifest.json", "declarativeAgent.json", "ai-plugin.json"))
    (declared,) = app["copilotAgents"]["declarativeAgents"]
    (action,) = agent["actions"]
    (runtime,) = plugin["runtimes"]
    named = {declared["file"], action["file"], runtime["spec"]["url"], *app["icons"].values()}
    assert named == package.keys() - {"manifest.json"}


def test_the_same_choices_give_the_same_bytes(tmp_path):
    """So a package can be compared with that of an earlier version."""
    written(tmp_path / "one.zip")
    written(tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_texts_are_within_the_limits(package):
    """Of the schemas of app manifest 1.30 and declarative agent 1.8, and of the reference of plugin manifest 2.4."""
    app, agent, plugin = (package[name] for name in ("manifest.json", "declarativeAgent.json", "ai-plugin.json"))
    assert len(app["name"]["short"]) <= 30 and len(app["name"]["full"]) <= 100
    assert len(app["description"]["short"]) <= 80 and len(app["description"]["full"]) <= 4000
    assert "in Microsoft 365 Copilot" in app["description"]["full"]
    assert len(agent["name"]) <= 100 and len(agent["description"]) <= 1000 and len(agent["instructions"]) <= 8000
    assert len(agent["conversation_starters"]) <= 12
    assert len({starter["title"] for starter in agent["conversation_starters"]}) == len(agent["conversation_starters"])
    assert len(plugin["name_for_human"]) <= 20 and len(plugin["description_for_human"]) <= 100
    assert len(plugin["description_for_model"]) <= 2048 and re.fullmatch("[A-Za-z0-9]+", plugin["namespace"])
    assert len(plugin["functions"]) <= 10


def test_functions_are_operations_of_the_document(package):
    """Each function has the description of its operation, and is confirmed in words of its own."""
    plugin, found = package["ai-plugin.json"], operations(package["openapi.json"])
    (runtime,) = plugin["runtimes"]
    names = [function["name"] for function in plugin["functions"]]
    assert names == runtime["run_for_functions"] == list(FUNCTIONS) and found.keys() == set(names)
    bodies = set()
    for function in plugin["functions"]:
        assert function["description"] == found[function["name"]]["description"]
        confirmation = function["capabilities"]["confirmation"]
        assert confirmation["type"] == "AdaptiveCard" and confirmation["title"]
        bodies.add(confirmation["body"])
    assert len(bodies) == len(names)
    consequential = {name for name, operation in found.items() if operation.get("x-openai-isConsequential")}
    assert consequential == {"ShareFile", "DeleteFile", "EndSession"}


def test_functions_with_content_have_a_card(package):
    """Those without have none: it would be filled with nothing."""
    found = operations(package["openapi.json"])
    for function in package["ai-plugin.json"]["functions"]:
        has_card = "response_semantics" in function["capabilities"]
        assert has_card == ("204" not in found[function["name"]]["responses"]), function["name"]


@pytest.mark.parametrize("content", ["links", "never"])
def test_a_result_never_has_base64(tmp_path, content):
    """What a call may ask for is one value, which is required, so that a model cannot leave it out."""
    found = operations(written(tmp_path / "agent.zip", content=content)["openapi.json"])
    (media_type,) = found["ExecutePythonCode"]["requestBody"]["content"].values()
    body = media_type["schema"]
    assert body["properties"]["includeContent"]["enum"] == [content]
    assert {"pythonCode", "includeContent", "waitInSeconds"} == set(body["required"])
    for name in ("GetExecution", "CancelExecution"):
        (parameter,) = [one for one in found[name]["parameters"] if one["name"] == "includeContent"]
        assert parameter["required"] and parameter["schema"]["enum"] == [content]
    for operation in found.values():
        text = json.dumps(operation)
        assert '"byte"' not in text and '"binary"' not in text


def test_requests_are_flat(package):
    """Copilot does not support nested objects in requests, nor alternatives (its known issues, August 2026)."""
    for name, operation in operations(package["openapi.json"]).items():
        schemas = [parameter["schema"] for parameter in operation.get("parameters", ())]
        if "requestBody" in operation:
            (media_type,) = operation["requestBody"]["content"].values()
            schemas += media_type["schema"]["properties"].values()
        assert schemas, name
        assert {schema["type"] for schema in schemas} <= {"string", "integer", "boolean"}, name
    text = json.dumps(package["openapi.json"])
    assert not any(f'"{word}"' in text for word in ("oneOf", "anyOf", "allOf"))


def test_the_document_has_what_it_refers_to(package):
    """Each component that is referred to, and no other."""
    document = package["openapi.json"]
    referred = set(re.findall(r'"#/components/(\w+)/(\w+)"', json.dumps(document)))
    kinds = document["components"].items()
    assert {(kind, name) for kind, named in kinds if kind != "securitySchemes" for name in named} == referred


def test_the_key_is_kept_by_copilot(tmp_path):
    """The package has the ID of its registration, and no key."""
    files = written(tmp_path / "agent.zip", reference_id="abc_123-x")
    (runtime,) = files["ai-plugin.json"]["runtimes"]
    assert runtime["auth"] == {"type": "ApiKeyPluginVault", "reference_id": "abc_123-x"}
    (scheme,) = files["openapi.json"]["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "x-functions-key")


def test_each_user_signs_in_with_entra_id(tmp_path):
    """By the authorization code flow of the document."""
    files = written(tmp_path / "agent.zip", Documents(read_document(), ENTRA).users(URL))
    (runtime,) = files["ai-plugin.json"]["runtimes"]
    assert runtime["auth"] == {"type": "OAuthPluginVault", "reference_id": NO_REFERENCE}
    (scheme,) = files["openapi.json"]["components"]["securitySchemes"].values()
    assert list(scheme["flows"]) == ["authorizationCode"]


def test_the_app_is_that_of_one_deployment(package, tmp_path):
    """Its ID follows from the host, so that a new version updates it; the host may show pictures in cards."""
    app = package["manifest.json"]
    assert app["id"] == app_id("my-app.azurewebsites.net") != app_id("other-app.azurewebsites.net")
    assert app["validDomains"] == ["my-app.azurewebsites.net"]
    choices = {"version": "1.0.12", "developer": "Contoso", "website": "https://contoso.example/help"}
    changed = written(tmp_path / "agent.zip", **choices)["manifest.json"]
    assert (changed["id"], changed["version"], changed["developer"]["name"]) == (app["id"], "1.0.12", "Contoso")
    assert changed["developer"]["privacyUrl"] == "https://contoso.example/help"


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"reference_id": "has a space"}, "REFERENCE_ID"),
        ({"content": "always"}, "CONTENT is 'always'"),
        ({"version": "1.0"}, "VERSION is '1.0'"),
        ({"developer": "x" * 33}, "DEVELOPER has 33 characters"),
        ({"website": "http://contoso.example"}, "WEBSITE is 'http://contoso.example'"),
    ],
)
def test_a_choice_that_microsoft_365_would_refuse_is_an_error(choice, words):
    """Which names the option."""
    with pytest.raises(PackageError, match=words):
        Choices(**choice)


def test_icons_are_as_microsoft_365_requires(package):
    """192 x 192 pixels on the brand color, the symbol within the middle 120; 32 x 32, white on nothing."""
    color, outline = (Image.open(io.BytesIO(package[name])) for name in ("color.png", "outline.png"))
    assert (color.mode, color.size, outline.mode, outline.size) == ("RGB", (192, 192), "RGBA", (32, 32))
    brand = tuple(bytes.fromhex(BRAND_COLOR.removeprefix("#")))
    around = {color.getpixel((x, y)) for x in range(192) for y in range(192) if not (36 <= x < 156 and 36 <= y < 156)}
    assert around == {brand} == {tuple(bytes.fromhex(package["manifest.json"]["accentColor"][1:]))}
    assert outline.getextrema() == ((255, 255), (255, 255), (255, 255), (0, 255))


@pytest.mark.parametrize(("path", "draw"), [(COLOR_PATH, draw_color), (OUTLINE_PATH, draw_outline)])
def test_icons_are_up_to_date(path, draw):
    """The files are what the code draws, except for edges, which differ between versions of the drawing library."""
    with Image.open(path) as icon:
        pairs = zip(icon.convert("RGBA").tobytes(), draw().convert("RGBA").tobytes(), strict=True)
        differing = sum(abs(now - kept) > 48 for kept, now in pairs)
    assert differing < icon.width * icon.height / 50
