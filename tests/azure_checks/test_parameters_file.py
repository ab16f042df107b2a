"""main.parameters.json fits the parameters of main.bicep."""

import pytest

PARAMETERS = "infra/main.parameters.json"
MISTAKES = {
    "an azd variable that fills in nothing": (PARAMETERS, '"alertEmail"', '"alertMail"', "alertMail"),
    "a value that is no variable": (PARAMETERS, '"${ALERT_EMAIL=}"', '"me@x.example"', "everybody"),
    "another default than the template's": (PARAMETERS, "_SESSIONS=20", "_SESSIONS=30", "'20' in"),
    "an output that azd would take a user's variable away with": (
        "infra/main.bicep",
        "output CONNECTOR_AUTH string",
        "output ENTRA_CLIENT_ID string",
        "ENTRA_CLIENT_ID is an output of main.bicep too",
    ),
    "a default that is no number": (PARAMETERS, "_SESSIONS=20", "_SESSIONS=few", "a whole number"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(is_found, mistake):
    """A value that does not fit is named."""
    is_found(*MISTAKES[mistake])
