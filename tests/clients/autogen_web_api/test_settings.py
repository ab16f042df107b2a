"""The settings, the models that they choose, and the table in README.md."""

import re

import pytest
from autogen_ext.models.openai import AzureOpenAIChatCompletionClient, OpenAIChatCompletionClient
from programs import ROOT

from examples.autogen_web_api import settings as settings_module
from examples.autogen_web_api.model import make_model
from examples.autogen_web_api.settings import AzureOpenAI, OpenAI, SettingsError, read_settings

pytestmark = pytest.mark.anyio

_CONNECTOR = {"CONNECTOR_URL": "https://app.example/api"}
_AZURE = {"AZURE_OPENAI_ENDPOINT": "https://it.example", "AZURE_OPENAI_DEPLOYMENT": "gpt-4o"}


def test_connector_alone_is_enough():
    """Everything but CONNECTOR_URL has a default; an empty variable counts as not set."""
    settings = read_settings({**_CONNECTOR, "CONNECTOR_KEY": "", "OPENAI_API_KEY": " ", "RUN_TIMEOUT_SECONDS": ""})
    assert settings == read_settings(_CONNECTOR)
    assert (settings.connector_url, settings.connector_key, settings.model) == ("https://app.example/api", None, None)


def test_host_names_of_the_app_are_settings():
    """None by default; any in Azure Container Apps, unless ALLOWED_HOSTS states them."""
    on_azure = {**_CONNECTOR, "CONTAINER_APP_NAME": "web"}
    assert read_settings(_CONNECTOR).allowed_hosts == ()
    assert read_settings(on_azure).allowed_hosts == ("*",)
    assert read_settings({**on_azure, "ALLOWED_HOSTS": "App.example, b.example,"}).allowed_hosts == (
        "app.example",
        "b.example",
    )


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "CONNECTOR_URL"),
        ({"CONNECTOR_URL": "https://app.example"}, "CONNECTOR_URL"),
        ({**_CONNECTOR, "CONNECTOR_KEY": "k", "CONNECTOR_AUDIENCE": "a"}, "CONNECTOR_AUDIENCE"),
        ({**_CONNECTOR, "OPENAI_API_KEY": "k"}, "OPENAI_MODEL"),
        ({**_CONNECTOR, "OPENAI_MODEL": "m"}, "OPENAI_API_KEY"),
        ({**_CONNECTOR, "AZURE_OPENAI_ENDPOINT": "e"}, "AZURE_OPENAI_DEPLOYMENT"),
        ({**_CONNECTOR, **_AZURE, "OPENAI_API_KEY": "k", "OPENAI_MODEL": "m"}, "AZURE_OPENAI_ENDPOINT"),
        ({**_CONNECTOR, "RUN_TIMEOUT_SECONDS": "1"}, "RUN_TIMEOUT_SECONDS"),
        ({**_CONNECTOR, "IDLE_SECONDS": "soon"}, "IDLE_SECONDS"),
    ],
)
def test_wrong_settings_are_named(environment, name):
    """A setting that is missing or wrong is an error that names it."""
    with pytest.raises(SettingsError, match=name):
        read_settings(environment)


def test_secrets_are_not_shown():
    """Keys are not in the representation of the settings, which may get into logs."""
    environment = {
        **_CONNECTOR,
        "CONNECTOR_KEY": "first secret",
        "OPENAI_API_KEY": "second secret",
        "OPENAI_MODEL": "m",
    }
    assert "secret" not in repr(read_settings(environment))


async def test_openai_is_chosen_by_its_key():
    """OPENAI_API_KEY and OPENAI_MODEL choose OpenAI, and OPENAI_BASE_URL a compatible endpoint."""
    environment = {
        **_CONNECTOR,
        "OPENAI_API_KEY": "k",
        "OPENAI_MODEL": "gpt-4o",
        "OPENAI_BASE_URL": "http://it.example/v1",
    }
    settings = read_settings(environment)
    assert settings.model == OpenAI("gpt-4o", "k", "http://it.example/v1")
    model = make_model(settings)
    assert isinstance(model.client, OpenAIChatCompletionClient) and model.name == "gpt-4o" and not model.is_scripted
    await model.close()


async def test_azure_openai_is_called_with_the_identity():
    """AZURE_OPENAI_ENDPOINT and its deployment choose Azure OpenAI, without a key."""
    settings = read_settings({**_CONNECTOR, **_AZURE})
    assert settings.model == AzureOpenAI("https://it.example", "gpt-4o")
    model = make_model(settings)
    assert isinstance(model.client, AzureOpenAIChatCompletionClient) and model.name == "gpt-4o"
    await model.close()


async def test_scripted_model_is_chosen_without_another():
    """Without a model in the settings, the script answers."""
    model = make_model(read_settings(_CONNECTOR))
    assert model.is_scripted and model.name == "scripted"
    await model.close()


def test_readme_has_all_settings():
    """The table in README.md has each variable that the app reads, and no other."""
    readme = (ROOT / "examples" / "autogen_web_api" / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Settings")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`[A-Z].*?) \|", section, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    with open(str(settings_module.__file__), encoding="utf-8") as source:
        read = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', source.read()))
    assert documented == read
