"""The settings that infra/ writes are those that the connector reads."""

import pytest

RESOURCES = "infra/resources.bicep"
MISTAKES = {
    "a setting that nobody reads": (RESOURCES, "RICH_RESULTS:", "RICH_RESULT:", "RICH_RESULT is written"),
    "a setting that is not written": (RESOURCES, "    RICH_RESULTS: richResults\n", "", "RICH_RESULTS is read by"),
    "threads of another number": (RESOURCES, "string(callsPerInstance)", "string(alwaysReadyInstances)", "one param"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(is_found, mistake):
    """A setting that does not fit is named."""
    is_found(*MISTAKES[mistake])
