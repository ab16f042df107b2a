"""Azure takes the names that the templates give."""

import pytest

RESOURCES = "infra/resources.bicep"
MISTAKES = {
    "a name that is too long": (RESOURCES, "'st${nameSuffix}'", "'storage-${nameSuffix}'", "storage would be called"),
    "a character that a pool's name may not have": (
        RESOURCES,
        "'pool${nameSuffix}'",
        "'pool-${nameSuffix}'",
        "pool-abc",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(is_found, mistake):
    """A name that is too long, or has a character that it may not have, is a finding."""
    is_found(*MISTAKES[mistake])
