"""Azure accepts the names of the resources."""

import pytest

DEFAULT = "infra/scenarios/default.snapshot.json"
MISTAKES = {
    "a name that is too long": (DEFAULT, '"name": "stdfqxdsxpgjsio",', f'"name": "{"s" * 25}",', "is named sssss"),
    "a hyphen in a pool's name": (DEFAULT, '"name": "pool', '"name": "pool-', "is named pool-"),
    "a name that ends with a hyphen": (
        "infra/scenarios/key_vault.snapshot.json",
        '"name": "kv-dfqxdsxpgjsio"',
        '"name": "kv-"',
        "is named kv-",
    ),
    "a hyphen in a registry's name": (
        "examples/autogen_web_api/infra/scenarios/openai.snapshot.json",
        '"name": "cr',
        '"name": "cr-',
        "is named cr-",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(is_found, mistake):
    """A name that is too long or has a character that is not allowed is named."""
    is_found(*MISTAKES[mistake])


@pytest.mark.parametrize(("project", "scenario"), [("compiled", "everything"), ("autogen", "new_account")])
def test_a_scenario_has_the_longest_environment_name(request, project, scenario):
    """All names derive from it, so that the longest names are checked too."""
    compiled = request.getfixturevalue(project)
    (group,) = compiled.snapshots[scenario].of_type("Microsoft.Resources/resourceGroups")
    assert len(group["tags"]["azd-env-name"]) == compiled.template["parameters"]["environmentName"]["maxLength"] == 64
