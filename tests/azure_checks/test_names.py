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
def test_a_mistake_is_found(findings_with, mistake):
    """A name that is too long, or has a character that it may not have, is a finding."""
    file, old, new, told = MISTAKES[mistake]
    found = findings_with(file, old, new)
    assert any(told in finding for finding in found), found
