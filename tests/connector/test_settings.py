"""The settings: which values they accept, and the errors for others."""

import pytest

from connector.errors import InternalError
from connector.settings import SETTINGS, Settings

ENDPOINT = "https://eastus.dynamicsessions.io/subscriptions/s/resourceGroups/g/sessionPools/p"


def settings(**environment: str) -> Settings:
    return Settings.from_environment({"POOL_MANAGEMENT_ENDPOINT": ENDPOINT, **environment})


def test_everything_but_the_pool_has_a_default():
    """The pool's endpoint is the only required setting."""
    found = settings()
    assert found.pool_management_endpoint == (ENDPOINT,)
    assert found.pool_credential == "managed_identity"
    assert found.connector_auth == "key"
    assert found.max_code_characters == 262144
    assert found.public_base_url is None


def test_each_setting_has_a_field():
    """The table and the values have the same settings."""
    assert [setting.name.lower() for setting in SETTINGS] == list(Settings.__dataclass_fields__)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POOL_MANAGEMENT_ENDPOINT", "eastus.dynamicsessions.io"),
        ("POOL_MANAGEMENT_ENDPOINT", "https://x?y=z"),
        ("POOL_API_VERSION", "2020-01-01"),
        ("POOL_CREDENTIAL", "password"),
        ("CONNECTOR_AUTH", "password"),
        ("ENTRA_TENANT_ID", "contoso.example"),
        ("ENTRA_AUDIENCES", " , "),
        ("ENTRA_ALLOWED_CALLERS", ",,"),
        ("ENTRA_PLAYGROUND_CLIENT_ID", "the-page"),
        ("PLAYGROUND", "Off"),
        ("AZURE_AUTHORITY_HOST", "http://login.example"),
        ("AZURE_AUTHORITY_HOST", "https://login.example/tenant"),
        ("SIGNING_KEY", "@Microsoft.KeyVault(VaultName=kv;SecretName=signing-key)"),
        ("MAX_CODE_CHARACTERS", "many"),
        ("MAX_CODE_CHARACTERS", "0"),
        ("PUBLIC_BASE_URL", "example.org"),
    ],
)
def test_an_invalid_value_is_an_error(name, value):
    """It names the setting, and does not have the value."""
    with pytest.raises(InternalError) as failure:
        settings(**{name: value})
    assert name in failure.value.message
    assert value not in failure.value.message.replace("0", "?") or value == "0"


def test_a_missing_pool_is_an_error():
    """It names the setting."""
    with pytest.raises(InternalError, match="POOL_MANAGEMENT_ENDPOINT"):
        Settings.from_environment({})


def test_an_empty_value_means_the_default():
    """Bicep passes empty strings for values that are not set."""
    assert settings(MAX_CODE_CHARACTERS=" ").max_code_characters == 262144


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({"WEBSITE_HOSTNAME": "app.azurewebsites.net"}, "https://app.azurewebsites.net"),
        ({"WEBSITE_HOSTNAME": "localhost:7071"}, "http://localhost:7071"),
        ({"WEBSITE_HOSTNAME": "a.net", "PUBLIC_BASE_URL": "https://gate.example/x/"}, "https://gate.example/x"),
    ],
)
def test_the_public_address(environment, url):
    """The platform's name for the app is its address, unless another one is set."""
    assert settings(**environment).public_base_url == url


TENANT = "0D6D4B5C-1111-4222-8333-0123456789AB"
ENTRA = {
    "CONNECTOR_AUTH": "entra",
    "ENTRA_TENANT_ID": TENANT,
    "ENTRA_AUDIENCES": "an-id, api://an-id,",
    "ENTRA_ALLOWED_CALLERS": f"{TENANT}, Connector.Call",
}


def test_sign_in_with_entra():
    """Lists are separated by commas, and IDs are converted to lower case, as Entra ID writes them."""
    found = settings(**ENTRA)
    assert found.entra_tenant_id == TENANT.lower()
    assert found.entra_audiences == ("an-id", "api://an-id")
    assert found.entra_allowed_callers == (TENANT.lower(), "Connector.Call")


@pytest.mark.parametrize("name", ["ENTRA_TENANT_ID", "ENTRA_AUDIENCES", "ENTRA_ALLOWED_CALLERS"])
def test_sign_in_with_entra_requires_its_settings(name):
    """A missing one is named; function keys require none of them."""
    with pytest.raises(InternalError, match=name):
        settings(**{**ENTRA, name: " "})
    without = {**ENTRA, "ENTRA_ALLOWED_CALLERS": " ", name: " ", "CONNECTOR_AUTH": "key"}
    assert settings(**without).connector_auth == "key"


def test_a_list_of_callers_without_entra_is_refused():
    """With function keys, the list would have no effect."""
    with pytest.raises(InternalError, match="ENTRA_ALLOWED_CALLERS restricts callers, and CONNECTOR_AUTH=key"):
        settings(**{**ENTRA, "CONNECTOR_AUTH": "key"})


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("", "https://login.microsoftonline.com"),
        ("login.microsoftonline.us", "https://login.microsoftonline.us"),
        ("https://login.microsoftonline.us/", "https://login.microsoftonline.us"),
        ("http://127.0.0.1:7073", "http://127.0.0.1:7073"),
    ],
)
def test_the_authority(value, address):
    """The host of Entra ID may have no scheme, as in azure-identity, and a slash at the end, as in Bicep."""
    assert settings(AZURE_AUTHORITY_HOST=value).azure_authority_host == address


OTHER = "https://westus.dynamicsessions.io/subscriptions/s/resourceGroups/g/sessionPools/p"


@pytest.mark.parametrize("between", [",", " , ", "\n", ",\r\n\t", ",,"])
def test_several_pools_are_separated_by_commas(between):
    """Whitespace and line breaks do not matter, nor does a comma at the end."""
    assert settings(POOL_MANAGEMENT_ENDPOINT=f" {ENDPOINT}{between}{OTHER}/,\n").pool_management_endpoint == (
        ENDPOINT,
        OTHER,
    )


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (f"{ENDPOINT},{OTHER},{ENDPOINT.upper().replace('HTTPS', 'https')}/", "number 3 is the pool of number 1"),
        (f"{ENDPOINT},eastus.dynamicsessions.io", "separated by commas: number 2 is none"),
        (f"{ENDPOINT},{OTHER}?a=b", "number 2 is none"),
        (f"{ENDPOINT};{OTHER}", "an http(s) address without a query"),
        (f"https://x:port/p,{OTHER}", "number 1 is none"),
        (" , ", "an http(s) address without a query"),
    ],
)
def test_a_wrong_list_of_pools_is_an_error(value, problem):
    """It states which address is wrong, without the addresses."""
    with pytest.raises(InternalError) as failure:
        settings(POOL_MANAGEMENT_ENDPOINT=value)
    assert problem in failure.value.message
    assert "dynamicsessions" not in failure.value.message
