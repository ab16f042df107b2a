"""Members that take one of several values have a value that exists."""

import pytest

from azure_checks.allowed_values import FILE, allowed_values
from azure_checks.derive_allowed_values import used_types

DEFAULT = "infra/scenarios/default.snapshot.json"
ISOLATED = "infra/scenarios/isolated_network.snapshot.json"
MISTAKES = {
    "a container type": (DEFAULT, '"PythonLTS"', '"PythonLts"', "is 'PythonLts', and must be one of CustomContainer"),
    "an egress status": (DEFAULT, '"EgressDisabled"', '"EgresEnabled"', "Is 'EgressEnabled' meant?"),
    "a principal type": (DEFAULT, '"ServicePrincipal"', '"ServicePrinciple"', "Is 'ServicePrincipal' meant?"),
    "a TLS version of the storage account": (DEFAULT, '"TLS1_2"', '"TLS1_9"', "minimumTlsVersion of the Microsoft.St"),
    "a TLS version of the app": (DEFAULT, '"minTlsVersion": "1.2"', '"minTlsVersion": "1.9"', "siteConfig.minTlsV"),
    "public network access": (ISOLATED, '"Disabled"', '"Off"', "is 'Off', and must be one of Disabled, Enabled"),
    "an identity type": (DEFAULT, '"UserAssigned"', '"UserAsigned"', "Is 'UserAssigned' meant?"),
    "an action for calls without a token": (DEFAULT, '"AllowAnonymous"', '"Allow"', "unauthenticatedClientAction"),
    "the name of a configuration": (
        DEFAULT,
        '"func-dfqxdsxpgjsio/appsettings"',
        '"func/appsetings"',
        "Is 'appsettings' m",
    ),
    "the operator of an alert": ("infra/scenarios/alerts.snapshot.json", '"GreaterThan"', '"More"', "allOf[].operator"),
    "what happens to callers who have not signed in": (
        "examples/autogen_web_api/infra/scenarios/web_sign_in.snapshot.json",
        '"RedirectToLoginPage"',
        '"RedirectToLogin"',
        "Is 'RedirectToLoginPage' meant?",
    ),
    "an API version": (DEFAULT, '"apiVersion": "2025-07-01"', '"apiVersion": "2025-07-02"', "lacks Microsoft.App/sess"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_value_that_does_not_exist_is_found(is_found, mistake):
    """The compiler would accept each of them, except for the API version, which it only warns about."""
    is_found(*MISTAKES[mistake])


def test_the_file_has_the_types_that_are_deployed_and_no_others(compiled, autogen):
    """A type that is no longer used is removed, a new one is added; and the file names its source."""
    assert allowed_values().keys() == used_types(compiled, autogen)
    assert "MIT License" in FILE.read_text(encoding="utf-8")
