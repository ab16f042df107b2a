"""What a template says against what symbols and types allow."""

import pytest

RESOURCES = "infra/resources.bicep"
MAIN = "infra/main.bicep"
MISTAKES = {
    "a misspelt property": (RESOURCES, "poolManagementType", "poolManagmentType", "is poolManagementType meant?"),
    "a property in other letters": ("infra/network.bicep", "groupIds", "groupIDs", "is written groupIds"),
    "a value that is none of an enumeration's": (RESOURCES, "'PythonLTS'", "'PythonLts'", "must be one of"),
    "such a value in a choice": (RESOURCES, "'Disabled' : 'Enabled'", "'Disabled' : 'On'", "may be 'On'"),
    "a missing property": (RESOURCES, "  location: location\n", "", "identity lacks location"),
    "a property that can only be read": (RESOURCES, "reserved: true", "status: 'Ready'", "can only be read"),
    "a text for a whole number": (RESOURCES, "Sessions: maxConcurrentSessions", "Sessions: '5'", "must be an int"),
    "a parameter of another type": (RESOURCES, "Sessions: maxConcurrentSessions", "Sessions: location", "an int"),
    "a text for a boolean": (RESOURCES, "httpsOnly: true", "httpsOnly: 'true'", "must be a bool"),
    "a version that is not known": (RESOURCES, "sessionPools@2025-07-01", "sessionPools@2025-07-02", "has no Micro"),
    "a kind of configuration that is not there": (RESOURCES, "'appsettings'", "'appsetings'", "settings.name must be"),
    "a symbol that is not there": (RESOURCES, "split(existingPoolId", "split(existngPoolId", "called existngPoolId"),
    "a symbol inside a text": (RESOURCES, "'st${nameSuffix}'", "'st${nameSufix}'", "nothing is called nameSufix"),
    "a function that is not there": (MAIN, "uniqueString(", "uniqeString(", "no function is called uniqeString"),
    "a property that cannot be read": (RESOURCES, "properties.clientId", "properties.clientID", "there is no clientID"),
    "a member that a loop's items lack": ("infra/alerts.bicep", "rule.more", "rule.less", "there is no less"),
    "a module's parameter that is not there": (MAIN, "alertEmail: alert", "alertMail: alert", "alertEmail meant?"),
    "a module's parameter that is missing": (MAIN, "    alertEmail: alertEmail\n", "", "lacks alertEmail"),
    "a module's parameter of another type": (MAIN, "    tags: tags\n    n", "    tags: 1\n    n", "an int, and"),
    "a module's output that is not there": (
        RESOURCES,
        "outputs.poolManagementE",
        "outputs.poolE",
        "is no poolEndpoint",
    ),
    "a module that is not there": (MAIN, "'resources.bicep'", "'resource.bicep'", "there is no file resource.bicep"),
    "a module without its scope": (MAIN, "  scope: group\n", "", "resources has no scope"),
    "a parameter that nothing uses": (MAIN, "alertEmail: alertEmail", "alertEmail: ''", "alertEmail is not used"),
    "a default of another type": (MAIN, "bool = false", "bool = 'false'", "is a string, and must be a bool"),
    "an output of another type": (MAIN, "CONNECTOR_URL string", "CONNECTOR_URL int", "a string, and must be an int"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(is_found, mistake):
    """One wrong symbol, property, value or type is a finding that tells what is wrong there."""
    is_found(*MISTAKES[mistake])
