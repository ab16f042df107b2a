"""main.parameters.json fits the parameters of main.bicep."""

import pytest

PARAMETERS = "infra/main.parameters.json"
MISTAKES = {
    "a parameter that does not exist": (PARAMETERS, '"alertEmail"', '"alertMail"', "alertMail is not a parameter"),
    "a value that is not a variable": (PARAMETERS, '"${ALERT_EMAIL=}"', '"me@x.example"', "to every environment"),
    "another default": (PARAMETERS, "_SESSIONS=20", "_SESSIONS=30", "'30' here, and to '20' in main.bicep"),
    "a default that is not a number": (PARAMETERS, "_SESSIONS=20", "_SESSIONS=few", "default to an integer"),
    "a default that is not a boolean": (PARAMETERS, "EXECUTE=true", "EXECUTE=yes", "default to true or false"),
    "a default of a secret": (PARAMETERS, "PREVIOUS=}", "PREVIOUS=x}", "signingKeyPrevious is secret"),
    "a missing parameter": (
        PARAMETERS,
        '    "environmentName": { "value": "${AZURE_ENV_NAME}" },\n',
        "",
        "environmentName is missing",
    ),
    "an output with the name of a variable": (
        "infra/main.json",
        '"CONNECTOR_AUTH": {',
        '"ENTRA_CLIENT_ID": {',
        "ENTRA_CLIENT_ID is an output of main.bicep too",
    ),
}


MISTAKES["another default for a service"] = (
    "examples/autogen_web_api/infra/web.parameters.json",
    "${OPENAI_MODEL=}",
    "${OPENAI_MODEL=gpt}",
    "'gpt' here, and to '' in web.bicep",
)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(is_found, mistake):
    """A value that does not fit is named."""
    is_found(*MISTAKES[mistake])


def test_the_template_of_a_service_takes_strings(autogen):
    """azd writes text into its parameters file, and unlike that of main.bicep it does not convert it."""
    assert {parameter["type"] for parameter in autogen.templates["web"]["parameters"].values()} <= {
        "string",
        "securestring",
    }
